"""Processes of the torture of the record: `python -m tests.record_processes ROLE NAME`, until killed. The roles:

append   two events a transaction; the second one's number is told once it is committed
seal     seals whatever waits
keep     redacts, signs and prunes; tells every row before it can go
verify   checks the whole log again and again; tells each verdict
"""

import json
import random
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from signup import settings as settings_module
from signup.clock import HandClock, SystemClock
from signup.errors import StoreUnavailable
from signup.record import canonical, events, keys, log
from signup.record.checkpoint import Clerk
from signup.record.events import Kind
from signup.record.log import LogQuery
from signup.record.prune import Pruner
from signup.record.redact import redact
from signup.record.seal import Sealer
from signup.record.verify import Question, verify
from signup.services import Services, open_services
from signup.store import Row, Transaction
from tests.nursery import Nursery

ID = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22"
AT = "2026-11-24T14:00:00.000000Z"
BREATH_SECONDS = 0.01
"""A writer that takes no breath keeps sealers and keeper from the lock, and the test waits for them."""

CYCLE = timedelta(days=402)
"""The keeper's clock jumps so far at each prune: all that was told before is then too old to be kept."""


def note(tx: Transaction, ms: int, actor: str = "callback") -> None:
    """Append an event that carries a number to know it by."""
    at, details = "2026-11-24T14:00:00.000000Z", {"status": "approved", "ms": ms}
    events.append(tx, at=at, kind=Kind.SIGNUP_APPROVED, actor=actor, signup_id=ID, details=details)


class Processes:
    """The torture test's processes, each with a file of what it acknowledged."""

    def __init__(self, born: Nursery, environ: dict[str, str], folder: Path) -> None:
        self._born, self._environ, self._folder = born, environ, folder
        self.running: list[int] = []

    def start(self, role: str, name: str) -> int:
        self.running.append(self._born.start(self._environ, __name__, role, name, told=self.told(role, name)))
        return self.running[-1]

    def told(self, role: str, name: str) -> Path:
        return self._folder / f"{role}-{name}.txt"

    def whole_lines(self, role: str, name: str) -> str:
        """What a process told, without the line in whose middle it was killed."""
        told = self.told(role, name).read_text()
        return told[: told.rfind("\n") + 1]

    def kill(self, process: int) -> None:
        assert self._born.kill(process) == -signal.SIGKILL, "it ran until then"
        self.running.remove(process)


def known(row: Row) -> tuple[int, str, int | None]:
    """A sealed row as it is told: its number, who wrote it, and the number in its details."""
    details = canonical.loads(row["details"]) if row["details"] else {}
    return row["seq"], row["actor"], details.get("ms")


def _append_for_ever(services: Services, name: str) -> None:
    """Two events a transaction; the second one's number is told once it is committed."""
    for ms in count(0, 2):
        while True:
            try:
                with services.store.write() as tx:
                    note(tx, ms, actor=f"api:{name}")
                    note(tx, ms + 1, actor=f"api:{name}")
                break
            except StoreUnavailable:
                continue
        sys.stdout.write(f"{ms + 1}\n")
        sys.stdout.flush()
        threading.Event().wait(BREATH_SECONDS)


def _seal_for_ever(services: Services) -> None:
    sealer = Sealer(services)
    while True:
        try:
            sealer.seal()
        except StoreUnavailable:
            continue


class Keeper:
    """Redacts, signs and prunes. No row may go untold: what it held must be compared in the end."""

    def __init__(self, services: Services, name: str) -> None:
        self._clock = HandClock(datetime(2026, 11, 25, tzinfo=UTC))
        self._services = replace(services, clock=self._clock)
        key = keys.ready(self._services, _say_nothing)
        self._clerk = Clerk(self._services, key, actor="watcher", say=_say_nothing)
        self._chance = random.Random(name)
        self._rounds = 0
        self._told = 0

    def work(self) -> None:
        """One round; each second one prunes to the checkpoint it has made. What was sealed since is not signed yet, and
        stays."""
        self._rounds += 1
        mine = [row["seq"] for row in self._tell_up_to(log.seal_first(self._services)) if row["actor"][:4] == "api:"]
        if mine:
            redact(self._services, self._chance.choice(mine), reason="torture", actor="cli")
        self._tell_up_to(self._clerk.make().seq)
        if self._rounds % 2 == 0:
            self._clock.set(self._clock.now() + CYCLE)
            Pruner(self._services, Sealer(self._services), self._clerk).run()

    def _tell_up_to(self, seq: int) -> list[Row]:
        rows = list(log.rows(self._services, LogQuery(), after=self._told, before=seq + 1))
        for row in rows:
            _tell(json.dumps(known(row)))
        self._told = max(self._told, seq)
        return rows


def _keep_for_ever(services: Services, name: str) -> None:
    keeper = None
    while True:
        with suppress(StoreUnavailable):
            keeper = keeper or Keeper(services, name)
            keeper.work()


def _verify_for_ever(services: Services) -> None:
    while True:
        facts = verify(services.store, Question()).facts
        if facts["reason"] != "unreadable":
            _tell("valid" if facts["valid"] else json.dumps(facts))


def _say_nothing(_: str) -> None:
    """Where checkpoints' lines go."""


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(role: str, name: str) -> None:
    """One process, until it is killed."""
    settings = settings_module.load(env_file=None)
    with open_services(settings, clock=SystemClock(), truecaller=object()) as wired:  # type: ignore[arg-type]
        if role == "append":
            _append_for_ever(wired, name)
        elif role == "keep":
            _keep_for_ever(wired, name)
        else:
            (_seal_for_ever if role == "seal" else _verify_for_ever)(wired)


if __name__ == "__main__":
    main(*sys.argv[1:])

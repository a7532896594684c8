"""Acknowledged means kept: the receiver and the watcher are killed at random moments under load, again and again."""

import http.client
import json
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from signup.clock import HandClock
from signup.flow.start import start
from signup.flow.watch import Watcher
from signup.record import log
from signup.services import Services, open_services
from signup.settings import load
from tests.fakes import ScriptedTruecaller
from tests.machine import eventually, free_port
from tests.nursery import Nursery, nursery
from tests.story.truecaller import truecaller as profile_host

SIGNUPS_A_ROUND = 16
POSTERS = 4


@dataclass
class Program:
    """A program of ours that can be killed and begun again."""

    born: Nursery
    environ: dict[str, str]
    words: list[str]
    pid: int = 0

    def begin(self) -> None:
        self.pid = self.born.start(self.environ, *self.words)

    def kill(self) -> None:
        assert self.born.kill(self.pid) == -signal.SIGKILL, "it ran until then"

    @contextmanager
    def running(self) -> Iterator[None]:
        self.begin()
        try:
            yield
        finally:
            self.kill()


@dataclass
class Load:
    """Posts every approval until it is acknowledged, as Truecaller does. `acknowledged`: request ids answered 200."""

    port: int
    acknowledged: set[str] = field(default_factory=set)
    mark: int = 0

    def begun(self) -> bool:
        """Whether anything was acknowledged since the mark."""
        return len(self.acknowledged) > self.mark

    def post_all(self, callbacks: list[dict[str, str]]) -> None:
        threads = [threading.Thread(target=self._post, args=(callbacks[n::POSTERS],)) for n in range(POSTERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _post(self, callbacks: list[dict[str, str]]) -> None:
        for callback in callbacks:
            eventually(lambda callback=callback: self._answered(callback), 30)
            self.acknowledged.add(callback["requestId"])

    def _answered(self, callback: dict[str, str]) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=3)
        try:
            connection.request(
                "POST", "/truecaller/callback", json.dumps(callback), {"Content-Type": "application/json"}
            )
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@pytest.fixture(scope="module")
def born() -> Iterator[Nursery]:
    """Where receivers and watchers come from."""
    with nursery("callback_server.__main__", "signup.__main__", "signup.commands.watch") as ready:
        yield ready


@pytest.mark.torture
@pytest.mark.timeout(3000)
def test_nothing_acknowledged_is_lost_nothing_is_stored_twice_and_no_number_is_missing(
    environ, store_url, rounds, born
):
    everything = rounds * SIGNUPS_A_ROUND
    with profile_host() as host:
        chosen = environ(database_url=store_url, callback_port=free_port(), profile_urls=host.profile_url)
        assert len(play(chosen, rounds, born)) == everything
        finish(chosen)
    assert_whole(chosen, everything)


def play(chosen: dict[str, str], rounds: int, born: Nursery) -> set[str]:
    """Round after round sign-ups are started, approvals posted, and a program is killed: what was acknowledged."""
    truecaller, dice = ScriptedTruecaller(), random.Random(7)
    load_on = Load(int(chosen["SIGNUP_CALLBACK_PORT"]))
    receiver, watcher = Program(born, chosen, ["callback_server"]), Program(born, chosen, ["signup", "watch"])
    with (
        open_services(load(chosen, None), truecaller=truecaller, migrate=True) as services,
        receiver.running(),
        watcher.running(),
    ):
        for nth in range(rounds):
            callbacks = begin(services, truecaller, nth)
            load_on.mark = len(load_on.acknowledged)
            posting = threading.Thread(target=load_on.post_all, args=(callbacks,))
            posting.start()
            victim = dice.choice([receiver, watcher])
            eventually(load_on.begun, 30)
            threading.Event().wait(dice.uniform(0, 0.1))
            victim.kill()
            victim.begin()
            posting.join()
    return load_on.acknowledged


def begin(services: Services, truecaller: ScriptedTruecaller, nth: int) -> list[dict[str, str]]:
    """Start sign-ups, and give the approvals that Truecaller will post for them."""
    callbacks = []
    for one in range(SIGNUPS_A_ROUND):
        number = 46700000000 + nth * SIGNUPS_A_ROUND + one
        start(services, f"+{number}", channel="web", actor="cli")
        state = truecaller.asked[-1][1]
        request_id = f"request-{len(truecaller.asked)}"
        callbacks.append({"requestId": request_id, "accessToken": f"token-of-{number}-200", "state": state})
    return callbacks


def finish(chosen: dict[str, str]) -> None:
    """A last watcher, half a minute later: the claims of the killed ones are free by then."""
    later = HandClock(datetime.now(UTC) + timedelta(seconds=40))
    with open_services(load(chosen, None), clock=later) as services:
        Watcher(services, "test").once()


def assert_whole(chosen: dict[str, str], everything: int) -> None:
    with open_services(load(chosen, None)) as services:
        events = log.after(services, log.LogQuery(), 0, 1_000_000)
        assert [event.seq for event in events] == list(range(1, len(events) + 1)), "a gap in seq"
        told = [event.signup_id for event in events if event.kind == "profile.fetched"]
        assert len(told) == len(set(told)) == everything, "a profile was lost or stored twice"
        received = {event.signup_id for event in events if event.kind == "callback.received"}
        assert len(received) == everything, "an acknowledged callback was lost"

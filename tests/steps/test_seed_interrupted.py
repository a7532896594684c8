"""A first start that is interrupted: whenever it happens, the next one plays the past to its end, and nothing else."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dashboard.server import prepare
from signup.clock import HandClock, text
from signup.errors import UsageWrong
from signup.record import log
from signup.record.seal import Sealer
from signup.seed import SIGNUPS, is_due, mark, seed
from signup.seed.mark import Mark
from signup.services import Services, open_services
from signup.settings import Settings, load
from signup.store import Store, Transaction, open_store
from tests.fakes import ScriptedTruecaller
from tests.machine import ROOT, eventually
from tests.steps.story import begin
from tests.steps.test_seed import opened, rows

FEW = 20
PREPARE = "from dashboard.server import prepare; from signup.settings import load; prepare(load())"


class Killed(BaseException):
    """The program ends here."""


class Mortal:
    """A store whose program is killed around its nth commit: just before, or just after."""

    def __init__(self, store: Store, commits: int, *, before: bool) -> None:
        self._store = store
        self._left = commits
        self._before = before
        self.dialect = store.dialect
        self.read = store.read

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with self._store.write() as tx:
            yield tx
            self._left -= 1
            if self._before and self._left == 0:
                raise Killed
        if self._left == 0:
            raise Killed


def lived(services: Services) -> list[Any]:
    return [(one.started_at, one.masked, one.channel, one.status, one.code) for one in rows(services)]


@pytest.mark.parametrize("before", [True, False])
def test_a_past_interrupted_at_any_moment_is_whole_after_the_next_try(tmp_path: Path, before: bool) -> None:
    with opened(tmp_path / "whole") as services:
        seed(services, signups=FEW, days=3)
        whole, events = lived(services), log.head(services).seq
    for commits in range(1, 100):
        with opened(tmp_path / f"{commits}") as services:
            mortal = Mortal(services.store, commits, before=before)
            try:
                seed(replace(services, store=mortal), signups=FEW, days=3)  # type: ignore[arg-type]
            except Killed:
                if begun := mark.of(services):
                    services.clock.move(7)  # type: ignore[attr-defined]
                if begun is None or is_due(services):
                    seed(services, signups=FEW, days=3)
            else:
                break
            Sealer(services).seal()
            assert (lived(services), log.head(services).seq) == (whole, events)
            assert not is_due(services)
    assert commits > 4, "it was killed around every day"


def test_half_a_past_with_somebodys_own_sign_up_in_it_is_left_alone(
    tmp_path: Path, truecaller: ScriptedTruecaller
) -> None:
    with opened(tmp_path) as services:
        with pytest.raises(Killed):
            seed(replace(services, store=Mortal(services.store, 3, before=False)), signups=60, days=3)  # type: ignore[arg-type]
        begin(replace(services, truecaller=truecaller), "+46 76 123 45 67")
        before = lived(services)
        with pytest.raises(UsageWrong):
            seed(services, signups=60, days=3)
        assert lived(services) == before


def test_half_a_past_of_other_wishes_is_left_alone(tmp_path: Path) -> None:
    with opened(tmp_path) as services:
        with pytest.raises(Killed):
            seed(replace(services, store=Mortal(services.store, 3, before=False)), signups=60, days=3)  # type: ignore[arg-type]
        before = lived(services)
        with pytest.raises(UsageWrong):
            seed(services, signups=61, days=3)
        assert lived(services) == before


def test_a_first_start_that_was_killed_is_made_good_by_the_next_two_at_once(
    environ: Callable[..., dict[str, str]],
) -> None:
    settings = load(environ(), env_file=None)
    first = subprocess.Popen(
        [sys.executable, "-c", PREPARE], env={**os.environ, **environ()}, cwd=ROOT, stderr=subprocess.DEVNULL
    )
    eventually(lambda: days_played(settings) > 2, 60)
    first.kill()
    first.wait()
    with open_services(settings) as services:
        assert 0 < len(rows(services)) < SIGNUPS
    both = threading.Barrier(2)

    def start() -> None:
        both.wait()
        prepare(settings)

    with ThreadPoolExecutor(2) as pool:
        for started in [pool.submit(start) for _ in range(2)]:
            started.result()
    with open_services(settings) as services:
        assert len(rows(services)) == SIGNUPS
        assert not is_due(services)


def days_played(settings: Settings) -> int:
    with closing(open_store(settings.database_url)) as store, store.read() as tx:
        found = mark.read(tx) if tx.one("has_schema_versions") else None
    return found.days if found else 0


def test_whoever_opened_a_database_before_the_dashboard_did_keeps_it_empty(
    environ: Callable[..., dict[str, str]],
) -> None:
    settings = load(environ(), env_file=None)
    with open_services(settings, migrate=True):
        pass
    prepare(settings)
    with open_services(settings) as services:
        assert rows(services) == []


def test_a_start_killed_before_anybody_opened_the_database_is_made_good(store: Store, clock: HandClock) -> None:
    mark.intend(store, clock.now())
    mark.intend(store, clock.now())
    with store.read() as tx:
        assert mark.read(tx) == Mark(0, clock.now(), done=False)


def test_own_sign_ups_before_the_first_day_end_the_intention(
    settings: Callable[..., Settings], clock: HandClock, truecaller: ScriptedTruecaller
) -> None:
    chosen = settings()
    with closing(open_store(chosen.database_url)) as store:
        store.migrate(text(clock.now()))
        mark.intend(store, clock.now())
    with open_services(chosen, clock=clock, truecaller=truecaller) as services:
        assert is_due(services)
        begin(services)
        assert not is_due(services)

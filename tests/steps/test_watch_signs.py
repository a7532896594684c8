"""The watcher signs the record: every hour, at ten thousand rows, at a clean stop; and says so."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from callback_server.app import create_app
from dashboard.server import prepare
from signup.clock import HandClock
from signup.errors import KeyLost
from signup.flow.watch import Watcher
from signup.record import pins
from signup.record.check import Question
from signup.record.pins import Pins, Point
from signup.record.verify import verify
from signup.services import Services, open_services
from tests.steps.conftest import SEEDS
from tests.steps.story import begin

Settings = Callable[..., Any]


def seqs(said: list[str]) -> list[int]:
    return [json.loads(line)["seq"] for line in said]


@contextmanager
def watching(services: Services, said: list[str]) -> Iterator[None]:
    """A watcher at work on a thread of its own, stopped in order at the end."""
    stop = threading.Event()
    thread = threading.Thread(target=Watcher(services, "test", said.append).run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


def test_a_pass_signs_once_an_hour_has_passed(services_on_each: Services, clock: HandClock) -> None:
    said: list[str] = []
    begin(services_on_each)
    watcher = Watcher(services_on_each, "test", said.append)
    watcher.once()
    assert said == []
    for _ in range(3):
        clock.move(3600)
        watcher.once()
        watcher.once()
    assert len(said) == 3
    assert seqs(said) == sorted(set(seqs(said)))
    assert verify(services_on_each.store, Question()).facts["checkpoints"] == 3


def test_a_running_watcher_signs_an_idle_log_as_often_as_asked(
    settings: Settings, store_url: str, truecaller: Any, eventually: Callable[..., Any]
) -> None:
    said: list[str] = []
    chosen = settings(database_url=store_url, checkpoint_seconds=0.2)
    with open_services(chosen, truecaller=truecaller, migrate=True) as services, watching(services, said):
        eventually(lambda: len(said) >= 3, 20)
    assert seqs(said)[:3] == [0, 1, 2], "each one adds only the event that tells of the one before"


def test_a_clean_stop_signs_what_was_sealed_and_the_next_start_says_it_again(
    settings: Settings, store_url: str, truecaller: Any, eventually: Callable[..., Any]
) -> None:
    first: list[str] = []
    second: list[str] = []
    with open_services(settings(database_url=store_url), truecaller=truecaller, migrate=True) as services:
        with watching(services, first):
            begin(services)
        assert (len(first), seqs(first)) == (1, [2])
        with watching(services, second):
            eventually(lambda: second, 20)
        assert second[0] == first[0]
        report = verify(services.store, Question()).facts
    assert (report["valid"], report["checkpoints"]) == (True, 2)


def test_a_watcher_does_not_start_without_the_key_that_signed(settings: Settings, clock: HandClock) -> None:
    for seed in SEEDS[:2]:
        with open_services(settings(audit_keys=seed), clock=clock, migrate=True) as services:
            if seed == SEEDS[0]:
                Watcher(services, "test")
                continue
            with pytest.raises(KeyLost):
                Watcher(services, "test")


def test_the_dashboard_does_not_start_without_it_either(settings: Settings) -> None:
    prepare(settings(audit_keys=SEEDS[0], mode="live", app_key="k"))
    with pytest.raises(KeyLost, match="--new-without-old"):
        prepare(settings(audit_keys=SEEDS[1], mode="live", app_key="k"))


def test_a_restored_backup_is_watched_but_neither_sealed_nor_signed(
    services: Services, clock: HandClock, eventually: Callable[..., Any]
) -> None:
    said: list[str] = []
    watcher = Watcher(services, "test", said.append)
    with services.store.read() as tx:
        log_id = (tx.one("log_head") or {})["log_id"]
    pins.change(services.settings, log_id, lambda before: Pins(before.keys, None, Point(9, "9" * 64)))
    begin(services)
    clock.move(7200)
    stop = threading.Event()
    thread = threading.Thread(target=watcher.run, args=(stop,))
    thread.start()
    try:
        eventually(lambda: waiting(services, "signup.expired"), 20)
    finally:
        stop.set()
        thread.join(10)
    with services.store.read() as tx:
        assert (tx.one("log_head") or {})["seq"] == 0
    assert said == []


def waiting(services: Services, kind: str) -> bool:
    with services.store.read() as tx:
        return tx.one("told_in_the_inbox", kind=kind) is not None


def test_the_receiver_never_asks_for_a_signing_key(settings: Settings, clock: HandClock, tmp_path: Path) -> None:
    with open_services(settings(audit_keys=SEEDS[0]), clock=clock, migrate=True) as services:
        Watcher(services, "test")
    with open_services(settings(audit_keys=SEEDS[1]), clock=clock) as services:
        answer = create_app(services).test_client().get("/readyz")
    assert answer.status_code == 200

"""Once a night the whole log is checked, by one watcher, in a process of its own; what it found is remembered."""

import logging
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from signup.clock import HandClock, text
from signup.doctor import examine
from signup.record import keys, pins
from signup.record import nightly as nightly_module
from signup.record.checkpoint import Clerk
from signup.record.nightly import Nightly, full_check
from signup.record.pins import Full, Pins
from signup.services import Services
from tests.steps.conftest import CommandLine
from tests.steps.test_cli_record import pinned, run_sql

ROOT = Path(__file__).parent.parent.parent
Begun = list[subprocess.Popen[bytes]]


def log_id(services: Services) -> str:
    with services.store.read() as tx:
        row = tx.one("log_identity")
    assert row
    return str(row["log_id"])


def remembered(services: Services) -> Pins:
    return pins.read(services.settings, log_id(services))


def nightly(services: Services, begun: Begun, words: str = "pass") -> Nightly:
    """One watcher's part; the check it begins is a process that runs `words`."""

    def begin_check() -> subprocess.Popen[bytes]:
        begun.append(subprocess.Popen([sys.executable, "-c", words]))
        return begun[-1]

    return Nightly(services, begin_check)


def finding(services: Services) -> tuple[bool | None, str]:
    return next((check.ok, check.detail) for check in examine(services).checks if check.name == "Full check")


def test_a_night_has_one_check_among_all_watchers(services: Services, clock: HandClock) -> None:
    begun: Begun = []
    watchers = [nightly(services, begun), nightly(services, begun)]
    for _ in range(3):
        clock.move(86400)
        for watcher in [*watchers, *watchers]:
            watcher.run()
        assert begun[-1].wait(20) == 0
    assert len(begun) == 3


def test_no_check_is_due_before_the_first_night(services: Services, clock: HandClock) -> None:
    begun: Begun = []
    nightly(services, begun).run()
    assert begun == []


def test_a_check_made_by_hand_after_three_in_the_morning_serves_for_the_night(
    services: Services, clock: HandClock
) -> None:
    begun: Begun = []
    clock.move(86400)
    pins.change(services.settings, log_id(services), lambda _: Pins(full=Full(text(clock.now()), 0, None)))
    nightly(services, begun).run()
    assert begun == []


@pytest.mark.parametrize("what", ["full", "nightly"])
def test_a_check_that_a_clock_running_ahead_dated_serves_for_no_night(
    services: Services, clock: HandClock, what: str
) -> None:
    clock.move(86400)
    later = text(clock.now() + timedelta(days=9))
    ahead = Pins(full=Full(later, 0, None)) if what == "full" else Pins(nightly=later)
    pins.change(services.settings, log_id(services), lambda _: ahead)
    begun: Begun = []
    nightly(services, begun).run()
    assert [child.wait(20) for child in begun] == [0]


def test_the_doctor_does_not_take_a_check_or_checkpoint_of_the_future_for_one_of_now(
    services: Services, clock: HandClock
) -> None:
    clock.move(9 * 86400)
    pins.change(services.settings, log_id(services), lambda _: Pins(full=Full(text(clock.now()), 0, None)))
    Clerk(services, keys.ready(services, [].append), actor="watcher", say=[].append).make()
    clock.move(-9 * 86400)
    for name in ("Full check", "Audit log"):
        found = next(check for check in examine(services).checks if check.name == name)
        assert found.ok is None
        assert "while the clock ran ahead" in found.detail


def test_a_watcher_that_stops_ends_the_check_it_began(services: Services, clock: HandClock) -> None:
    begun: Begun = []
    watcher = nightly(services, begun, "import time; time.sleep(60)")
    clock.move(86400)
    watcher.run()
    watcher.end()
    assert begun[0].poll() is not None


def test_a_check_that_does_not_listen_is_killed(
    services: Services, clock: HandClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(nightly_module, "PATIENCE", 0.1)
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    begun: Begun = []
    deaf = f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open({str(ready)!r}, 'w').close()"
    watcher = nightly(services, begun, f"{deaf}; time.sleep(60)")
    clock.move(86400)
    watcher.run()
    ready.read_bytes()  # returns when the check has stopped listening
    watcher.end()
    assert begun[0].poll() == -signal.SIGKILL


def test_a_night_whose_check_could_not_be_started_is_not_lost(
    services: Services, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> subprocess.Popen[bytes]:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    begun: Begun = []
    clock.move(86400)
    Nightly(services, refuse).run()
    assert remembered(services).nightly is None
    assert "could not be started (Resource temporarily unavailable)" in caplog.text
    nightly(services, begun).run()
    assert begun[0].wait(20) == 0


def test_who_could_not_start_a_check_tries_again_in_ten_minutes(services: Services, clock: HandClock) -> None:
    tries: list[int] = []

    def refuse() -> subprocess.Popen[bytes]:
        tries.append(1)
        raise BlockingIOError(11, "Resource temporarily unavailable")

    watcher = Nightly(services, refuse)
    clock.move(86400)
    for seconds in (0, 599, 1):
        clock.move(seconds)
        watcher.run()
    assert len(tries) == 2


def test_what_a_check_found_wrong_is_logged_once_it_has_ended(
    services: Services, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    begun: Begun = []
    watcher = nightly(services, begun)
    clock.move(86400)
    watcher.run()
    begun[0].wait(20)
    found = Full(text(clock.now()), 5, "row_changed")
    pins.change(services.settings, log_id(services), lambda before: Pins(before.keys, full=found))
    with caplog.at_level(logging.ERROR):
        watcher.run()
        watcher.run()
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "The audit log was altered (row_changed)"
    ]


def test_a_check_that_could_not_tell_or_did_not_end_is_logged_and_no_longer_counts_as_all_well(
    services: Services, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    pins.change(services.settings, log_id(services), lambda _: Pins(full=Full(text(clock.now()), 0, None)))
    begun: Begun = []
    watcher = nightly(services, begun, "raise SystemExit(2)")
    clock.move(86400)
    watcher.run()
    begun[0].wait(20)
    watcher.run()
    assert "The nightly check did not end (exit code 2)" in caplog.text
    full = remembered(services).full
    assert (full and full.reason, finding(services)[0]) == ("not_ended", False)
    assert "did not end" in finding(services)[1]

    clock.move(86400)
    watcher.run()
    pins.change(services.settings, log_id(services), lambda _: Pins(full=Full(text(clock.now()), 0, "unreadable")))
    begun[1].wait(20)
    watcher.run()
    assert "could not tell whether the audit log is whole (unreadable)" in caplog.text
    assert finding(services)[0] is False


def test_what_was_found_altered_is_not_forgotten_over_a_check_that_did_not_end(
    services: Services, clock: HandClock
) -> None:
    altered = Full(text(clock.now()), 5, "row_changed")
    pins.change(services.settings, log_id(services), lambda _: Pins(full=altered))
    begun: Begun = []
    watcher = nightly(services, begun, "raise SystemExit(2)")
    clock.move(86400)
    watcher.run()
    begun[0].wait(20)
    watcher.run()
    assert remembered(services).full == altered


def test_a_check_of_our_own_log_that_cannot_tell_is_remembered_as_one(log: CommandLine, tmp_path: Path) -> None:
    log("verify")
    run_sql(tmp_path, "ALTER TABLE events RENAME COLUMN details_hash TO gone")
    assert log("verify").code == 2
    assert pinned(tmp_path)["full"]["reason"] == "unreadable"


def test_the_check_is_a_program_of_its_own_and_leaves_its_verdict(
    log: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert full_check().wait(60) == 0
    assert {name: pinned(tmp_path)["full"][name] for name in ("reason", "seq")} == {"reason": None, "seq": 3}


def test_only_a_full_check_is_remembered_as_one_and_with_what_it_found_wrong(log: CommandLine, tmp_path: Path) -> None:
    log("checkpoint")
    log("verify", "--incremental")
    assert "full" not in pinned(tmp_path)
    log("verify")
    run_sql(tmp_path, "UPDATE events SET details = '{}' WHERE seq = 2")
    assert log("verify").code == 1
    full = pinned(tmp_path)["full"]
    assert (full["reason"], full["seq"]) == ("row_changed", 4)
    told = next(check for check in log("doctor", "--json").json["checks"] if check["name"] == "Full check")
    assert (told["ok"], "An event was changed." in told["detail"]) == (False, True)


def test_the_doctor_tells_the_last_full_check_and_misses_one_after_two_days(
    services: Services, clock: HandClock
) -> None:
    assert finding(services) == (True, "None has been made yet. One runs every night.")
    found = Full(text(clock.now()), 0, None)
    pins.change(services.settings, log_id(services), lambda _: Pins(full=found))
    clock.move(3600)
    assert finding(services) == (True, "The last one 1 h ago found every event in its place.")
    clock.move(2 * 86400)
    assert finding(services)[0] is None

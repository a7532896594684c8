"""The doctor: each check at its best and at its worst, and what it must never do."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from callback_server.app import create_app
from signup.clock import HandClock, SystemClock, text
from signup.doctor import Check, examine, lists
from signup.errors import StoreUnavailable
from signup.flow.receive import receive
from signup.flow.steps import keep_trace
from signup.flow.watch import Watcher
from signup.measure.alerts import rounds
from signup.model import Callback, Exchange, Result
from signup.record.seal import Sealer
from signup.services import Services, open_services
from signup.settings import Settings, load
from signup.store import Row, Store, open_store
from signup.store.gate import PATIENCE
from tests.fakes import ScriptedTruecaller, ambiguous
from tests.machine import away
from tests.steps.conftest import CommandLine
from tests.steps.story import begin
from tests.upstream import answer, upstream
from tests.web.receiver_tools import serving

SIGNUP = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22"
KEY = "canary-app-key-77f0"
OK = b'{"status":"ok"}'


def found(services: Services, name: str) -> Check:
    """The one check of that name."""
    (check,) = [check for check in examine(services).checks if check.name == name]
    return check


@pytest.fixture
def live(settings: Callable[..., Settings], clock: HandClock, truecaller: ScriptedTruecaller) -> Iterator[Services]:
    """Everything wired in live mode."""
    chosen = settings(mode="live", app_key=KEY)
    with open_services(chosen, clock=clock, truecaller=truecaller, migrate=True) as wired:
        yield wired


class Fading:
    """A store that goes away after so many transactions, and writes down with what each query was asked."""

    def __init__(self, store: Store, left: int = 1_000) -> None:
        self.store, self.left = store, left
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    @contextmanager
    def read(self) -> Iterator[Any]:
        self.left -= 1
        if self.left < 0:
            raise StoreUnavailable("The database is away: wait for it.")
        with self.store.read() as self.tx:
            yield self

    def one(self, query: str, /, **params: Any) -> Row | None:
        self.asked.append((query, params))
        return self.tx.one(query, **params)

    def all(self, query: str, /, **params: Any) -> list[Row]:
        self.asked.append((query, params))
        return self.tx.all(query, **params)


def exchanged(
    services: Services, step: str, status: int | None, failure: str | None = None, *, answer: str = ""
) -> None:
    """An HTTP exchange took place."""
    exchange = Exchange("POST", "https://example.com", {}, "", status, {}, answer, 142, failure)
    with services.store.write() as tx:
        keep_trace(tx, services.keyring, services.clock.now(), SIGNUP, step, (exchange,))


def test_every_check_has_a_name_of_its_own_and_a_cure_unless_all_is_fine(services: Services) -> None:
    told = examine(services).checks
    assert len({check.name for check in told}) == len(told)
    assert all(check.detail for check in told)
    assert all((check.cure is None) == (check.ok is True) for check in told)


def test_the_level_says_how_much_it_matters() -> None:
    levels = {ok: Check("x", "here", ok, "", None).level for ok in (True, None, False)}
    assert levels == {True: "fine", None: "look at", False: "problem"}


def test_without_a_watcher_there_is_a_problem(services: Services) -> None:
    check = found(services, "Watcher")
    assert (check.ok, check.level) == (False, "problem")
    assert "python -m signup watch" in (check.cure or "")


def test_a_watcher_seen_within_30_seconds_is_fine_and_then_no_more(services: Services, clock: HandClock) -> None:
    with services.store.write() as tx:
        tx.run("see_watcher", id="w", host="here", pid=7, mode="watch", seen_at=text(clock.now()))
    clock.move(29)
    assert found(services, "Watcher").ok is True
    clock.move(1)
    check = found(services, "Watcher")
    assert check.ok is False
    assert "30 s ago" in check.detail


def test_alert_rules_not_looked_at_for_three_minutes_are_a_problem(
    services_on_each: Services, clock: HandClock
) -> None:
    def levels() -> list[str]:
        return [check.level for check in examine(services_on_each).checks if check.name == "Alerts"]

    def watch() -> None:
        with services_on_each.store.write() as tx:
            tx.run("see_watcher", id="w", host="here", pid=7, mode="watch", seen_at=text(clock.now()))

    assert levels() == []
    watch()
    assert levels() == ["look at"]
    assert rounds.run(services_on_each) is not None
    clock.move(180)
    assert levels() == []
    watch()
    assert levels() == ["fine"]
    clock.move(1)
    assert levels() == ["problem"]


def test_events_unsealed_for_more_than_a_minute_are_a_problem(services: Services, clock: HandClock) -> None:
    begin(services)
    clock.move(60)
    assert found(services, "Audit log").ok is True
    clock.move(1)
    assert found(services, "Audit log").ok is False
    Sealer(services).seal()
    assert found(services, "Audit log").ok is True


def test_an_altered_log_is_a_problem_in_its_own_words(services: Services) -> None:
    with services.store.write() as tx:
        tx.run("move_head", seq=3, frontier="nonsense")
    check = found(services, "Audit log")
    assert check.ok is False
    assert "changed from outside" in (check.cure or "")


def test_sign_ups_open_past_their_end_are_a_problem(services: Services, clock: HandClock) -> None:
    begin(services)
    clock.move(660)
    assert found(services, "Open too long").ok is True
    clock.move(1)
    assert found(services, "Open too long").ok is False
    Watcher(services, "test").once()
    assert found(services, "Open too long").ok is True


def test_the_database_tells_its_library_durability_and_size(services: Services) -> None:
    check = found(services, "Database")
    assert "WAL, full sync" in check.detail
    assert "KB" in check.detail


def test_a_key_file_that_others_may_read_is_a_problem(services: Services) -> None:
    path = Path(services.settings.data_dir) / "keys" / "app-keys"
    assert found(services, "Keys").ok is True
    path.chmod(0o644)
    check = found(services, "Keys")
    assert (check.ok, check.cure) == (False, f"Run: chmod 600 {path}")


def test_a_key_file_that_is_gone_is_a_problem_with_its_cure(services: Services) -> None:
    path = Path(services.settings.data_dir) / "keys" / "app-keys"
    path.unlink()
    check = found(services, "Keys")
    assert (check.ok, check.detail) == (False, f"{path} is gone.")
    assert "Put it back from the backup" in (check.cure or "")


def test_rows_under_a_key_that_is_not_listed_are_worth_a_look(services: Services, clock: HandClock) -> None:
    with services.store.write() as tx:
        tx.run("add_known_key", key_id="0123456789abcdef", at=text(clock.now()))
    assert found(services, "Keys").level == "look at"


def test_the_sandbox_takes_any_app_key(services: Services) -> None:
    exchanged(services, "request", 404)
    assert found(services, "App key").ok is True


@pytest.mark.parametrize(
    ("status", "answer", "ok"),
    [
        (200, '{"requestId":"one"}', True),
        (403, '{"code":1008,"message":"Forbidden"}', True),
        (404, "", False),
        *((status, "", None) for status in (None, 302, 400, 401, 403, 429, 500, 503)),
    ],
)
def test_what_the_last_request_told_about_the_app_key(
    live: Services, status: int | None, answer: str, ok: bool | None
) -> None:
    exchanged(live, "request", 200 if status == 404 else 404)
    live.clock.move(240)  # type: ignore[attr-defined]
    exchanged(live, "request", status, None if status else "timeout", answer=answer)
    assert found(live, "App key").ok is ok


def test_an_answer_that_tells_nothing_about_the_app_key_is_named(live: Services) -> None:
    exchanged(live, "request", 500)
    assert found(live, "App key").detail.startswith("The last request, 0 s ago, was answered 500")


def test_an_app_key_nobody_has_judged_yet_is_worth_a_look(live: Services) -> None:
    assert found(live, "App key").level == "look at"


def test_a_refused_app_key_comes_with_its_cure(live: Services) -> None:
    exchanged(live, "request", 404)
    assert (
        found(live, "App key").cure == "Truecaller does not know the app key: compare SIGNUP_APP_KEY with the portal."
    )


@pytest.mark.parametrize(
    ("status", "failure", "cure"),
    [
        (500, None, "see that the sandbox runs"),
        (429, None, "slow down"),
        (400, None, "4xx"),
        (302, None, "could not be used"),
        (None, "timeout", "wait for the callback"),
        (None, "connect", "could not be reached"),
    ],
)
def test_a_request_that_went_wrong_is_worth_a_look(
    services: Services, status: int | None, failure: str | None, cure: str
) -> None:
    exchanged(services, "request", status, failure)
    check = found(services, "Requests")
    assert check.level == "look at"
    assert cure in (check.cure or "")


@pytest.mark.parametrize(("status", "ok"), [(200, True), (401, None), (503, None)])
def test_the_profile_host_is_judged_by_its_last_answer(services: Services, status: int, ok: bool | None) -> None:
    assert found(services, "Profile host").ok is True
    exchanged(services, "profile", status)
    assert found(services, "Profile host").ok is ok


@contextmanager
def somebody(services: Callable[..., Any], port: str, status: int, body: bytes) -> Iterator[Services]:
    """Services whose receiver or sandbox port is answered so."""
    with upstream(answer(status, body)) as server, services(**{port: urlsplit(server.url).port}) as wired:
        yield wired


@pytest.fixture
def wired(settings: Callable[..., Settings], clock: HandClock) -> Callable[..., Any]:
    """`wired(callback_port=1)`: services with these settings."""
    return lambda **given: open_services(settings(**given), clock=clock, migrate=True)


@pytest.mark.parametrize(
    ("status", "body", "ok", "told"),
    [
        (200, OK, True, "Answers on port"),
        (503, b'{"code":"store_unavailable"}', False, "cannot store"),
        (500, b'{"code":"internal_error"}', False, "cannot store"),
        (200, b"<html>", False, "Something else"),
        (503, b"", False, "cannot store"),
        (503, b"<html>", False, "Something else"),
        (404, b"", False, "Something else"),
    ],
)
def test_the_receiver_must_be_ready_to_store(
    wired: Callable[..., Any], status: int, body: bytes, ok: bool, told: str
) -> None:
    with somebody(wired, "callback_port", status, body) as services:
        check = found(services, "Receiver")
    assert (check.ok, told in check.detail) == (ok, True)


def test_a_receiver_bound_to_every_address_is_asked_on_loopback(wired: Callable[..., Any]) -> None:
    with (
        upstream(answer(200, OK)) as server,
        wired(callback_port=urlsplit(server.url).port, callback_bind="0.0.0.0") as services,
    ):
        assert found(services, "Receiver").ok is True


@pytest.mark.parametrize(("status", "body", "ok"), [(200, OK, True), (200, b"<html>", False), (404, b"", False)])
def test_the_sandbox_must_answer_on_its_port(wired: Callable[..., Any], status: int, body: bytes, ok: bool) -> None:
    with somebody(wired, "sandbox_port", status, body) as services:
        assert found(services, "Sandbox").ok is ok


def test_what_does_not_answer_is_a_problem(wired: Callable[..., Any], free_port: Callable[[], int]) -> None:
    with wired(callback_port=free_port(), sandbox_port=free_port()) as services:
        assert found(services, "Receiver").ok is False
        assert found(services, "Sandbox").ok is False


def test_live_mode_looks_for_no_sandbox(live: Services) -> None:
    assert "Sandbox" not in {check.name for check in examine(live).checks}


def test_no_callback_ever_is_worth_a_look_in_live_mode_alone(services: Services, tmp_path: Path) -> None:
    assert found(services, "Last callback").ok is True


def test_no_callback_ever_points_at_the_portal(live: Services) -> None:
    assert "portal" in (found(live, "Last callback").cure or "")


def test_the_last_callback_is_told_by_its_age(services: Services, clock: HandClock) -> None:
    begin(services)
    receive(services, Callback("request-1", Result.OPENED, status="flow_invoked"), None)
    clock.move(26 * 60)
    assert found(services, "Last callback").detail == "26 min ago: opened the prompt."


def test_a_sign_up_without_a_callback_for_30_seconds_is_worth_a_look(services: Services, clock: HandClock) -> None:
    begin(services)
    clock.move(29)
    assert found(services, "Waiting").ok is True
    clock.move(66)
    check = found(services, "Waiting")
    assert check.level == "look at"
    assert check.detail.startswith("1 sent over 30 s ago")
    receive(services, Callback("request-1", Result.OPENED, status="flow_invoked"), None)
    assert found(services, "Waiting").ok is True


def test_an_ambiguous_timeout_waits_too(services: Services, truecaller: ScriptedTruecaller, clock: HandClock) -> None:
    truecaller.will_answer(ambiguous())
    begin(services)
    clock.move(31)
    assert found(services, "Waiting").level == "look at"


def test_callbacks_that_match_nothing_are_counted_while_they_are_kept(services: Services, clock: HandClock) -> None:
    begin(services)
    receive(services, Callback("a-strangers", Result.APPROVED, token="t" * 8, state="s" * 43), None)
    receive(services, Callback("request-1", Result.APPROVED, token="t" * 8, state="s" * 43), None)
    check = found(services, "Matching nothing")
    assert check.level == "problem", "a sign-up waits for the one that was set aside"
    assert check.detail.startswith("1 parked and 1 quarantined")
    clock.move(601)
    Watcher(services, "test").once()
    assert found(services, "Matching nothing").ok is True


def test_a_callback_that_came_after_the_end_is_counted_as_late(services: Services, clock: HandClock) -> None:
    def late() -> int:
        return next(row.count for row in lists.apart(services) if row.reason.startswith("Too late"))

    begin(services)
    clock.move(660)
    Watcher(services, "test").once()
    assert late() == 0
    receive(services, Callback("request-1", Result.DECLINED, status="user_rejected"), None)
    Watcher(services, "test").once()
    assert late() == 1
    clock.move(86_400)
    assert late() == 0


def test_unreadable_callbacks_are_worth_a_look_for_a_day(services: Services, clock: HandClock) -> None:
    assert found(services, "Unreadable").ok is True
    with services.store.write() as tx:
        tx.run("add_to_counter", name="callback_rejected", amount=12, at=text(clock.now()))
        tx.run("add_to_counter", name="something_else", amount=1, at=text(clock.now() + timedelta(days=2)))
    clock.move(3600)
    check = found(services, "Unreadable")
    assert check.level == "look at"
    assert check.detail == "12 could not be read, the last one 1 h ago."
    clock.move(86400)
    assert found(services, "Unreadable").ok is True


def test_a_check_that_breaks_is_a_finding(services: Services) -> None:
    services.store.close()
    told = {check.name: check for check in examine(services).checks}
    assert (told["Database"].ok, told["Database"].detail) == (False, "This check broke (ProgrammingError).")
    assert told["Settings"].ok is True


def test_while_the_database_is_away_one_finding_says_so_and_nothing_else_waits_for_it(
    wired: Callable[..., Any], postgres_server: str, postgres_url: str
) -> None:
    with wired(database_url=postgres_url, callback_port=1, sandbox_port=2) as services:
        assert len(examine(services).checks) > 10
        with away(postgres_server, postgres_url):
            began = time.monotonic()
            told = examine(services).checks
            assert time.monotonic() - began < 2 * PATIENCE, "waited for once"
        assert [check.name for check in told] == ["Settings", "Database", "Sandbox", "Receiver"]
        assert told[1].cure == "The database cannot be used (PoolTimeout): check the server."
        assert len(examine(services).checks) > 10


def test_a_database_that_goes_away_at_any_moment_of_a_round_is_all_that_is_told(live: Services) -> None:
    exchanged(live, "request", 200)
    store = Fading(live.store)
    examine(replace(live, store=store))  # type: ignore[arg-type]
    reads = 1_000 - store.left
    assert reads > 10
    for left in range(reads):
        found = examine(replace(live, store=Fading(live.store, left)))  # type: ignore[arg-type]
        told = {check.name: check for check in found.checks}
        assert [*told] == ["Settings", "Database", "Receiver"], left
        assert (told["Database"].ok, told["Database"].cure) == (False, "The database is away: wait for it.")
        assert (found.causes, found.url) == ([], None)


def test_nothing_is_asked_of_the_database_about_a_time_that_nobody_knows(live: Services) -> None:
    store = Fading(live.store)
    examine(replace(live, store=store))  # type: ignore[arg-type]
    assert {query for query, _ in store.asked} >= {"wrong_state_of_open", "unanswered_for_long"}
    assert [query for query, params in store.asked if None in params.values()] == []


def test_a_database_that_can_only_be_read_is_a_problem(wired: Callable[..., Any], postgres_url: str) -> None:
    with wired(database_url=postgres_url):
        pass
    with wired(database_url=f"{postgres_url}?options=-c%20default_transaction_read_only%3Don") as services:
        check = found(services, "Database")
    assert (check.ok, check.detail) == (False, "It cannot be written, so no callback can be stored.")


def test_a_data_folder_in_which_nothing_can_be_written_is_a_problem(wired: Callable[..., Any]) -> None:
    with wired() as services:
        before = sorted(Path(services.settings.data_dir).iterdir())
        assert found(services, "Data folder").ok is True
        assert sorted(Path(services.settings.data_dir).iterdir()) == before
        (Path(services.settings.data_dir) / "checkpoints").write_text("in the way")
        assert found(services, "Data folder").ok is False
    with wired(data_dir="/sys", keys="b2xk" * 10 + "b2w=") as services:
        check = found(services, "Data folder")
    assert (check.ok, check.detail.startswith("Nothing can be written into /sys")) == (False, True)


def test_a_write_ahead_log_that_cannot_be_emptied_is_worth_a_look(services: Services) -> None:
    wal = Path(f"{services.store.about()['file']}-wal")
    size = wal.stat().st_size
    os.truncate(wal, 140_000_000)
    check = found(services, "Database")
    os.truncate(wal, size)
    assert (check.ok, "without a pause" in (check.cure or "")) == (None, True)


def test_a_database_file_that_is_gone_is_a_problem_with_its_cure(services: Services) -> None:
    Path(str(services.store.about()["file"])).unlink()
    assert "put back the last backup" in (found(services, "Database").cure or "")


def test_it_shows_no_secret(live: Services, environ: Callable[..., dict[str, str]]) -> None:
    exchanged(live, "request", 404)
    told = str(examine(live).checks)
    assert KEY not in told
    assert (Path(live.settings.data_dir) / "keys" / "app-keys").read_text().strip() not in told


def test_it_writes_nothing(services: Services) -> None:
    begin(services)
    services.store.changed()
    with services.store.read() as tx:
        before = tx.all("log_head"), tx.all("watchers"), tx.all("counters")
    examine(services)
    with services.store.read() as tx:
        assert (tx.all("log_head"), tx.all("watchers"), tx.all("counters")) == before


def test_it_works_on_each_store(services_on_each: Services) -> None:
    begin(services_on_each)
    told = {check.name: check for check in examine(services_on_each).checks}
    assert [name for name, check in told.items() if check.detail.startswith("This check broke")] == []
    assert told["Database"].ok is True


def test_the_command_tells_each_check_and_exits_1_for_a_problem(command: CommandLine) -> None:
    told = command("doctor", "--json")
    assert told.code == 1
    assert told.json["ok"] is False
    assert all(set(check) == {"name", "ok", "detail", "cure"} for check in told.json["checks"])


def test_the_command_exits_0_when_nothing_is_a_problem(command: CommandLine) -> None:
    command("migrate")
    seen(command)
    with (
        open_services(load(env_file=None)) as wired,
        serving(create_app(wired)) as (_, receiver),
        upstream(answer(200, OK)) as sandbox,
    ):
        command.settings(callback_port=receiver, sandbox_port=urlsplit(sandbox.url).port)
        told = command("doctor", "--json")
        people = command("doctor")
    assert told.json["ok"] is True
    assert told.json["causes"] == []
    assert told.code == people.code == 0
    assert "problem" not in people.out


def seen(command: CommandLine) -> None:
    """A watcher says that it lives."""
    store = open_store(load(env_file=None).database_url)
    with store.write() as tx:
        tx.run("see_watcher", id="w", host="here", pid=7, mode="watch", seen_at=text(SystemClock().now()))
    store.close()


def test_people_see_why_no_callback_comes_and_then_problems_first(
    command: CommandLine, free_port: Callable[[], int]
) -> None:
    port = free_port()
    command.settings(callback_port=port)
    why, _, checks = command("doctor").out.partition("\n\n")
    first, cause, cure, *_ = why.splitlines()
    assert first == f"Why does no callback come? (tried: http://127.0.0.1:{port}/truecaller/callback)"
    assert cause.startswith(f"  1. Nothing takes connections at 127.0.0.1:{port}.")
    assert cure.startswith("     Cure: Run python -m callback_server")
    lines = checks.splitlines()
    assert lines[0].startswith("problem")
    assert "Cure: " in lines[1]
    levels = [line.split("  ")[0] for line in lines if not line.startswith(" ")]
    assert levels == sorted(levels, key=["problem", "look at", "fine"].index)

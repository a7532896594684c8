"""`start`, `show` and `list`: what scripts and people read."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from signup.clock import HandClock
from signup.flow.receive import receive
from signup.flow.start import start
from signup.flow.watch import Watcher
from signup.model import Callback, Result
from signup.services import Services, open_services
from signup.settings import Settings
from tests.fakes import ScriptedTruecaller, profile
from tests.steps.conftest import CommandLine, Told
from tests.upstream import Upstream, answer, nobody, silence, upstream

NUMBER = "+46761234567"
FIELDS = {"signupId", "status", "code", "number", "country", "lockedUntil", "expiresAt"}
MASKED = "+46 ••• ••• 45 67"
NOBODY = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22"


@contextmanager
def truecaller(command: CommandLine, status: int, body: Any, *headers: str) -> Iterator[Upstream]:
    """A Truecaller on loopback that answers every request so."""
    with upstream(answer(status, json.dumps(body).encode(), *headers)) as server:
        command.settings(request_url=server.url)
        yield server


@pytest.fixture
def started(command: CommandLine) -> Told:
    """A sign-up that waits for an answer."""
    with truecaller(command, 200, {"requestId": "request-1"}):
        return command("start", NUMBER, "--json")


@pytest.fixture
def finished(command: CommandLine, settings: Callable[..., Settings], clock: HandClock) -> str:
    """The id of a completed sign-up, whose person's name is not meant kindly."""
    asked = ScriptedTruecaller()
    asked.will_show(profile(46761234567, name={"first": "Ada \x1b[31m", "last": "Berg"}))
    with open_services(settings(), clock=clock, truecaller=asked, migrate=True) as services:
        return str(completed(services, asked))


def completed(services: Services, asked: ScriptedTruecaller) -> str | None:
    begun = start(services, NUMBER, channel="web", actor="api:web")
    receive(services, Callback("request-1", Result.APPROVED, token="a-token-of-hers", state=asked.asked[0][1]), None)
    Watcher(services, "test").once()
    return begun.signup_id


def test_a_start_tells_a_script_exactly_what_is_promised(command: CommandLine, started: Told) -> None:
    assert started.code == 0
    assert set(started.json) == FIELDS
    assert started.json | {"signupId": "", "lockedUntil": "", "expiresAt": ""} == {
        "signupId": "",
        "status": "waiting",
        "code": None,
        "number": MASKED,
        "country": "SE",
        "lockedUntil": "",
        "expiresAt": "",
    }
    assert started.json["lockedUntil"] < started.json["expiresAt"]
    assert started.err == ""


def test_a_start_tells_people_the_same_as_a_table(command: CommandLine) -> None:
    with truecaller(command, 200, {"requestId": "request-1"}):
        told = command("start", NUMBER)
    assert told.code == 0
    assert "Waiting for an answer" in told.out
    assert MASKED in told.out


def test_a_second_start_is_a_lock_hit_that_names_nobody(command: CommandLine, started: Told) -> None:
    told = command("start", "0046 76-123 45 67", "--json")
    assert told.code == 3
    assert set(told.json) == FIELDS | {"retryAfter"}
    assert (told.json["signupId"], told.json["status"], told.json["code"]) == (None, None, "locked")
    assert 290 <= told.json["retryAfter"] <= 300
    assert started.json["signupId"] not in told.out


def test_a_lock_hit_tells_people_what_to_do_on_stderr(command: CommandLine, started: Told) -> None:
    told = command("start", NUMBER)
    assert told.code == 3
    assert "wait for the lock to end" in told.err
    assert "Locked until" in told.out


def test_a_rejected_number_is_exit_4_with_everything_else_null(command: CommandLine) -> None:
    told = command("start", "12345", "--json")
    assert told.code == 4
    assert told.json == dict.fromkeys(FIELDS) | {"code": "number_invalid"}


def test_a_rejected_number_tells_people_why(command: CommandLine) -> None:
    told = command("start", "call me")
    assert (told.code, told.out) == (4, "")
    assert told.err == "This is not a phone number: type digits, with + and the country code in front. " + (
        "Nothing is sent and no lock is taken.\n"
    )


def test_a_refused_start_is_exit_5_with_the_code(command: CommandLine) -> None:
    with truecaller(command, 404, {"code": 404, "message": "Invalid partner credentials."}):
        told = command("start", NUMBER, "--json")
    assert told.code == 5
    assert (told.json["status"], told.json["code"], told.json["lockedUntil"]) == ("failed", "bad_app_key", None)


def test_a_refused_start_tells_people_the_cure(command: CommandLine) -> None:
    with truecaller(command, 404, {"code": 404, "message": "Invalid partner credentials."}):
        told = command("start", NUMBER)
    assert told.code == 5
    assert told.err == "Truecaller does not know the app key: compare SIGNUP_APP_KEY with the portal.\n"


def test_a_rate_limited_start_says_when_to_come_back(command: CommandLine) -> None:
    with truecaller(command, 429, {"code": 429}, "Retry-After: 17"):
        told = command("start", NUMBER, "--json")
    assert (told.code, told.json["code"], told.json["retryAfter"]) == (5, "rate_limited", 17)


def test_a_start_that_reaches_nobody_points_at_the_sandbox(command: CommandLine) -> None:
    with nobody() as url:
        command.settings(request_url=url)
        told = command("start", NUMBER)
    assert told.code == 5
    assert "python -m signup doctor" in told.err


def test_a_start_without_an_answer_is_done_with_code_timeout(command: CommandLine) -> None:
    with upstream(silence()) as server:
        command.settings(request_url=server.url, upstream_seconds=0.4)
        told = command("start", NUMBER, "--json")
    assert told.code == 0
    assert (told.json["status"], told.json["code"]) == ("waiting", "timeout")


def test_a_national_spelling_needs_its_region(command: CommandLine) -> None:
    with truecaller(command, 200, {"requestId": "request-1"}) as server:
        assert command("start", "076-123 45 67").code == 4
        assert command("start", "076-123 45 67", "--region", "se", "--json").json["country"] == "SE"
    assert json.loads(server.seen[0].body)["phoneNumber"] == 46761234567


def test_the_channel_is_cli_unless_told(command: CommandLine, started: Told) -> None:
    with truecaller(command, 200, {"requestId": "request-2"}):
        command("start", "+46761234568", "--channel", "kiosk")
    channels = [e["details"]["channel"] for e in command("events", "--kind", "signup.started", "--json").lines]
    assert channels == ["cli", "kiosk"]


def test_show_adds_profile_and_timeline_to_the_fields_of_start(command: CommandLine, started: Told) -> None:
    told = command("show", started.json["signupId"], "--json")
    assert told.code == 0
    assert set(told.json) == FIELDS | {"profile", "timeline"}
    assert {name: told.json[name] for name in FIELDS} == started.json
    assert told.json["profile"] is None
    assert [event["kind"] for event in told.json["timeline"]] == ["signup.started", "signup.sent"]
    assert all(set(event) == {"seq", "at", "kind", "details"} for event in told.json["timeline"])


def test_show_of_an_unknown_id_is_a_no(command: CommandLine) -> None:
    for words in (("show", NOBODY), ("show", "nonsense", "--json")):
        told = command(*words)
        assert (told.code, told.out) == (1, "")
        assert len(told.err.splitlines()) == 1


def test_a_profile_is_masked(command: CommandLine, finished: str) -> None:
    told = command("show", finished, "--json")
    assert told.json["profile"] == {"numbers": [MASKED], "declared": {"name": "•••"}}
    assert "Ada" not in command("show", finished).out


def test_a_reveal_shows_the_profile_and_is_audited_without_its_reason(command: CommandLine, finished: str) -> None:
    told = command("show", finished, "--reveal", "--reason", "the person called us", "--json")
    assert told.json["profile"]["numbers"] == ["46761234567"]
    assert told.json["profile"]["declared"]["name"]["last"] == "Berg"
    assert told.json["timeline"][-1]["kind"] == "profile.revealed"
    events = command("events", "--json")
    assert "called us" not in events.out
    assert events.lines[-1]["actor"] == "cli"


def test_a_reason_without_a_reveal_is_a_usage_error(command: CommandLine, finished: str) -> None:
    assert command("show", finished, "--reason", "curious").code == 2


@pytest.mark.parametrize("words", [(), ("--reason", " ")])
def test_a_reveal_without_a_reason_shows_nothing_and_is_not_told(
    command: CommandLine, finished: str, words: tuple[str, ...]
) -> None:
    told = command("show", finished, "--reveal", *words)
    assert (told.code, told.out, len(told.err.splitlines())) == (2, "", 1)
    assert "profile.revealed" not in command("events", "--json").out


def test_a_name_cannot_colour_the_terminal(command: CommandLine, finished: str) -> None:
    told = command("show", finished, "--reveal", "--reason", "why not")
    assert "Berg" in told.out
    assert "\x1b" not in told.out


def test_list_is_newest_first_with_the_fields_of_start(command: CommandLine, started: Told) -> None:
    with truecaller(command, 403, {"code": 1008}):
        second = command("start", "+46761234568", "--json").json
    told = command("list", "--json")
    assert told.code == 0
    assert told.lines == [second, started.json]


def test_list_filters_by_status_and_time_and_stops_at_its_limit(command: CommandLine, started: Told) -> None:
    with truecaller(command, 403, {"code": 1008}):
        command("start", "+46761234568")
    assert [one["status"] for one in command("list", "--status", "failed", "--json").lines] == ["failed"]
    assert [one["status"] for one in command("list", "--limit", "1", "--json").lines] == ["failed"]
    assert command("list", "--since", "2999-01-01", "--json").out == ""
    assert len(command("list", "--since", "2020-01-01T00:00+05:30", "--json").lines) == 2


def test_list_of_nothing_says_so(command: CommandLine) -> None:
    assert command("list").out == "No sign-up fits.\n"
    assert command("list", "--json").out == ""


def test_no_command_prints_a_whole_number(command: CommandLine, finished: str) -> None:
    for words in (("list",), ("list", "--json"), ("show", finished), ("show", finished, "--json"), ("events",)):
        assert "1234567" not in command(*words).out.replace(" ", "")


def test_the_commands_work_on_each_store(command: CommandLine, store_url: str) -> None:
    command.settings(database_url=store_url)
    with truecaller(command, 200, {"requestId": "request-1"}) as server:
        command.settings(database_url=store_url, request_url=server.url)
        started = command("start", NUMBER, "--json")
    assert started.code == 0
    assert command("start", NUMBER).code == 3
    assert command("list", "--json").lines == [started.json]
    assert len(command("show", started.json["signupId"], "--json").json["timeline"]) == 3
    assert command("stats", "--json").json["lockHits"] == 1


def test_people_see_why_a_sign_up_failed_and_what_to_do(command: CommandLine) -> None:
    with truecaller(command, 404, {"code": 404, "message": "Invalid partner credentials."}):
        failed = command("start", NUMBER, "--json").json["signupId"]
    told = command("show", failed)
    assert "compare SIGNUP_APP_KEY with the portal" in told.out
    assert "code bad_app_key" in told.out

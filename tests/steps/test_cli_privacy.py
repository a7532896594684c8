"""`erase` and `redact`: what a person may ask to be forgotten, from a terminal."""

from collections.abc import Callable

import pytest

from signup.clock import HandClock
from signup.services import open_services
from signup.settings import Settings
from tests.fakes import ScriptedTruecaller
from tests.steps.conftest import CommandLine
from tests.steps.story import begin, say, state_of, watch

NUMBER = "+46761234567"
WHY = ("--reason", "a letter of 3 May")


@pytest.fixture
def declined(command: CommandLine, settings: Callable[..., Settings], clock: HandClock) -> CommandLine:
    """A person who declined, in the past of the command line's clock."""
    clock.move(-400 * 86_400)
    asked = ScriptedTruecaller()
    with open_services(settings(), clock=clock, truecaller=asked, migrate=True) as services:
        begin(services, NUMBER)
        say(services, "request-1", "user_rejected", state_of(asked))
        watch(services)
    return command


def test_an_erasure_prints_its_receipt_and_nobody_finds_the_person(declined: CommandLine) -> None:
    told = declined("erase", NUMBER, *WHY, "--json")
    assert (told.code, told.err, set(told.json)) == (0, "", {"receipt", "receiptId", "signups"})
    assert told.json["signups"] == 1
    assert f"erased {told.json['receiptId']}\nsignups 1\nat " in told.json["receipt"]
    [left] = declined("list", "--json").lines
    assert (left["number"], left["status"]) == (None, "declined")
    assert declined("verify", "--json").json["valid"] is True
    told = declined("events", "--json")
    assert (told.lines[-1]["kind"], told.lines[-1]["actor"]) == ("audit.erased", "cli")
    assert "letter" not in told.out


def test_why_somebody_was_erased_can_be_read_beside_the_event(declined: CommandLine) -> None:
    declined("erase", NUMBER, *WHY)
    [event] = declined("events", "--kind", "audit.erased", "--reasons", "--json").lines
    assert event["reason"] == "a letter of 3 May"


def test_people_read_how_much_was_wiped_and_the_receipt(declined: CommandLine) -> None:
    told = declined("erase", "076-123 45 67", "--region", "SE", *WHY)
    assert told.out.startswith("1 sign-up was wiped.")
    assert "\nsignup-audit/sandbox/" in told.out
    assert "4567" not in told.out + told.err


def test_an_erasure_without_a_reason_is_a_usage_error(declined: CommandLine) -> None:
    for words in (("erase", NUMBER), ("erase", NUMBER, "--reason", " "), ("erase", *WHY)):
        told = declined(*words)
        assert (told.code, told.out, len(told.err.splitlines())) == (2, "", 1), words


def test_what_is_no_number_cannot_be_erased(declined: CommandLine) -> None:
    told = declined("erase", "abc", *WHY)
    assert (told.code, told.out) == (4, "")


def test_an_open_sign_up_is_a_no_with_the_time_it_ends(
    command: CommandLine, settings: Callable[..., Settings], clock: HandClock
) -> None:
    with open_services(settings(), clock=clock, truecaller=ScriptedTruecaller(), migrate=True) as services:
        begin(services, NUMBER)
    told = command("erase", NUMBER, *WHY, "--json")
    assert (told.code, told.out, len(told.err.splitlines())) == (1, "", 1)
    assert "still open" in told.err


def test_a_redaction_is_done_told_and_leaves_the_log_valid(log: CommandLine) -> None:
    told = log("redact", "2", "--reason", "a name got in", "--json")
    assert (told.code, told.json, told.err) == (0, {"seq": 2}, "")
    events = log("events", "--json")
    assert [event["details"] is None for event in events.lines] == [False, True, False, False]
    assert (events.lines[-1]["kind"], events.lines[-1]["actor"]) == ("audit.redacted", "cli")
    assert "a name got in" not in events.out
    facts = log("verify", "--json").json
    assert (facts["valid"], facts["redacted"]) == (True, 1)


def test_people_are_told_what_became_of_a_redaction(log: CommandLine) -> None:
    assert "The details of event 2 are gone" in log("redact", "2", "--reason", "why").out


def test_what_cannot_be_redacted_is_one_line_and_exit_2(log: CommandLine) -> None:
    for words in (("redact", "2"), ("redact", "0", "--reason", "x"), ("redact", "9", "--reason", "x")):
        told = log(*words)
        assert (told.code, told.out, len(told.err.splitlines())) == (2, "", 1), words


def test_a_redacted_log_is_still_listed_exported_and_counted(log: CommandLine) -> None:
    for seq in ("1", "2", "3"):
        log("redact", seq, "--reason", "why")
    for words in (("events",), ("stats",), ("export", "--format", "csv", "--out", "a.csv"), ("verify",)):
        assert log(*words).code == 0, words

"""The shipped scenarios over real HTTP, by the command as a person runs it: sandbox, receiver, watcher."""

import json
import threading
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from signup import door
from signup.clock import HandClock, SystemClock, text
from signup.errors import SignupError
from signup.flow.start import start
from signup.scenario.play import play
from signup.scenario.story import read
from signup.services import Services
from tests.machine import ROOT
from tests.steps.conftest import CommandLine
from tests.steps.story import everything

SHIPPED = sorted((ROOT / "sandbox" / "scenarios").glob("*.json"))


class Impatient(HandClock):
    """A minute goes by at every look."""

    def monotonic(self) -> float:
        self.move(60)
        return super().monotonic()


def story(folder: Path, *steps: dict[str, object], name: str = "story") -> str:
    file = folder / f"{name}.json"
    file.write_text(json.dumps({"format": 1, "name": name, "steps": steps}), "utf-8")
    return str(file)


def test_the_ten_shipped_scenarios_go_as_they_say_twice_in_a_row(
    street: Services,
    command: CommandLine,
    tmp_path: Path,
) -> None:
    assert len(SHIPPED) == 10
    report = tmp_path / "junit.xml"
    for _ in range(2):
        told = command("scenario", "run", *map(str, SHIPPED), "--json", "--junit", str(report))
        assert [line["came"] for line in told.lines if line["result"] != "ok"] == []
        assert (told.code, len(told.lines)) == (0, 10)
    suite = Xml.parse(report).getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("10", "0", "0")
    assert len(suite.findall("testcase")) == 10


def test_a_step_that_differs_is_told_with_what_was_expected_and_what_came(
    street: Services,
    command: CommandLine,
    tmp_path: Path,
) -> None:
    report = tmp_path / "junit.xml"
    other = story(
        tmp_path,
        {"do": "start", "persona": "decline"},
        {"do": "expect", "status": "declined"},
        {"do": "expect", "code": "use_another_number", "events": {"signup.declined": 0}},
        name="other",
    )
    locked = story(tmp_path, {"do": "start", "persona": "approve"}, {"do": "start", "again": True}, name="locked")
    told = command("scenario", "run", other, locked, "--junit", str(report))
    assert told.code == 1
    first, second = told.out.splitlines()
    assert first.startswith("differs ")
    assert first.endswith(
        "step 3 expect: expected code use_another_number, 0 x signup.declined; "
        "came declined (user_rejected), 1 x signup.declined"
    )
    assert second.endswith("step 2 start: expected accepted; came locked")
    cases = Xml.parse(report).getroot().findall(".//testcase/failure")
    assert [first.endswith(str(cases[0].get("message"))), len(cases)] == [True, 2]


def test_a_persona_whose_ten_numbers_are_locked_cannot_be_drawn_from_and_the_others_are_played(
    street: Services,
    command: CommandLine,
    tmp_path: Path,
) -> None:
    cast = {one.name: one.numbers for one in door.personas(street)}
    for number in cast["decline"]:
        start(street, f"+{number}", channel="web", actor="cli")
    mine = story(tmp_path, {"do": "start", "persona": "decline"}, name="mine")
    told = command("scenario", "run", mine, str(SHIPPED[0]), "--json")
    assert (told.code, [line["result"] for line in told.lines]) == (2, ["cannot", "ok"])
    assert "All numbers of the persona decline are locked until" in told.lines[0]["came"]
    assert "lock.hit" not in {event.kind for event in everything(street)}


def test_a_phone_that_does_not_ring_and_a_callback_that_was_not_posted_are_waited_for_no_longer_than_allowed(
    street: Services,
    command: CommandLine,
    tmp_path: Path,
) -> None:
    tap = story(
        tmp_path,
        {"do": "start", "persona": "not_eligible", "code": "number_not_eligible"},
        {"do": "tap", "answer": "approve", "within": 0.1},
        name="tap",
    )
    again = story(tmp_path, {"do": "start", "persona": "ignore"}, {"do": "sendAgain", "within": 0.1}, name="again")
    told = command("scenario", "run", tap, again, "--json")
    assert [(line["step"], line["came"]) for line in told.lines] == [
        (2, "none rang within 0.1 s"),
        (2, "none was posted within 0.1 s"),
    ]


def test_a_report_holds_any_file_name_and_the_time_of_the_machine_however_far_the_clock_was_moved(
    street: Services, command: CommandLine, tmp_path: Path
) -> None:
    report = tmp_path / "junit.xml"
    odd = story(
        tmp_path,
        {"do": "moveClock", "seconds": 86_400},
        {"do": "start", "number": "12", "code": "number_invalid"},
        name="odd",
    )
    renamed = Path(odd).rename(tmp_path / "o\x1bd\nd.json")
    for _ in range(2):
        assert command("scenario", "run", str(renamed), "--junit", str(report)).code == 0
    root = Xml.parse(report).getroot()
    assert root.get("skipped") is None
    assert root[0][0].get("classname") == str(tmp_path / "o\\x1bd\\nd.json")
    assert str(root[0].get("timestamp")) <= text(SystemClock().now())


def test_a_callback_edited_to_letters_that_no_text_should_hold_is_refused_by_the_receiver_alone(
    street: Services, command: CommandLine, tmp_path: Path
) -> None:
    forged = [
        {"do": "sendAgain", "body": {field: "a\x00\ud800"}, "answer": 400}
        for field in ("state", "accessToken", "status")
    ]
    begun = {"do": "start", "persona": "approve"}, {"do": "expect", "status": "completed"}
    told = command("scenario", "run", story(tmp_path, *begun, *forged, {"do": "expect", "status": "completed"}))
    assert told.code == 0, told.out


def test_while_a_story_is_played_no_other_is(street: Services) -> None:
    told = read(SHIPPED[0].read_bytes())
    playing = play(street, told, actor="cli")
    next(playing)
    with pytest.raises(SignupError, match="Another scenario"):
        next(play(replace(street, clock=Impatient(street.clock.now())), told, actor="user:local"))
    assert [step.expected for step in playing] == [None] * (len(told.steps) - 1)
    assert next(play(street, told, actor="user:local")).expected is None


def test_who_waits_comes_before_who_was_just_at_work(street: Services) -> None:
    told = read(SHIPPED[0].read_bytes())
    mine, done = play(street, told, actor="cli"), []
    next(mine)
    waits = threading.Event()
    playing = play(street, told, actor="cli", waits=lambda other: waits.set() if other else done.append("theirs"))
    other = threading.Thread(target=lambda: list(playing))
    other.start()
    assert waits.wait(20)
    list(mine)
    list(play(street, told, actor="cli", waits=lambda other: None if other else done.append("mine")))
    other.join()
    assert done == ["theirs", "mine"]

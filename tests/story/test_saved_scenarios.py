"""A sign-up saved as a scenario: what was done with it is done again, and what was seen is expected."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from signup import door
from signup.clock import text
from signup.errors import SignupError
from signup.flow import replay, signups
from signup.flow.start import start
from signup.record import events
from signup.record.events import Kind
from signup.sandbox_clock import SandboxClock
from signup.scenario.record import recorded
from signup.scenario.story import read
from signup.services import Services
from tests.collector import collecting
from tests.machine import ROOT
from tests.steps.conftest import CommandLine
from tests.story.test_scenarios import story
from tests.web.receiver_tools import PATH, eventually


def test_a_look_at_the_profile_is_no_part_of_a_saved_story_and_one_beyond_all_files_is_not_saved(
    street: Services, command: CommandLine
) -> None:
    assert command("scenario", "run", str(ROOT / "sandbox" / "scenarios" / "approve.json")).code == 0
    (one,) = signups.page(street, signups.Wanted())
    again = f"+{signups.number(street, one.id)}"
    start(street, again, channel="web", actor="cli")
    assert isinstance(street.clock, SandboxClock)
    street.clock.move(90_000)
    signups.reveal(street, one.id, reason="They asked", actor="cli")
    assert [step.do for step in read(str(recorded(street, one.id)).encode()).steps] == ["start", "start", "expect"]
    with street.store.write() as tx:
        for _ in range(198):
            events.append(
                tx,
                at=text(street.clock.now()),
                kind=Kind.LOCK_HIT,
                actor="cli",
                signup_id=one.id,
                details={"country": "SE", "channel": "web", "numberId": "0" * 16, "ms": 1},
            )
    with pytest.raises(SignupError, match=r"cannot be saved as a scenario\. .*steps: are more than 200"):
        recorded(street, one.id)


def test_a_story_saved_from_a_sign_up_goes_as_the_sign_up_went_and_holds_nobodys_number(
    street: Services, command: CommandLine, tmp_path: Path
) -> None:
    everyday = story(
        tmp_path,
        {"do": "start", "number": "+46 76 123 45 67"},
        {"do": "tap", "answer": "open"},
        {"do": "expect", "events": {"signup.opened": 1}},
        {"do": "start", "again": True, "code": "locked"},
        {"do": "tap", "answer": "another_number"},
        {"do": "expect", "status": "declined", "events": {"lock.hit": 1}},
        {"do": "sendAgain", "body": {"status": "more"}},
        {"do": "sendAgain", "body": {"status": None, "accessToken": "a-forged-token"}},
        {"do": "expect", "events": {"replay.sent": 2, "callback.quarantined": 1}},
        name="everyday",
    )
    lived = [everyday, *(str(ROOT / "sandbox" / "scenarios" / f"{name}.json") for name in ("ignored", "late-token"))]
    assert command("scenario", "run", *lived).code == 0
    saved = []
    for nth, one in enumerate(signups.page(street, signups.Wanted())):
        saved.append(tmp_path / f"saved-{nth}.json")
        saved[-1].write_text(str(recorded(street, one.id)), "utf-8")
    texts = "".join(file.read_text("utf-8") for file in saved)
    assert "76" not in re.sub(r"\d+-\d+-\d+ \d+:\d+", "", texts)
    assert [step["do"] for step in json.loads(saved[-1].read_text("utf-8"))["steps"]] == [
        *("start", "tap", "start", "tap", "expect", "sendAgain", "sendAgain", "expect")
    ]
    told = command("scenario", "run", *map(str, saved))
    assert told.code == 0, told.out + texts


def newest(street: Services) -> str:
    return signups.page(street, signups.Wanted(), limit=1)[0].id


def lived(street: Services, command: CommandLine, folder: Path, *steps: dict[str, Any]) -> str:
    """The sign-up of a story that went as it says."""
    told = command("scenario", "run", story(folder, *steps))
    assert told.code == 0, told.out
    return newest(street)


def saved(street: Services, command: CommandLine, folder: Path, signup_id: str) -> list[dict[str, Any]]:
    """The steps of the saved story, which went well when it was played, and left the same when it was saved again."""
    made = str(recorded(street, signup_id))
    file = folder / "saved.json"
    file.write_text(made, "utf-8")
    told = command("scenario", "run", str(file))
    assert told.code == 0, told.out + made
    steps, again = (json.loads(str(text))["steps"] for text in (made, recorded(street, newest(street))))
    assert [step for step in again if step["do"] != "moveClock"] == [
        step for step in steps if step["do"] != "moveClock"
    ]
    return list(steps)


def test_a_callback_sent_again_is_expected_to_be_answered_as_it_was(
    street: Services, command: CommandLine, tmp_path: Path
) -> None:
    signup_id = lived(
        street,
        command,
        tmp_path,
        {"do": "start", "persona": "approve"},
        {"do": "expect", "status": "completed"},
        {"do": "sendAgain", "body": {"status": "\x07"}, "answer": 400},
        {"do": "sendAgain", "body": {"accessToken": "short"}, "answer": 400},
        {"do": "sendAgain", "body": {"status": "x" * 16_000}, "answer": 400},
        {"do": "sendAgain"},
        {"do": "expect", "events": {"replay.sent": 4, "callback.repeated": 1}},
    )
    again = [step for step in saved(street, command, tmp_path, signup_id) if step["do"] == "sendAgain"]
    assert again[0] == {"do": "sendAgain", "body": {"status": "\x07"}, "answer": 400}
    assert again[1] == {"do": "sendAgain", "body": {"accessToken": ""}, "answer": 400}
    assert (again[2]["answer"], again[3]) == (400, {"do": "sendAgain"})


def test_a_callback_edited_to_another_token_or_request_is_edited_so_again(
    street: Services, command: CommandLine, tmp_path: Path
) -> None:
    signup_id = lived(
        street,
        command,
        tmp_path,
        {"do": "start", "persona": "approve"},
        {"do": "expect", "status": "completed"},
        {"do": "sendAgain", "body": {"requestId": "nobodys", "state": None}},
        {"do": "sendAgain", "body": {"accessToken": "another-token"}},
        {"do": "sendAgain", "body": {"accessToken": None, "status": "user_rejected"}},
        {"do": "sendAgain", "body": {"requestId": "nobodys"}},
        {"do": "expect", "events": {"callback.received": 3, "callback.quarantined": 1}},
    )
    steps = saved(street, command, tmp_path, signup_id)
    assert [step["body"] for step in steps if step["do"] == "sendAgain"] == [
        {"requestId": "another-requestId", "state": None},
        {"accessToken": "another-accessToken"},
        {"accessToken": None, "status": "user_rejected"},
        {"requestId": "another-requestId"},
    ]


def test_a_callback_that_went_to_another_program_or_to_nobody_is_no_part_of_the_story(
    street: Services, command: CommandLine, tmp_path: Path
) -> None:
    signup_id = lived(
        street, command, tmp_path, {"do": "start", "persona": "approve"}, {"do": "expect", "status": "completed"}
    )
    [posted] = door.callbacks(street, signups.request_id(street, signup_id))
    with collecting() as other:
        replay.send_again(street, posted, to=other.url, actor="cli")
    replay.send_again(street, posted, {**posted.body, "more": "x"}, actor="cli")
    steps = saved(street, command, tmp_path, signup_id)
    assert [step for step in steps if step["do"] == "sendAgain"] == [{"do": "sendAgain", "body": {"more": "x"}}]


def test_what_a_stranger_posted_a_day_later_moves_no_clock_and_is_set_aside_again(
    street: Services, command: CommandLine, tmp_path: Path
) -> None:
    signup_id = lived(
        street,
        command,
        tmp_path,
        {"do": "start", "persona": "ignore"},
        {"do": "tap", "answer": "approve"},
        {"do": "expect", "status": "completed"},
    )
    request_id = signups.request_id(street, signup_id)
    [posted] = door.callbacks(street, request_id)
    assert isinstance(street.clock, SandboxClock)
    street.clock.move(86_400)
    for state in ({"state": "a-strangers"}, {}):
        requests.post(posted.to, json={"requestId": request_id, "accessToken": "a-strangers", **state}, timeout=5)
    for _ in range(2):
        requests.post(posted.to, json={"requestId": request_id, "status": "user_rejected"}, timeout=5)
    steps = saved(street, command, tmp_path, signup_id)
    assert [step["do"] for step in steps] == ["start", "tap", "expect", *["sendAgain"] * 3, "expect"]
    assert steps[-1]["events"]["callback.quarantined"] == 2


def test_what_a_stranger_posted_before_anybody_answered_is_not_expected(
    street: Services, command: CommandLine, tmp_path: Path
) -> None:
    signup_id = lived(
        street,
        command,
        tmp_path,
        {"do": "start", "persona": "ignore"},
        {"do": "expect", "status": "waiting", "rings": True},
    )
    url = f"http://127.0.0.1:{street.settings.callback_port}{PATH}"
    forged = {"requestId": signups.request_id(street, signup_id), "accessToken": "a-strangers"}
    assert requests.post(url, json=forged, timeout=5).status_code == 200
    eventually(lambda: [one for one in signups.timeline(street, signup_id) if one.kind == "callback.quarantined"])
    steps = saved(street, command, tmp_path, signup_id)
    assert steps[-1]["events"] == {"signup.sent": 1, "signup.started": 1}


@pytest.mark.parametrize("persona", ["wrong_state", "duplicate_callback", "early_callback", "opened_first", "slow"])
def test_what_a_persona_does_by_itself_is_no_strangers(
    street: Services, command: CommandLine, tmp_path: Path, persona: str
) -> None:
    begun: dict[str, Any] = {"do": "start", "persona": persona}
    own = {
        "duplicate_callback": {"profile.fetched": 1, "callback.repeated": 1},
        "wrong_state": {"callback.quarantined": 1},
    }
    events = own.get(persona, {"profile.fetched": 1})
    signup_id = lived(street, command, tmp_path, begun, {"do": "expect", "events": events})
    assert not [step for step in saved(street, command, tmp_path, signup_id) if step["do"] == "sendAgain"]


def test_a_callback_is_sent_again_once_all_that_came_before_it_has_come(
    street: Services, command: CommandLine, tmp_path: Path
) -> None:
    came = {"do": "expect", "status": "completed"}
    begun: dict[str, Any] = {"do": "start", "persona": "opened_first"}
    steps = saved(street, command, tmp_path, lived(street, command, tmp_path, begun, came, {"do": "sendAgain"}))
    assert [step["do"] for step in steps] == ["start", "expect", "sendAgain", "expect"]
    assert (steps[1]["events"]["callback.received"], steps[3]["events"]["callback.repeated"]) == (2, 1)


@pytest.mark.parametrize("persona", ["token_refused", "profile_error"])
def test_a_token_that_was_tried_before_its_time_was_over_is_tried_before_it_again(
    street: Services, command: CommandLine, tmp_path: Path, persona: str
) -> None:
    signup_id = lived(
        street,
        command,
        tmp_path,
        {"do": "start", "persona": persona},
        {"do": "expect", "status": "approved", "events": {"profile.failed": 1}},
        {"do": "moveClock", "past": "answer"},
        {"do": "expect", "status": "failed"},
    )
    saved(street, command, tmp_path, signup_id)


@pytest.mark.parametrize("answer", ["approve", "decline"])
def test_a_tap_that_was_faster_than_the_persona_is_a_tap_again(
    street: Services, command: CommandLine, tmp_path: Path, answer: str
) -> None:
    begun: dict[str, Any] = {"do": "start", "persona": "approve_after_30s"}
    tapped = {"do": "tap", "answer": answer}
    ended = {"do": "expect", "status": "completed" if answer == "approve" else "declined"}
    steps = saved(street, command, tmp_path, lived(street, command, tmp_path, begun, tapped, ended))
    assert steps[:-1] == [{"do": "start", "persona": "ignore"}, tapped]


def test_a_second_start_while_a_persona_takes_its_time_takes_none_of_it(
    street: Services, command: CommandLine, tmp_path: Path
) -> None:
    begun = start(street, f"+{door.personas(street)[2].numbers[0]}", channel="web", actor="cli")
    assert isinstance(street.clock, SandboxClock)
    street.clock.move(2.5)
    start(street, f"+{door.personas(street)[2].numbers[0]}", channel="web", actor="cli")
    street.clock.move(0.6)
    signup_id = str(begun.signup_id)
    eventually(lambda: [one for one in signups.timeline(street, signup_id) if one.kind == "profile.fetched"])
    steps = saved(street, command, tmp_path, signup_id)
    assert steps[2]["seconds"] >= 4


def test_a_story_may_send_more_callbacks_again_than_a_page_shows_however_long_they_are(
    street: Services, command: CommandLine, tmp_path: Path
) -> None:
    long = [{"do": "sendAgain", "body": {"status": "x" * 15_000}, "answer": 400}] * 4
    many = [{"do": "sendAgain"}] * 60
    begun = {"do": "start", "persona": "approve"}, {"do": "expect", "status": "completed"}
    signup_id = lived(street, command, tmp_path, *begun, *long, *many)
    assert len(door.callbacks(street, signups.request_id(street, signup_id))) == 50

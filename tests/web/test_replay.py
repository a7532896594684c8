"""A callback sent again, the whole way: our door, the sandbox, the receiver, the log, the numbers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.serve import running
from signup import door
from signup.doctor import inward, lists
from signup.door import Posted
from signup.errors import SignupError, UsageWrong
from signup.flow import replay, signups
from signup.measure.check import check
from signup.measure.fold import fold_to_the_end
from signup.measure.numbers import numbers
from signup.measure.question import Question
from signup.sandbox_clock import SandboxClock
from signup.services import Services
from signup.truecaller.trace import DOTS
from tests.collector import collecting
from tests.machine import free_port
from tests.steps.story import begin, details, kinds, status, watch
from tests.web.receiver_tools import PATH, eventually, opened, receiving

ACTOR = "user:local"
OTHER_TOKEN = "edited-token-0123456789"


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Services]:
    """The receiver and the sandbox; the test is the watcher."""
    port = free_port()
    with (
        receiving(tmp_path, SIGNUP_SANDBOX_PORT=str(port)) as (services, address),
        running(callback=f"http://127.0.0.1:{address[1]}{PATH}", port=port),
    ):
        yield services


def answered(street: Services, number: str, word: str) -> tuple[str, Posted]:
    """A sign-up that was answered on the phone, and its callback."""
    signup_id = str(begin(street, number).signup_id)
    request_id = str(signups.request_id(street, signup_id))
    door.tap(street, request_id, word)
    [posted] = eventually(lambda: [one for one in door.callbacks(street, request_id) if one.status])
    watch(street)
    return signup_id, posted


def persona(street: Services, number: str) -> tuple[str, Posted]:
    """A sign-up of a persona who approves at once, and its callback."""
    signup_id = str(begin(street, number).signup_id)
    request_id = signups.request_id(street, signup_id)
    [posted] = eventually(lambda: [one for one in door.callbacks(street, request_id) if one.status])
    watch(street)
    return signup_id, posted


def counted(street: Services) -> dict[str, Any]:
    watch(street)
    fold_to_the_end(street)
    now = street.clock.now()
    assert not check(street, Question(), now).differences
    with numbers(street) as read:
        return read.stats(Question(), now) | {"asOfSeq": 0}


def test_a_callback_sent_again_as_it_was_is_told_and_changes_no_number(street: Services) -> None:
    signup_id, posted = answered(street, "+46 76 123 45 67", "approve")
    before = counted(street)
    assert before["completed"] == 1
    sent = replay.send_again(street, posted, actor=ACTOR)
    assert (sent.status, sent.replay) == (200, True)
    assert counted(street) == before
    assert kinds(street, signup_id)[-2:] == ["replay.sent", "callback.repeated"]
    assert details(street, "replay.sent") == [{"edited": False}]
    assert details(street, "callback.repeated") == [{"result": "approved", "replay": True}]


def test_a_sign_up_whose_end_an_edited_callback_made_leaves_every_number(street: Services) -> None:
    _, posted = answered(street, "+46 76 123 45 67", "decline")
    other = str(begin(street, "+46 76 123 45 68").signup_id)
    assert counted(street)["started"] == 2
    replay.send_again(street, posted, {**posted.body, "requestId": signups.request_id(street, other)}, actor=ACTOR)
    after = counted(street)
    assert status(street, other) == "declined"
    assert (after["started"], after["declined"], after["open"]) == (1, 1, 0)
    assert details(street, "replay.sent") == [{"edited": True}]


def test_a_sign_up_that_a_replayed_token_ends_leaves_every_number(street: Services) -> None:
    signup_id, posted = persona(street, "+12025550140")
    assert counted(street)["open"] == 1
    edited = {**posted.body, "accessToken": OTHER_TOKEN, "endpoint": "https://elsewhere.example/v1"}
    replay.send_again(street, posted, edited, actor=ACTOR)
    after = counted(street)
    assert status(street, signup_id) == "failed"
    assert (after["started"], after["failed"], after["errors"]) == (0, 0, [])
    assert details(street, "profile.failed")[-1]["replay"] is True


def test_a_replayed_token_that_is_refused_is_told_and_changes_no_number(street: Services) -> None:
    signup_id, posted = persona(street, "+12025550150")
    before = counted(street)
    replay.send_again(street, posted, {**posted.body, "accessToken": OTHER_TOKEN}, actor=ACTOR)
    assert counted(street) == before
    assert kinds(street, signup_id)[-1] == "profile.failed"
    assert details(street, "profile.failed")[-1]["code"] == "token_rejected"


def test_token_and_state_never_come_out_of_the_door_and_dots_are_sent_as_they_were(street: Services) -> None:
    signup_id, posted = answered(street, "+46 76 123 45 67", "approve")
    assert (posted.body["accessToken"], posted.body["state"]) == (DOTS, DOTS)
    edited = replay.send_again(street, posted, {**posted.body, "more": "x"}, actor=ACTOR)
    assert edited.body == {**posted.body, "more": "x"}
    watch(street)
    assert kinds(street, signup_id)[-1] == "callback.repeated", "its state was right"


def test_a_request_id_that_no_store_can_look_up_is_told_as_none_and_sent_again_all_the_same(street: Services) -> None:
    _, posted = answered(street, "+46 76 123 45 67", "approve")
    for odd in ("\ud800", "\0", 5):
        replay.send_again(street, posted, {**posted.body, "requestId": odd}, actor=ACTOR)
        newest = door.callbacks(street)[0]
        assert (newest.body["requestId"], newest.request_id, newest.status) == (odd, None, 400)
        assert replay.send_again(street, newest, actor=ACTOR).status == 400


def test_one_that_was_edited_to_another_request_is_sent_again_as_the_sign_ups_whose_callback_it_was(
    street: Services,
) -> None:
    signup_id, posted = answered(street, "+46 76 123 45 67", "approve")
    for request_id in ("nobodys", None):
        replay.send_again(street, posted, {**posted.body, "requestId": request_id}, actor=ACTOR)
        posted = door.callbacks(street)[0]
    replay.send_again(street, posted, actor=ACTOR)
    assert kinds(street, signup_id).count("replay.sent") == 3
    assert len(door.callbacks(street, signups.request_id(street, signup_id))) == 4


def test_it_is_sent_to_another_program_on_this_machine_and_nowhere_else(street: Services) -> None:
    _, posted = answered(street, "+46 76 123 45 67", "approve")
    with collecting() as other:
        replay.send_again(street, posted, to=other.url, actor=ACTOR)
        assert other.next()["requestId"] == posted.request_id
    for elsewhere in (
        "http://192.0.2.1/",
        "https://example.com/",
        "http://127.0.0.1\\@example.com/",
        "http://127.0.0.1:0/",
        "here",
    ):
        with pytest.raises(UsageWrong, match="this machine only"):
            replay.send_again(street, posted, to=elsewhere, actor=ACTOR)
    assert len(details(street, "replay.sent")) == 1


def test_the_doctor_names_none_of_them_among_the_callbacks_that_match_nothing(street: Services) -> None:
    signup_id = str(begin(street, "+46 76 123 45 67").signup_id)
    door.tap(street, str(signups.request_id(street, signup_id)), "open")
    [posted] = eventually(lambda: [one for one in door.callbacks(street) if one.status])
    for edit in ({"accessToken": OTHER_TOKEN, "state": "forged"}, {"requestId": "nobodys"}):
        assert replay.send_again(street, posted, {**posted.body, **edit}, actor=ACTOR).status == 200
    assert isinstance(street.clock, SandboxClock)
    watch(street)
    assert details(street, "callback.quarantined") == [{"reason": "state_mismatch", "replay": True}]
    with street.store.read() as tx:
        assert (tx.all("wrong_state_of_open")[0]["n"], tx.all("apart_now")[0]["parked"]) == (0, 0)
    assert inward.apart(street).ok
    street.clock.move(700)
    watch(street)
    assert status(street, signup_id) == "expired"
    replay.send_again(street, posted, actor=ACTOR)
    assert [row for row in lists.apart(street) if row.count] == []


def test_one_that_the_sandbox_has_forgotten_or_that_is_too_large_for_it_is_told(street: Services) -> None:
    gone = Posted("gone", None, "", "", False, {}, 0, None)
    with pytest.raises(SignupError, match="has forgotten this callback"):
        replay.send_again(street, gone, actor=ACTOR)
    _, posted = answered(street, "+46 76 123 45 67", "approve")
    with pytest.raises(SignupError, match="at most 16,384 bytes"):
        replay.send_again(street, posted, {**posted.body, "more": "x" * 16_384}, actor=ACTOR)


def test_live_there_is_no_sandbox_to_ask(tmp_path: Path) -> None:
    posted = Posted("one", None, "", "", False, {}, 0, None)
    with opened(tmp_path, SIGNUP_MODE="live", SIGNUP_APP_KEY="canary") as live:
        for ask in (
            lambda: replay.send_again(live, posted, actor=ACTOR),
            lambda: door.callbacks(live),
            lambda: door.ringing(live),
            lambda: door.personas(live),
            lambda: door.tap(live, "one", "approve"),
            lambda: door.send_again(live, posted, {}),
        ):
            with pytest.raises(UsageWrong, match="no sandbox in live mode"):
                ask()
        assert kinds(live) == []

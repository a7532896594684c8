"""What the sandbox remembers, and for how long."""

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.personas import UNAUTHORIZED, Refusal
from sandbox.phones import NotRinging, Phones, UnknownAnswer

NUMBER = 46761234567


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def move(self, **delta: float) -> None:
        self.moment += timedelta(**delta)


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def phones(hand: Hand) -> Phones:
    return Phones(hand)


def approve(phones: Phones, state: str | None = "state-1") -> dict[str, str]:
    body = phones.answer(phones.ring(NUMBER, state).request_id, "approve")[1]
    assert body
    return body


def test_a_prompt_rings_until_it_is_answered(phones):
    first, second = phones.ring(NUMBER, None), phones.ring(NUMBER + 1, None)
    assert phones.ringing() == [first, second]
    phones.answer(first.request_id, "decline")
    assert phones.ringing() == [second]


def test_an_answered_prompt_cannot_be_answered_again(phones):
    prompt = phones.ring(NUMBER, None)
    phones.answer(prompt.request_id, "ignore")
    with pytest.raises(NotRinging):
        phones.answer(prompt.request_id, "approve")


def test_an_opened_prompt_goes_on_ringing(phones):
    prompt = phones.ring(NUMBER, "state-1")
    _, body = phones.answer(prompt.request_id, "open")
    assert body == {"requestId": prompt.request_id, "status": "flow_invoked"}
    assert phones.ringing() == [prompt]


@pytest.mark.parametrize(("answer", "status"), [("decline", "user_rejected"), ("another_number", "use_another_number")])
def test_a_refusal_is_a_status_without_token_and_state(phones, answer, status):
    prompt = phones.ring(NUMBER, "state-1")
    assert phones.answer(prompt.request_id, answer)[1] == {"requestId": prompt.request_id, "status": status}


def test_an_ignored_prompt_posts_nothing(phones):
    assert phones.answer(phones.ring(NUMBER, None).request_id, "ignore")[1] is None


def test_an_approval_holds_a_token_and_the_state_as_sent(phones):
    body = approve(phones)
    assert body.keys() == {"requestId", "accessToken", "state"}
    assert body["state"] == "state-1"


def test_an_approval_has_no_state_when_none_was_sent(phones):
    assert approve(phones, state=None).keys() == {"requestId", "accessToken"}


def test_an_unknown_word_changes_nothing(phones):
    prompt = phones.ring(NUMBER, None)
    with pytest.raises(UnknownAnswer):
        phones.answer(prompt.request_id, "perhaps")
    assert phones.ringing() == [prompt]


def test_a_prompt_stops_ringing_after_ten_minutes(phones, hand):
    prompt = phones.ring(NUMBER, None)
    hand.move(minutes=9, seconds=59)
    assert phones.ringing() == [prompt]
    hand.move(seconds=1)
    with pytest.raises(NotRinging):
        phones.answer(prompt.request_id, "approve")
    assert phones.ringing() == []


def test_a_token_opens_its_persons_profile_for_ten_minutes(phones, hand):
    token = approve(phones)["accessToken"]
    hand.move(minutes=9, seconds=59)
    found = phones.profile(token)
    assert not isinstance(found, Refusal)
    assert found["phoneNumbers"] == [NUMBER]
    hand.move(seconds=1)
    assert phones.profile(token) is UNAUTHORIZED


def test_an_unknown_token_opens_nothing(phones):
    assert phones.profile("never-given") is UNAUTHORIZED


def test_the_oldest_prompts_go_when_there_are_too_many(hand):
    phones = Phones(hand, most=3)
    prompts = [phones.ring(NUMBER, None) for _ in range(5)]
    assert phones.ringing() == prompts[2:]


def test_the_oldest_tokens_go_when_there_are_too_many(hand):
    phones = Phones(hand, most=3)
    tokens = [approve(phones)["accessToken"] for _ in range(5)]
    assert [phones.profile(token) is not UNAUTHORIZED for token in tokens] == [False, False, True, True, True]


def test_request_ids_differ_and_need_percent_encoding(phones):
    ids = {phones.ring(NUMBER, None).request_id for _ in range(100)}
    assert len(ids) == 100
    assert all(set("+/=") <= set(request_id) for request_id in ids)

"""Who may use the phone from another machine, and for how long."""

import pytest

from sandbox.guests import CODE_SECONDS, MOST_GUESSES, MOST_SESSIONS, SESSION_SECONDS, Guests


class Hand:
    """Seconds moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def guests(hand: Hand) -> Guests:
    return Guests(hand)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def session_of(guests: Guests) -> str:
    session = guests.enter(guests.new_code())
    assert session
    return session


def test_a_code_has_six_digits_and_lets_one_in_once(guests):
    code = guests.new_code()
    assert len(code) == 6
    assert code.isdecimal()
    session = guests.enter(code)
    assert session
    assert guests.knows(session)
    assert guests.enter(code) is None


@pytest.mark.parametrize("guess", ["", "12345", "å¹²³⁴⁵⁶", "\ud800" * 6, "0" * 5000])
def test_any_other_text_lets_nobody_in(guests, guess):
    guests.new_code()
    assert guests.enter(guess) is None


def test_without_a_code_nobody_comes_in(guests):
    assert guests.enter("000000") is None
    assert not guests.knows("")


def test_a_code_lives_five_minutes(guests, hand):
    code = guests.new_code()
    hand.seconds += CODE_SECONDS - 0.1
    assert guests.enter(code)
    code = guests.new_code()
    hand.seconds += CODE_SECONDS
    assert guests.enter(code) is None


def test_five_wrong_guesses_kill_a_code(guests):
    code = guests.new_code()
    for _ in range(MOST_GUESSES):
        assert guests.enter(wrong(code)) is None
    assert guests.enter(code) is None


def test_the_fifth_guess_may_still_be_right(guests):
    code = guests.new_code()
    for _ in range(MOST_GUESSES - 1):
        guests.enter(wrong(code))
    assert guests.enter(code)


def test_a_new_code_kills_the_one_before(guests):
    first, second = guests.new_code(), guests.new_code()
    assert first == second or guests.enter(first) is None
    assert guests.enter(second)


def test_a_session_lives_twelve_hours(guests, hand):
    session = session_of(guests)
    hand.seconds += SESSION_SECONDS - 0.1
    assert guests.knows(session)
    hand.seconds += 0.1
    assert not guests.knows(session)


def test_sessions_are_random_and_the_oldest_goes_when_there_are_too_many(guests):
    sessions = [session_of(guests) for _ in range(MOST_SESSIONS + 1)]
    assert len(set(sessions)) == len(sessions)
    assert min(map(len, sessions)) >= 22, "128 bits"
    assert [guests.knows(session) for session in sessions] == [False, *[True] * MOST_SESSIONS]

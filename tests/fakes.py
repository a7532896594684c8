"""A Truecaller that plays what a test wrote down, behind the client's interface. No HTTP: that is tests/web."""

from collections import deque
from collections.abc import Callable
from typing import Any

from signup.model import Profile, ProfileAnswer, RequestAnswer


def accepted(request_id: str) -> RequestAnswer:
    """The prompt is out."""
    return RequestAnswer(accepted=True, code=None, lock_kept=True, ms=12, request_id=request_id)


def refused(code: str, *, lock_kept: bool = False, retry_after: int | None = None) -> RequestAnswer:
    """No prompt, for a reason."""
    return RequestAnswer(accepted=False, code=code, lock_kept=lock_kept, ms=12, retry_after=retry_after)


def ambiguous() -> RequestAnswer:
    """Nobody knows whether the prompt is out."""
    return RequestAnswer(accepted=False, code="timeout", lock_kept=True, ms=8000)


def profile(*numbers: int, **declared: Any) -> ProfileAnswer:
    """A profile with these numbers."""
    return ProfileAnswer(Profile(tuple(str(number) for number in numbers), declared), code=None, ms=34)


def no_profile(code: str = "profile_error", retry_after: int | None = None) -> ProfileAnswer:
    """The profile host said no, or nothing."""
    return ProfileAnswer(None, code=code, ms=34, retry_after=retry_after)


class ScriptedTruecaller:
    """Plays the answers a test queued; without any it accepts as `request-1`, `request-2`, ... and shows a profile
    that holds the number asked for last.

    `asked` and `fetched` are the calls made. `during_request` and `during_profile` run inside the call, as another
    process would.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[int, str]] = []
        self.fetched: list[tuple[str, str]] = []
        self.answers: deque[RequestAnswer] = deque()
        self.profiles: deque[ProfileAnswer] = deque()
        self.during_request: Callable[[int, str], None] | None = None
        self.during_profile: Callable[[str, str], None] | None = None

    def will_answer(self, *answers: RequestAnswer) -> None:
        """Answer the next requests so."""
        self.answers.extend(answers)

    def will_show(self, *profiles: ProfileAnswer) -> None:
        """Answer the next profile calls so."""
        self.profiles.extend(profiles)

    def request(self, number: int, state: str) -> RequestAnswer:
        self.asked.append((number, state))
        if self.during_request:
            self.during_request(number, state)
        return self.answers.popleft() if self.answers else accepted(f"request-{len(self.asked)}")

    def profile(self, token: str, url: str) -> ProfileAnswer:
        self.fetched.append((token, url))
        if self.during_profile:
            self.during_profile(token, url)
        return self.profiles.popleft() if self.profiles else profile(self.asked[-1][0])

"""How a made-up sign-up goes: what Truecaller answers, what the phone says, what the profile host does, and when.

The bottom of the seed. Shares and durations were chosen to look like a product in daily use. It must not know when a
sign-up begins or whose it is.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from signup.model import Result
from signup.settings import Settings

Proof = Literal["state", "wrong state", "no state"]

MARGIN_SECONDS = 3
ENOUGH = 500
SLOWEST_MS = 8000
DECLINED, OTHER_NUMBER, OPENED = "user_rejected", "use_another_number", "flow_invoked"


@dataclass(frozen=True)
class Said:
    """One callback, so many seconds after the request was answered."""

    after: float
    result: Result
    word: str | None = None
    proof: Proof = "state"
    elsewhere: bool = False


@dataclass(frozen=True)
class Fate:
    """`code`: of the request, None when accepted. `fetches`: (code, ms) of each GET in turn, the last for ever.

    `stranger`: the profile is another person's. `lasts`: seconds until nothing of it is open.
    """

    request_ms: int
    lasts: float
    code: str | None = None
    said: tuple[Said, ...] = ()
    fetches: tuple[tuple[str | None, int], ...] = ()
    stranger: bool = False

    @property
    def locks(self) -> bool:
        """Whether the number stays locked."""
        return self.code in (None, "timeout", "bad_answer")


class Draw:
    """Chance, and the durations that people and hosts take."""

    def __init__(self, chance: random.Random, settings: Settings) -> None:
        self.chance = chance
        self.settings = settings

    def spread(self, median: float, p95: float) -> float:
        """A log-normal value."""
        return median * math.exp(self.chance.gauss(0, math.log(p95 / median) / 1.645))

    def request_ms(self) -> int:
        return round(self.spread(175, 314))

    def profile_ms(self) -> int:
        return round(self.spread(148, 248))

    def failing_ms(self) -> int:
        return min(SLOWEST_MS, round(self.spread(1200, 4500)))

    def decision(self) -> float:
        """Seconds until a person decides."""
        return min(self.spread(10.5, 29), self.settings.answer_seconds * 0.9)

    def opening(self, decision: float) -> tuple[Said, ...]:
        """The prompt was seen open on the way to a decision: not every phone tells."""
        if self.chance.random() < 0.4:
            return ()
        return (Said(decision * self.chance.uniform(0.2, 0.7), Result.OPENED, OPENED, "no state"),)


def completed(draw: Draw) -> Fate:
    """The person approves."""
    decision = draw.decision()
    said = (*draw.opening(decision), Said(decision, Result.APPROVED))
    return Fate(draw.request_ms(), decision + MARGIN_SECONDS, said=said, fetches=((None, draw.profile_ms()),))


def told_twice(draw: Draw) -> Fate:
    """The callback comes again."""
    fate = completed(draw)
    again = replace(fate.said[-1], after=fate.said[-1].after + draw.spread(0.8, 3))
    return replace(fate, said=(*fate.said, again), lasts=again.after + MARGIN_SECONDS)


def second_try(draw: Draw) -> Fate:
    """The profile host fails once."""
    fate = completed(draw)
    fetches = (("profile_error", draw.failing_ms()), *fate.fetches)
    return replace(fate, fetches=fetches, lasts=fate.lasts + SLOWEST_MS / 1000 + 5)


def forged_first(draw: Draw) -> Fate:
    """Somebody posts a token for this request before the person decides, without our state or with a wrong one."""
    fate = completed(draw)
    proof: Proof = "wrong state" if draw.chance.random() < 0.6 else "no state"
    forged = Said(fate.said[-1].after * 0.8, Result.APPROVED, proof=proof)
    return replace(fate, said=(forged, *fate.said), lasts=fate.lasts + 600)


def declined(draw: Draw) -> Fate:
    """The person says no, or would rather use another number."""
    decision = draw.decision()
    word = DECLINED if draw.chance.random() < 0.7 else OTHER_NUMBER
    said = (*draw.opening(decision), Said(decision, Result.DECLINED, word, "no state"))
    return Fate(draw.request_ms(), decision + MARGIN_SECONDS, said=said)


def ignored(draw: Draw) -> Fate:
    """Nobody decides."""
    said = (
        draw.opening(min(draw.spread(20, 120), draw.settings.answer_seconds * 0.9))
        if draw.chance.random() < 0.5
        else ()
    )
    return Fate(draw.request_ms(), draw.settings.answer_seconds + MARGIN_SECONDS, said=said)


def answer_lost(draw: Draw) -> Fate:
    """The request times out, and the prompt was out all the same."""
    waited = draw.settings.upstream_seconds
    fate = completed(draw)
    return replace(fate, request_ms=round(waited * 1000), code="timeout", lasts=fate.lasts + waited)


def nobody_knows(draw: Draw) -> Fate:
    """The request times out, and nothing more is heard."""
    waited = draw.settings.upstream_seconds
    return Fate(round(waited * 1000), draw.settings.answer_seconds + waited + MARGIN_SECONDS, code="timeout")


def refused(code: str, median: float = 160) -> Callable[[Draw], Fate]:
    """Truecaller says no to the request, or cannot be reached."""
    return lambda draw: Fate(round(draw.spread(median, median * 2)), MARGIN_SECONDS + 30, code=code)


def another_person(draw: Draw) -> Fate:
    """The profile does not hold the asked number."""
    return replace(completed(draw), stranger=True)


def another_address(draw: Draw) -> Fate:
    """The callback names a host that is none of Truecaller's."""
    fate = completed(draw)
    return replace(fate, said=tuple(replace(one, elsewhere=True) for one in fate.said))


def token_refused(draw: Draw) -> Fate:
    """The profile host answers 401 and no other token comes."""
    fate = completed(draw)
    fetches = (("token_rejected", draw.profile_ms()),)
    return replace(fate, fetches=fetches, lasts=draw.settings.answer_seconds + MARGIN_SECONDS)


def never_read(draw: Draw) -> Fate:
    """The profile host fails for the whole life of the token."""
    fate = completed(draw)
    fetches = (("profile_error", draw.failing_ms()),)
    return replace(fate, fetches=fetches, lasts=fate.lasts + SLOWEST_MS / 1000 + draw.settings.token_seconds)


truecaller_down = refused("truecaller_error", 900)

SHARES: tuple[tuple[int, Callable[[Draw], Fate]], ...] = (
    (1050, ignored),
    (640, declined),
    (180, told_twice),
    (70, second_try),
    (60, refused("number_not_eligible")),
    (55, truecaller_down),
    (40, forged_first),
    (30, answer_lost),
    (20, nobody_knows),
    (20, never_read),
    (15, refused("rate_limited")),
    (14, token_refused),
    (13, another_person),
    (10, refused("bad_app_key")),
    (7, refused("bad_answer")),
    (7, refused("request_refused")),
    (7, another_address),
)
"""Of ten thousand sign-ups; the others are completed."""


def dealt(draw: Draw, count: int) -> list[Callable[[Draw], Fate]]:
    """So many fates in their shares, shuffled; among ENOUGH of them each occurs."""
    least = int(count >= ENOUGH)
    hand = [fate for share, fate in SHARES for _ in range(max(round(count * share / 10_000), least))]
    hand += [completed] * (count - len(hand))
    draw.chance.shuffle(hand)
    return hand

"""Whether the roll-ups say what the log says: every figure against the slow count, event by event.

Stands beside the answer (numbers.py); `stats --check` asks here. The slow count keeps every sign-up in memory and knows
no roll-up, so a fault in either shows as a difference. It must not put anything right.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from signup import clock, words
from signup.measure import behind, stats
from signup.measure.contribution import floor, moment
from signup.measure.feed import catch_up
from signup.measure.fold import fold_to_the_end
from signup.measure.history import History
from signup.measure.numbers import Numbers, numbers
from signup.measure.question import Question
from signup.measure.selection import Timed
from signup.record.seal import only
from signup.services import Services

CLOSE = 0.0201
"""A percentile from bins may be so far from the exact one, as a fraction of it."""

_RANKS = ("p50", "p95", "p99")
_DAY = timedelta(days=1)
_ZONES = ("UTC", "Asia/Kolkata")
"""A day of the one is a cell, a day of the other is made of cells of every width."""


@dataclass(frozen=True)
class Difference:
    """One figure (`series[3].completed`) of one question (`country SE`; empty for all) that is not the slow count's."""

    question: str
    figure: str
    rolled: Any
    counted: Any


@dataclass(frozen=True)
class Checked:
    """`seq`: up to which event. `questions`: how many were asked. `redacted`: whether the log tells of a redaction."""

    seq: int
    questions: int
    differences: list[Difference]
    redacted: bool


def check(services: Services, asked: Question, now: datetime) -> Checked:
    """Seal, fold, and compare a question, also by day, and for each country, channel and outcome where none is chosen.

    Without a start: from the first event on; never from before what the log no longer has. Raises UsageWrong,
    StoreUnavailable, RecordAltered.
    """
    if asked.preset:
        settled = asked.settled(now)
        asked = replace(asked, start=settled.start, end=settled.end, preset=None)
    slow = History()
    catch_up(services, slow, fold_to_the_end(services).seq)
    with services.store.read() as tx:
        head = only(tx, "log_head")
    with numbers(services) as quick:
        catch_up(services, slow, quick.seq)
        begin = _begin(services, slow, head["pruned_to"], now)
        start = max(asked.start or begin, begin) if head["pruned_to"] else asked.start or begin
        questions = _questions(replace(asked, start=start), quick)
        lasts = services.settings.lock_seconds
        found = [apart for name, one in questions for apart in _compared(name, one, quick, slow, lasts, now)]
        return Checked(quick.seq, len(questions), found, head["redaction"] is not None)


def _begin(services: Services, slow: History, pruned_to: int, now: datetime) -> datetime:
    """The first moment from which on both know everything: a day after whatever only the roll-ups still know."""
    rows: list[Timed] = [*slow.signups, *slow.hits, *slow.rejected, *slow.quarantined]
    first = min((clock.moment(row.at) for row in rows), default=now - _DAY)
    if not pruned_to:
        return first
    with services.rolls.read() as tx:
        last = only(tx, "kept_until", kept=pruned_to)["at"]
    return first if last is None else moment(floor(last, 86400)) + 2 * _DAY


def _questions(asked: Question, quick: Numbers) -> list[tuple[str, Question]]:
    found = [("", asked)]
    found += [(f"by day in {zone}", replace(asked, zone=zone, interval="day")) for zone in _ZONES]
    if not (asked.countries or asked.channels or asked.outcomes):
        found += [(f"country {one}", replace(asked, countries=(one,))) for one in quick.countries_known]
        found += [(f"channel {one}", replace(asked, channels=(one,))) for one in quick.channels_known]
        found += [(f"outcome {one}", replace(asked, outcomes=(one,))) for one in words.OUTCOMES]
    return found


def _compared(
    name: str, asked: Question, quick: Numbers, slow: History, lock_seconds: float, now: datetime
) -> Iterator[Difference]:
    """Every answer that a page shows of a question."""
    rolled: dict[str, Any] = quick.stats(asked, now)
    counted: dict[str, Any] = stats.stats(slow, asked, now)
    rolled["countries"], counted["countries"] = quick.countries(asked, now), stats.countries(slow, asked, now)
    rolled["retries"] = quick.retry_histogram(asked, now, lock_seconds)
    counted["retries"] = stats.retry_histogram(slow, asked, now, lock_seconds)
    rolled["openAges"], counted["openAges"] = quick.open_ages(asked, now), stats.open_ages(slow, asked, now)
    settled = asked.settled(now)
    for step, code in {(row["step"], row["code"]) for row in counted["errors"] if not row["inErrorRate"]}:
        rolled[f"warned {step} {code}"] = quick.warned(settled, step, code)
        counted[f"warned {step} {code}"] = behind.warned(slow, settled, step, code)
    for figure, one, other in _apart("", rolled, counted):
        yield Difference(name, figure, one, other)


def _apart(figure: str, rolled: Any, counted: Any) -> Iterator[tuple[str, Any, Any]]:
    """(figure, in the roll-ups, in the slow count) where the two differ."""
    if isinstance(rolled, dict) and isinstance(counted, dict) and rolled.keys() == counted.keys():
        for name, value in rolled.items():
            yield from _apart(f"{figure}.{name}" if figure else name, value, counted[name])
    elif isinstance(rolled, list) and isinstance(counted, list) and len(rolled) == len(counted):
        for place, value in enumerate(rolled):
            yield from _apart(f"{figure}[{place}]", value, counted[place])
    elif rolled != counted and not (figure.rpartition(".")[2] in _RANKS and _close(rolled, counted)):
        yield figure, rolled, counted


def _close(rolled: float | None, counted: float | None) -> bool:
    return rolled is not None and counted is not None and abs(rolled - counted) <= CLOSE * counted

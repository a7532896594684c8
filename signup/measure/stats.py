"""The numbers of the Overview, counted row by row from the history: the plain, slow count.

What the quick answers of numbers.py are proved by (`stats --check`, the tests). The same events and the same question
always give the same numbers; only `partial` and an open end look at `now`. It must not read the database.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from signup import clock
from signup.measure import tally
from signup.measure.calendar import Bucket, buckets
from signup.measure.history import History
from signup.measure.question import Question, SettledQuestion
from signup.measure.rows import APPROVED, OPENED, SENT
from signup.measure.selection import Selection, grouped, select

HISTOGRAM_BARS = 20
OLDEST_MINUTE = 10
COUNTRY_FIELDS = ("country", "started", "completed", "successRate", "decisionSeconds")
_NEED_ALL_OUTCOMES = (
    "lockHits",
    "lockedNumbers",
    "callsSaved",
    "hitsBeforeDecision",
    "rejectedNumbers",
    "successRate",
    "errorRate",
    "lockHitRate",
)
_COLUMNS_NEED_ALL = {"byCountry": "successRate", "series": "lockHits"}
_UTC = ZoneInfo("UTC")


def stats(history: History, question: Question, now: datetime) -> dict[str, Any]:
    """Every number of a question as one JSON-ready dict; UsageWrong for a range that ends before it begins.

    With an outcome filter every rate and every lock and rejected field is None.
    """
    return _answer(history, question.settled(now), now)


def overview(history: History, question: Question, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """(current, previous): the numbers of a question and of the period it is compared with, up to the same event."""
    settled = question.settled(now)
    with history.lock:
        return _answer(history, settled, now), _answer(history, settled.before(), now)


def countries(history: History, question: Question, now: datetime) -> list[dict[str, Any]]:
    """`byCountry` with the counts that stand beside its rates: each outcome, `open` among them, and `errorRate`."""
    with history.lock:
        return tally.countries(select(history, question.settled(now)).signups)


def retry_histogram(
    history: History, question: Question, now: datetime, lock_seconds: float = 300.0
) -> list[dict[str, float | int]]:
    """How soon people try again: the first hit of each lock, in 20 bars [from, to) of seconds over the lock's length.

    Counted in whole seconds; a hit at or after the end stands in the last bar. An outcome filter plays no part: a hit
    has no outcome.
    """
    with history.lock:
        hits = select(history, question.settled(now)).hits
        return bars(Counter(hit.retry_ms // 1000 for hit in hits if hit.retry_ms is not None), lock_seconds)


def bars(by_second: Mapping[int, int], lock_seconds: float) -> list[dict[str, float | int]]:
    """Counts of whole seconds as bars of equal width over the lock's length."""
    counts, lock_ms = [0] * HISTOGRAM_BARS, clock.milliseconds(lock_seconds) or 1
    for second, n in by_second.items():
        counts[min(second * 1000 * HISTOGRAM_BARS // lock_ms, HISTOGRAM_BARS - 1)] += n
    width = lock_seconds / HISTOGRAM_BARS
    return [{"from": bar * width, "to": (bar + 1) * width, "count": count} for bar, count in enumerate(counts)]


def open_ages(history: History, question: Question, now: datetime) -> list[int]:
    """Open sign-ups by whole minutes of age, 0 to 10; the last stands for 10 minutes and older."""
    counts = [0] * (OLDEST_MINUTE + 1)
    with history.lock:
        for signup in select(history, question.settled(now)).signups:
            if signup.outcome == "open":
                age = max(now - clock.moment(signup.at), timedelta(0))
                counts[min(age // timedelta(minutes=1), OLDEST_MINUTE)] += 1
    return counts


def _answer(history: History, question: SettledQuestion, now: datetime) -> dict[str, Any]:
    with history.lock:
        chosen, seq = select(history, question), history.seq
        cut = buckets(question.start, question.end, question.interval, question.zone)
        answer = {
            "from": clock.text(question.start),
            "to": clock.text(question.end),
            "asOfSeq": seq,
            **_totals(chosen),
            **tally.latencies(chosen.signups),
            "retrySeconds": tally.percentiles(hit.retry_ms for hit in chosen.hits),
            "errors": tally.errors(chosen.signups, chosen.quarantined),
            "byCountry": [{name: row[name] for name in COUNTRY_FIELDS} for row in tally.countries(chosen.signups)],
            "series": _series(chosen, cut, question, now),
            "funnel": tally.funnel(chosen.signups),
            "latency": _latency(chosen, cut, question, now),
        }
    return without_rates(answer) if chosen.by_outcome else answer


def _totals(chosen: Selection) -> dict[str, Any]:
    signups, hits = chosen.signups, chosen.hits
    return {
        "started": len(signups),
        "sent": sum(signup.step >= SENT for signup in signups),
        "opened": sum(signup.step >= OPENED for signup in signups),
        "approved": sum(signup.step >= APPROVED for signup in signups),
        **tally.outcomes(signups),
        "lockHits": len(hits),
        "lockedNumbers": len({hit.number_id for hit in hits}),
        "callsSaved": len(hits),
        "hitsBeforeDecision": sum(hit.early for hit in hits),
        "rejectedNumbers": len(chosen.rejected),
        **tally.rates(signups),
        "lockHitRate": tally.ratio(len(hits), len(hits) + len(signups)),
    }


def _series(chosen: Selection, cut: Sequence[Bucket], question: SettledQuestion, now: datetime) -> list[dict[str, Any]]:
    rows = zip(cut, grouped(chosen.signups, cut), grouped(chosen.hits, cut), strict=True)
    return [
        {
            "at": clock.text(bucket.start),
            "started": len(signups),
            **tally.outcomes(signups),
            "lockHits": len(hits),
            "partial": bucket.partial(question.start, question.end, now),
        }
        for bucket, signups, hits in rows
    ]


def _latency(
    chosen: Selection, cut: Sequence[Bucket], question: SettledQuestion, now: datetime
) -> list[dict[str, Any]]:
    """Percentiles over time: the series' buckets up to 7 days, UTC days up to 92, UTC months beyond."""
    length = question.end - question.start
    if length > timedelta(days=7):
        interval = "day" if length <= timedelta(days=92) else "month"
        cut = buckets(question.start, question.end, interval, _UTC)
    return [
        {
            "at": clock.text(bucket.start),
            **tally.latencies(signups),
            "partial": bucket.partial(question.start, question.end, now),
        }
        for bucket, signups in zip(cut, grouped(chosen.signups, cut), strict=True)
    ]


def without_rates(answer: dict[str, Any]) -> dict[str, Any]:
    """The same for some outcomes only: a refused start has no outcome, and a rate of one outcome says nothing."""
    lists = {name: column for name, column in _COLUMNS_NEED_ALL.items() if name in answer}
    return {
        **answer,
        **dict.fromkeys(_NEED_ALL_OUTCOMES),
        "retrySeconds": dict.fromkeys(answer["retrySeconds"]),
        **{name: [{**row, column: None} for row in answer[name]] for name, column in lists.items()},
    }

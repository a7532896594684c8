"""The numbers of the Overview, read from the roll-ups: the same answers as the slow count (stats.py), at once.

Stands at the end of the measuring: page and command line both ask here and nowhere else. Everything comes from one
snapshot, up to one event of the log; the same snapshot and the same question always give the same numbers, and only
`partial` and an open end look at `now`. It must not fold, and must not read the log.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from signup import clock
from signup.measure import counted, stats
from signup.measure.calendar import Bucket, buckets
from signup.measure.contribution import micros, moment
from signup.measure.counted import Counted, Fates
from signup.measure.gather import ALL_TIME, Gathering, Wanted
from signup.measure.question import Question, SettledQuestion
from signup.model import OPEN
from signup.record.seal import only
from signup.services import Services
from signup.store import Transaction

PLAIN = timedelta(days=7)
"""So long a range takes its durations from rows, to the millisecond."""

_BY_DAY = timedelta(days=92)
_UTC = ZoneInfo("UTC")
_MINUTE = 60_000_000


@contextmanager
def numbers(services: Services) -> Iterator["Numbers"]:
    """One snapshot of the roll-ups. Raises StoreUnavailable."""
    with services.rolls.read() as tx:
        yield Numbers(tx)


@dataclass(frozen=True)
class Fated:
    """How sign-ups ended: those of each bucket in order, and of each country."""

    series: list[tuple[Bucket, Fates]]
    countries: Mapping[str, Fates]

    @property
    def all(self) -> Fates:
        """Those of all buckets."""
        return sum((fates for _, fates in self.series), Counter())


class Numbers:
    """What can be asked of a snapshot: of which log, up to which event (`seq`), and how often all was counted anew.

    `without_histograms`: an update emptied them. Until all is counted anew, every duration comes from its row.
    """

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        cursor = only(tx, "roll_position")
        self.log_id, self.seq, self.rebuilds = str(cursor["log_id"]), int(cursor["seq"]), int(cursor["rebuilds"])
        self.without_histograms = self.seq > 0 and not cursor["leaf"]
        self._known: dict[SettledQuestion, Counted] = {}

    @cached_property
    def countries_known(self) -> tuple[str, ...]:
        """Every country among what counts, sorted."""
        return tuple(sorted(row["country"] for row in self._tx.all("rolled_countries", start=ALL_TIME)))

    @cached_property
    def channels_known(self) -> tuple[str, ...]:
        """Every channel among what counts, sorted."""
        return tuple(sorted(row["channel"] for row in self._tx.all("rolled_channels", start=ALL_TIME)))

    @cached_property
    def is_empty(self) -> bool:
        """True until the first sign-up or lock hit."""
        return self._tx.one("rolled_anything", start=ALL_TIME) is None

    @cached_property
    def known_from(self) -> datetime | None:
        """The first UTC day on which anything was counted; None before there is one."""
        first = only(self._tx, "rolled_first")["at"]
        return None if first is None else moment(int(first))

    def stats(self, question: Question, now: datetime) -> dict[str, Any]:
        """Every number of a question as one JSON-ready dict; UsageWrong for a range that ends before it begins.

        With an outcome filter every rate and every lock and rejected field is None.
        """
        return self._answer(question.settled(now), now)

    def overview(self, question: Question, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
        """(current, previous): the numbers of a question and of the period it is compared with.

        The previous ones lack `latency` and `byCountry`, which nobody compares and which take as long as all the rest.
        """
        settled = question.settled(now)
        return self._answer(settled, now), self._compared(settled.before(), now)

    def countries(self, question: Question, now: datetime) -> list[dict[str, Any]]:
        """`byCountry` with the counts that stand beside its rates: each outcome, `open` among them, and `errorRate`."""
        return counted.countries(self._counted(question.settled(now)))

    def fates(self, question: SettledQuestion) -> "Fated":
        """How sign-ups ended, by the buckets of the question's interval and by country, and nothing else."""
        series = _series(question)
        found = Gathering(self._tx, question, self._wanted(question), series, series, plain=True).fates()
        return Fated(list(zip(series, found.fates, strict=True)), found.countries)

    def retry_histogram(self, question: Question, now: datetime, lock_seconds: float) -> list[dict[str, float | int]]:
        """How soon people try again: the first hit of each lock, in 20 bars [from, to) of seconds over its length.

        Counted in whole seconds; a hit at or after the end stands in the last bar. An outcome filter plays no part: a
        hit has no outcome.
        """
        return stats.bars(self._counted(question.settled(now)).times.by_second(), lock_seconds)

    def open_ages(self, question: Question, now: datetime) -> list[int]:
        """Open sign-ups by whole minutes of age, 0 to 10; the last stands for 10 minutes and older."""
        counts, at_now = [0] * (stats.OLDEST_MINUTE + 1), micros(clock.text(now))
        for at in self._counted(question.settled(now)).open_at:
            counts[min(max(at_now - at, 0) // _MINUTE, stats.OLDEST_MINUTE)] += 1
        return counts

    def warned(self, question: SettledQuestion, step: str, code: str) -> list[str]:
        """The ids of the question's sign-ups that met this error and were not ended by it, the newest first."""
        wanted = self._wanted(question)
        return [
            row["signup_id"]
            for row in self._tx.all("warned_signups", **_ends(question), **wanted.rows)
            if f"{step} {code}" in row["warnings"].split(",")
            and not (row["status"] == "failed" and (row["error_step"], row["error_code"]) == (step, code))
            and wanted.has("open" if row["status"] in OPEN else row["status"])
        ]

    def _wanted(self, question: SettledQuestion) -> Wanted:
        """The filters. Naming every country or channel there is is no filter."""

        def chosen(values: frozenset[str], known: tuple[str, ...]) -> tuple[str, ...]:
            return () if known and values >= set(known) else tuple(sorted(values))

        return Wanted(
            countries=chosen(question.countries, self.countries_known),
            channels=chosen(question.channels, self.channels_known),
            outcomes=tuple(sorted(question.outcomes)),
            known=self.countries_known,
        )

    def _counted(self, question: SettledQuestion) -> Counted:
        if question not in self._known:
            self._known[question] = self._gathering(question, _latency(question)).gather()
        return self._known[question]

    def _gathering(self, question: SettledQuestion, latency: list[Bucket]) -> Gathering:
        plain = self.without_histograms or question.end - question.start <= PLAIN
        return Gathering(self._tx, question, self._wanted(question), _series(question), latency, plain=plain)

    def _answer(self, question: SettledQuestion, now: datetime) -> dict[str, Any]:
        found = self._counted(question)
        answer = {
            **self._told(found, question, now),
            "byCountry": [{name: row[name] for name in stats.COUNTRY_FIELDS} for row in counted.countries(found)],
            "latency": [
                {
                    "at": clock.text(bucket.start),
                    **times.latencies(),
                    "partial": bucket.partial(question.start, question.end, now),
                }
                for bucket, times in zip(_latency(question), found.latency, strict=True)
            ],
        }
        return stats.without_rates(answer) if question.outcomes else answer

    def _compared(self, question: SettledQuestion, now: datetime) -> dict[str, Any]:
        """The answer without its two long lists."""
        if question in self._known:
            found = self._known[question]
        else:
            whole = [Bucket(question.start, question.end)]
            found = self._gathering(question, whole).gather(countries=False)
        answer = self._told(found, question, now)
        return stats.without_rates(answer) if question.outcomes else answer

    def _told(self, found: Counted, question: SettledQuestion, now: datetime) -> dict[str, Any]:
        return {
            "from": clock.text(question.start),
            "to": clock.text(question.end),
            "asOfSeq": self.seq,
            **counted.totals(found),
            **found.times.latencies(),
            "retrySeconds": found.times.percentiles("retry"),
            "errors": counted.errors(found),
            "series": [
                {
                    "at": clock.text(bucket.start),
                    "started": fates.total(),
                    **counted.outcomes(fates),
                    "lockHits": hits.lock,
                    "partial": bucket.partial(question.start, question.end, now),
                }
                for bucket, fates, hits in zip(_series(question), found.fates, found.hits, strict=True)
            ],
            "funnel": counted.funnel(found),
        }


def _series(question: SettledQuestion) -> list[Bucket]:
    return buckets(question.start, question.end, question.interval, question.zone)


def _latency(question: SettledQuestion) -> list[Bucket]:
    """The series' buckets up to 7 days, UTC days up to 92, UTC months beyond."""
    length = question.end - question.start
    if length <= PLAIN:
        return _series(question)
    return buckets(question.start, question.end, "day" if length <= _BY_DAY else "month", _UTC)


def _ends(question: SettledQuestion) -> dict[str, int]:
    return {"start": micros(clock.text(question.start)), "end": micros(clock.text(question.end))}

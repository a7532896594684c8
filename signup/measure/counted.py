"""The formulas over counts: what was gathered from roll-ups and rows in, the blocks of the answer out.

Stands between the reading (gather.py) and the answer (numbers.py); tally.py is the same over plain rows, kept apart so
that each can prove the other. Pure; it must not know of ranges, zones or storage. A rate is a fraction 0 to 1, None
when nothing stands below the line; times are seconds.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from signup import words
from signup.measure import bins, tally
from signup.measure.rows import APPROVED, OPENED, SENT

METRICS = {
    "requestSeconds": ("request",),
    "decisionSeconds": ("approve", "decline"),
    "profileSeconds": ("profile",),
    "approveSeconds": ("approve",),
}
"""The four durations of a sign-up's life, and the metrics each is made of."""

Fates = Counter[tuple[str, int]]
"""How many sign-ups by (outcome, furthest step)."""


@dataclass
class Times:
    """Durations of some metrics: as histograms (bins.py), or all of them in plain milliseconds."""

    binned: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    plain: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, metric: str, ms: int, sign: int = 1, *, plain: bool) -> None:
        """One more; or, where they are not plain, one less."""
        if plain:
            self.plain[metric].append(ms)
        else:
            self.binned[metric] += sign * bins.of(ms)

    def add_retry(self, ms: int, sign: int, *, plain: bool) -> None:
        """The same of a try that the lock refused, which is also counted by the second."""
        self.add("retry", ms, sign, plain=plain)
        if not plain:
            self.binned["retry_second"] += sign * bins.of_seconds(ms)

    def take(self, other: "Times") -> None:
        """All of the other's too."""
        for metric, histogram in other.binned.items():
            self.binned[metric] += histogram
        for metric, durations in other.plain.items():
            self.plain[metric] += durations

    def by_second(self) -> Counter[int]:
        """How many tried again after how many whole seconds."""
        found = Counter(ms // 1000 for ms in self.plain.get("retry", ()))
        return found + Counter(dict(enumerate(bins.counts(self.binned.get("retry_second", 0)))))

    def percentiles(self, *metrics: str) -> dict[str, float | int | None]:
        """{p50, p95, p99, n} of these metrics together."""
        if self.plain:
            return tally.percentiles(ms for metric in metrics for ms in self.plain.get(metric, ()))
        return bins.percentiles(sum(self.binned.get(metric, 0) for metric in metrics))

    def latencies(self) -> dict[str, Any]:
        """The four durations, each as percentiles."""
        return {name: self.percentiles(*metrics) for name, metrics in METRICS.items()}


@dataclass
class Hits:
    """What belongs to no sign-up: refused starts, those of them whose holder was undecided, rejected numbers."""

    lock: int = 0
    early: int = 0
    rejected: int = 0


@dataclass
class Counted:
    """Everything one question counts. Lists have an item for each bucket: `fates` and `hits` of the series, `latency`.

    `open_at`: when each open sign-up began, in microseconds. `locked`: how many numbers were refused.
    """

    fates: list[Fates]
    hits: list[Hits]
    latency: list[Times]
    times: Times = field(default_factory=Times)
    countries: defaultdict[str, Fates] = field(default_factory=lambda: defaultdict(Counter))
    country_times: defaultdict[str, Times] = field(default_factory=lambda: defaultdict(Times))
    errors: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    open_at: list[int] = field(default_factory=list)
    locked: int = 0


def totals(counted: Counted) -> dict[str, Any]:
    """Sign-ups by outcome and step, lock hits, rejected numbers, and the three rates."""
    fates, started = _sum(counted.fates), started_of(counted.fates)
    hits = sum(one.lock for one in counted.hits)
    return {
        "started": started,
        "sent": _reached(fates, SENT),
        "opened": _reached(fates, OPENED),
        "approved": _reached(fates, APPROVED),
        **outcomes(fates),
        "lockHits": hits,
        "lockedNumbers": counted.locked,
        "callsSaved": hits,
        "hitsBeforeDecision": sum(one.early for one in counted.hits),
        "rejectedNumbers": sum(one.rejected for one in counted.hits),
        **rates(fates),
        "lockHitRate": tally.ratio(hits, hits + started),
    }


def started_of(fates: list[Fates]) -> int:
    """How many sign-ups there are in all."""
    return sum(one.total() for one in fates)


def outcomes(fates: Fates) -> dict[str, int]:
    """How many ended how, `open` among them."""
    found = dict.fromkeys(words.OUTCOMES, 0)
    for (outcome, _), n in fates.items():
        found[outcome] += n
    return found


def rates(fates: Fates) -> dict[str, float | None]:
    """{successRate, errorRate}: completed of finished, failed of started."""
    ended, started = outcomes(fates), fates.total()
    return {
        "successRate": tally.ratio(ended["completed"], started - ended["open"]),
        "errorRate": tally.ratio(ended["failed"], started),
    }


def funnel(counted: Counted) -> list[dict[str, Any]]:
    """Five rows, one a step: who reached it, and those who stopped before it by outcome. Both sum to the row above."""
    fates = _sum(counted.fates)
    rows, above = [], fates.total()
    for place, step in enumerate(words.FUNNEL):
        lost = {outcome: fates[outcome, place - 1] for outcome in tally.UNFINISHED}
        above -= sum(lost.values())
        rows.append({"step": step, "reached": above, **lost})
    return rows


def errors(counted: Counted) -> list[dict[str, Any]]:
    """Sign-ups by (step, code), most first; `inErrorRate`: the code that ended a failed sign-up."""
    ordered = sorted(counted.errors.items(), key=lambda item: (-item[1], not item[0][2], item[0]))
    return [
        {"step": step, "code": code, "count": n, "cure": words.cure(step, code), "inErrorRate": fatal}
        for (step, code, fatal), n in ordered
    ]


def countries(counted: Counted) -> list[dict[str, Any]]:
    """A row for each country with sign-ups, most started first: every outcome, both rates, how long people take."""
    found = {country: fates for country, fates in counted.countries.items() if fates.total()}
    return [
        {
            "country": country,
            "started": fates.total(),
            **outcomes(fates),
            **rates(fates),
            "decisionSeconds": counted.country_times[country].percentiles(*METRICS["decisionSeconds"]),
        }
        for country, fates in sorted(found.items(), key=lambda item: (-item[1].total(), item[0]))
    ]


def _sum(fates: list[Fates]) -> Fates:
    found: Fates = Counter()
    for one in fates:
        found.update(one)
    return found


def _reached(fates: Fates, step: int) -> int:
    return sum(n for (_, furthest), n in fates.items() if furthest >= step)

"""Everything one question counts, read from one snapshot of the roll-ups: whole spans from cells, the rest from rows.

Stands between the tables that the fold keeps and the formulas (counted.py). Cells and histograms hold finished sign-ups
alone; open ones come from their rows, as do the ends of a range that are finer than a cell. It must not read the log,
and must not divide.
"""

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from signup import clock
from signup.measure import spans
from signup.measure.bins import unpacked
from signup.measure.calendar import Bucket
from signup.measure.contribution import COLUMNS, EVERY, micros
from signup.measure.counted import METRICS, Counted, Fates, Hits, Times
from signup.measure.fold_rows import warnings_of
from signup.measure.question import SettledQuestion
from signup.measure.spans import Piece, Stretch
from signup.store import Row, Transaction

ALL_TIME = -(2**62)
_FATES = (
    *(("completed", 3), ("declined", 2), ("expired", 0), ("expired", 1), ("expired", 2)),
    *(("failed", 0), ("failed", 1), ("failed", 2), ("failed", 3)),
)
"""What the first columns of a cell count."""

_METRICS = json.dumps(sorted({metric for metrics in METRICS.values() for metric in metrics}))
_DECIDED = METRICS["decisionSeconds"]
_HITS = len(COLUMNS) - len(_FATES)
Place = tuple[int, int]


@dataclass(frozen=True)
class Wanted:
    """Whose numbers: no value of a filter is all of them. `known`: every country there is."""

    countries: tuple[str, ...]
    channels: tuple[str, ...]
    outcomes: tuple[str, ...]
    known: tuple[str, ...]

    @property
    def rows(self) -> dict[str, str]:
        """The filters as queries over rows take them."""
        return {"countries": listed(self.countries), "channels": listed(self.channels)}

    @property
    def every(self) -> dict[str, str]:
        """The filters as queries over roll-ups take them: one row for all of them where nothing is chosen."""
        return {"countries": json.dumps(self.countries or (EVERY,)), "channels": json.dumps(self.channels or (EVERY,))}

    @property
    def each(self) -> dict[str, str]:
        """The same, each country for itself."""
        return {**self.every, "countries": json.dumps(self.countries or self.known)}

    def has(self, outcome: str) -> bool:
        """Whether sign-ups that ended so, or are open, are asked for."""
        return not self.outcomes or outcome in self.outcomes


class Gathering:
    """One question over one snapshot. `series` and `latency` are the buckets of the answer's two lists. `plain` takes
    every duration from its row, so that percentiles are exact."""

    def __init__(
        self,
        tx: Transaction,
        question: SettledQuestion,
        wanted: Wanted,
        series: Sequence[Bucket],
        latency: Sequence[Bucket],
        *,
        plain: bool,
    ) -> None:
        self._tx = tx
        self._wanted = wanted
        self._start, self._end = micros(clock.text(question.start)), micros(clock.text(question.end))
        self._series = self._places(series)
        self._latency = self._places(latency)
        self._plain = plain
        self._found = Counted(
            fates=[Fates() for _ in series], hits=[Hits() for _ in series], latency=[Times() for _ in latency]
        )

    def gather(self, *, countries: bool = True) -> Counted:
        """Read everything; without `countries` not how long it took in each of them."""
        self.fates()
        self._errors()
        self._durations(countries=countries)
        self._locked()
        return self._found

    def fates(self) -> Counted:
        """Read how sign-ups ended, of each bucket and each country, and nothing that takes longer."""
        _, self._ends = spans.cells(self._start, self._end)
        self._cells()
        self._open()
        return self._found

    def _places(self, buckets: Sequence[Bucket]) -> list[Place]:
        """Each bucket, cut to the range."""
        edges = [(micros(clock.text(bucket.start)), micros(clock.text(bucket.end))) for bucket in buckets]
        return [(max(low, self._start), min(high, self._end)) for low, high in edges]

    def _cells(self) -> None:
        """Sign-ups and hits of each bucket, and sign-ups of each country."""
        found, wanted = self._found, self._wanted
        pieces, stretches = _cut(self._series, spans.cells)
        for place, *counts in self._tx.tuples("rolled_cells", pieces=pieces, **wanted.every):
            self._add_cell(found.fates[place], counts)
            hits = found.hits[place]
            hits.lock, hits.early, hits.rejected = counts[-_HITS:]
        whole, _ = _cut([(self._start, self._end)], spans.cells)
        for country, *counts in self._tx.tuples("rolled_cells_by_country", pieces=whole, **wanted.each):
            self._add_cell(found.countries[country], counts)
        starts = [low for low, _ in self._series]
        told = json.dumps(spans.joined(stretches))
        for row in self._tx.all("finished_signups", stretches=told, **wanted.rows):
            if wanted.has(row["outcome"]):
                self._add_row(row, bisect_right(starts, row["at"]) - 1)
        for kind in ("hit", "rejected", "quarantined"):
            if kind != "quarantined" or self._unfiltered:
                for _, at, early, reason in self._tx.tuples("marks_between", stretches=told, kind=kind, **wanted.rows):
                    self._add_mark(kind, at, early, reason, bisect_right(starts, at) - 1)

    def _add_cell(self, fates: Fates, counts: Sequence[int]) -> None:
        for fate, n in zip(_FATES, counts, strict=False):
            if n and self._wanted.has(fate[0]):
                fates[fate] += n

    def _add_row(self, row: Row, place: int) -> None:
        """A sign-up that no cell counts. Of those that the cells of the whole range do count only the bucket's."""
        fate = row["outcome"], row["step"]
        self._found.fates[place][fate] += 1
        if row["outcome"] == "open" or self._at_an_end(row["at"]):
            self._found.countries[row["country"]][fate] += 1
            ended = (row["error_step"], row["error_code"]) if row["outcome"] == "failed" else None
            if ended and ended[0] is not None:
                self._found.errors[*ended, True] += 1
            for cause in warnings_of(row["warnings"]) - {ended}:
                self._found.errors[*cause, False] += 1

    def _add_mark(self, kind: str, at: int, early: int | None, reason: str | None, place: int) -> None:
        hits = self._found.hits[place]
        if kind == "hit":
            hits.lock += 1
            hits.early += early or 0
        elif kind == "rejected":
            hits.rejected += 1
        elif reason and self._at_an_end(at):
            self._found.errors["callback", reason, False] += 1

    @property
    def _unfiltered(self) -> bool:
        return not (self._wanted.countries or self._wanted.channels or self._wanted.outcomes)

    def _at_an_end(self, at: int) -> bool:
        """Whether a moment lies where the pieces of the whole range do not reach."""
        return any(low <= at < high for low, high in self._ends)

    def _errors(self) -> None:
        pieces, _ = _cut([(self._start, self._end)], spans.errors)
        asked = {"pieces": pieces, **self._wanted.every, "outcomes": listed(self._wanted.outcomes)}
        for step, code, fatal, n in self._tx.tuples("rolled_errors", **asked):
            self._found.errors[step, code, bool(fatal)] += n

    def _durations(self, *, countries: bool) -> None:
        """How long it took: of each bucket, of all, of each country; and how soon people tried again."""
        found, wanted = self._found, self._wanted
        outcomes = listed(wanted.outcomes)
        pieces, more, less = self._binned(self._latency)
        asked = {"pieces": pieces, "metrics": _METRICS, "outcomes": outcomes}
        for place, metric, counts in self._tx.tuples("rolled_hist", **asked, **wanted.every):
            found.latency[place].binned[metric] += unpacked(counts)
        whole, _, _ = self._binned([(self._start, self._end)])
        asked = {"pieces": whole, "metrics": '["retry", "retry_second"]', "outcomes": ""}
        for _, metric, counts in self._tx.tuples("rolled_hist", **asked, **wanted.every):
            found.times.binned[metric] += unpacked(counts)
        asked = {"pieces": whole if countries else "[]", "metrics": json.dumps(_DECIDED), "outcomes": outcomes}
        for country, metric, counts in self._tx.tuples("rolled_hist_by_country", **asked, **wanted.each):
            found.country_times[country].binned[metric] += unpacked(counts)
        for places, sign in ((more, 1), (less, -1)):
            self._rows(places, sign)
        for times in found.latency:
            found.times.take(times)

    def _rows(self, places: Sequence[tuple[int, Stretch]], sign: int) -> None:
        """Add the durations of what the histograms leave out; take away (-1) what they have too much."""
        told = json.dumps([(place, *stretch) for place, stretch in places])
        for place, country, outcome, *taken in self._tx.tuples("finished_times", stretches=told, **self._wanted.rows):
            if self._wanted.has(outcome):
                self._add_times(sign, place, country, *taken)
        for (gap,) in self._tx.tuples("retries_between", stretches=told, **self._wanted.rows):
            self._found.times.add_retry(gap, sign, plain=self._plain)

    def _binned(self, places: Sequence[Place]) -> tuple[str, list[tuple[int, Stretch]], list[tuple[int, Stretch]]]:
        """Pieces for the histograms, and by place what they leave out and what they have too much.

        They leave out everything where rows are asked instead.
        """
        if self._plain:
            return "[]", list(enumerate(places)), []
        newest = (self._tx.one("rolled_newest") or {}).get("at") or 0
        pieces: list[tuple[int, *Piece]] = []
        more: list[tuple[int, Stretch]] = []
        less: list[tuple[int, Stretch]] = []
        for place, (low, high) in enumerate(places):
            found, missing, beyond = spans.histograms(low, high, newest)
            pieces += [(place, *piece) for piece in found]
            more += [(place, stretch) for stretch in missing]
            less += [(place, stretch) for stretch in beyond]
        return json.dumps(pieces), more, less

    def _add_times(
        self,
        sign: int,
        place: int,
        country: str,
        request: int | None,
        approve: int | None,
        decline: int | None,
        profile: int | None,
    ) -> None:
        """A sign-up's durations; a decline's only where no approval's is."""
        times, plain = self._found.latency[place], self._plain
        answer, decided = ("decline", decline) if approve is None else ("approve", approve)
        for metric, ms in (("request", request), (answer, decided), ("profile", profile)):
            if ms is not None:
                times.add(metric, ms, sign, plain=plain)
        if decided is not None:
            self._found.country_times[country].add(answer, decided, sign, plain=plain)

    def _open(self) -> None:
        if not self._wanted.has("open"):
            return
        starts = [low for low, _ in self._series]
        for row in self._tx.all("open_signups", start=self._start, end=self._end, **self._wanted.rows):
            self._add_row(row, bisect_right(starts, row["at"]) - 1)
            taken = (row["request_ms"], row["approve_ms"], row["decline_ms"], row["profile_ms"])
            place = bisect_right(self._latency, (row["at"], 2**62)) - 1
            self._add_times(1, place, row["country"], *taken)
            self._found.open_at.append(row["at"])

    def _locked(self) -> None:
        """How many numbers were refused: as many as there are hits, less those of numbers that were refused before."""
        channels = self._wanted.channels
        asked: dict[str, Any] = {"start": self._start, "end": self._end, "countries": listed(self._wanted.countries)}
        if len(channels) > 1:
            row = self._tx.one("locked_numbers_by_channels", channels=listed(channels), **asked)
        elif channels:
            row = self._tx.one("hits_again_by_channel", channel=channels[0], **asked)
        else:
            row = self._tx.one("hits_again", **asked)
        n = int(row["n"]) if row else 0
        self._found.locked = n if len(channels) > 1 else sum(hits.lock for hits in self._found.hits) - n


def listed(values: Sequence[str]) -> str:
    """Values as queries over rows take a list: `,a,b,`; nothing at all for all of them."""
    return f",{','.join(values)}," if values else ""


def _cut(places: Sequence[Place], how: Any) -> tuple[str, list[Stretch]]:
    """Pieces of each place as the bulk queries take them, and the stretches that they leave, in order."""
    pieces: list[tuple[int, *Piece]] = []
    stretches: list[Stretch] = []
    for place, (low, high) in enumerate(places):
        found, left = how(low, high)
        pieces += [(place, *piece) for piece in found]
        stretches += left
    return json.dumps(pieces), stretches

"""The numbers of measure.stats as rows that a chart or a table can draw: texts in the viewer's zone, unknowns as gaps.

Stands between the count and charts.py. Every row of a time chart carries `at`, the bucket's wall-clock start as text:
the browser never has to know a time zone. Pure; it must not count anew, and knows no Streamlit.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from dashboard import labels
from signup import clock
from signup.measure import figures
from signup.measure.question import SettledQuestion

Row = dict[str, Any]

UTC = ZoneInfo("UTC")
DAY, WEEK, MONTH, QUARTER = timedelta(days=1), timedelta(days=7), timedelta(days=30.44), timedelta(days=92)
PERCENTILES = ("p50", "p95", "p99")
FEWEST = 5
"""A rate or percentile of a bucket stands on at least this many."""

_WHEN = {
    "minute": "%a %d %b %H:%M",
    "hour": "%a %d %b %H:%M",
    "day": "%a %d %b",
    "week": "Week of %d %b",
    "month": "%B %Y",
}


def wall_text(at: str, zone: ZoneInfo) -> str:
    """A bucket's start as the zone's clock shows it, to the minute; the second of two equal hours ends in `b`."""
    local = clock.moment(at).astimezone(zone)
    return f"{local:%Y-%m-%dT%H:%M}{'b' if local.fold else ''}"


def buckets(series: Sequence[Row], question: SettledQuestion, now: datetime) -> list[Row]:
    """Each bucket with `at`, `start` (UTC text), `when` in words and `state`: "", "so far" or "cut by the range"."""
    last = len(series) - 1
    return [
        {
            **row,
            "at": wall_text(row["at"], question.zone),
            "start": row["at"],
            "when": _when(row["at"], question.interval, question.zone),
            "state": "" if not row["partial"] else "so far" if i == last and question.end > now else "cut by the range",
        }
        for i, row in enumerate(series)
    ]


def outcomes(cut: Sequence[Row], chosen: Sequence[str]) -> list[Row]:
    """One row for each bucket and chosen outcome, the whole bucket told in each: what a tooltip needs."""
    return [
        {
            "at": row["at"],
            "outcome": labels.OUTCOME[outcome].name,
            "order": order,
            "first": not order,
            "n": row[outcome],
            "whole": not row["state"],
            "when": row["when"],
            "total": figures.count(row["started"]),
            **{look.name: _share(row[name], row["started"]) for name, look in labels.OUTCOME.items()},
            "state": row["state"] or "complete",
            "said": f"{row['when']}, {labels.OUTCOME[outcome].name}: {row[outcome]} of {row['started']} sign-ups",
        }
        for row in cut
        for order, outcome in enumerate(chosen)
    ]


def errors(found: Sequence[Row], outcomes: Collection[str]) -> list[Row]:
    """Those to list under the outcomes chosen, none for all: a warning belongs to no outcome."""
    return [row for row in found if not outcomes or ("failed" in outcomes and row["inErrorRate"])]


def earlier(cut: Sequence[Row], before: Sequence[Row], question: SettledQuestion) -> list[Row | None]:
    """For each bucket the one of the period before that stands in its place; None where there is none.

    By the clock: weekdays meet weekdays and hours meet hours, so that an hour shown twice meets nothing. Minutes and
    hours of less than a week meet those as long before as the range is. A month meets a whole month.
    """
    start, past = question.start, question.before().start
    moved = _clock_time(start, question.zone) - _clock_time(past, question.zone)
    months = question.interval == "month"
    to_the_minute = question.interval in ("minute", "hour") and moved % WEEK

    def place(at: str, back: int) -> object:
        moment = clock.moment(at)
        local = moment.astimezone(question.zone)
        if months:
            return local.year * 12 + local.month - back * round(moved / MONTH)
        if to_the_minute:
            return moment - back * (start - past)
        return _clock_time(moment, question.zone) - back * round(moved / DAY) * DAY, local.fold

    there = {place(row["at"], 0): row for row in before if not (months and row["partial"])}
    return [
        found and {**found, "when": _when(found["at"], question.interval, question.zone)}
        for found in (there.get(place(row["start"], 1)) for row in cut)
    ]


def success(cut: Sequence[Row], past: Sequence[Row | None] = ()) -> list[Row]:
    """The success rate of each bucket beside the `earlier` one; a gap where too few finished.

    `settled` is the rate once nothing of it can change: the bucket is whole and none of it is open. `under`: there is
    more room for words under it than over it.
    """
    rows: list[Row] = []
    for row, there in zip_longest(cut, past):
        rate = _success(row)
        before = _success(there) if there else None
        settled = rate if not row["state"] and not row["open"] else None
        rows.append(
            {
                "at": row["at"],
                "when": row["when"],
                "rate": rate,
                "settled": settled,
                "unsettled": None if settled is not None else rate,
                "before": before,
                "under": _under(rate, [before, rows[-1]["rate"] if rows else None]),
                "this": _rate_text(row),
                "earlier": f"{there['when']}: {_rate_text(there)}" if there else figures.NOTHING,
                "state": row["state"] or (f"{row['open']} open" if row["open"] else "complete"),
                "said": f"{row['when']}, success rate {_rate_text(row)}",
            }
        )
    return rows


def funnel(steps: Sequence[Row], names: dict[str, str]) -> list[Row]:
    """One row for each piece: who reached a step (pale, but for the last), then who stopped before it, by outcome."""
    started = steps[0]["reached"]
    whole = started or 1
    rows = []
    for place, step in enumerate(steps):
        name, reached = names[step["step"]], step["reached"]
        told = f"{figures.count(reached)} · {figures.percent(reached / started if started else None)}"
        last = place == len(steps) - 1
        pieces = [("completed", reached), *((name, step[name]) for name in labels.OUTCOME if name != "completed")]
        for order, (outcome, n) in enumerate(pieces):
            look = labels.OUTCOME[outcome]
            what = "reached it" if not order else f"{look.name.lower()} before it"
            rows.append(
                {
                    "step": name,
                    "place": place,
                    "outcome": look.name,
                    "order": order,
                    "n": n,
                    "share": n / whole,
                    "end": sum(n for _, n in pieces) / whole,
                    "whole": last or order > 0,
                    "told": told if not order else "",
                    "what": f"{figures.count(n)} {what}",
                    "said": f"{name}: {figures.count(n)} {what}",
                }
            )
    return rows


def latency(points: Sequence[Row], metric: str, zone: ZoneInfo, interval: str) -> tuple[list[Row], str]:
    """(rows, unit): p50, p95 and p99 of each bucket in one unit that suits them; a gap under five.

    "p50 whole" and its like are those of complete buckets, "p50 open" those of the others and of what stands next to
    them: the pieces of a line that can still change. `alone`: complete, and between two gaps, where a line has no
    length to be seen by.
    """
    top = max((point[metric]["p99"] or 0.0 for point in points), default=0.0)
    scale, digits, unit = figures.unit_of(top)
    rows = []
    for point in points:
        values = point[metric]
        enough = (values["n"] or 0) >= FEWEST
        when = _when(point["at"], interval, zone)
        told = {p: figures.duration(values[p]) for p in PERCENTILES}
        state = "incomplete" if point["partial"] else "complete"
        said = f"{when}, {state}: p50 {told['p50']}, p95 {told['p95']}, p99 {told['p99']}"
        row: Row = {"at": wall_text(point["at"], zone), "when": when, "n": figures.count(values["n"]), "said": said}
        row |= {"whole": not point["partial"], "state": state}
        for name in PERCENTILES:
            row[name] = round(values[name] * scale, digits + 1) if enough else None
            row[f"{name} told"] = told[name]
        rows.append(row)
    nothing: Row = {"whole": True}
    for before, row, after in zip([nothing, *rows], rows, [*rows[1:], nothing], strict=False):
        row["alone"] = row["whole"] and before.get("p50") is None and after.get("p50") is None
        open_ = not (before["whole"] and row["whole"] and after["whole"])
        for name in PERCENTILES:
            row[f"{name} whole"] = row[name] if row["whole"] else None
            row[f"{name} open"] = row[name] if open_ else None
    return rows, unit


def latency_interval(question: SettledQuestion) -> tuple[str, bool]:
    """How wide the buckets of the latency are, and whether they are UTC's: those of the range up to a week, UTC days
    or months beyond."""
    length = question.end - question.start
    if length <= WEEK:
        return question.interval, False
    return ("day" if length <= QUARTER else "month"), True


def retries(bars: Sequence[Row]) -> list[Row]:
    """The retry histogram in minutes, each bar told in words."""
    return [
        {
            "from": bar["from"] / 60,
            "to": bar["to"] / 60,
            "n": bar["count"],
            "when": f"{_clock(bar['from'])} to {_clock(bar['to'])}",
            "said": f"{_clock(bar['from'])} to {_clock(bar['to'])} after the start: {bar['count']} tried again",
        }
        for bar in bars
    ]


def _when(at: str, interval: str, zone: ZoneInfo) -> str:
    local = clock.moment(at).astimezone(zone)
    text = local.strftime(_WHEN[interval])
    if interval == "hour":
        text += f"–{local + timedelta(hours=1):%H:%M}"
    return f"{text} {local:%Z}" if local.fold else text


def _clock_time(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _share(part: int, whole: int) -> str:
    return f"{figures.count(part)} ({figures.percent(part / whole)})" if whole else figures.count(part)


def _success(row: Row) -> float | None:
    finished = row["started"] - row["open"]
    return row["completed"] / finished if finished >= FEWEST else None


def _under(rate: float | None, lines: Sequence[float | None]) -> bool:
    """Whether the nearest of the other lines passes over it."""
    away = [line - rate for line in lines if line is not None and rate is not None]
    return bool(away) and min(away, key=abs) > 0


def _rate_text(row: Row) -> str:
    finished = row["started"] - row["open"]
    counts = f"{figures.count(row['completed'])} of {figures.count(finished)}"
    return f"{figures.percent(row['completed'] / finished)} ({counts})" if finished else figures.NOTHING


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"

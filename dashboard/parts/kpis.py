"""The seven figures at the top of the Overview: value, change, the counts behind it, a line of how it went.

`figures_of` decides, `show` draws. A colour stands only on a change that is more than noise. It must not count.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from dashboard import labels
from dashboard.numbers import Numbers
from dashboard.rows import FEWEST
from signup.measure import compare
from signup.measure.compare import Change
from signup.measure.figures import NOTHING, count, duration, percent

Series = list[dict[str, Any]]
UNDRAWN = [float("nan")] * 2
"""What a figure without a line is given: nothing is drawn, and a card does not grow when there is something."""
_NOTHING: dict[str, Any] = {"approveSeconds": {"p50": None, "n": 0}}


@dataclass(frozen=True)
class Figure:
    """One figure. `polarity`: whether more is good (`normal`), bad (`inverse`) or neither (`off`). `weak`: it stands on
    too little, and is shown grey."""

    label: str
    value: str
    told: str
    spark: list[float]
    chart: Literal["line", "bar"]
    formula: str
    change: Change = compare.UNKNOWN
    polarity: Literal["normal", "inverse", "off"] = "off"
    weak: bool = False

    @property
    def colour(self) -> Literal["normal", "inverse", "off"]:
        """Grey unless the change is clear."""
        return self.polarity if self.change.clear else "off"


def show(numbers: Numbers) -> None:
    """Draw the seven figures; two in a row on a phone."""
    with st.grid(7, min_column_width=168, gap="xsmall", key="figures"):
        for figure in figures_of(numbers):
            st.metric(
                figure.label,
                f":gray[{figure.value}]" if figure.weak else figure.value,
                figure.change.text,
                figure.colour,
                delta_arrow="off" if figure.change.direction == "flat" else "auto",
                delta_description=figure.told,
                chart_data=figure.spark or UNDRAWN,
                chart_type=figure.chart,
                help=figure.formula,
                border=True,
                height="stretch",
            )


def figures_of(numbers: Numbers) -> list[Figure]:
    """The seven, in the order in which they are read."""
    return [
        _counted(numbers, "Started", "started", "off"),
        _counted(numbers, "Completed", "completed", "normal"),
        _success(numbers),
        _median(numbers),
        _lock(numbers),
        _errors(numbers),
        _open(numbers),
    ]


def too_few(numbers: Numbers) -> bool:
    """True when either period is too small to compare."""
    return numbers.before is not None and min(numbers.now["started"], numbers.before["started"]) < compare.FEWEST


def _counted(numbers: Numbers, label: str, name: str, polarity: Literal["normal", "off"]) -> Figure:
    now, told, change = numbers.now[name], "in this range", compare.UNKNOWN
    spark = [float(row[name]) for row in _whole(numbers.now["series"])]
    if numbers.before is not None:
        before = numbers.before[name]
        told, change = f"from {count(before)}", compare.change_of_count(now, before)
    return Figure(label, count(now), told, spark, "bar", labels.counted(name), change, polarity)


def _success(numbers: Numbers) -> Figure:
    return _rate(
        numbers,
        "Success rate",
        lambda row: (row["completed"], row["started"] - row["open"]),
        labels.counted("successRate"),
        "normal",
    )


def _lock(numbers: Numbers) -> Figure:
    return _rate(
        numbers,
        "Lock hit rate",
        lambda row: (row["lockHits"], row["lockHits"] + row["started"]),
        labels.counted("lockHitRate"),
        "off",
    )


def _errors(numbers: Numbers) -> Figure:
    return _rate(
        numbers,
        "Error rate",
        lambda row: (row["failed"], row["started"]),
        labels.counted("errorRate"),
        "inverse",
    )


def _rate(
    numbers: Numbers,
    label: str,
    parts: Callable[[dict[str, Any]], tuple[int, int]],
    formula: str,
    polarity: Literal["normal", "inverse", "off"],
) -> Figure:
    now, before = parts(numbers.now), parts(numbers.before) if numbers.before is not None else (0, 0)
    rate = compare.rate(*now)
    told = f"{count(rate.part)} of {count(rate.whole)}"
    change, weak = compare.change_of_rate(now, before), False
    if rate.weak and rate.low is not None and rate.high is not None:
        weak, low, high = True, f"{rate.low * 100:.0f}", f"{rate.high * 100:.0f}%"
        if change.clear:
            formula = f"{formula} With so few, it may lie anywhere from {low} to {high}."
        else:  # there is no room for both, and a change of such a rate says nothing
            change, told = compare.UNKNOWN, f"{told} · {low}–{high}"
    buckets = [parts(row) for row in _whole(numbers.now["series"])]
    spark = [part / whole for part, whole in buckets if whole >= FEWEST]
    return Figure(label, percent(rate.share), told, spark, "line", formula, change, polarity, weak=weak)


def _median(numbers: Numbers) -> Figure:
    now, before = numbers.now["approveSeconds"], (numbers.before or _NOTHING)["approveSeconds"]
    points = [point["approveSeconds"] for point in _whole(numbers.now["latency"])]
    return Figure(
        "Median time to approve",
        duration(now["p50"]),
        f"{count(now['n'])} {'approval' if now['n'] == 1 else 'approvals'}",
        [point["p50"] for point in points if point["n"] >= FEWEST],
        "line",
        f"{labels.counted('approveSeconds')} Over more than 7 days the line goes by UTC day.",
        compare.change_of_time(now["p50"], before["p50"], min(now["n"], before["n"])),
        "inverse",
    )


def _open(numbers: Numbers) -> Figure:
    return Figure(
        "Open now",
        count(numbers.now["open"]),
        "by age, 0–10 min" if numbers.now["open"] else NOTHING,
        [float(n) for n in numbers.ages],
        "bar",
        labels.counted("open"),
    )


def _whole(series: Series) -> Series:
    """The buckets that are complete: one that is still filling would look like a fall."""
    return [row for row in series if not row["partial"]]

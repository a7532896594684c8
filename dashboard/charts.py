"""Rows in, chart out: every chart of the dashboard as an Altair specification, without Streamlit in it.

A chart names no colour: its scale is over the eight names of labels.CHART_NAMES, which the theme's list fills by
position. Titles, units and legends stand in the card's text, so nothing is cut off on a phone. `dark` only chooses
the axis text, since Streamlit's own is too pale. It must not count and never sees a single sign-up.
"""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard import labels
from signup import words
from signup.measure import figures

Rows = Sequence[dict[str, Any]]

OUTCOMES_HEIGHT, SUCCESS_HEIGHT, LOCK_HEIGHT, LATENCY_HEIGHT = 258, 248, 150, 170
BUCKET = "bucket"
"""The name under which a click tells its bucket."""

OPEN_WAY_SECONDS = 30
"""From here on a person is better offered another way."""

_AXIS_TEXT = {False: "#565E6E", True: "#B5BBC5"}
_AXIS_SIZE = 11.5
_PALE = 0.42
_UNFINISHED = 0.45
_SCALE = alt.Scale(domain=list(labels.CHART_NAMES))
_PADDING = {"left": 2, "right": 6, "top": 6, "bottom": 0}
_STROKES: dict[str, list[float]] = {"p50": [1, 0], "p95": [5, 3], "p99": [1.5, 2.5]}
_EACH = {"minute": ((60, 10), (180, 30)), "hour": ((24, 3), (72, 6), (180, 24))}


def outcomes(rows: Rows, interval: str, *, dark: bool) -> alt.LayerChart:
    """Stacked bars of outcomes; an unfinished bucket is pale, and the one still filling says "so far"."""
    data = pd.DataFrame(rows)
    click = alt.selection_point(name=BUCKET, fields=["at"], on="click", clear="dblclick")
    bars = (
        alt.Chart(data)
        .mark_bar(cursor="pointer")
        .encode(
            x=_time_axis(interval, data["at"].nunique(), dark),
            y=alt.Y("sum(n):Q", stack="zero", axis=_count_axis(dark)),
            color=_colour("outcome"),
            order=alt.Order("order:Q"),
            opacity=_opacity(_UNFINISHED),
            tooltip=_tooltip({"when": "When", "total": "Started", **_same(labels.OUTCOME), "state": "Bucket"}),
            description="said:N",
        )
        .add_params(click)
    )
    return _layers(bars, _so_far(alt.Chart(data).transform_filter("datum.state === 'so far'"), alt.Y("sum(n):Q")))


def success(rows: Rows, interval: str, *, dark: bool) -> alt.LayerChart:
    """The success rate against the period before: solid once settled, dotted and hollow while it can still change."""
    data = pd.DataFrame(rows).assign(ink="Ink", accent="Accent")
    scale = alt.Scale(domain=[lowest(rows), 1], zero=False, nice=False)
    base = alt.Chart(data).encode(x=_time_axis(interval, len(rows), dark), color=_colour("accent"))

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=scale, axis=_percent_axis(dark))

    told = {
        "tooltip": _tooltip({"when": "When", "this": "Success rate", "earlier": "Period before", "state": "Bucket"}),
        "description": alt.Description("said:N"),
    }
    before = base.mark_line(strokeWidth=1.2, strokeDash=[4, 3], opacity=0.6)
    return _layers(
        before.encode(y=y("before"), color=_colour("ink")),
        base.mark_line(strokeWidth=1.6, strokeDash=[1.5, 2.5]).encode(y=y("rate")),
        base.mark_line(strokeWidth=2.2).encode(y=y("settled")),
        base.mark_point(size=46, strokeWidth=1.8, opacity=1).encode(y=y("unsettled"), **told),
        base.mark_circle(size=34, opacity=1).encode(y=y("settled"), **told),
        _so_far(base.transform_filter("datum.state === 'so far' && datum.rate !== null"), y("rate")),
    )


def funnel(rows: Rows, *, dark: bool) -> alt.LayerChart:
    """How far people get: a pale bar of who reached a step, then who stopped before it, by outcome."""
    data = pd.DataFrame(rows).assign(ink="Ink")
    total = max((row["total"] for row in rows), default=1) or 1
    text = alt.Axis(title=None, ticks=False, domain=False, labelPadding=8, **_text(dark, 12))
    base = alt.Chart(data).encode(
        y=alt.Y("step:N", sort=list(words.FUNNEL.values()), axis=text, scale=alt.Scale(paddingInner=0.42)),
    )
    bars = base.mark_bar().encode(
        x=alt.X("n:Q", stack="zero", axis=None, scale=alt.Scale(domain=[0, total * 1.6], nice=False)),
        color=_colour("outcome"),
        order=alt.Order("order:Q"),
        opacity=_opacity(_PALE),
        tooltip=_tooltip({"step": "Step", "what": "Sign-ups"}),
        description="said:N",
    )
    told = base.mark_text(align="left", dx=8, fontSize=12, fontWeight=600).encode(
        x=alt.X("total:Q"), text="told:N", color=_colour("ink")
    )
    return _layers(bars, told.transform_filter("datum.told !== ''"))


def retries(rows: Rows, *, dark: bool) -> alt.Chart:
    """How soon people try again while the number is locked."""
    data = pd.DataFrame(rows).assign(hit=labels.LOCK_HIT.name)
    minutes = alt.Axis(
        title=None, grid=False, ticks=False, format=",d", tickMinStep=1, labelExpr="datum.label + ' min'", **_text(dark)
    )
    drawn: alt.Chart = (
        alt.Chart(data, padding=_PADDING)
        .mark_bar(binSpacing=1.5)
        .encode(
            x=alt.X("from:Q", bin="binned", axis=minutes, scale=alt.Scale(nice=False)),
            x2="to:Q",
            y=alt.Y("n:Q", axis=_count_axis(dark, ticks=3)),
            color=_colour("hit"),
            tooltip=_tooltip({"when": "After the start", "n": "Tried again"}),
            description="said:N",
        )
    )
    return drawn


def latency(rows: Rows, interval: str, unit: str, *, dark: bool) -> alt.LayerChart:
    """p50, p95 and p99, told apart by stroke and named at their end; a rule at 30 s where the axis reaches it."""
    data = pd.DataFrame(rows).assign(ink="Ink", accent="Accent")
    top = max((row["p99"] for row in rows if row["p99"] is not None), default=1) * 1.08 or 1
    base = alt.Chart(data).encode(
        x=_time_axis(interval, len(rows), dark), color=_colour("accent"), description=alt.Description("said:N")
    )
    scale = alt.Scale(domain=[0, top], nice=False)
    tooltip = _tooltip({"when": "When", "p50 told": "p50", "p95 told": "p95", "p99 told": "p99", "n": "Sign-ups"})
    lines = [
        base.mark_line(strokeWidth=1.8, strokeDash=stroke, point=alt.OverlayMarkDef(size=14, opacity=0)).encode(
            y=alt.Y(f"{name}:Q", scale=scale, axis=_plain_axis(dark)), tooltip=tooltip
        )
        for name, stroke in _STROKES.items()
    ]
    seconds = OPEN_WAY_SECONDS * figures.unit_of(OPEN_WAY_SECONDS)[0]
    rule = [_rule(seconds)] if unit == "s" and top > seconds else []
    return _layers(*rule, *lines, *_ends(rows, top))


def lowest(rows: Rows) -> float:
    """Where the rate's axis begins: ten points below the least of both lines, in steps of ten."""
    rates = [row[name] for row in rows for name in ("rate", "before") if row[name] is not None]
    return max(0.0, int((min(rates, default=1.0) - 0.1) * 10 + 1e-9) / 10)


def _layers(*charts: alt.Chart) -> alt.LayerChart:
    drawn: alt.LayerChart = alt.LayerChart(layer=list(charts), padding=_PADDING)
    return drawn


def _colour(field: str) -> alt.Color:
    return alt.Color(f"{field}:N", scale=_SCALE, legend=None)


def _opacity(pale: float) -> alt.Opacity:
    return alt.Opacity("whole:N", scale=alt.Scale(domain=[True, False], range=[1, pale]), legend=None)


def _same(looks: dict[str, labels.Look]) -> dict[str, str]:
    return {look.name: look.name for look in looks.values()}


def _tooltip(fields: dict[str, str]) -> list[alt.Tooltip]:
    return [alt.Tooltip(field=field, type="nominal", title=title) for field, title in fields.items()]


def _text(dark: bool, size: float = _AXIS_SIZE) -> dict[str, Any]:
    return {"labelColor": _AXIS_TEXT[dark], "labelFontSize": size}


def _count_axis(dark: bool, ticks: int = 4) -> alt.Axis:
    return alt.Axis(title=None, tickMinStep=1, format=",d", tickCount=ticks, **_text(dark))


def _plain_axis(dark: bool) -> alt.Axis:
    return alt.Axis(title=None, format=",~r", tickCount=5, **_text(dark))


def _percent_axis(dark: bool) -> alt.Axis:
    return alt.Axis(title=None, format=".0%", tickCount=5, **_text(dark))


def _time_axis(interval: str, count: int, dark: bool) -> alt.X:
    """Equal steps, one a bucket. Labels are read off the wall-clock text as if it were UTC: no zone plays a part."""
    label = f"utcFormat(toDate(slice(datum.value, 0, 16) + 'Z'), {_format(interval, count)})"
    axis = alt.Axis(
        title=None, grid=False, ticks=False, labelAngle=0, labelOverlap="greedy", labelSeparation=10, labelExpr=label,
        **_text(dark),
    )  # fmt: skip
    return alt.X("at:O", axis=axis, scale=alt.Scale(paddingInner=0.22, paddingOuter=0.1))


def _format(interval: str, count: int) -> str:
    """A Vega expression for the time format of one label: the date at midnight, few of the others, else nothing."""
    if interval not in _EACH:
        return "'%b %Y'" if interval == "month" else "'%d %b'"
    step = next((step for most, step in _EACH[interval] if count <= most), 24)
    start = 14 if interval == "minute" else 11
    midnight = "slice(datum.value, 11, 16) === '00:00'"
    return f"{midnight} ? '%d %b' : +slice(datum.value, {start}, {start + 2}) % {step} ? ' ' : '%H:%M'"


def _so_far(chart: alt.Chart, y: alt.Y) -> alt.Chart:
    """The words over the bucket that is still filling."""
    words: alt.Chart = (
        chart.transform_calculate(ink="'Ink'", words="'so far'")
        .mark_text(dy=-9, fontSize=11)
        .encode(x=alt.X("at:O"), y=y, text="words:N", color=_colour("ink"))
    )
    return words


def _rule(value: float) -> alt.Chart:
    data = pd.DataFrame([{"value": value, "ink": "Ink"}])
    rule: alt.Chart = alt.Chart(data).mark_rule(strokeWidth=1).encode(y=alt.Y("value:Q"), color=_colour("ink"))
    return rule


def _ends(rows: Rows, top: float) -> list[alt.Chart]:
    """The three lines' names right of their last points, moved apart where they would touch."""
    apart = top * 13 / LATENCY_HEIGHT
    height, charts = -apart, []
    for name in _STROKES:
        last = next((row for row in reversed(rows) if row[name] is not None), None)
        if last is None:
            continue
        height = max(last[name], height + apart)
        data = pd.DataFrame([{"at": last["at"], "height": height, "name": name, "ink": "Ink"}])
        mark = alt.Chart(data).mark_text(align="left", dx=7, fontSize=11)
        charts.append(mark.encode(x=alt.X("at:O"), y=alt.Y("height:Q"), text="name:N", color=_colour("ink")))
    return charts

"""Rows in, chart out: every chart of the dashboard as a Vega-Lite specification, without Streamlit in it.

A chart names no colour: its scale is over the eight names of labels.CHART_NAMES, which the theme's list fills by
position. Titles, units and legends stand in the card's text, so nothing is cut off on a phone. `dark` only chooses
the axis text, since Streamlit's own is too pale. It must not count and never sees a single sign-up.

Altair builds and checks a specification once for each form it can take; the rows are laid under it as data sets. So a
tick costs next to nothing (building takes 40 ms a chart), and as new numbers leave the specification as it is, the
browser moves its marks instead of building the chart anew.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import altair as alt
import pyarrow as pa

from dashboard import axes, labels, rows
from dashboard.axes import ENDS, ROWS
from signup import words

Rows = Sequence[dict[str, Any]]
Spec = dict[str, Any]

OUTCOMES_HEIGHT, SUCCESS_HEIGHT, LOCK_HEIGHT, LATENCY_HEIGHT = 258, 248, 150, 170
BUCKET = "bucket"
"""The name under which a click tells its bucket."""

OPEN_WAY_SECONDS = 30
"""From here on a person is better offered another way."""

_AXIS_TEXT = {False: "#565E6E", True: "#B5BBC5"}
_PALE = 0.42
_UNFINISHED = 0.45
_ROOM_FOR_WORDS = 1.6
_STROKES: dict[str, list[float]] = dict(zip(rows.PERCENTILES, ([1, 0], [5, 3], [1.5, 2.5]), strict=True))
_UNSETTLED = [1.5, 2.5]
_SAID = alt.Description("said:N")
"""A mark's sentence for those who cannot see it. One without is `aria=False`: a reader would hear names of fields."""


def outcomes(drawn: Rows, interval: str, *, dark: bool) -> Spec:
    """Stacked bars of outcomes; an unfinished bucket is pale, and the one still filling says "so far"."""
    return _filled(_outcomes(interval, len({row["at"] for row in drawn}), dark), drawn)


def success(drawn: Rows, interval: str, *, dark: bool, compared: bool = True) -> Spec:
    """The success rate against the period before: solid once settled, dotted and hollow while it can still change."""
    return _filled(_success(interval, len(drawn), lowest(drawn), compared, dark), drawn)


def funnel(drawn: Rows, *, dark: bool) -> Spec:
    """How far people get: a pale bar of who reached a step, then who stopped before it, by outcome."""
    return _filled(_funnel(dark), drawn)


def retries(drawn: Rows, *, dark: bool) -> Spec:
    """How soon people try again while the number is locked."""
    return _filled(_retries(dark), drawn)


def latency(drawn: Rows, interval: str, unit: str, *, dark: bool) -> Spec:
    """p50, p95 and p99, told apart by stroke and named at their end, dotted and hollow where they can still change; a
    rule at 30 s where the axis reaches it."""
    top = axes.round_top(max((row["p99"] for row in drawn if row["p99"] is not None), default=1.0))
    return _filled(
        _latency(interval, len(drawn), unit, top, dark),
        drawn,
        _ends(drawn, top, OPEN_WAY_SECONDS if _reached(unit, top) else None),
    )


def sent(spec: Spec) -> Spec:
    """The specification with its rows as Arrow, the form in which Streamlit sends them: it would go through pandas."""
    return {**spec, "datasets": {name: _arrow(drawn) for name, drawn in spec["datasets"].items()}}


def lowest(drawn: Rows) -> float:
    """Where the rate's axis begins: ten points below the least of both lines, in steps of ten."""
    rates = [row[name] for row in drawn for name in ("rate", "before") if row[name] is not None]
    return max(0.0, int((min(rates, default=1.0) - 0.1) * 10 + 1e-9) / 10)


@lru_cache(maxsize=64)
def _outcomes(interval: str, count: int, dark: bool) -> Spec:
    base = axes.chart().encode(x=axes.time(interval, count, _text(dark)))
    bars = base.mark_bar().encode(
        y=alt.Y("sum(n):Q", stack="zero", axis=axes.counts(_text(dark))),
        color=axes.colour("outcome"),
        order=alt.Order("order:Q"),
        opacity=axes.pale_unless_whole(_UNFINISHED),
        description=_SAID,
    )
    click = alt.selection_point(name=BUCKET, fields=["at"], on="click", clear="dblclick")
    names = {look.name: look.name for look in labels.OUTCOME.values()}
    touch = axes.touch(base, {"when": "When", "total": "Started", **names, "state": "Bucket"}, cursor="pointer")
    return _spec(
        bars,
        axes.so_far(base, alt.Y("sum(n):Q")),
        touch.transform_filter("datum.first").add_params(click),
        height=OUTCOMES_HEIGHT,
    )


@lru_cache(maxsize=64)
def _success(interval: str, count: int, least: float, compared: bool, dark: bool) -> Spec:
    base = axes.chart().encode(x=axes.time(interval, count, _text(dark)), color=axes.colour("accent"))

    def y(field: str) -> alt.Y:
        scale = alt.Scale(domain=[least, 1], zero=False, nice=False)
        return alt.Y(f"{field}:Q", scale=scale, axis=axes.percents(_text(dark)))

    before = base.mark_line(strokeWidth=1.2, aria=False, strokeDash=[4, 3], opacity=0.6)
    earlier = {"earlier": "Period before"} if compared else {}
    return _spec(
        *([before.encode(y=y("before"), color=axes.colour("ink"))] if compared else []),
        base.mark_line(strokeWidth=1.6, aria=False, strokeDash=_UNSETTLED).encode(y=y("rate")),
        base.mark_line(strokeWidth=2.2, aria=False).encode(y=y("settled")),
        base.mark_point(size=46, strokeWidth=1.8, opacity=1).encode(y=y("unsettled"), description=_SAID),
        base.mark_circle(size=34, opacity=1).encode(y=y("settled"), description=_SAID),
        axes.so_far(base.transform_filter("datum.rate !== null"), y("rate")),
        axes.touch(base, {"when": "When", "this": "Success rate", **earlier, "state": "Bucket"}),
        height=SUCCESS_HEIGHT,
    )


@lru_cache(maxsize=2)
def _funnel(dark: bool) -> Spec:
    steps = alt.Axis(title=None, ticks=False, domain=False, labelPadding=8, **{**_text(dark), "labelFontSize": 12})
    base = axes.chart().encode(
        y=alt.Y("step:N", sort=list(words.FUNNEL.values()), axis=steps, scale=alt.Scale(paddingInner=0.42)),
    )
    bars = base.mark_bar().encode(
        x=alt.X("share:Q", stack="zero", axis=None, scale=alt.Scale(domain=[0, _ROOM_FOR_WORDS], nice=False)),
        color=axes.colour("outcome"),
        order=alt.Order("order:Q"),
        opacity=axes.pale_unless_whole(_PALE),
        tooltip=axes.tooltip({"step": "Step", "what": "Sign-ups"}),
        description=_SAID,
    )
    told = base.mark_text(align="left", dx=8, aria=False, fontSize=12, fontWeight=600).encode(
        x=alt.X("end:Q"), text="told:N", color=axes.colour("ink")
    )
    return _spec(bars, told.transform_filter("datum.told !== ''"), height=OUTCOMES_HEIGHT)


@lru_cache(maxsize=2)
def _retries(dark: bool) -> Spec:
    minutes = alt.Axis(
        title=None, grid=False, ticks=False, format=",d", tickMinStep=1, labelExpr="datum.label + ' min'", **_text(dark)
    )
    bars = axes.chart().mark_bar(binSpacing=1.5)
    return _spec(
        bars.encode(
            x=alt.X("from:Q", bin="binned", axis=minutes, scale=alt.Scale(nice=False)),
            x2="to:Q",
            y=alt.Y("n:Q", axis=axes.counts(_text(dark), ticks=3)),
            color=axes.colour("lock"),
            tooltip=axes.tooltip({"when": "After the start", "n": "Tried again"}),
            description=_SAID,
        ),
        height=LOCK_HEIGHT,
    )


@lru_cache(maxsize=64)
def _latency(interval: str, count: int, unit: str, top: float, dark: bool) -> Spec:
    base = axes.chart().encode(x=axes.time(interval, count, _text(dark)), color=axes.colour("accent"))
    scale = alt.Scale(domain=[0, top], nice=False)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=scale, axis=axes.plain(_text(dark)))

    layers: list[alt.Chart] = []
    for name, dash in _STROKES.items():
        layers += [
            base.mark_line(strokeWidth=1.4, aria=False, strokeDash=_UNSETTLED).encode(y=y(f"{name} open")),
            base.mark_line(strokeWidth=1.8, aria=False, strokeDash=dash).encode(y=y(f"{name} whole")),
            base.transform_filter("datum.alone").mark_circle(size=16, aria=False, opacity=1).encode(y=y(name)),
            base.transform_filter("!datum.whole")
            .mark_point(size=22, aria=False, strokeWidth=1.4, opacity=1)
            .encode(y=y(name)),
        ]
    ends = axes.chart(ENDS).encode(color=axes.colour("ink"))
    names = ends.mark_text(align="left", dx=7, aria=False, fontSize=11).encode(x="at:O", y="height:Q", text="name:N")
    rule = ends.mark_rule(strokeWidth=1, aria=False).encode(y=alt.datum(OPEN_WAY_SECONDS))
    told = {f"{name} told": name for name in _STROKES}
    touch = axes.touch(base, {"when": "When", **told, "n": "Sign-ups", "state": "Bucket"})
    return _spec(*([rule] if _reached(unit, top) else []), *layers, names, touch, height=LATENCY_HEIGHT)


def _reached(unit: str, top: float) -> bool:
    """Whether the axis reaches the rule."""
    return unit == "s" and top > OPEN_WAY_SECONDS


def _ends(drawn: Rows, top: float, rule: float | None) -> list[dict[str, Any]]:
    """Where the three names stand: at the lines' ends, moved apart where they would touch, and off the rule."""
    apart = top * 13 / LATENCY_HEIGHT
    height, ends = -apart, []
    for name in _STROKES:
        last = next((row for row in reversed(drawn) if row[name] is not None), None)
        if last is not None:
            height = max(last[name], height + apart)
            if rule is not None and abs(height - rule) < apart / 2:
                height = rule + apart / 2
            ends.append({"at": last["at"], "height": height, "name": name})
    return ends


def _text(dark: bool) -> axes.Text:
    return {"labelColor": _AXIS_TEXT[dark], "labelFontSize": 11.5}


def _spec(*layers: alt.Chart, height: int) -> Spec:
    """The layers as one specification, without Altair's own look. The tests check it: here that doubled its cost."""
    padding = {"left": 2, "right": 6, "top": 6, "bottom": 0}
    spec: Spec = alt.LayerChart(layer=list(layers), height=height, padding=padding).to_dict(validate=False)
    return {part: spec[part] for part in spec if part != "config"}


def _filled(spec: Spec, drawn: Rows, ends: Rows | None = None) -> Spec:
    data = {ROWS: list(drawn)} if ends is None else {ROWS: list(drawn), ENDS: list(ends)}
    return {**spec, "datasets": data}


def _arrow(drawn: Rows) -> bytes:
    table = pa.Table.from_pylist(list(drawn))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())

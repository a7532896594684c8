"""The pieces that every chart is put together from: axes, colours by name, tooltips, what the pointer meets.

Stands under charts.py. `text` is how axis labels look there. It must not know what a chart shows.
"""

import math
from typing import Any, Literal

import altair as alt

from dashboard import labels

ROWS, ENDS = "rows", "ends"
"""The names of a chart's data sets."""

Text = dict[str, Any]

_EACH = {"minute": ((60, 10), (180, 30)), "hour": ((24, 3), (72, 6), (180, 24))}
_ROUND = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)


def chart(name: str = ROWS) -> alt.Chart:
    """A chart over a data set by its name, with the colour names that no row carries."""
    over: alt.Chart = alt.Chart(alt.NamedData(name)).transform_calculate(
        ink="'Ink'", accent="'Accent'", lock=f"'{labels.LOCK_HIT.name}'"
    )
    return over


def colour(field: str) -> alt.Color:
    """A colour that the theme fills in by the name in a field."""
    return alt.Color(f"{field}:N", scale=alt.Scale(domain=list(labels.CHART_NAMES)), legend=None)


def pale_unless_whole(pale: float) -> alt.Opacity:
    """Full for rows whose `whole` is true, else pale."""
    return alt.Opacity("whole:N", scale=alt.Scale(domain=[True, False], range=[1, pale]), legend=None)


def tooltip(fields: dict[str, str]) -> list[alt.Tooltip]:
    """Fields under their titles, as the texts that they are."""
    return [alt.Tooltip(field=field, type="nominal", title=title) for field, title in fields.items()]


def touch(base: alt.Chart, fields: dict[str, str], cursor: Literal["default", "pointer"] = "default") -> alt.Chart:
    """What the pointer meets: each bucket's whole height, unseen, so that nobody has to hit a thin line."""
    unseen: alt.Chart = base.mark_rect(opacity=0, cursor=cursor).encode(
        tooltip=tooltip(fields), description=alt.Description("said:N")
    )
    return unseen


def counts(text: Text, ticks: int = 4) -> alt.Axis:
    """An axis of counts: whole numbers, none twice."""
    return alt.Axis(title=None, tickMinStep=1, format=",d", tickCount=ticks, **text)


def plain(text: Text) -> alt.Axis:
    """An axis of amounts whose unit stands in the card's text."""
    return alt.Axis(title=None, format=",~r", tickCount=5, **text)


def percents(text: Text) -> alt.Axis:
    """An axis of fractions, shown as percentages."""
    return alt.Axis(title=None, format=".0%", tickCount=5, **text)


def time(interval: str, count: int, text: Text) -> alt.X:
    """Equal steps, one a bucket. Labels are read off the wall-clock text as if it were UTC: no zone plays a part."""
    label = f"utcFormat(toDate(slice(datum.value, 0, 16) + 'Z'), {_format(interval, count)})"
    axis = alt.Axis(title=None, grid=False, ticks=False, labelAngle=0, labelOverlap="greedy", labelSeparation=6,
                    labelExpr=label, **text)  # fmt: skip
    return alt.X("at:O", axis=axis, scale=alt.Scale(paddingInner=0.22, paddingOuter=0.1))


def so_far(base: alt.Chart, y: alt.Y) -> alt.Chart:
    """The words over the bucket that is still filling, or under it where its row says `under`."""
    words: alt.Chart = (
        base.transform_calculate(words="'so far'")
        .transform_filter("datum.state === 'so far'")
        .mark_text(dy=alt.expr("datum.under ? 15 : -9"), fontSize=11, aria=False)
        .encode(y=y, text="words:N", color=colour("ink"))
    )
    return words


def round_top(value: float) -> float:
    """A round number that is not below the value: where an axis ends, so that it seldom moves."""
    power = 10.0 ** math.floor(math.log10(max(value, 1e-9)))
    return next(step * power for step in _ROUND if step * power >= value)


def _format(interval: str, count: int) -> str:
    """A Vega expression for the time format of one label: the date at midnight, few of the others, else nothing."""
    if interval not in _EACH:
        return "'%b %Y'" if interval == "month" else "'%d %b'"
    step = next((step for most, step in _EACH[interval] if count <= most), 24)
    start = 14 if interval == "minute" else 11
    midnight = "slice(datum.value, 11, 16) === '00:00'"
    return f"{midnight} ? '%d %b' : +slice(datum.value, {start}, {start + 2}) % {step} ? '' : '%H:%M'"

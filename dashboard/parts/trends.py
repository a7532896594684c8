"""The Overview's cards over time, and the funnel: what became of sign-ups, how often it went well, how long it took.

Each function draws the inside of one card. It must not count.
"""

import streamlit as st

from dashboard import charts, labels, rows, said, state
from dashboard.parts import cards, links
from dashboard.parts.view import View
from signup.measure.figures import count, duration, percent
from signup.words import FUNNEL, MEASURES

GAP = "\u2003"
_TOO_FEW_FINISHED = "Too few finished sign-ups per bucket for a rate. Choose a longer range or a wider interval."


def outcomes(view: View) -> None:
    """Bars by start time; under them the way to the sign-ups of the one that was pressed."""
    now = view.numbers.now
    with st.container(horizontal=True, gap="small", key="outcome_totals"):
        for name in view.chosen:
            share = labels.quiet(percent(_of(now[name], now["started"])))
            told = f"{labels.OUTCOME[name].badge()} {count(now[name])} {share}"
            st.markdown(told, width="content", help=labels.counted(name))
    if not now["started"]:
        _nothing(view)
        return
    chart = charts.outcomes(rows.outcomes(view.cut, view.chosen), view.asked.interval, dark=view.dark)
    event = st.vega_lite_chart(
        spec=charts.sent(chart),
        key="outcomes",
        on_select="rerun",
        alt=said.outcomes(now),
    )
    picked = event.selection.get(charts.BUCKET)
    _behind(view, picked[0]["at"] if picked else "")


def _behind(view: View, at: str) -> None:
    """A link and no jump: a jump would leave its window in the address of this page too, where a step back ends."""
    window = view.window(at)
    bucket = next((row for row in view.cut if row["at"] == at), view.numbers.now)
    n = sum(bucket[name] for name in view.chosen)
    many = f"{count(n)} sign-{'up' if n == 1 else 'ups'}"
    label = f"See the {many} of {bucket['when']}" if window else f"See the {many} · click a bar to narrow"
    links.see(links.SIGNUPS, label, view.filters.address(**(window or {})))


def funnel(view: View) -> None:
    """Five steps; what never got in stands under it."""
    now = view.numbers.now
    if now["started"]:
        drawn = charts.funnel(rows.funnel(now["funnel"], FUNNEL), dark=view.dark)
        st.vega_lite_chart(spec=charts.sent(drawn), key="funnel_chart", alt=said.funnel(now))
    else:
        cards.note("No sign-ups match.", height=charts.OUTCOMES_HEIGHT)
    hits = labels.LOCK_HIT.badge(f"{count(now['lockHits'])} lock {'hit' if now['lockHits'] == 1 else 'hits'}")
    outside = labels.quiet("outside the funnel: no request was sent")
    st.markdown(f"{hits} {outside}", help=labels.counted("lockHits"))


def success(view: View) -> None:
    """The rate of each bucket against the period before."""
    now, before = view.numbers.now, view.numbers.before
    drawn = rows.success(view.cut, rows.earlier(view.cut, before["series"] if before else (), view.asked))
    drawable = sum(row["rate"] is not None for row in drawn) > 1
    axis = f" · y from {charts.lowest(drawn):.0%}" if drawable else ""
    earlier = f"╌╌ {view.filters.before.removeprefix('the ')} {_rate(before)}" if before else ""
    told = f":primary[**━━**] this period {_rate(now)}{GAP}:gray[{(earlier + axis).removeprefix(' · ')}]"
    st.markdown(told, help=labels.counted("Period before" if before else "successRate"))
    if not drawable:
        cards.note(_TOO_FEW_FINISHED, height=charts.SUCCESS_HEIGHT)
        return
    chart = charts.success(drawn, view.asked.interval, dark=view.dark, compared=bool(before))
    st.vega_lite_chart(
        spec=charts.sent(chart),
        key="success",
        alt=said.success(now, before),
    )


def latency(view: View) -> None:
    """How long Truecaller, the person and the profile take: three charts side by side."""
    asides = {"decisionSeconds": "line at 30 s: offer another way"}
    for column, metric in zip(st.columns(3), ("requestSeconds", "decisionSeconds", "profileSeconds"), strict=True):
        with column:
            _one_latency(view, metric, asides.get(metric, ""))


def latency_counted(view: View) -> str:
    """What one point of the latency stands for, for the card's first line."""
    interval, utc = rows.latency_interval(view.asked)
    return f"percentiles per {'UTC ' if utc else ''}{interval} of {rows.FEWEST} sign-ups or more"


def _one_latency(view: View, metric: str, aside: str) -> None:
    totals = view.numbers.now[metric]
    interval, utc = rows.latency_interval(view.asked)
    zone = rows.UTC if utc else view.asked.zone
    drawn, unit = rows.latency(view.numbers.now["latency"], metric, zone, interval)
    told = " · ".join(f"{p} **{duration(totals[p])}**" for p in ("p50", "p95", "p99"))
    drawable = sum(row["p50"] is not None for row in drawn) > 1
    about = " · ".join(filter(None, [unit, aside])) if drawable else ""
    title = f"{MEASURES[metric]} {labels.quiet('· ' + about)}" if about else MEASURES[metric]
    st.markdown(f"{title}  \n:small[{told} · n {count(totals['n'])}]", help=labels.counted(metric))
    if not drawable:
        cards.note("Too few per bucket to draw a line.", height=charts.LATENCY_HEIGHT)
        return
    st.vega_lite_chart(
        spec=charts.sent(charts.latency(drawn, interval, unit, dark=view.dark)),
        key=f"latency_{metric}",
        alt=said.latency(view.numbers.now, metric),
    )


def _rate(numbers: rows.Row) -> str:
    finished = numbers["started"] - numbers["open"]
    counts = f" ({count(numbers['completed'])} of {count(finished)})" if finished else ""
    return f"**{percent(numbers['successRate'])}**{counts}"


def _of(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _nothing(view: View) -> None:
    """No sign-up in the range or under the filters: say which, and the way out."""
    if not view.filters.narrowed:
        cards.note("No sign-ups in this range. Choose a longer one.", height=charts.OUTCOMES_HEIGHT, icon="event_busy")
        return
    with cards.room(charts.OUTCOMES_HEIGHT):
        st.markdown(":gray[:material/filter_alt_off:]", width="content")
        st.caption("No sign-ups match.", width="content")
        if st.button("Clear filters", key="clear_filters"):
            state.clear((state.COUNTRY, state.OUTCOME, state.CHANNEL))
            st.rerun()

"""The Overview's other cards: what the lock saved, errors with their cure, and the countries.

Each function draws the inside of one card. It must not count.
"""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard import charts, labels, rows, said, shared, state
from dashboard.parts import cards, links
from dashboard.parts.view import View
from signup.doctor.check import span
from signup.measure import compare
from signup.measure.figures import NOTHING, count, duration
from signup.phone import country_name

MOST_ERRORS = 5
MOST_COUNTRIES = 6
"""More are half a row further down: a table cut through a row shows that it scrolls."""
ROW = 36


def lock(view: View) -> None:
    """Starts that were refused: how many, of how many people, how soon they tried again."""
    now = view.numbers.now
    with st.container(horizontal=True, gap="medium", key="lock_figures"):
        for label, name, value in (
            ("Hits", "lockHits", count(now["lockHits"])),
            ("Numbers", "lockedNumbers", count(now["lockedNumbers"])),
            ("Calls saved", "callsSaved", count(now["callsSaved"])),
            ("Median retry", "retrySeconds", duration(now["retrySeconds"]["p50"])),
        ):
            st.metric(label, value, width="content", help=labels.counted(name))
    early = f" · {count(now['hitsBeforeDecision'])} before a decision" if now["lockHits"] else ""
    st.caption(f"How soon people try again{early}", help=labels.counted("hitsBeforeDecision"))
    if not now["retrySeconds"]["n"]:
        cards.note("No lock hits in this range.", height=charts.LOCK_HEIGHT, icon="lock_open")
        return
    st.vega_lite_chart(
        spec=charts.sent(charts.retries(rows.retries(view.numbers.retries), dark=view.dark)),
        key="retries",
        alt=said.retries(now),
    )


def lock_counted() -> str:
    """What the lock is, for the card's first line."""
    return f"{span(shared.services().settings.lock_seconds)} per number"


def errors(view: View) -> None:
    """At most five rows: how many and whether that changed, what to do, and the way to the sign-ups."""
    listed = rows.errors(view.numbers.now["errors"], view.filters.outcomes)
    if not listed:
        cards.note(said.no_errors(view.filters.outcomes), height=charts.SUCCESS_HEIGHT, icon="check_circle")
        return
    earlier = {_place(row): row["count"] for row in (view.numbers.before or {"errors": []})["errors"]}
    for row in listed[:MOST_ERRORS]:
        _error(view, row, earlier.get(_place(row), 0))
    if len(listed) > MOST_ERRORS:
        links.see(links.SIGNUPS, "All errors", view.filters.address(**{state.OUTCOME: "failed"}))


def countries(view: View) -> None:
    """Where the numbers come from, by number range; the busiest first."""
    found = view.numbers.countries
    if not found:
        cards.note("No sign-ups match.", height=charts.SUCCESS_HEIGHT)
        return
    column, rate = st.column_config, labels.counted("successRate")
    st.dataframe(
        pd.DataFrame([_country(row) for row in found]),
        key="countries",
        hide_index=True,
        row_height=ROW,
        height="content" if len(found) <= MOST_COUNTRIES else ROW * (MOST_COUNTRIES + 1) + ROW // 2,
        placeholder=NOTHING,
        column_config={
            "Country": column.TextColumn(width=92, help=labels.counted("byCountry")),
            "Started": column.NumberColumn(width=58, format="localized", help=labels.counted("started")),
            "Success rate": column.ProgressColumn(width=108, min_value=0, max_value=100, format="%.1f%%", help=rate),
            "Of finished": column.TextColumn(width=98, help=rate),
            "Median": column.NumberColumn(width=58, format="%.1f s", help=labels.counted("decisionSeconds")),
            "Failed": column.NumberColumn(width=50, format="localized", help=labels.counted("failed")),
        },
        alt=f"{len(found)} countries; most sign-ups from {country_name(found[0]['country'])}",
    )
    st.caption("The country of the number range, whatever the carrier is today.")


def _country(row: rows.Row) -> dict[str, Any]:
    finished = row["started"] - row["open"]
    return {
        "Country": country_name(row["country"]),
        "Started": row["started"],
        "Success rate": None if row["successRate"] is None else row["successRate"] * 100,
        "Of finished": f"{count(row['completed'])} of {count(finished)}" if finished else None,
        "Median": row["decisionSeconds"]["p50"],
        "Failed": row["failed"],
    }


def _error(view: View, row: rows.Row, earlier: int) -> None:
    what, cure, way = st.columns([5, 11, 3], vertical_alignment="center")
    counted = "" if row["inErrorRate"] else labels.quiet("a warning")
    told = f"**{count(row['count'])}** {_moved(view, row['count'], earlier)} {counted}"
    what.markdown(f"{told}  \n:small[{row['step']} · `{row['code']}`]")
    cure.markdown(f":small[{row['cure']}]")
    with way:
        if row["step"] == "callback":
            everyone = dict.fromkeys((state.COUNTRY, state.OUTCOME, state.CHANNEL), "")
            kind = {state.KIND: "callback.quarantined"}
            links.see(links.AUDIT, "See them", view.filters.address(**everyone, **kind))
        else:
            ended = row["inErrorRate"]
            whom = {state.OUTCOME: "failed" if ended else "", state.WARNED: "" if ended else "1"}
            place = {state.STEP: row["step"], state.CODE: row["code"]}
            links.see(links.SIGNUPS, "See them", view.filters.address(**whom, **place))


def _moved(view: View, now: int, before: int) -> str:
    """How the row moved as a small badge: coloured only when it is more than noise, absent without a period before."""
    change = compare.change_of_errors(now, before)
    if not view.numbers.before or not view.numbers.before["started"] or change.text is None:
        return ""
    if not change.clear:
        return f":gray-badge[{change.text}]"
    worse = change.direction == "up"
    return labels.badge(
        f"{abs(now - before)}", "red" if worse else "green", "arrow_upward" if worse else "arrow_downward"
    )


def _place(row: rows.Row) -> tuple[str, str, bool]:
    return row["step"], row["code"], row["inErrorRate"]

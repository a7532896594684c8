"""The filters that several pages share, kept in the address: range, interval, country, outcome, channel.

Each function draws one control and returns what it holds; `Filters` is the whole row read at once. The same key means
the same on every page and starts at the same default (28 days, everything). It must not count.
"""

from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from dashboard import labels, state, times
from signup.errors import UsageWrong
from signup.measure import calendar
from signup.measure.question import NOTHING, PERIOD, YEAR, Question, question
from signup.phone import country_name

DEFAULT_RANGE = "28d"
CUSTOM = "custom"
RANGES = (*calendar.PRESETS, CUSTOM)
AUTO = "auto"
LABEL = 30
EARLIEST, LATEST = datetime(2000, 1, 1), datetime(2099, 12, 31, 23, 59)  # noqa: DTZ001  wall-clock times
COMPARISONS = {PERIOD: "Against period before", YEAR: "Against a year before", NOTHING: "No comparison"}
_BEFORE = {"1h": "the hour before", "24h": "the 24 h before", "7d": "the 7 d before", "28d": "the 28 d before"}


@dataclass(frozen=True)
class Filters:
    """What the visitor chose. `start` and `end`: of a custom range, wall-clock times of `zone`; the second of two equal
    hours has its offset."""

    range: str
    start: datetime | None = None
    end: datetime | None = None
    interval: str | None = None
    countries: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    zone: str = times.UTC
    compare: str = PERIOD

    @property
    def before(self) -> str:
        """What it is compared with, in words."""
        return "the same time 52 weeks before" if self.compare == YEAR else _BEFORE.get(self.range, "the period before")

    def question(self) -> Question:
        """The same as a question to the numbers."""
        return question(
            from_=self.start.isoformat() if self.start else None,
            to=self.end.isoformat() if self.end else None,
            tz=self.zone,
            interval=self.interval,
            country=self.countries,
            channel=self.channels,
            outcome=self.outcomes,
            preset=None if self.range == CUSTOM else self.range,
            against=self.compare,
        )

    @property
    def narrowed(self) -> bool:
        """True when a country, a channel or an outcome is chosen."""
        return bool(self.countries or self.outcomes or self.channels)

    def moves(self, now: datetime) -> bool:
        """False for a range that lies in the past: its numbers stand still."""
        end = self.question().end
        return end is None or end > now

    def address(self, **more: str) -> dict[str, str | list[str]]:
        """The query string that opens another page with these filters; `more` replaces or adds, "" leaves one out."""
        parts: dict[str, str | list[str]] = {
            state.RANGE: "" if self.range == DEFAULT_RANGE else self.range,
            state.FROM: self.start.isoformat(timespec="minutes") if self.start else "",
            state.TO: self.end.isoformat(timespec="minutes") if self.end else "",
            state.COUNTRY: list(self.countries),
            state.OUTCOME: list(self.outcomes),
            state.CHANNEL: list(self.channels),
            state.UTC: "1" if state.is_on(state.UTC) else "",
            **more,
        }
        return {key: value for key, value in parts.items() if value}

    def whole_address(self) -> dict[str, str | list[str]]:
        """The same with what only the Overview has."""
        compare = "" if self.compare == PERIOD else self.compare
        return self.address(**{state.INTERVAL: self.interval or "", state.COMPARE: compare})


def row(countries: list[str], channels: list[str], now: datetime) -> Filters:
    """The whole row, as the Overview has it. It scrolls sideways where it does not fit."""
    zone = times.shown_zone()
    line = st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall", key="filters")
    with line:
        chosen = period()
    start, end = ends(chosen)
    with line:
        return Filters(
            range=chosen,
            start=start,
            end=end,
            interval=interval(_drawable(Filters(chosen, start, end, zone=zone).question(), now)),
            countries=country(countries),
            outcomes=outcome(),
            channels=channel(channels),
            zone=zone,
            compare=comparison(),
        )


def period() -> str:
    """The range by its code."""
    state.one(state.RANGE, RANGES, DEFAULT_RANGE)
    chosen = st.segmented_control(
        "Range",
        RANGES,
        required=True,
        key=state.RANGE,
        format_func={**{code: f"{code[:-1]} {code[-1]}" for code in calendar.PRESETS}, CUSTOM: "Custom"}.__getitem__,
        on_change=state.keep,
        args=(state.RANGE, DEFAULT_RANGE),
        label_visibility="collapsed",
    )
    return chosen or DEFAULT_RANGE


def ends(chosen: str) -> tuple[datetime | None, datetime | None]:
    """Both ends of a custom range, in a line of their own: they would push the other filters off the screen."""
    if chosen != CUSTOM:
        return None, None
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="ends"):
        return _moment("from", state.FROM), _moment("to", state.TO)


def interval(drawable: list[str]) -> str | None:
    """How wide a bucket is; None chooses by the range. Only what a chart can show is offered."""
    options = [AUTO, *drawable]
    state.one(state.INTERVAL, options, AUTO)
    chosen = st.selectbox(
        "Interval",
        options,
        key=state.INTERVAL,
        format_func=lambda code: "Auto interval" if code == AUTO else f"By {code}",
        on_change=state.keep,
        args=(state.INTERVAL, AUTO),
        label_visibility="collapsed",
        width=140,
    )
    return None if chosen == AUTO else chosen


def comparison() -> str:
    """What the numbers are compared with: one of COMPARISONS."""
    state.one(state.COMPARE, COMPARISONS, PERIOD)
    chosen = st.selectbox(
        "Compared with",
        list(COMPARISONS),
        key=state.COMPARE,
        format_func=COMPARISONS.__getitem__,
        on_change=state.keep,
        args=(state.COMPARE, PERIOD),
        label_visibility="collapsed",
        width=200,
    )
    return str(chosen)


def country(known: list[str]) -> tuple[str, ...]:
    """Countries by number range; none means all."""
    names = {code: country_name(code) for code in known}
    return _several("Country", state.COUNTRY, dict(sorted(names.items(), key=lambda item: item[1])), "All countries")


def outcome() -> tuple[str, ...]:
    """Outcomes; none means all."""
    return _several(
        "Outcome", state.OUTCOME, {code: look.name for code, look in labels.OUTCOME.items()}, "All outcomes"
    )


def channel(known: list[str]) -> tuple[str, ...]:
    """Channels; none means all."""
    return _several("Channel", state.CHANNEL, {code: code for code in known}, "All channels")


def _several(label: str, key: str, names: dict[str, str], everything: str) -> tuple[str, ...]:
    state.many(key, names)
    chosen = st.multiselect(
        label,
        list(names),
        key=key,
        format_func=names.__getitem__,
        max_selections=state.MOST_VALUES,
        placeholder=everything,
        on_change=state.keep,
        args=(key,),
        label_visibility="collapsed",
        width=190,
    )
    return tuple(chosen)


def _moment(label: str, key: str) -> datetime | None:
    state.moment(key, EARLIEST, LATEST)
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall", width="content"):
        st.markdown(labels.quiet(label), width=LABEL)
        chosen = st.datetime_input(
            label.capitalize(),
            value=None,
            min_value=EARLIEST,
            max_value=LATEST,
            key=key,
            format="YYYY-MM-DD",
            step=60,
            on_change=state.keep,
            args=(key,),
            label_visibility="collapsed",
            width=196,
        )
    written = state.written(key)
    with_offset = written and written.tzinfo and times.wall(written, times.zone()) == chosen
    return written if with_offset else chosen


def _drawable(asked: Question, now: datetime) -> list[str]:
    """The intervals worth offering; all of them while a custom range makes no sense yet."""
    try:
        settled = asked.settled(now)
    except UsageWrong:
        return list(calendar.INTERVALS)
    return calendar.drawable_intervals(settled.start, settled.end)

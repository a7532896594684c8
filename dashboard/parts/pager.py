"""Where a visitor is in a long list, newest first: the live page at its top, or an older one that stands still.

    place = pager.here("events", asked, str.isdecimal)
    ...  # rows older than place.before
    pager.footer(place, "1,253 events match", ...)

Pages are cut by a row, never by a position: nothing is shown twice or left out while new rows arrive. That row stands
in the address (`?before=`). Off the live page new rows are only counted, in a line that is always there. It must not
read anything.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from dashboard import state
from signup.measure.figures import count, up_to
from signup.record.log import MOST_COUNTED

PAGE = 200


@dataclass(frozen=True)
class Place:
    """`about`: what was asked for. `trail`: the last row of each page passed, as the address names it; the first
    `depth` of them lie before this page, the others a step back left behind. `top`: the newest row when the live page
    was left; None on it, and to whom an address led straight to an older page, as one that `jumped` there: how many
    rows lie before it nobody knows."""

    name: str
    about: Any
    trail: tuple[str, ...] = ()
    depth: int = 0
    top: Any = None
    jumped: bool = False

    @property
    def cursors(self) -> tuple[str, ...]:
        """The last row of each page before this one."""
        return self.trail[: self.depth]

    @property
    def before(self) -> str | None:
        """The row that this page begins after; None on the first page."""
        return self.cursors[-1] if self.cursors else None

    @property
    def live(self) -> bool:
        """Whether new rows are shown as they come."""
        return self.top is None and not self.cursors

    def shown(self, rows: int) -> str:
        """1–200, for so many rows on this page."""
        if self.jumped:
            return f"{count(rows)} older ones"
        first = len(self.cursors) * PAGE
        return f"{count(first + 1)}–{count(first + rows)}" if rows else "0"

    def older(self, cursor: str, top: Any) -> "Place":
        """The page after this one, which ends with `cursor`."""
        trail = (*self.cursors, cursor)
        return replace(self, trail=trail, depth=len(trail), top=top if self.live else self.top)

    def newer(self) -> "Place":
        """The page before this one."""
        return self.at(self.cursors[-2] if self.cursors[1:] else None)

    def at(self, before: str | None) -> "Place":
        """The page that begins after this row: one of those passed, or any other."""
        if before is None:
            return replace(self, trail=() if self.jumped else self.trail, depth=0, jumped=False)
        if before in self.trail:
            return replace(self, depth=self.trail.index(before) + 1)
        return replace(self, trail=(before,), depth=1, jumped=True)

    def settled(self, newest: Any, *, follow: bool) -> "Place":
        """Live on the first page of a list that is followed; anywhere else the top is held."""
        if follow and not self.cursors:
            return replace(self, top=None)
        return replace(self, top=newest) if self.top is None else self


def here(name: str, about: Any, fits: Callable[[str], object]) -> Place:
    """Where the visitor is, by the address. `fits`: whether a text names a row."""
    place = state.value(_key(name))
    known = place if isinstance(place, Place) and place.about == about else Place(name, about)
    return known.at(state.place(fits))


def hold(place: Place) -> None:
    """Remember what the address does not tell of it."""
    state.remember(_key(place.name), place)


def go(place: Place) -> None:
    """Be there from now on."""
    hold(place)
    state.go_to(place.before)


def footer(place: Place, told: str, *, end: str | None, top: Any, fresh: int, thing: str) -> None:
    """What is shown, and the ways on. `end`: the last row when there are older ones; `fresh`: how many are newer than
    the held top, which is `top` when this page is the live one."""
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key=f"{place.name}_footer"
    ):
        st.caption(told, width="content")
        with st.container(horizontal=True, width="content", vertical_alignment="center", gap="xsmall"):
            if not place.live:
                _fresh(place, fresh, thing)
            _turn("Newer", "chevron_left", place, place.newer(), possible=bool(place.cursors))
            _turn("Older", "chevron_right", place, place.older(end or "", top), possible=end is not None)


def _fresh(place: Place, fresh: int, thing: str) -> None:
    many = thing if fresh == 1 else f"{thing}s"
    st.button(
        f"{up_to(fresh, MOST_COUNTED)} new {many}" if fresh else f"No new {many}",
        key=f"{place.name}_fresh",
        icon=":material/arrow_upward:",
        disabled=not fresh and not place.cursors,
        help="Back to the newest",
        on_click=go,
        args=(Place(place.name, place.about),),
    )


def _turn(label: str, icon: str, place: Place, to: Place, *, possible: bool) -> None:
    st.button(
        label,
        key=f"{place.name}_{label.lower()}",
        type="tertiary",
        icon=f":material/{icon}:",
        icon_position="right" if label == "Older" else "left",
        disabled=not possible,
        on_click=go,
        args=(to,),
    )


def _key(name: str) -> str:
    return f"place_{name}"

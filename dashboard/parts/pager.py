"""Where a visitor is in a long list, newest first: the live page at its top, or an older one that stands still.

    place = pager.here("events", asked)
    ...  # rows older than place.before
    pager.footer(place, "1,253 events match", ...)

Pages are cut by a row, never by a position: nothing is shown twice or left out while new rows arrive. Off the live
page new rows are only counted, in a line that is always there. It must not read anything.
"""

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from dashboard import state
from signup.measure.figures import count, up_to
from signup.record.log import MOST_COUNTED

PAGE = 200


@dataclass(frozen=True)
class Place:
    """`about`: what was asked for. `cursors`: the last row of each page passed. `top`: the newest row when the live
    page was left, None on it."""

    name: str
    about: Any
    cursors: tuple[Any, ...] = ()
    top: Any = None

    @property
    def before(self) -> Any:
        """The row that this page begins after; None on the first page."""
        return self.cursors[-1] if self.cursors else None

    @property
    def live(self) -> bool:
        """Whether new rows are shown as they come."""
        return self.top is None

    def shown(self, rows: int) -> str:
        """1–200, for so many rows on this page."""
        first = len(self.cursors) * PAGE
        return f"{count(first + 1)}–{count(first + rows)}" if rows else "0"

    def older(self, cursor: Any, top: Any) -> "Place":
        """The page after this one, which ends with `cursor`."""
        return replace(self, cursors=(*self.cursors, cursor), top=top if self.live else self.top)

    def newer(self) -> "Place":
        """The page before this one."""
        return replace(self, cursors=self.cursors[:-1])

    def settled(self, newest: Any, *, follow: bool) -> "Place":
        """Live on the first page of a list that is followed; anywhere else the top is held."""
        if follow and not self.cursors:
            return replace(self, top=None)
        return replace(self, top=newest) if self.live else self


def here(name: str, about: Any) -> Place:
    """Where the visitor is; another question begins at the top."""
    place = state.value(_key(name))
    return place if isinstance(place, Place) and place.about == about else Place(name, about)


def go(place: Place) -> None:
    """Be there from now on."""
    state.remember(_key(place.name), place)


def footer(place: Place, told: str, *, end: Any, top: Any, fresh: int, thing: str) -> None:
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
            _turn("Older", "chevron_right", place, place.older(end, top), possible=end is not None)


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

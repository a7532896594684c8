"""The one card that every page is made of, and what stands in it when there is nothing to draw.

    with cards.card("Funnel", "every sign-up of the range", key="funnel", told=labels.counted("funnel")):
        ...

A card keeps its height whatever it holds, and fails alone. It must not know what the numbers mean.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import labels
from signup.errors import SignupError

LOG = logging.getLogger(__name__)
ERROR = ":red[:material/error:]"
FAULT = "This could not be drawn: the program's log says where it failed. The rest of the page is right."


@contextmanager
def card(title: str, counted: str = "", *, key: str, told: str | None = None) -> Iterator[None]:
    """A bordered container whose first line says what it is and what is counted; `told`: how, behind a help sign.

    Whatever goes wrong inside is told there, and the other cards live on.
    """
    with st.container(border=True, gap="xsmall", height="stretch", key=key):
        st.markdown(f"**{title}** {labels.quiet('· ' + counted)}" if counted else f"**{title}**", help=told)
        with guarded():
            yield


@contextmanager
def guarded() -> Iterator[None]:
    """What is drawn inside fails alone: one sentence stands where it ended, an unexpected fault goes into our log."""
    try:
        yield
    except SignupError as problem:
        _says(problem.sentence)
    except Exception:  # a fault in one card is no reason to show none
        LOG.exception("A part of a page met a fault; the rest is drawn.")
        _says(FAULT)


def note(sentence: str, *, height: int, icon: str = "query_stats") -> DeltaGenerator:
    """One quiet sentence in the room where a chart would stand; the room, for a way on under the sentence."""
    box = room(height)
    box.markdown(f":gray[:material/{icon}:]", width="content")
    box.caption(sentence, width="content", text_alignment="center")
    return box


def broken(problem: SignupError, *, height: int) -> None:
    """What failed and what to do, in the room where a chart would stand."""
    with room(height):
        _says(problem.sentence)


def room(height: int) -> DeltaGenerator:
    """As much room as a chart of that height takes, its content in the middle."""
    return st.container(height=height, border=False, horizontal_alignment="center", vertical_alignment="center")


def _says(sentence: str) -> None:
    st.markdown(ERROR, width="content")
    st.markdown(sentence, width="content", text_alignment="center")

"""The one card that every page is made of, and what stands in it when there is nothing to draw.

    with cards.card("Funnel", "every sign-up of the range", key="funnel", told=labels.counted("funnel")):
        ...

A card keeps its height whatever it holds. It must not know what the numbers mean.
"""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import labels
from signup.errors import SignupError


def card(title: str, counted: str = "", *, key: str, told: str | None = None) -> DeltaGenerator:
    """A bordered container whose first line says what it is and what is counted; `told`: how, behind a help sign."""
    box = st.container(border=True, gap="xsmall", height="stretch", key=key)
    box.markdown(f"**{title}** {labels.quiet('· ' + counted)}" if counted else f"**{title}**", help=told)
    return box


def note(sentence: str, *, height: int, icon: str = "query_stats") -> DeltaGenerator:
    """One quiet sentence in the room where a chart would stand; the room, for a way on under the sentence."""
    box = room(height)
    box.markdown(f":gray[:material/{icon}:]", width="content")
    box.caption(sentence, width="content", text_alignment="center")
    return box


def broken(problem: SignupError, *, height: int) -> None:
    """What failed and what to do, in the room where a chart would stand."""
    with room(height):
        st.markdown(":red[:material/error:]", width="content")
        st.markdown(problem.sentence, width="content", text_alignment="center")


def room(height: int) -> DeltaGenerator:
    """As much room as a chart of that height takes, its content in the middle."""
    return st.container(height=height, border=False, horizontal_alignment="center", vertical_alignment="center")

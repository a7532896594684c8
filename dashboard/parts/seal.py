"""The card at the top of the Audit log: how many events are sealed, and the head that stands for all of them.

It must not claim more than a seal does.
"""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from signup.measure.figures import count
from signup.record.log import Head

WHAT_A_SEAL_DOES = (
    "The head is computed from every event in order: one that is changed, added or taken out later no longer fits it."
)


def card() -> tuple[DeltaGenerator, DeltaGenerator]:
    """The card: the place of its words and the place of its buttons."""
    with st.container(
        border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="seal"
    ):
        words = st.container(width="content", gap=None)
        buttons = st.container(horizontal=True, width="content", vertical_alignment="center", gap="small")
    return words, buttons


def tell(head: Head) -> None:
    """How far the log is sealed."""
    events = "1 event" if head.seq == 1 else f"{count(head.seq)} events"
    st.markdown(f":green[:material/verified:] **{events}, sealed** · head `{short(head.root)}`")
    st.caption(WHAT_A_SEAL_DOES)


def copy(head: Head) -> None:
    """The whole head, to copy."""
    with st.popover("Copy head", icon=":material/content_copy:", type="tertiary", key="copy_head"):
        st.caption(f"The head after {count(head.seq)} events:")
        st.code(head.root, language=None, wrap_lines=True)


def short(root: str) -> str:
    """7f3a 91c2 … e04b"""
    return f"{root[:4]} {root[4:8]} … {root[-4:]}"

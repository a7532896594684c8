"""A card keeps what goes wrong in it to itself."""

import logging

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.parts import cards


def page_of_three_cards() -> None:
    import streamlit as st

    from dashboard.parts import cards
    from signup.errors import StoreUnavailable

    with cards.card("Told", key="told"):
        raise StoreUnavailable("The database is locked by another program: try again in a moment.")
    with cards.card("Untold", "what nobody expected", key="untold"):
        st.markdown("the first half")
        raise ZeroDivisionError("+46701234567")
    with cards.card("Whole", key="whole"):
        st.markdown("drawn")


def test_a_broken_card_says_one_sentence_and_the_others_live_on(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    page = AppTest.from_function(page_of_three_cards).run()
    assert not page.exception
    told, untold, whole = (
        [text.value for text in page.container(key=key).markdown] for key in ("told", "untold", "whole")
    )
    assert told == ["**Told**", cards.ERROR, "The database is locked by another program: try again in a moment."]
    assert untold[1:] == ["the first half", cards.ERROR, cards.FAULT]
    assert whole == ["**Whole**", "drawn"]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


def page_that_begins_anew_from_a_card() -> None:
    import streamlit as st

    from dashboard import state
    from dashboard.parts import cards

    with cards.card("Once", key="once"):
        if not state.value("again"):
            state.remember("again", True)
            st.rerun()
        st.markdown("anew")


def test_a_card_may_begin_the_page_anew() -> None:
    page = AppTest.from_function(page_that_begins_anew_from_a_card).run()
    assert [text.value for text in page.markdown] == ["**Once**", "anew"]

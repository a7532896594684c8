"""The filters in the address, when the address changes under a page's hands."""

from streamlit.testing.v1 import AppTest


def page_whose_address_changes_while_it_is_drawn() -> None:
    import streamlit as st

    from dashboard import state, times

    state.flag(state.UTC)
    st.toggle("UTC", key=state.UTC)
    st.query_params[state.UTC] = "1"
    st.text(times.shown_zone())


def test_going_back_while_a_page_is_drawn_breaks_nothing():
    page = AppTest.from_function(page_whose_address_changes_while_it_is_drawn).run()
    assert not page.exception
    assert [text.value for text in page.text] == ["UTC"]

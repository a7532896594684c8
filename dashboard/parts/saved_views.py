"""Saved views, in the header of a page with filters: open one, keep the screen's filters as one, rename, remove.

A view is the page's address under a name, for everybody (signup/measure/views.py). A name is somebody's free text: it
is shown as it is written and never read as Markdown. Nothing is read from the database until the panel is open.
"""

from collections.abc import Callable, Mapping

import streamlit as st

from dashboard import labels, shared, state
from dashboard.parts import links, signup_filters
from signup.errors import SignupError
from signup.measure import views
from signup.measure.views import LONGEST_NAME, SavedView

ACTOR = "user:local"
PANEL, NAME, NEW_NAME, ASKED, OPENED = "views_panel", "view_name", "view_new_name", "view_asked", "view_opened"
PAGES = {"overview": (links.OVERVIEW, "Overview"), "signups": (links.SIGNUPS, "Sign-ups")}
LIST_HEIGHT, MOST_AT_ONCE = 320, 7
RENAME, REMOVE = "rename", "remove"

Address = Mapping[str, str | list[str]]


def show(page: str, address: Address) -> None:
    """The button and its panel. `page`: one of PAGES; `address`: what a view saved here would keep."""
    panel = st.popover("Views", icon=":material/bookmarks:", key=PANEL, on_change="rerun")
    if panel.open:
        with panel:
            st.fragment(_inside)(page, address)


def _inside(page: str, address: Address) -> None:
    if state.value(OPENED):
        state.remember(OPENED, False)
        st.rerun()  # the whole page: its filters are others now
    try:
        known = views.every(shared.services())
    except SignupError as problem:
        st.error(problem.sentence, icon=":material/error:")
        return
    st.caption("A page's filters under a name. Everyone who uses this dashboard sees them.")
    asked, about = state.value(ASKED) or (None, None)
    with st.container(height=LIST_HEIGHT if len(known) > MOST_AT_ONCE else "content", border=False, gap="xsmall"):
        for view in known:
            if view.page != page:
                continue
            if view.id != about:
                _row(view, shown=view.address == _listed(address))
            elif asked == RENAME:
                _rename(view)
            else:
                _remove(view)
        _elsewhere([view for view in known if view.page != page])
    _save(page, address)


def _row(view: SavedView, *, shown: bool) -> None:
    """A button and no link: Streamlit shows every link to where one is as chosen."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"view_{view.id}"):
        with st.container():
            icon = ":material/check:" if shown else ":material/bookmark:"
            name = labels.literal(view.name)
            st.button(name, icon=icon, type="tertiary", key=f"open_{view.id}", on_click=_open, args=(view,))
        for what, icon in ((RENAME, "edit"), (REMOVE, "delete")):
            st.button(
                what.capitalize(),
                icon=f":material/{icon}:",
                type="tertiary",
                key=f"{what}_{view.id}",
                help=f"{what.capitalize()} {name}",
                on_click=state.remember,
                args=(ASKED, (what, view.id)),
            )


def _elsewhere(others: list[SavedView]) -> None:
    """The views of other pages, which are renamed and removed there."""
    for page in dict.fromkeys(view.page for view in others):
        path, title = PAGES[page]
        st.markdown(labels.quiet(title))
        for view in others:
            if view.page == page:
                name, address = labels.literal(view.name), dict(view.address)
                st.page_link(path, label=name, icon=":material/bookmark:", query_params=address, width="stretch")


def _open(view: SavedView) -> None:
    state.put(view.address, views.PAGES[view.page])
    if PAGES[view.page][0] == links.SIGNUPS:
        state.remember(signup_filters.SEARCH, "")  # while something is searched the filters play no part
    state.remember(PANEL, False)
    state.remember(OPENED, True)


def _rename(view: SavedView) -> None:
    with st.form(f"rename_form_{view.id}", border=False):
        st.text_input("New name", value=view.name, key=f"{NEW_NAME}_{view.id}", max_chars=LONGEST_NAME)
        with st.container(horizontal=True, gap="xsmall"):
            st.form_submit_button("Rename", type="primary", on_click=_renamed, args=(view.id,))
            st.form_submit_button("Keep the name", key="keep_name", on_click=state.remember, args=(ASKED, None))


def _remove(view: SavedView) -> None:
    st.text(view.name)
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.button("Remove for everybody", type="primary", key="remove_view", on_click=_removed, args=(view.id,))
        st.button("Keep it", key="keep_view", on_click=state.remember, args=(ASKED, None))


def _save(page: str, address: Address) -> None:
    with st.form("save_view_form", border=False):
        st.text_input("Name", key=NAME, max_chars=LONGEST_NAME, placeholder="A name for what is chosen now")
        st.form_submit_button(
            "Save this view", icon=":material/bookmark_add:", type="primary", on_click=_keep, args=(page, address)
        )
    st.markdown(
        labels.quiet("It keeps the filters, not the search. The audit log records that it was saved, not its name.")
    )


def _keep(page: str, address: Address) -> None:
    name = str(state.value(NAME, ""))
    if _done(lambda: views.save(shared.services(), name, page, address, ACTOR)):
        state.remember(NAME, "")


def _renamed(view_id: str) -> None:
    name = str(state.value(f"{NEW_NAME}_{view_id}", ""))
    if _done(lambda: views.rename(shared.services(), view_id, name, ACTOR)):
        state.remember(ASKED, None)


def _removed(view_id: str) -> None:
    _done(lambda: views.remove(shared.services(), view_id, ACTOR))
    state.remember(ASKED, None)


def _done(act: Callable[[], object]) -> bool:
    """Whether it could be done; else why not, in a toast."""
    try:
        act()
    except SignupError as problem:
        st.toast(problem.sentence, icon=":material/error:")
        return False
    return True


def _listed(address: Address) -> dict[str, list[str]]:
    """The address as a view keeps it."""
    return {key: sorted([value] if isinstance(value, str) else value) for key, value in address.items()}

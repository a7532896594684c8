"""The drawer of scenarios: play one that is shipped or a file of one's own, and save the sign-up shown as one.

On Try it, in sandbox mode only. Each step stands here once it is done, with what was expected where it differs. It must
not play anything in the page's own run.
"""

from pathlib import Path

import streamlit as st

from dashboard import shared, state
from dashboard.playing import Playing
from signup.errors import SignupError
from signup.scenario.record import recorded
from signup.scenario.story import Story, read

WIDTH = 560
OPEN, PICKED, FILE, PLAYING, WRONG = "scenarios_open", "scenario", "scenario_file", "scenario_playing", "scenario_wrong"
ACTOR = "user:local"
EVERY_SECONDS = 0.5
FINE_SIGN, WRONG_SIGN = ":green[:material/check:]", ":red[:material/close:]"
SHIPPED = Path(__file__).parents[2] / "sandbox" / "scenarios"


def button() -> None:
    """What opens the drawer."""
    st.button("Scenarios", icon=":material/playlist_play:", type="tertiary", key="scenarios", on_click=_open)


def show() -> None:
    """Draw the drawer when it was opened."""
    if state.value(OPEN):
        drawer = st.dialog(
            "Scenarios", position="right", width=WIDTH, icon=":material/playlist_play:", on_dismiss=_close
        )
        drawer(_inside)(st.query_params.get(state.SIGNUP))


def _open() -> None:
    state.remember(OPEN, True)


def _close() -> None:
    state.remember(OPEN, False)


def _inside(signup_id: str | None) -> None:
    st.caption("A story of the sandbox as a file: what is done, and what must come of it. See `docs/scenarios.md`.")
    files = {file.stem: file for file in sorted(SHIPPED.glob("*.json"))}
    st.selectbox("Shipped", list(files), key=PICKED, format_func=lambda name: name.replace("-", " ").capitalize())
    uploaded = st.file_uploader("Or your own file", type="json", key=FILE, max_upload_size=1)
    playing: Playing | None = state.value(PLAYING)
    st.button(
        "Play it",
        icon=":material/play_arrow:",
        type="primary",
        key="scenario_play",
        width="stretch",
        disabled=playing is not None and playing.running,
        on_click=_play,
        args=(uploaded.getvalue() if uploaded else None,),
    )
    if state.value(WRONG):
        st.error("Nothing was played.", icon=":material/error:")
        st.code(state.value(WRONG), language=None, wrap_lines=True)
    if playing:
        st.fragment(_told, run_every=EVERY_SECONDS if playing.running else None)(was_running=playing.running)
    if signup_id:
        _save(signup_id)


def _play(own: bytes | None) -> None:
    """Begin with the uploaded file, or with the shipped one that is picked."""
    state.remember(PLAYING, None)
    state.remember(WRONG, None)
    try:
        story: Story = read(own if own is not None else (SHIPPED / f"{state.value(PICKED)}.json").read_bytes())
    except SignupError as wrong:
        state.remember(WRONG, wrong.sentence)
        return
    state.remember(PLAYING, Playing(shared.services(), story, actor=ACTOR))


def _told(*, was_running: bool) -> None:
    """Each step that is done, then the end."""
    playing: Playing = state.value(PLAYING)
    running = playing.running
    steps = list(playing.steps)
    st.text(playing.story.name)  # somebody's words: a picture's address in them must not be fetched
    st.caption(f"{len(steps)} of {len(playing.story.steps)} steps")
    st.markdown("  \n".join(f"{WRONG_SIGN if step.expected else FINE_SIGN} {step.line}" for step in steps))
    if running:
        _at_work(playing.waits_for)
        st.button("Stop", icon=":material/stop_circle:", key="scenario_stop", on_click=playing.stop)
    elif playing.problem and playing.stopped:
        st.caption(playing.problem)
    elif playing.problem:
        st.error(playing.problem, icon=":material/error:")
    elif playing.ok:
        st.markdown(":green[:material/check_circle: All as expected.]")
    elif playing.differs:
        st.markdown(":red[:material/error: It differs at the last step.]")
    else:
        st.error("It ended without a word: look into the dashboard's log.", icon=":material/error:")
    if was_running and not running:
        st.rerun()  # stop looking every half second, and let another one begin


def _at_work(other: str | None) -> None:
    if other is None:
        st.markdown(":gray[:material/hourglass_top: It is being played.]")
    else:
        st.markdown(
            ":gray[:material/pause_circle: It waits: one scenario is played at a time, and this one is at work:]"
        )
        st.text(other)


def _save(signup_id: str) -> None:
    """The sign-up on the screen as a file. It holds no number, no token and no state: any way to fetch it will do."""
    try:
        made = recorded(shared.services(), signup_id)
    except SignupError as problem:
        st.markdown(f":small[:orange[:material/warning: {problem.sentence}]]")
        return
    if made:
        st.download_button(
            "Save as scenario",
            made,
            file_name=f"signup-{signup_id[:13]}.json",
            mime="application/json",
            icon=":material/download:",
            key="scenario_save",
            width="stretch",
            on_click="ignore",
            help="What was done with the sign-up on this page, and how it ended. Its number does not come along.",
        )

"""The card at the top of the Audit log: how far it is sealed and signed, when all of it was checked last, and what that
proves. From here it is checked at once, by a process of its own, and exported.

It must not claim more than a seal does.
"""

import streamlit as st

from dashboard import shared, times
from dashboard.jobs import FULL_CHECK, Job
from dashboard.parts import export_drawer
from signup import words
from signup.clock import moment
from signup.errors import SignupError
from signup.measure.figures import count
from signup.record import checkpoint, log, pins
from signup.record.checkpoint import Checkpoint
from signup.record.log import Head
from signup.record.pins import Full
from signup.services import Services

EVERY_SECONDS = 1
OWN_WORD = "A full rewrite by someone who owns the database is only found with a checkpoint kept elsewhere."
PROVES = """
- **Unchanged, in this order, and complete** up to a checkpoint: whoever changes, adds, moves or takes out an event
  cannot make the signed head fit again.
- **Not that it is true:** the program writes what it saw.
- Events newer than the last checkpoint **that left this machine** can still be rewritten by somebody with the database;
  older ones too by somebody who also holds the signing key. Keep the checkpoints elsewhere: the dashboard prints each
  one on stdout and keeps it in `data/checkpoints/`.
- Give an auditor the key's id yourself, not through the export: then a log rewritten with another key is found.
- Every night all of it is checked again. *Verify now* does the same.
"""


def show() -> None:
    """Draw the card; it follows the log by itself."""
    with st.container(border=True, key="seal"):
        st.fragment(_inside, run_every=EVERY_SECONDS)()


def _inside() -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        lines = st.container(width="content", gap=None)
        buttons = st.container(horizontal=True, width="content", vertical_alignment="center", gap="small")
    services = shared.services()
    try:
        log.seal_first(services)
        head, signed = log.head(services), checkpoint.newest(services)
        full = pins.read(services.settings, head.log_id).full
    except SignupError as problem:
        lines.markdown(f":red[:material/error:] {problem.sentence}")
        return
    with lines:
        _tell(services, head, signed, full)
    with buttons:
        _proof(head, signed)
        _verify()
        if st.button("Export", icon=":material/download:", type="primary", key="export"):
            export_drawer.open_it()
            st.rerun()


def _tell(services: Services, head: Head, signed: Checkpoint | None, full: Full | None) -> None:
    """How far it is sealed and signed; under it what the last check found, or how far one is."""
    zone, now = times.zone(), services.clock.now()
    number = head.seq - head.pruned_to
    events = "1 event" if number == 1 else f"{count(number)} events"
    seal = ":green[:material/verified:]"
    if full and full.reason:
        seal = ":orange[:material/gpp_maybe:]" if full.undecided else ":red[:material/gpp_bad:]"
    parts = [f"{seal} **{events}, sealed**"]
    parts += ["earlier ones gone by age"] if head.pruned_to else []
    parts += [f"last checkpoint {times.lately(moment(signed.at), now, zone)}"] if signed else []
    st.markdown(" · ".join([*parts, f"head `{short(head.root)}`"]))
    at = times.lately(moment(full.at), now, zone) if full else ""
    st.markdown(f":small[{checked(FULL_CHECK.job, full, at)}]")


def checked(job: Job | None, full: Full | None, at: str) -> str:
    """The line under it, no caption: Streamlit pales those, and with them a warning. `at`: when the last full check
    ended, for people."""
    if job and job.running:
        return f":gray[:material/fact_check: {job.words} · valid so far. {OWN_WORD}]"
    if job and job.trouble and (full is None or full.at < job.ended_at):
        return f":orange[:material/warning: The check did not end: {job.trouble}]"
    if full and full.reason and full.undecided:
        return f":orange[:material/warning: Full check {at}: {words.VERDICTS[full.reason]} See Health.]"
    if full and full.reason:
        return f":red[Full check {at}: {words.VERDICTS[full.reason]} Compare with the last backup, and see Health.]"
    last = f"Full check {at}: every event in its place." if full else "No full check yet: one runs every night."
    return f":gray[{last} {OWN_WORD}]"


def _proof(head: Head, signed: Checkpoint | None) -> None:
    """What to copy and keep elsewhere, and what it is good for."""
    with st.popover("Proof", icon=":material/content_copy:", type="tertiary", key="proof"):
        st.caption(f"The head after {count(head.seq)} events")
        st.code(head.root, language=None, wrap_lines=True)
        if signed:
            st.caption(f"The last checkpoint, signed at event {count(signed.seq)}: keep it elsewhere")
            st.code(signed.line, language=None, wrap_lines=True)
            st.caption("The key that signed it: give this id to your auditor yourself")
            st.code(signed.key_id, language=None, wrap_lines=True)
        st.markdown(f"**What this proves**\n{PROVES}")


def _verify() -> None:
    """Check everything at once, or stop doing so."""
    if FULL_CHECK.running:
        st.button("Stop", icon=":material/stop_circle:", key="verify_stop", on_click=FULL_CHECK.stop)
    else:
        st.button(
            "Verify now",
            icon=":material/fact_check:",
            key="verify",
            on_click=FULL_CHECK.begin,
            args=(shared.services().clock,),
        )


def short(root: str) -> str:
    """7f3a 91c2 … e04b"""
    return f"{root[:4]} {root[4:8]} … {root[-4:]}"

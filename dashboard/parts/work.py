"""A file that a process of ours writes for this visitor: begun by a button, watched, cancelled, fetched once.

    work.begin(EXPORT, "Writing", words, "audit", "csv", hidden)
    work.show(EXPORT)

Closing a panel or leaving the page stops nothing; the link works once, within a minute. It must not know what is in
the file.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dashboard import shared, state
from dashboard.downloads import DOWNLOADS
from dashboard.jobs import Job
from signup.measure.figures import count
from signup.model import new_id
from signup.words import size

EVERY_SECONDS = 0.5


@dataclass(frozen=True)
class Work:
    """The job that writes the file, where, and under which name it is fetched."""

    job: Job
    path: Path
    name: str


def begin(key: str, doing: str, words: Sequence[str], name: str, ending: str, hidden: Sequence[str] = ()) -> None:
    """Start `python -m signup WORDS --out=...` and remember it for this visitor under `key`."""
    services = shared.services()
    now = services.clock.now()
    folder = Path(services.settings.data_dir) / "exports"
    with suppress(OSError):  # the command itself tells why it cannot write there
        folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{new_id(now)}.{ending}"
    job = Job(doing, [*words, f"--out={path}"], hidden)
    state.remember(key, Work(job, path, f"{name}-{now:%Y-%m-%dT%H%M%S}Z.{ending}"))


def busy(key: str) -> bool:
    """Whether one is at work."""
    work: Work | None = state.value(key)
    return work is not None and work.job.running


def show(key: str) -> None:
    """How far it is, or its end; nothing before one was begun."""
    if state.value(key):
        st.fragment(_told, run_every=EVERY_SECONDS if busy(key) else None)(key, was_busy=busy(key))


def _told(key: str, *, was_busy: bool) -> None:
    work: Work | None = state.value(key)
    if work is None:
        return
    if work.job.running:
        st.progress(work.job.share, work.job.words)
        st.button("Cancel", icon=":material/close:", key=f"cancel_{key}", on_click=work.job.stop)
    elif was_busy:
        st.rerun()  # it has ended: stop looking every half second, and let another one begin
    elif work.job.answer is None and work.job.stopped:
        st.caption("Cancelled: nothing of it is left.")
    elif work.job.answer is None:
        st.error(work.job.problem, icon=":material/error:")
    elif not work.path.exists():
        st.caption("The file was fetched, or removed after two minutes: start again for another.")
    else:
        _offer(key, work, work.job.answer)


def _offer(key: str, work: Work, done: dict[str, object]) -> None:
    """The link, for one click."""
    written = size(str(work.path.stat().st_size))
    rows = f"**{count(int(str(done['rows'])))}** rows · " if "rows" in done else ""
    st.markdown(f":green[:material/check_circle:] Written: {rows}{written}")
    st.link_button(
        f"Download {work.name} · {written}",
        DOWNLOADS.offer(work.path, work.name),
        icon=":material/download:",
        type="primary",
        width="stretch",
        key=f"download_{key}",
        on_click=state.remember,
        args=(key, None),
    )
    if "sha256" not in done:
        st.caption("The link works once, within a minute.")
        return
    st.caption("The link works once, within a minute. The log keeps the file's SHA-256:")
    st.code(str(done["sha256"]), language=None, wrap_lines=True)

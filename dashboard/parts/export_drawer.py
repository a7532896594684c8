"""The drawer that exports what the Audit log shows: choose a format, see what is in it, write, download once.

The file is written by the record's own export, which tells the log before and after. It must not add or leave out
anything, and keeps nothing: the link works once, within a minute.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import streamlit as st

from dashboard import shared, state, times
from dashboard.downloads import DOWNLOADS
from dashboard.parts.event_filters import Asked
from signup.errors import SignupError
from signup.measure.figures import count
from signup.model import new_id
from signup.record import export, log
from signup.record.log import LogQuery
from signup.services import Services
from signup.words import size

WIDTH = 560
OPEN, FORMAT = "export_open", "export_format"
ACTOR = "user:local"
FORMATS = {"csv": "CSV", "ndjson": "NDJSON"}
ABOUT = {
    "csv": "For a spreadsheet: one line an event, text safe to open, the common details in columns of their own.",
    "ndjson": "For programs: one canonical JSON object a line, with the salts its seal is computed from.",
}


def open_it() -> None:
    """The button was pressed."""
    state.remember(OPEN, True)


def show(asked: Asked) -> None:
    """Draw the drawer when it was opened."""
    if state.value(OPEN):
        drawer = st.dialog("Export", position="right", width=WIDTH, icon=":material/download:", on_dismiss=_close)
        drawer(_inside)(asked)


def _close() -> None:
    state.remember(OPEN, False)


def _inside(asked: Asked) -> None:
    fmt = st.segmented_control(
        "Format", list(FORMATS), default="csv", required=True, key=FORMAT, format_func=FORMATS.__getitem__
    )
    fmt = fmt or "csv"
    st.caption(ABOUT[fmt])
    st.markdown("**What is in it** :small[:gray[· the filters of the screen]]")
    services = shared.services()
    try:
        now = services.clock.now()
        query = asked.query(now)
        st.table(_contents(services, asked, query, now), border="horizontal", alt="What the export holds")
    except SignupError as problem:
        st.error(problem.sentence, icon=":material/error:")
        return
    start = st.button("Start export", icon=":material/download:", type="primary", key="start_export", width="stretch")
    st.caption(":material/info: The export is itself written into the log. Closing this panel stops it.")
    if start:
        _write(services, query, fmt)


def _contents(services: Services, asked: Asked, query: LogQuery, now: datetime) -> dict[str, str]:
    zone = times.zone()
    settled = asked.settled(now)
    end = times.day_and_minute(settled.end, zone) if query.end else "now"
    head = log.seal_first(services)
    return {
        "Range": f"{times.day_and_minute(settled.start, zone)} – {end}",
        "Events": ", ".join(f"`{kind}`" for kind in asked.kinds) or "all",
        "Actor": f"`{query.actor}`" if query.actor else "all",
        "Sign-up": f"`{query.signup_id}`" if query.signup_id else "all",
        "Rows": f"**{count(log.count(services, query, up_to=head))}** of {count(head)}",
    }


def _write(services: Services, query: LogQuery, fmt: str) -> None:
    """Write the file with its progress, then offer it once."""
    bar = st.progress(0.0, "Writing")
    progress = Progress(services.clock.monotonic())

    def told(rows: int, total: int, written: int) -> None:
        bar.progress(*progress.at(services.clock.monotonic(), rows, total, written))

    now = services.clock.now()
    folder = Path(services.settings.data_dir) / "exports"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{new_id(now)}.{fmt}"
        done = export.export(services, fmt=fmt, out=path, query=query, actor=ACTOR, progress=told)
    except SignupError as problem:
        bar.empty()
        st.error(problem.sentence, icon=":material/error:")
        return
    except OSError as problem:
        bar.empty()
        st.error(f"The folder {folder} cannot be made ({problem.strerror}): check its rights and the disk.")
        return
    written = size(str(path.stat().st_size))
    bar.progress(1.0, f"Written: {count(done['rows'])} rows · {written}")
    _offer(path, f"audit-{now:%Y-%m-%dT%H%M%S}Z.{fmt}", written, done["sha256"])


def _offer(path: Path, name: str, written: str, digest: str) -> None:
    """The link. After a click this panel is drawn again without it: it would not work a second time."""
    st.link_button(
        f"Download {name} · {written}",
        DOWNLOADS.offer(path, name),
        icon=":material/download:",
        type="primary",
        width="stretch",
        key="download",
        on_click="rerun",
    )
    st.caption("The link works once, within a minute. The log keeps the file's SHA-256:")
    st.code(digest, language=None, wrap_lines=True)


@dataclass(frozen=True)
class Progress:
    """How far a file is. `began`: seconds of a steady clock."""

    began: float

    def at(self, now: float, rows: int, total: int, written: int) -> tuple[float, str]:
        """The share that is done, and the words for it."""
        share = min(1.0, rows / total) if total else 1.0
        left = (now - self.began) * (1 - share) / share if share else 0.0
        text = f"Writing {count(rows)} of {count(total)} rows · {size(str(written))}"
        return share, f"{text} · about {max(1, round(left))} s left" if share < 1 else text

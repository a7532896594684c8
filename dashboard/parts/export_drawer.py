"""The drawer that exports what the Audit log shows: choose a format, see what is in it, write, download once.

The file is written by `python -m signup export` in a process of its own; the log tells of it before and after. It must
not add or leave out anything. Closing the panel stops nothing; the link works once, within a minute.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import streamlit as st

from dashboard import shared, state, times
from dashboard.downloads import DOWNLOADS
from dashboard.jobs import Job
from dashboard.parts.event_filters import Asked
from signup.errors import SignupError
from signup.measure.figures import count, up_to
from signup.model import new_id
from signup.record import log, reasons
from signup.record.log import MOST_COUNTED, LogQuery
from signup.services import Services
from signup.words import size

WIDTH = 560
EVERY_SECONDS = 0.5
OPEN, FORMAT, HIDE, WORK = "export_open", "export_format", "export_hide", "export_work"
REASON = "export_reason"
BUNDLE, ACTOR = "bundle", "user:local"


LEAVE_OUT = (
    "Off: every other event is listed without its details, so that nothing can be missing between two that are shown. "
    "On: only sealed stretches stand for them. The proof holds in both."
)


@dataclass(frozen=True)
class Form:
    """A format for people: its `name`, the file's `ending`, and what it is good for."""

    name: str
    ending: str
    about: str


FORMATS = {
    BUNDLE: Form(
        "Bundle", "zip", "For an auditor: events, proof, and a one-file verifier that needs nothing but Python."
    ),
    "csv": Form("CSV", "csv", "For a spreadsheet: one line an event, text safe to open, the common details apart."),
    "ndjson": Form("NDJSON", "ndjson", "For programs: one canonical JSON object a line, with the salts of its seal."),
    "parquet": Form("Parquet", "parquet", "For a data warehouse: columns, with each event's leaf to look it up by."),
    "sqlite": Form("SQLite", "db", "For queries. With all events in it, it can be verified like the database itself."),
    "ocsf": Form("OCSF", "ndjson", "For a SIEM: one event a line in the Open Cybersecurity Schema Framework."),
    "cloudevents": Form("CloudEvents", "ndjson", "For event pipelines: one CloudEvents 1.0 object a line."),
}


@dataclass(frozen=True)
class Work:
    """An export of this visitor: the job that writes it, where, and under which name it is fetched."""

    job: Job
    path: Path
    name: str


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
    work: Work | None = state.value(WORK)
    busy = work is not None and work.job.running
    fmt = st.segmented_control(
        "Format", list(FORMATS), default=BUNDLE, required=True, key=FORMAT, format_func=lambda key: FORMATS[key].name
    )
    fmt = fmt or BUNDLE
    st.caption(FORMATS[fmt].about)
    services = shared.services()
    try:
        now = services.clock.now()
        query = asked.query(now)
        st.markdown("**What is in it** :small[:gray[· the filters of the screen]]")
        withhold = ("rows" if state.value(HIDE) else "details") if fmt == BUNDLE else None
        st.table(_contents(services, asked, query, now, withhold), border="horizontal", alt="What the export holds")
    except SignupError as problem:
        st.error(problem.sentence, icon=":material/error:")
        return
    if withhold:
        st.toggle("Leave the other events out", key=HIDE, help=LEAVE_OUT)
    st.text_input("Reason", key=REASON, max_chars=reasons.MOST_WORDS, placeholder="Optional; kept sealed, with the log")
    st.button(
        "Start export",
        icon=":material/download:",
        type="primary",
        key="start_export",
        width="stretch",
        disabled=busy,
        on_click=_begin,
        args=(services, query, fmt, withhold),
    )
    st.caption(":material/info: The log tells of the export. You can close this panel: it goes on.")
    if work:
        st.fragment(_told, run_every=EVERY_SECONDS if busy else None)(work, busy)


def _contents(services: Services, asked: Asked, query: LogQuery, now: datetime, withhold: str | None) -> dict[str, str]:
    zone = times.zone()
    settled = asked.settled(now)
    end = times.day_and_minute(settled.end, zone) if query.end else "now"
    head = log.seal_first(services)
    left_out = {"rows": "only sealed stretches", "details": "listed, without details"}
    return {
        "Range": f"{times.day_and_minute(settled.start, zone)} – {end}",
        "Events": ", ".join(f"`{kind}`" for kind in asked.kinds) or "all",
        "Actor": f"`{query.actor}`" if query.actor else "all",
        "Sign-up": f"`{query.signup_id}`" if query.signup_id else "all",
        **({"Words": "those searched for; the log does not tell which"} if query.text else {}),
        "Rows": f"**{up_to(log.count(services, query, head, most=MOST_COUNTED), MOST_COUNTED)}** of {count(head)}",
    } | ({"The others": left_out[withhold]} if withhold else {})


def _begin(services: Services, query: LogQuery, fmt: str, withhold: str | None) -> None:
    """Start the export and remember it for this visitor."""
    now, ending = services.clock.now(), FORMATS[fmt].ending
    folder = Path(services.settings.data_dir) / "exports"
    with suppress(OSError):  # the export itself tells why it cannot write there
        folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{new_id(now)}.{ending}"
    words = ["export", f"--format={fmt}", f"--out={path}", f"--told-by={ACTOR}", *_filters(query)]
    words += [f"--withhold={withhold}"] if withhold else []
    reason = " ".join(str(state.value(REASON) or "").split())
    hidden = [f"--reason={reason}"] * bool(reason) + [f"--text={query.text}"] * bool(query.text)
    state.remember(WORK, Work(Job("Writing", words, hidden), path, f"audit-{now:%Y-%m-%dT%H%M%S}Z.{ending}"))


def _filters(query: LogQuery) -> list[str]:
    """The screen's filters as the command's options."""
    options = {"signup": query.signup_id, "actor": query.actor, "from": query.start, "to": query.end}
    kinds = [f"--kind={kind}" for kind in query.kinds]
    return kinds + [f"--{name}={value}" for name, value in options.items() if value]


def _told(work: Work, was_busy: bool) -> None:
    """How far it is, or its end."""
    if work.job.running:
        st.progress(work.job.share, work.job.words)
        st.button("Cancel", icon=":material/close:", key="cancel_export", on_click=work.job.stop)
    elif was_busy:
        st.rerun()  # it has ended: stop looking every half second, and let another one begin
    elif work.job.answer is None and work.job.stopped:
        st.caption("The export was cancelled: nothing of it is left.")
    elif work.job.answer is None:
        st.error(work.job.problem, icon=":material/error:")
    elif not work.path.exists():
        st.caption("The file was fetched, or removed after two minutes: export again for another.")
    else:
        _offer(work, work.job.answer)


def _offer(work: Work, done: dict[str, object]) -> None:
    """The link, for one click."""
    written = size(str(work.path.stat().st_size))
    st.markdown(f":green[:material/check_circle:] Written: **{count(int(str(done['rows'])))}** rows · {written}")
    st.link_button(
        f"Download {work.name} · {written}",
        DOWNLOADS.offer(work.path, work.name),
        icon=":material/download:",
        type="primary",
        width="stretch",
        key="download",
        on_click=state.remember,
        args=(WORK, None),
    )
    st.caption("The link works once, within a minute. The log keeps the file's SHA-256:")
    st.code(str(done["sha256"]), language=None, wrap_lines=True)

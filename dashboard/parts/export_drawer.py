"""The drawer that exports what the Audit log shows: choose a format, see what is in it, write, download once.

The file is written by `python -m signup export` in a process of its own; the log tells of it before and after. It must
not add or leave out anything. Closing the panel stops nothing; the link works once, within a minute.
"""

from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from dashboard import shared, state, times
from dashboard.parts import work
from dashboard.parts.event_filters import Asked
from signup.errors import SignupError
from signup.measure.figures import count, up_to
from signup.record import log, reasons
from signup.record.log import MOST_COUNTED, LogQuery
from signup.services import Services

WIDTH = 560
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
        disabled=work.busy(WORK),
        on_click=_begin,
        args=(query, fmt, withhold),
    )
    st.caption(":material/info: The audit log records the export. You can close this panel: it goes on.")
    work.show(WORK)


def _contents(services: Services, asked: Asked, query: LogQuery, now: datetime, withhold: str | None) -> dict[str, str]:
    zone = times.zone()
    settled = asked.settled(now)
    head = log.seal_first(services)
    span = times.between(settled.start, settled.end, zone, now)
    left_out = {"rows": "only sealed stretches", "details": "listed, without details"}
    return {
        "Range": span if query.end else f"{span.partition(' – ')[0]} – now",
        "Events": ", ".join(f"`{kind}`" for kind in asked.kinds) or "all",
        "Actor": f"`{query.actor}`" if query.actor else "all",
        "Sign-up": f"`{query.signup_id}`" if query.signup_id else "all",
        **({"Words": "those searched for; the log does not tell which"} if query.text else {}),
        "Rows": f"**{up_to(log.count(services, query, head, most=MOST_COUNTED), MOST_COUNTED)}** of {count(head)}",
    } | ({"The others": left_out[withhold]} if withhold else {})


def _begin(query: LogQuery, fmt: str, withhold: str | None) -> None:
    """Start the export."""
    words = ["export", f"--format={fmt}", f"--told-by={ACTOR}", *_filters(query)]
    words += [f"--withhold={withhold}"] if withhold else []
    reason = " ".join(str(state.value(REASON) or "").split())
    hidden = [f"--reason={reason}"] * bool(reason) + [f"--text={query.text}"] * bool(query.text)
    work.begin(WORK, "Writing", words, "audit", FORMATS[fmt].ending, hidden)


def _filters(query: LogQuery) -> list[str]:
    """The screen's filters as the command's options."""
    options = {"signup": query.signup_id, "actor": query.actor, "from": query.start, "to": query.end}
    kinds = [f"--kind={kind}" for kind in query.kinds]
    return kinds + [f"--{name}={value}" for name, value in options.items() if value]

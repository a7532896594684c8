"""What all visitors of this process share: the wired services, and one history that every page counts from.

The only cached resource of the dashboard, opened by whoever asks first. It must not draw anything; a page asks
`services()` for the steps and `overview()` for the numbers.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock

import streamlit as st

from dashboard.numbers import Numbers, counted
from signup import clock, settings
from signup.errors import SignupError
from signup.measure import behind, calendar
from signup.measure.feed import catch_up
from signup.measure.history import History
from signup.measure.question import Question
from signup.services import Services, open_services

FRESH_SECONDS = 1.0
"""How long one look at the log serves every page of this process."""


@dataclass
class _Shared:
    """`as_of` and `problem`: when the history last followed the log, and why it could not since."""

    services: Services
    opened: ExitStack
    log_id: str
    history: History = field(default_factory=History)
    lock: Lock = field(default_factory=Lock)
    looked: float | None = None
    as_of: datetime | None = None
    problem: SignupError | None = None


@dataclass(frozen=True)
class Overview:
    """The numbers, when they were last up to date, and the `problem` that keeps them from being so now."""

    numbers: Numbers
    as_of: datetime
    problem: SignupError | None


def services() -> Services:
    """The services of this process, opened at the first call. Raises CannotStart's kinds, StoreUnavailable."""
    return _shared().services


def known() -> tuple[list[str], list[str]]:
    """(countries, channels) that the log has ever met, sorted: what the filters offer."""
    history = _followed().history
    with history.lock:
        return sorted(history.countries), sorted(history.channels)


def is_empty() -> bool:
    """True until the first sign-up or lock hit; False as long as nobody could look."""
    shared = _followed()
    with shared.history.lock:
        return shared.as_of is not None and not (shared.history.signups or shared.history.hits)


def overview(question: Question) -> Overview:
    """Everything the Overview shows. The outcome filter plays no part: it only chooses what is drawn and listed.

    Raises UsageWrong for a range that ends before it begins, and what reading the log raises as long as nothing was
    ever read; from then on older numbers come with the `problem`.
    """
    shared = _followed()
    if shared.as_of is None:
        raise shared.problem or SignupError("The audit log was not read yet: try again in a moment.")
    now = shared.services.clock.now()
    about = (shared.log_id, shared.history.seq, clock.text(calendar.end_of_minute(now)))
    return Overview(_counted(about, replace(question, outcomes=()), now), shared.as_of, shared.problem)


def warned(question: Question, step: str, code: str) -> list[str]:
    """The sign-ups behind a warning of the Overview, the newest first. Raises UsageWrong."""
    shared = _followed()
    return behind.warned(shared.history, question.settled(shared.services.clock.now()), step, code)


@st.cache_data(max_entries=200, show_spinner=False)
def _counted(about: tuple[str, int, str], question: Question, _now: datetime) -> Numbers:  # noqa: ARG001  a cache key
    """`about`: which log, up to which event, and the minute; within them nothing changes."""
    return counted(_shared().history, services().settings.lock_seconds, question, _now)


def _followed() -> _Shared:
    """The shared things, their history at most a second behind the log, or with the reason why it is not."""
    shared = _shared()
    with shared.lock:
        at = shared.services.clock.monotonic()
        if shared.looked is None or at - shared.looked >= FRESH_SECONDS:
            shared.looked = at
            try:
                catch_up(shared.services, shared.history)
                shared.as_of, shared.problem = shared.services.clock.now(), None
            except SignupError as problem:
                shared.problem = problem
    return shared


def _close(shared: _Shared) -> None:
    shared.opened.close()


@st.cache_resource(show_spinner=False, on_release=_close)
def _shared() -> _Shared:
    with ExitStack() as opening:
        opened = opening.enter_context(open_services(settings.load()))
        with opened.store.read() as tx:
            identity = tx.one("log_identity")
        assert identity is not None, "opening the services wrote one"
        return _Shared(opened, opening.pop_all(), identity["log_id"])

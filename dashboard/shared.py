"""What all visitors of this process share: the wired services, and the numbers that every page shows.

The only cached resource of the dashboard, opened by whoever asks first. However many pages are open, the log is looked
at once a second and a question is asked of the roll-ups once. It must not draw anything; a page asks `services()` for
the steps and `overview()` for the numbers.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from threading import Lock

import streamlit as st

from dashboard.numbers import Numbers, counted
from signup import clock, settings
from signup.errors import SignupError, StoreUnavailable
from signup.measure import calendar
from signup.measure.fold import Folded, fold
from signup.measure.numbers import numbers
from signup.measure.question import Question
from signup.record import log
from signup.services import Services, open_services

FRESH_SECONDS = 1.0
"""How long one look at the log serves every page of this process."""

FOLD_SECONDS, PORTION = 0.05, 500
"""So long a page folds before it reads, and how many events at once: what is more than that the watcher does."""

AGAIN_SECONDS = 10.0
"""After a fold that could not write, pages leave it to the watcher for so long."""

AFTER_AN_UPDATE = "The numbers are counted anew after an update: look again soon for newer ones."
OF_ANOTHER_LOG = "These are the numbers of another log: they are counted anew, look again soon."

About = tuple[str, tuple[int, int] | None, str]
"""Which log, up to which event and how often counted anew, and the minute: within them no number changes."""


@dataclass
class _Shared:
    """`as_of` and `problem`: when the numbers last followed the log, and why they could not since.

    `counted`: the last event they count, and how often all was counted anew. `folds_from`: on the clock of `looked`,
    when pages fold again.
    """

    services: Services
    opened: ExitStack
    log_id: str
    lock: Lock = field(default_factory=Lock)
    looked: float | None = None
    folds_from: float = 0.0
    counted: tuple[int, int] | None = None
    countries: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    is_empty: bool = False
    known_from: datetime | None = None
    as_of: datetime | None = None
    problem: SignupError | None = None


@dataclass(frozen=True)
class Overview:
    """The numbers, when they were last up to date, and the `problem` that keeps them from being so now.

    `known_from`: what was before may have left the log uncounted; None as long as the log has lost nothing.
    """

    numbers: Numbers
    as_of: datetime
    problem: SignupError | None
    known_from: datetime | None


def services() -> Services:
    """The services of this process, opened at the first call. Raises CannotStart's kinds, StoreUnavailable."""
    return _shared().services


def known() -> tuple[list[str], list[str]]:
    """(countries, channels) that the log has ever met, sorted: what the filters offer."""
    shared = _followed()
    return list(shared.countries), list(shared.channels)


def is_empty() -> bool:
    """True until the first sign-up or lock hit; False as long as nobody could look."""
    return _followed().is_empty


def overview(question: Question) -> Overview:
    """Everything the Overview shows. The outcome filter plays no part: it only chooses what is drawn and listed.

    Raises UsageWrong for a range that ends before it begins, and the `problem` as long as the log was never counted to
    its end, for half of it would be told as all; from then on older numbers come with it.
    """
    shared = _followed()
    if shared.as_of is None:
        raise shared.problem or SignupError("The audit log was not read yet: try again in a moment.")
    now = shared.services.clock.now()
    about = (shared.log_id, shared.counted, clock.text(calendar.end_of_minute(now)))
    found = _counted(about, replace(question, outcomes=()), now)
    return Overview(found, shared.as_of, shared.problem, shared.known_from)


def warned(question: Question, step: str, code: str) -> list[str]:
    """The sign-ups behind a warning of the Overview, the newest first. Raises UsageWrong, StoreUnavailable."""
    wired = _followed().services
    with numbers(wired) as read:
        return read.warned(question.settled(wired.clock.now()), step, code)


@st.cache_data(max_entries=200, show_spinner=False)
def _counted(about: About, question: Question, _now: datetime) -> Numbers:  # noqa: ARG001  a key
    return counted(services(), question, _now)


def _followed() -> _Shared:
    """The shared things, their numbers at most a second behind the log, or with the reason why they are not."""
    shared = _shared()
    with shared.lock:
        at = shared.services.clock.monotonic()
        if shared.looked is None or at - shared.looked >= FRESH_SECONDS:
            shared.looked = at
            try:
                _follow(shared, at)
            except SignupError as problem:
                shared.problem = problem
    return shared


def _follow(shared: _Shared, at: float) -> None:
    """Seal, fold for a moment, and look how far the roll-ups are and what they know."""
    head = log.seal_first(shared.services)
    folded = _folded(shared, at)
    pruned = log.is_pruned(shared.services)
    with numbers(shared.services) as read:
        so_far = (read.seq, read.rebuilds)
        if so_far != shared.counted:
            shared.countries, shared.channels = read.countries_known, read.channels_known
            shared.is_empty, shared.counted = read.is_empty and read.seq >= head, so_far
        shared.known_from = read.known_from if pruned else None
        seq, updated = read.seq, read.without_histograms and read.log_id == shared.log_id
    if folded and folded.stale:
        shared.problem = SignupError(AFTER_AN_UPDATE if updated else OF_ANOTHER_LOG)
    elif seq < head:
        shared.problem = SignupError(f"The log is still being counted: {seq:,} of {head:,} events so far.")
    else:
        shared.problem = None
    if shared.problem is None or (updated and seq == head):
        shared.as_of = shared.services.clock.now()


def _folded(shared: _Shared, at: float) -> Folded | None:
    """Fold as much as there is time for; None while others have the roll-ups in hand."""
    if at < shared.folds_from:
        return None
    time_left = partial(_before, shared.services, at + FOLD_SECONDS)
    try:
        return fold(shared.services, PORTION, time_left, anew=False)
    except StoreUnavailable:
        shared.folds_from = at + AGAIN_SECONDS
        return None


def _before(wired: Services, deadline: float) -> bool:
    return wired.clock.monotonic() < deadline


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

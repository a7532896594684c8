"""What is known about the way of a callback, gathered in one go: the ground on which causes are named.

Two self-tests to the callback URL, the last answers of Truecaller's, who watches, who waits, what matched nothing.
It must not judge: that is for causes.py, which sees nothing but this.
"""

from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

from signup.clock import moment, text
from signup.doctor import inward, outward, reach
from signup.doctor.check import DAY, ago
from signup.doctor.machine import alive
from signup.doctor.reach import Reach, Tries
from signup.model import Exchange
from signup.services import Services


@dataclass(frozen=True)
class Evidence:
    """`url`: what was tried; `is_told`: it is the one the settings name, else the receiver on this machine.

    `reach`, `other`: the tries of that address, and of the same with or without the slash at its end. `refused`: how
    long ago Truecaller refused the app key with its last answer. `ahead`: by how many seconds at least our clock is
    ahead of theirs (behind: below 0), `compared` so long ago; None while nobody could. `waiting`: sign-ups sent over 30
    seconds ago of which nothing was heard; `heard`: a callback of ours has ever come. `wrong_state`: callbacks set
    aside that name a sign-up which is still open; `proved`: one that started after the oldest of these was approved, so
    right states come through.
    """

    live: bool
    url: str
    is_told: bool
    database: str
    reach: Reach
    other: Reach
    refused: str | None
    ahead: float | None
    compared: str | None
    watched: bool
    heard: bool
    waiting: int
    wrong_state: int
    proved: bool


def gather(services: Services, tries: Tries) -> Evidence:
    """Everything, once the tries of `address` have ended. Raises StoreUnavailable."""
    settings, now = services.settings, services.clock.now()
    refused = _refused(services)
    ahead, compared = _ahead(services)
    with services.store.read() as tx:
        watchers = tx.all("watchers")
        heard = tx.one("last_of_ours") is not None
        waiting = tx.all("unanswered_for_long", before=text(now - timedelta(seconds=inward.LONG_SECONDS)))[0]
        wrong_state = tx.all("wrong_state_of_open")[0]
        oldest = wrong_state["oldest"]
        proved = oldest is not None and tx.one("approved_since", since=oldest) is not None
    reached, other = tries.ended()
    return Evidence(
        live=settings.mode == "live",
        url=address(services),
        is_told=settings.public_callback_url is not None,
        database=settings.database_name,
        reach=reached,
        other=other,
        refused=refused,
        ahead=ahead,
        compared=compared,
        watched=bool(alive(watchers, now)),
        heard=heard,
        waiting=waiting["n"],
        wrong_state=wrong_state["n"],
        proved=proved,
    )


def address(services: Services) -> str:
    """The callback URL that the settings name, else that of the receiver on this machine."""
    settings = services.settings
    return settings.public_callback_url or f"{settings.receiver_url}{reach.PATH}"


def _refused(services: Services) -> str | None:
    """How long ago the app key was refused; None when the last answer was another one. The sandbox takes any key."""
    found = outward.last(services, "request") if services.settings.mode == "live" else None
    if found is None or found[0].status != outward.NOT_FOUND:
        return None
    return ago(found[1], services.clock.now())


def _ahead(services: Services) -> tuple[float | None, str | None]:
    """By how much our clock is ahead of Truecaller's, and how long ago that was seen; nothing older than a day tells.

    The sandbox runs on this machine, whose clock it shares.
    """
    if services.settings.mode == "sandbox":
        return None, None
    now = services.clock.now()
    answered = [found for step in ("request", "profile") if (found := outward.last(services, step))]
    for exchange, at in sorted(answered, key=lambda found: found[1], reverse=True):
        seconds = _between(exchange, at)
        if seconds is not None and now - moment(at) < timedelta(seconds=DAY):
            return seconds, ago(at, now)
    return None, None


def _between(exchange: Exchange, at: str) -> float | None:
    """Their Date is in whole seconds, and was written between our question and its answer: the least that is sure."""
    try:
        theirs = parsedate_to_datetime(exchange.answer_headers["date"])
    except (KeyError, ValueError, OverflowError):
        return None
    most = (moment(at) - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC))).total_seconds()
    least = most - 1 - exchange.ms / 1000
    return 0.0 if least <= 0 <= most else min(least, most, key=abs)

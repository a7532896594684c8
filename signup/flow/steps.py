"""The arrows between statuses, drawn once. Every step moves a sign-up through `move`, which compares and sets.

A move that finds the sign-up elsewhere changes nothing and says so: two processes at one row are safe, and
`completed` never goes back.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, TypeVar

from signup.clock import text
from signup.errors import StoreUnavailable
from signup.keys import Keyring
from signup.model import Exchange, Status, new_id
from signup.record import events
from signup.store import Row, Transaction

Answer = TypeVar("Answer")

LOG = logging.getLogger(__name__)
MOST_EVENTS = 100
INSIST_SECONDS = 10.0
INSIST_PAUSE = 0.2

# From where a sign-up may come to each status. Declined goes on to approved until it expires: a valid approval wins.
ARROWS: dict[Status, tuple[Status, ...]] = {
    Status.WAITING: (Status.REQUESTED,),
    Status.APPROVED: (Status.WAITING, Status.DECLINED),
    Status.DECLINED: (Status.WAITING,),
    Status.COMPLETED: (Status.APPROVED,),
    Status.EXPIRED: (Status.WAITING,),
    Status.FAILED: (Status.REQUESTED, Status.APPROVED),
}
DECIDED = (Status.APPROVED, Status.DECLINED)
FINISHED = (Status.COMPLETED, Status.DECLINED, Status.EXPIRED, Status.FAILED)


def move(tx: Transaction, signup_id: str, to: Status, at: str, *, code: str | None = None) -> bool:
    """Bring a sign-up to a status if an arrow leads there from where it is; whether it did."""
    moved = tx.one(
        "move_signup",
        id=signup_id,
        status=to,
        code=code,
        decided_at=at if to in DECIDED else None,
        finished_at=at if to in FINISHED else None,
        allowed=listed(ARROWS[to]),
    )
    return moved is not None


def listed(values: tuple[str, ...] | tuple[Status, ...]) -> str:
    """Values as the queries take a list: `,a,b,`; nothing at all for none."""
    return f",{','.join(values)}," if values else ""


def one_by_one(rows: Iterable[Row], act: Callable[[Row], bool]) -> int:
    """Act on each row in a transaction of its own; how many did something. A row that breaks holds up no other."""
    done = 0
    for row in rows:
        try:
            done += act(row)
        except StoreUnavailable:
            raise
        except Exception:  # whatever is wrong with this row, the others are right: say it and go on
            LOG.exception("A row could not be acted on; it is left as it is.", extra={"row": row["id"]})
    return done


def insist(act: Callable[[], Answer], seconds: float = INSIST_SECONDS) -> Answer:
    """What Truecaller answered is written down, however busy the database is. Raises StoreUnavailable at the end."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return act()
        except StoreUnavailable:
            if time.monotonic() >= deadline:
                raise
            time.sleep(INSIST_PAUSE)


def tell(tx: Transaction, at: str, kind: events.Kind, signup_id: str, details: Row, *, actor: str = "watcher") -> None:
    """Append what a step did to the audit log, in the step's own transaction."""
    events.append(tx, at=at, kind=kind, actor=actor, signup_id=signup_id, details=details)


def keep_trace(
    tx: Transaction, keyring: Keyring, at: datetime, signup_id: str, step: str, exchanges: tuple[Exchange, ...]
) -> None:
    """Keep HTTP exchanges for the timeline, sealed; their secrets are dots already. A microsecond keeps their order.

    `at`: the moment of the event that tells of them, by which the timeline finds them.
    """
    for place, exchange in enumerate(exchanges):
        now = at + timedelta(microseconds=place)
        row = new_id(now)
        sealed = keyring.seal("traces", "exchange", row, json.dumps(asdict(exchange)).encode())
        tx.run("add_trace", id=row, signup_id=signup_id, step=step, at=text(now), exchange=sealed)


def replayed(details: dict[str, Any], replay: bool | int) -> Row:
    """The details of an event, marked when a labelled replay caused it."""
    return {**details, "replay": True} if replay else details

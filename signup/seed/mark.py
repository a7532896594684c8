"""How far the made-up past was played: two counters of the database, so that what was interrupted is gone on with.

Beside the player, which moves the mark in the transaction of each day. It must not play anything.
"""

from dataclasses import dataclass
from datetime import datetime

from signup.clock import moment, text
from signup.services import Services
from signup.store import Store, Transaction

BEGUN, DONE = "seed", "seed_done"


@dataclass(frozen=True)
class Mark:
    """`days` were played of a past up to `now`; `done` when those are all."""

    days: int
    now: datetime
    done: bool


def intend(store: Store, now: datetime) -> None:
    """Note that a database that nobody has opened yet shall get a past. One that was opened is left as it is."""
    with store.read() as tx:
        if tx.one("log_identity"):
            return
    with store.write() as tx:
        if tx.one("log_identity") is None:
            move(tx, now, days=0)


def move(tx: Transaction, now: datetime, *, days: int = 1, done: bool = False) -> Mark:
    """The mark after so many more days."""
    tx.run("add_to_counter", name=BEGUN, amount=days, at=text(now))
    if done:
        tx.run("add_to_counter", name=DONE, amount=1, at=text(now))
    found = read(tx)
    assert found is not None, "it was just written"
    return found


def read(tx: Transaction) -> Mark | None:
    """The mark; None where nobody meant to play a past."""
    counted = {row["name"]: row for row in tx.all("counters")}
    begun = counted.get(BEGUN)
    return Mark(begun["value"], moment(begun["at"]), DONE in counted) if begun else None


def of(services: Services) -> Mark | None:
    """The same, in a look of its own."""
    with services.store.read() as tx:
        return read(tx)

"""Wipe: what makes a sign-up a person's goes, from every table but the log, in the transaction of whoever asks.

Number, fingerprint, request id, state hash, callbacks, traces, profile, and the reasons operators gave about it. The
sign-up's id, times, status, code and country stay, and so do the numbers of the Overview: they are counted from events
alone.

The sign-ups' rows are held by the caller already: a callback on its way waits, and then finds nobody.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from signup.record import canonical
from signup.record.events import Kind
from signup.record.log import PAGE
from signup.store import Row, Transaction

STATEMENTS = ("forget_callbacks", "forget_traces", "forget_profile", "forget_signup")


def wipe(tx: Transaction, signups: Sequence[Row]) -> None:
    """`signups`: rows with `id` and `request_id`."""
    for reason in _reasons(tx, signups) if signups else ():
        tx.run("drop_reason", id=reason)
    ids = [{"id": row["id"]} for row in signups]
    named = [{"request_id": row["request_id"]} for row in signups if row["request_id"]]
    if named:
        tx.many("forget_apart", named)
    for statement in STATEMENTS if ids else ():
        tx.many(statement, ids)


def _reasons(tx: Transaction, signups: Sequence[Row]) -> Iterator[str]:
    """The reasons operators gave for looking at these sign-ups, exporting their events, or redacting one of them."""
    ids = {row["id"] for row in signups}
    redacted = {event["seq"] for one in ids for event in tx.all("redacted_of", id=one)}
    about = [canonical.loads(event["details"]) for one in ids for event in tx.all("reveals_of", id=one)]
    exports = tx.all("exports_of_one", signup='%"signupId":"%', reason='%"reasonId":"%')
    about += [canonical.loads(row["details"]) for row in exports if any(one in row["details"] for one in ids)]
    about += [one for one in _told(tx, Kind.AUDIT_REDACTED) if one["seq"] in redacted] if redacted else []
    yield from (one["reasonId"] for one in about if "reasonId" in one)


def _told(tx: Transaction, kind: Kind) -> Iterator[dict[str, Any]]:
    """What the log tells in all events of a kind, sealed or still waiting to be."""
    after = 0
    while page := tx.all("told_in_the_log", kind=str(kind), after=after, up_to=2**53, size=PAGE):
        yield from (canonical.loads(row["details"]) for row in page if row["details"])
        after = page[-1]["seq"]
    yield from (canonical.loads(row["details"]) for row in tx.all("told_in_the_inbox", kind=str(kind)))

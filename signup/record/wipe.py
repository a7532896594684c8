"""Wipe: what makes a sign-up a person's goes, from every table but the log, in the transaction of whoever asks.

Number, fingerprint, request id, state hash, callbacks, traces, profile. The sign-up's id, times, status, code and
country stay, and so do the numbers of the Overview: they are counted from events alone.

The sign-ups' rows are held by the caller already: a callback on its way waits, and then finds nobody.
"""

from collections.abc import Sequence

from signup.store import Row, Transaction

STATEMENTS = ("forget_callbacks", "forget_traces", "forget_profile", "forget_signup")


def wipe(tx: Transaction, signups: Sequence[Row]) -> None:
    """`signups`: rows with `id` and `request_id`."""
    ids = [{"id": row["id"]} for row in signups]
    named = [{"request_id": row["request_id"]} for row in signups if row["request_id"]]
    if named:
        tx.many("forget_apart", named)
    for statement in STATEMENTS if ids else ():
        tx.many(statement, ids)

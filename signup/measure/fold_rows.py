"""What the fold reads from the roll-ups' tables and writes into them, in bulk.

Stands between the fold, which decides, and the store. A row of `roll_signups` is a SignUp with its id and the event
that began it; a row of `roll_marks` is a Mark with the event's number. It must not interpret an event or add anything
up.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from signup import clock
from signup.measure.bins import packed, unpacked
from signup.measure.contribution import Deltas, HistKey, micros, moment
from signup.measure.rows import Cause, Hit, Mark, Quarantined, Rejected, SignUp
from signup.store import Row, Transaction

PAGE = 5_000
CELL = ("span", "country", "channel", "bucket")
HIST = ("span", "metric", "country", "channel", "bucket", "outcome")
ERROR = ("span", "country", "channel", "bucket", "outcome", "step", "code", "fatal")


@dataclass(slots=True)
class Known:
    """A sign-up's row with its place: `seq` is the event that began it first."""

    seq: int
    signup: SignUp


def signups_named(tx: Transaction, ids: Iterable[str], kept: int) -> dict[str, Known]:
    """The sign-ups of these ids, but for those that began at `kept` or before."""
    rows = tx.all("rolled_signups", ids=json.dumps(list(ids)), kept=kept)
    return {row["signup_id"]: Known(row["seq"], signup_of(row)) for row in rows}


def kept_signups(tx: Transaction, kept: int) -> Iterator[SignUp]:
    """Those that began at `kept` or before, in order."""
    for row in _pages(tx, "kept_signups", kept):
        yield signup_of(row)


def kept_marks(tx: Transaction, kept: int) -> Iterator[Mark]:
    """The marks at `kept` or before, in order."""
    for row in _pages(tx, "kept_marks", kept):
        at = clock.text(moment(row["at"]))
        if row["kind"] == "hit":
            yield _hit_of(row)
        elif row["kind"] == "rejected":
            yield Rejected(at, row["country"], row["channel"])
        else:
            yield Quarantined(at, row["reason"])


def put_signups(tx: Transaction, changed: dict[str, Known]) -> None:
    """Write the sign-ups that changed, each as it is now."""
    if changed:
        tx.run("put_roll_signups", rows=_told(_signup_values(known, name) for name, known in changed.items()))


def put_marks(tx: Transaction, marks: Sequence[tuple[int, Mark]]) -> None:
    """Write new marks, each hit linked to its number's hit before it, in the order of (time, seq).

    A hit that comes late, with a time before one that is there already, is put between the two.
    """
    if marks:
        hits = [(seq, mark) for seq, mark in marks if isinstance(mark, Hit)]
        rows = [_mark_values(seq, mark) for seq, mark in marks if not isinstance(mark, Hit)]
        tx.run("add_roll_marks", rows=_told([*rows, *_linked(tx, hits)]))


def add(tx: Transaction, deltas: Deltas) -> None:
    """Add to the roll-ups; what then counts nothing goes."""
    cells = [(*key, *counts) for key, counts in deltas.cells.items() if any(counts)]
    errors = [(*key, n) for key, n in deltas.errors.items() if n]
    for query, rows in (("add_to_roll_cells", cells), ("add_to_roll_errors", errors)):
        if rows:
            tx.run(query, rows=_told(sorted(rows)))  # in the order of the key, so that each page is visited once
    _drop(tx, "drop_empty_cell", CELL, (key for key, counts in deltas.cells.items() if min(counts) < 0))
    _drop(tx, "drop_empty_error", ERROR, (key for key, n in deltas.errors.items() if n < 0))
    _add_histograms(tx, deltas.histograms())


def _add_histograms(tx: Transaction, changes: dict[HistKey, int]) -> None:
    """Read, add, write: the cursor was moved before, so nobody else writes in between."""
    keys = list(changes)
    asked = _told((place, *key) for place, key in enumerate(keys))
    for place, counts in tx.tuples("stored_histograms", rows=asked):
        changes[keys[place]] += unpacked(counts)
    left = [(*key, packed(histogram)) for key, histogram in changes.items() if histogram]
    tx.run("put_histograms", rows=_told(left))
    _drop(tx, "drop_histogram", HIST, (key for key, histogram in changes.items() if not histogram))


def signup_of(row: Row) -> SignUp:
    """A row of `roll_signups` as the sign-up it is."""
    return SignUp(
        at=clock.text(moment(row["at"])),
        country=row["country"],
        channel=row["channel"],
        status=row["status"],
        step=row["step"],
        request_ms=row["request_ms"],
        approve_ms=row["approve_ms"],
        decline_ms=row["decline_ms"],
        profile_ms=row["profile_ms"],
        error=(row["error_step"], row["error_code"]) if row["error_step"] is not None else None,
        warnings=warnings_of(row["warnings"]),
        hit=bool(row["hit"]),
        replayed=bool(row["replayed"]),
    )


def warnings_of(text: str) -> frozenset[Cause]:
    """`request timeout,profile profile_error` as pairs."""
    pairs = (pair.partition(" ") for pair in text.split(",") if pair)
    return frozenset((step, code) for step, _, code in pairs)


def _signup_values(known: Known, signup_id: str) -> tuple[Any, ...]:
    signup = known.signup
    return (
        *(known.seq, signup_id, micros(signup.at), signup.country, signup.channel, signup.status, signup.step),
        *(signup.request_ms, signup.approve_ms, signup.decline_ms, signup.profile_ms),
        *(signup.error or (None, None)),
        ",".join(sorted(f"{step} {code}" for step, code in signup.warnings)),
        *(int(signup.hit), int(signup.replayed)),
    )


def _hit_of(row: Row) -> Hit:
    at = clock.text(moment(row["at"]))
    return Hit(at, row["country"], row["channel"], row["number_id"], bool(row["early"]), row["gap"])


def _mark_values(seq: int, mark: Mark, prev: int | None = None, same: int | None = None) -> tuple[Any, ...]:
    at = micros(mark.at)
    if isinstance(mark, Hit):
        place = (mark.country, mark.channel, mark.number_id)
        return (seq, "hit", at, *place, prev, same, mark.retry_ms, int(mark.early), None)
    if isinstance(mark, Rejected):
        return seq, "rejected", at, mark.country, mark.channel, None, None, None, None, None, None
    return seq, "quarantined", at, None, None, None, None, None, None, None, mark.reason


def _linked(tx: Transaction, hits: list[tuple[int, Hit]]) -> list[tuple[Any, ...]]:
    """The rows of new hits, and of hits that they now stand before."""
    if not hits:
        return []
    first: dict[str, int] = {}
    for _, hit in hits:
        first[hit.number_id] = min(micros(hit.at), first.get(hit.number_id, micros(hit.at)))
    pairs = {(hit.number_id, hit.channel) for _, hit in hits}
    asked = [(number, channel, first[number]) for number, channel in sorted(pairs)]
    before = tx.all("hits_before", rows=_told(asked))
    last = {row["number_id"]: row["prev"] for row in before}
    last_by_channel = {(row["number_id"], row["channel"]): row["prev_same_channel"] for row in before}
    chains: defaultdict[str, list[tuple[int, int, Hit, tuple[int | None, int | None] | None]]] = defaultdict(list)
    for seq, hit in hits:
        chains[hit.number_id].append((micros(hit.at), seq, hit, None))
    for row in tx.all("hits_from", rows=_told(sorted(first.items()))):
        chains[row["number_id"]].append((row["at"], row["seq"], _hit_of(row), (row["prev"], row["prev_same_channel"])))
    rows = []
    for number, chain in chains.items():
        prev = last[number]
        for at, seq, hit, stored in sorted(chain, key=lambda link: link[:2]):
            same = last_by_channel.get((number, hit.channel), stored[1] if stored else None)
            if stored != (prev, same):
                rows.append(_mark_values(seq, hit, prev, same))
            prev = last_by_channel[number, hit.channel] = at
    return rows


def _drop(tx: Transaction, query: str, names: tuple[str, ...], keys: Iterable[Sequence[Any]]) -> None:
    if rows := [dict(zip(names, key, strict=True)) for key in keys]:
        tx.many(query, rows)


def _pages(tx: Transaction, query: str, kept: int) -> Iterator[Row]:
    after = 0
    while rows := tx.all(query, after=after, kept=kept, size=PAGE):
        yield from rows
        after = rows[-1]["seq"]


def _told(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as the bulk queries take them."""
    return json.dumps(list(rows), separators=(",", ":"))

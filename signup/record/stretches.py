"""Rows that a bundle does not show, as a few hashes: how many rows one hash may stand for, and what that hash is.

    rows 11..18, nothing shown  ->  11..12, 13..16, 17..18  ->  {"first":13,"hash":"...","last":16} and two more

Only a whole subtree has a hash: as many rows as a power of two, beginning where such a subtree begins. Day or decade,
what is withheld is a few lines.

It must not hold more than a page of leaves, and must not look at what a row says.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from signup.record import canonical, tree
from signup.services import Services

PAGE = 5000


class Moved(Exception):
    """The rows changed while they were read: pruned or redacted meanwhile."""


def spans(first: int, last: int) -> Iterator[tuple[int, int]]:
    """The fewest subtrees that cover the rows from `first` to `last`, both included."""
    while first <= last:
        room = last - first + 1
        size = 1 << (room.bit_length() - 1)
        if first > 1:
            size = min(size, (first - 1) & -(first - 1))
        yield first, first + size - 1
        first += size


def spans_between(first: int, last: int, cuts: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The same, none of them reaching across a cut: a cut lies behind the row it names."""
    inside = sorted({cut for cut in cuts if first <= cut < last})
    for before, end in pairwise([first - 1, *inside, last]):
        yield from spans(before + 1, end)


def line(first: int, last: int, top: bytes) -> bytes:
    """A stretch as it stands in `events.ndjson`."""
    return (canonical.encode({"first": first, "hash": top.hex(), "last": last}) + "\n").encode()


class Leaves:
    """The leaves of the log, read forward page by page."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._first = 1
        self._page: Sequence[bytes] = ()

    def top(self, first: int, last: int) -> bytes:
        """The hash over one subtree. Raises Moved when a row of it is gone."""
        frontier: tree.Frontier = ()
        done = 0
        while done <= last - first:
            found = self._from(first + done)[: last - first - done + 1]
            frontier = tree.grow(frontier, done, found)
            done += len(found)
        return frontier[0]

    def _from(self, seq: int) -> Sequence[bytes]:
        """Leaves from one row on, at least one."""
        if not self._first <= seq < self._first + len(self._page):
            with self._services.store.read() as tx:
                rows = tx.all("leaves_from", first=seq, size=PAGE)
            if [row["seq"] for row in rows] != list(range(seq, seq + len(rows))) or not rows:
                raise Moved
            self._first, self._page = seq, [bytes.fromhex(row["leaf"]) for row in rows]
        return self._page[seq - self._first :]

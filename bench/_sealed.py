"""A log as long as one likes, put into the database as sealed rows without any proof: for what only reads events.

Salts and leaves are no hashes and nothing is searchable, so that ten million rows take minutes. `verify` would call all
of it altered; sealing goes on from its head, for that only needs as many edges as the head's number has.
"""

from collections.abc import Callable, Iterator
from typing import Any

from bench.verify import PORTION
from signup.record import tree
from signup.services import Services

Row = dict[str, Any]
_SALT = "0" * 32


def fill(services: Services, rows: int, waiting: Callable[[int], list[Row]]) -> None:
    """`waiting`: the portion of rows after a number, as the inbox would have them."""
    with services.store.write() as tx:
        tx._connection.execute("DROP TRIGGER events_ai")  # type: ignore[attr-defined]  # noqa: SLF001
    for first in range(0, rows, PORTION):
        with services.store.write() as tx:
            tx.many("seal_event", _sealed(waiting(first), first))
            tx.run("widen_spans", after=first, up_to=first + PORTION)
            tx.run("move_head", seq=first + PORTION, frontier=_edges(first + PORTION))


def _sealed(waiting: list[Row], first: int) -> Iterator[Row]:
    for seq, row in enumerate(waiting, first + 1):
        yield {**row, "seq": seq, "header_salt": _SALT, "details_salt": _SALT, "leaf": f"{seq:064x}"}


def _edges(seq: int) -> str:
    return tree.frontier_text((bytes(32),) * seq.bit_count())

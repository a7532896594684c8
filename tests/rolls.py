"""Words for tests of the roll-ups: a log in memory in front of a real store of roll-ups, and what its tables hold."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from signup.model import Event
from signup.services import Services

LOG = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22"
TABLES = {
    "roll_signups": "seq",
    "roll_marks": "seq",
    "roll_cells": "span, country, channel, bucket",
    "roll_hist": "span, metric, country, channel, bucket, outcome",
    "roll_errors": "span, country, channel, bucket, outcome, step, code, fatal",
}


class MemoryLog:
    """The sealed log as the fold reads it: three queries over a list of events, of which the first may be pruned."""

    dialect = "sqlite"

    def __init__(self, events: Sequence[Event], log_id: str = LOG, branch: str = "") -> None:
        self.log_id, self.pruned_to, self._branch = log_id, 0, branch
        self._events = events

    @contextmanager
    def read(self) -> Iterator["MemoryLog"]:
        yield self

    def one(self, query: str, /, **params: Any) -> dict[str, Any] | None:
        assert query == "log_head"
        return {"log_id": self.log_id, "seq": len(self._events), "pruned_to": self.pruned_to}

    def all(self, query: str, /, first: int = 0, size: int = 0) -> list[dict[str, Any]]:
        assert query == "leaves_from"
        found = [event.seq for event in self._events if event.seq >= first and event.seq > self.pruned_to]
        return [{"seq": seq, "leaf": f"leaf of {seq}{self._branch}"} for seq in found[:size]]

    def tuples(self, query: str, /, after: int, size: int) -> list[tuple[Any, ...]]:
        assert query == "events_to_fold"
        found = self._events[max(after, self.pruned_to) :][:size]
        return [(e.seq, e.at, e.kind, e.signup_id, None if e.details is None else json.dumps(e.details)) for e in found]


def over(services: Services, log: MemoryLog) -> Services:
    """The same services over another log."""
    return replace(services, store=log)  # type: ignore[arg-type]


def tables(services: Services) -> dict[str, list[Any]]:
    """Every row of the roll-ups."""
    with services.rolls.read() as tx:
        return {table: _rows(tx, f"SELECT * FROM {table} ORDER BY {order}") for table, order in TABLES.items()}


def emptied(services: Services) -> None:
    """Roll-ups as a new file has them."""
    with services.rolls.write() as tx:
        for table in TABLES:
            tx._connection.execute(f"DELETE FROM {table}")  # type: ignore[attr-defined]
        tx._connection.execute("UPDATE roll_cursor SET log_id = '', seq = 0, leaf = ''")  # type: ignore[attr-defined]


def without_histograms(services: Services, log_id: str | None = None) -> None:
    """Roll-ups as an update leaves them whose migration empties the histograms. `log_id`: and of that log."""
    with services.rolls.write() as tx:
        tx.run("clear_roll_hist")
        tx._connection.execute("UPDATE roll_cursor SET leaf = ''")  # type: ignore[attr-defined]
        if log_id:
            tx._connection.execute(f"UPDATE roll_cursor SET log_id = '{log_id}'")  # type: ignore[attr-defined]


def _rows(tx: Any, statement: str) -> list[tuple[Any, ...]]:
    found = tx._connection.execute(statement).fetchall()
    return [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in found]

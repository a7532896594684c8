"""The log as a Parquet file: the columns of `events.csv`, typed, then what a row's leaf is made of.

A row can be looked up in a bundle by its `seq`, and its `leaf` computed anew from what stands beside it. Imported only
when somebody asks for Parquet: pyarrow is large. It must not hold more than one row group.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BufferedRandom

import pyarrow as pa
import pyarrow.parquet as pq

from signup.errors import RecordAltered
from signup.record import log
from signup.record.log import Raw
from signup.store import Row

GROUP = 10_000
"""Rows of one group: what is held in memory, and what a reader can skip."""

_TEXT = pa.string()
SCHEMA = pa.schema(
    [
        pa.field("seq", pa.int64(), nullable=False),
        pa.field("at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("kind", _TEXT, nullable=False),
        pa.field("signupId", _TEXT),
        pa.field("actor", _TEXT, nullable=False),
        pa.field("country", _TEXT),
        pa.field("channel", _TEXT),
        pa.field("code", _TEXT),
        pa.field("ms", pa.int64()),
        pa.field("details", _TEXT),
        pa.field("headerSalt", _TEXT, nullable=False),
        pa.field("detailsSalt", _TEXT),
        pa.field("detailsHash", _TEXT),
        pa.field("leaf", _TEXT, nullable=False),
    ]
)
_STORED = {
    "signupId": "signup_id",
    "headerSalt": "header_salt",
    "detailsSalt": "details_salt",
    "detailsHash": "details_hash",
}
_FROM_DETAILS = {"country": str, "channel": str, "code": str, "ms": int}


@contextmanager
def writer(file: BufferedRandom) -> Iterator[Callable[[Sequence[Raw]], None]]:
    """Takes rows, writes them a group at a time."""
    waiting: list[Row] = []
    with pq.ParquetWriter(file, SCHEMA, compression="zstd") as groups:

        def put(rows: Sequence[Raw]) -> None:
            waiting.extend(map(log.row, rows))
            if len(waiting) >= GROUP:
                groups.write_table(_table(waiting))
                waiting.clear()

        yield put
        if waiting:
            groups.write_table(_table(waiting))


def _table(rows: Sequence[Row]) -> pa.Table:
    details = [log.event(row).details or {} for row in rows]
    try:
        return pa.Table.from_arrays([_column(field, rows, details) for field in SCHEMA], schema=SCHEMA)
    except pa.ArrowException as error:
        raise RecordAltered(
            f"Events {rows[0]['seq']} to {rows[-1]['seq']} of the audit log hold one that was changed from outside: "
            "run verify, and compare the database with its last backup."
        ) from error


def _column(field: pa.Field, rows: Sequence[Row], details: Sequence[dict[str, object]]) -> pa.Array:
    wanted = _FROM_DETAILS.get(field.name)
    if wanted:
        found = (one.get(field.name) for one in details)
        return pa.array([value if type(value) is wanted else None for value in found], field.type)
    stored = [row[_STORED.get(field.name, field.name)] for row in rows]
    if pa.types.is_timestamp(field.type):
        return pa.array(stored, _TEXT).cast(field.type)
    return pa.array(stored, field.type)

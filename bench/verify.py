"""What it costs to verify a log: CPU against a bare loop of four SHA-256 a row, and memory as the log grows.

Both in one process each, on a SQLite database that was sealed and signed as the program does it.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from bench import Figure, peak
from signup.clock import SystemClock, text
from signup.record import checkpoint, events, note, tree
from signup.record.check import Question
from signup.record.seal import sealed_rows
from signup.record.verify import verify
from signup.store import Store, open_store
from signup.store.sqlite_file import SqliteFile

FEW, MANY = 10_000, 1_000_000
PORTION = 5_000
RUNS = 3
MOST_LOOPS = 4.0
MOST_MEGABYTES = 50.0
LOG = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22"


def figures() -> Iterator[Figure]:
    """The cost of a row in bare loops (0.25 of a loop's speed is 4 of them), and what a hundred times the rows add."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = Path(folder) / "few.db", Path(folder) / "many.db"
        build(few, FEW)
        build(many, MANY)
        bare = min(bare_seconds(FEW * 10) for _ in range(RUNS)) / (FEW * 10)
        seconds = min(measured(many)[0] for _ in range(RUNS)) / MANY
        yield Figure("a row, in loops of four SHA-256", seconds / bare, "loops", MOST_LOOPS)
        yield Figure("rows a second of CPU", 1 / seconds, "rows")
        more = measured(many)[1] - measured(few)[1]
        yield Figure(f"memory, {MANY:,} rows over {FEW:,}", more, "MB", MOST_MEGABYTES)


def approvals(first: int) -> list[dict[str, Any]]:
    """As many rows as a portion holds, each the approval of one more sign-up."""
    return [
        {
            "at": text(SystemClock().now()),
            "kind": str(events.Kind.SIGNUP_APPROVED),
            "signup_id": f"{LOG[:-12]}{number:012x}",
            "actor": "callback",
            "details": f'{{"ms":{number},"status":"approved"}}',
        }
        for number in range(first, first + PORTION)
    ]


def build(path: Path, rows: int, waiting: Callable[[int], list[dict[str, Any]]] = approvals) -> None:
    """A log of so many rows, with a checkpoint every ten thousand. `waiting`: the portion of rows after a number."""
    store, now = open_store(f"sqlite:///{path}"), text(SystemClock().now())
    key = note.SigningKey.of(bytes(32))
    try:
        store.migrate(now)
        with store.write() as tx:
            tx.run("create_log", log_id=LOG, mode="sandbox", at=now)
            tx.run("add_audit_key", key_id=key.id, public_key=note.public_text(key.public), at=now, endorsement=None)
        frontier: tree.Frontier = ()
        for first in range(0, rows, PORTION):
            frontier = _add(store, key, waiting(first), first, frontier, now)
    finally:
        store.close()


def _add(
    store: Store, key: note.SigningKey, waiting: list[dict[str, Any]], first: int, frontier: tree.Frontier, now: str
) -> tree.Frontier:
    rows = sealed_rows(waiting, first)
    frontier = tree.grow(frontier, first, [bytes.fromhex(row["leaf"]) for row in rows])
    with store.write() as tx:
        tx.many("seal_event", rows)
        tx.run("widen_spans", after=first, up_to=first + PORTION)
        tx.run("move_head", seq=first + PORTION, frontier=tree.frontier_text(frontier))
        head = tx.one("lock_head")
        if head and head["seq"] % checkpoint.ROWS == 0:
            checkpoint.sign_head(tx, head, key, at=now, actor="system")
    return frontier


def bare_seconds(rows: int) -> float:
    """CPU of four SHA-256 a row and nothing else, over as many bytes as an event has."""
    header, details, leaf = bytes(176), bytes(72), bytes(65)
    begun = time.process_time()
    for _ in range(rows):
        sha256(header).digest()
        sha256(details).digest()
        sha256(leaf).digest()
        sha256(leaf).digest()
    return time.process_time() - begun


def measured(path: Path) -> tuple[float, float]:
    """CPU seconds and peak megabytes of a process of its own that verifies a file."""
    words = subprocess.run([sys.executable, "-m", "bench.verify", path], check=True, capture_output=True, text=True)
    seconds, megabytes = map(float, words.stdout.split())
    return seconds, megabytes


def _verify(path: Path) -> None:
    source = SqliteFile(path)
    begun = time.process_time()
    report = verify(source, Question())
    used = time.process_time() - begun
    assert report.valid, report.facts
    print(used, peak())


if __name__ == "__main__":
    _verify(Path(sys.argv[1]))

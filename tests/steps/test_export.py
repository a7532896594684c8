"""Exports: what leaves is told first, and a file is whole or not there."""

import csv
import json
import os
import re
import stat
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from signup.clock import HandClock
from signup.errors import StoreUnavailable, UsageWrong
from signup.model import Event
from signup.record import canonical, events, log, tree
from signup.record.events import Kind
from signup.record.export import export
from signup.record.lines import COLUMNS
from signup.record.log import LogQuery
from signup.services import Services
from signup.store import Store, Transaction
from signup.store.face import Dialect
from signup.store.texts import queries
from tests.logbook import DAY, happen, sign
from tests.store.test_prune import prune

ROOT = Path(__file__).parent.parent.parent
ID = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22"
OTHER = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d23"


def write(services: Services, number: int, signup_id: str = ID) -> None:
    """So many starts, each with its own `at`."""
    with services.store.write() as tx:
        for second in range(number):
            at = f"2026-11-24T{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}.000000Z"
            details = {"status": "requested", "country": "SE", "channel": "web"}
            events.append(tx, at=at, kind=Kind.SIGNUP_STARTED, actor="api:web", signup_id=signup_id, details=details)


def run(services: Services, out: Path, fmt: str = "csv", query: LogQuery | None = None, **other: Any) -> dict[str, Any]:
    return export(services, fmt=fmt, out=out, query=query or LogQuery(), actor="user:local", **other)


def told(services: Services) -> list[Event]:
    return log.after(services, LogQuery(("audit.*",)), 0)


def test_a_csv_file_holds_the_sealed_rows_in_order(services_on_each: Services, tmp_path: Path) -> None:
    write(services_on_each, 3)
    run(services_on_each, tmp_path / "events.csv", query=LogQuery(("signup.*",)))
    content = (tmp_path / "events.csv").read_bytes()
    assert content.startswith(b"seq,at,kind,signupId,actor,country,channel,code,ms,details\r\n")
    assert content.splitlines()[1:] == [
        f'{seq},"2026-11-24T00:00:0{seq - 1}.000000Z","signup.started","{ID}","api:web","SE","web",,,'
        '"{""channel"":""web"",""country"":""SE"",""status"":""requested""}"'.encode()
        for seq in (1, 2, 3)
    ]


def test_an_ndjson_file_lets_every_leaf_be_computed(services_on_each: Services, tmp_path: Path) -> None:
    write(services_on_each, 3)
    run(services_on_each, tmp_path / "events.ndjson", "ndjson")
    leaves = []
    for line in (tmp_path / "events.ndjson").read_text("utf-8").splitlines():
        row = json.loads(line)
        assert line == json.dumps(row, sort_keys=True, separators=(",", ":"))
        header = tree.header(row["seq"], row["at"], row["kind"], row["signupId"], row["actor"])
        details = canonical.dumps(row["details"])
        header_hash = tree.header_hash(header, bytes.fromhex(row["headerSalt"]))
        leaves.append(tree.leaf(header_hash, tree.details_hash(details, bytes.fromhex(row["detailsSalt"]))).hex())
    with services_on_each.store.read() as tx:
        assert leaves == [row["leaf"] for row in tx.all("leaves_from", first=1, size=len(leaves))]
    assert len(leaves) == 4


def test_the_answer_names_file_rows_and_digest(services: Services, tmp_path: Path) -> None:
    write(services, 3)
    out = tmp_path / "events.csv"
    answer = run(services, out)
    assert answer == {"file": str(out), "rows": 4, "sha256": sha256(out.read_bytes()).hexdigest()}


def test_the_log_tells_what_left_before_and_its_digest_after(services: Services, tmp_path: Path) -> None:
    query = LogQuery(("signup.*",), ID, "api:web", "2026-11-24T00:00:00.000000Z", "2026-11-25T00:00:00.000000Z")
    write(services, 3)
    answer = run(services, tmp_path / "events.csv", query=query)
    before, after = told(services)
    assert (before.kind, after.kind) == ("audit.exported", "audit.export_done")
    assert before.actor == after.actor == "user:local"
    assert before.details == {
        "exportId": before.details and before.details["exportId"],
        "filter": {
            "from": "2026-11-24T00:00:00.000000Z",
            "to": "2026-11-25T00:00:00.000000Z",
            "kinds": sorted(kind for kind in events.Kind if kind.startswith("signup.")),
            "signupId": ID,
            "actor": "api:web",
        },
        "format": "csv",
        "withhold": None,
    }
    export_id = before.details["exportId"]
    assert after.details == {"exportId": export_id, "rows": answer["rows"], "sha256": answer["sha256"]}


def test_an_open_filter_is_told_as_null(services: Services, tmp_path: Path) -> None:
    run(services, tmp_path / "events.csv")
    assert (told(services)[0].details or {})["filter"] == dict.fromkeys(("from", "to", "kinds", "signupId", "actor"))


def test_only_what_was_asked_for_leaves(services: Services, tmp_path: Path) -> None:
    write(services, 3)
    write(services, 2, signup_id=OTHER)
    query = LogQuery(signup_id=OTHER, start="2026-11-24T00:00:01.000000Z")
    answer = run(services, tmp_path / "events.csv", query=query)
    with (tmp_path / "events.csv").open(newline="", encoding="utf-8") as file:
        assert [row["seq"] for row in csv.DictReader(file)] == ["5"]
    assert answer["rows"] == 1


def test_an_empty_csv_still_names_its_columns(services: Services, tmp_path: Path) -> None:
    answer = run(services, tmp_path / "events.csv", query=LogQuery(("lock.hit",)))
    assert (tmp_path / "events.csv").read_text("utf-8") == ",".join(COLUMNS) + "\n"
    assert answer["rows"] == 0


def test_what_happens_while_an_export_runs_is_not_in_it(services: Services, tmp_path: Path) -> None:
    write(services, 2500)

    def more(*_: int) -> None:
        write(services, 10)
        log.seal_first(services)

    assert run(services, tmp_path / "events.csv", progress=more)["rows"] == 2501


def test_an_export_is_begun_again_when_rows_are_pruned_under_it(
    services: Services, tmp_path: Path, clock: HandClock
) -> None:
    happen(services, 2500)
    kept = sign(services).seq + 1
    clock.move(500 * DAY)
    happen(services, 10)
    pruned: list[int] = []

    def prune_once(*_: int) -> None:
        if not pruned:
            pruned.append(prune(services))

    answer = run(services, tmp_path / "events.csv", progress=prune_once)
    with (tmp_path / "events.csv").open(newline="", encoding="utf-8") as file:
        seqs = [int(row["seq"]) for row in csv.DictReader(file)]
    assert seqs == list(range(kept, kept + answer["rows"]))
    assert pruned == [1]


def test_progress_is_told_up_to_the_whole(services: Services, tmp_path: Path) -> None:
    write(services, 2500)
    steps: list[tuple[int, int, int]] = []
    run(services, tmp_path / "events.csv", progress=lambda *step: steps.append(step))
    assert [rows for rows, _, _ in steps] == [1000, 2000, 2501]
    assert {total for _, total, _ in steps} == {2501}
    assert steps[-1][2] == (tmp_path / "events.csv").stat().st_size


def test_a_file_that_was_there_is_replaced_only_by_a_whole_one(services: Services, tmp_path: Path) -> None:
    out = tmp_path / "events.csv"
    out.write_text("older")
    write(services, 1500)
    seen = set()
    run(services, out, progress=lambda *_: seen.add(out.read_text()))
    assert seen == {"older"}
    assert out.read_text().startswith("seq,")


def test_a_link_is_followed_and_stays_a_link(services: Services, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "events.csv")
    run(services, tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "events.csv").read_text().startswith("seq,")


def test_an_export_is_its_owners_to_read(services: Services, tmp_path: Path) -> None:
    run(services, tmp_path / "events.csv")
    assert stat.S_IMODE((tmp_path / "events.csv").stat().st_mode) == 0o600


def test_an_unknown_format_is_refused_with_those_that_exist(services: Services, tmp_path: Path) -> None:
    with pytest.raises(UsageWrong, match="csv, ndjson"):
        run(services, tmp_path / "events.xls", "xls")
    assert told(services) == []


def test_a_pipe_is_not_replaced(services: Services, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageWrong, match="pipe is not a file"):
        run(services, tmp_path / "pipe")
    assert told(services) == []


class ClosedAtTheEnd:
    """A store that can be written once, and then no more."""

    def __init__(self, store: Store) -> None:
        self._store, self._writes = store, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        self._writes += 1
        if self._writes > 2:
            raise StoreUnavailable("The database is busy: try again in a moment.")
        with self._store.write() as tx:
            yield tx


def test_a_file_the_log_could_not_vouch_for_is_not_left(services: Services, tmp_path: Path) -> None:
    write(services, 3)
    folder = tmp_path / "exports"
    folder.mkdir()
    closing = replace(services, store=ClosedAtTheEnd(services.store))
    with pytest.raises(StoreUnavailable):
        run(closing, folder / "events.csv")
    assert list(folder.iterdir()) == []


@pytest.mark.long
def test_the_memory_an_export_takes_does_not_grow_with_the_log(services: Services, tmp_path: Path) -> None:
    def peak() -> int:
        tracemalloc.start()
        try:
            run(services, tmp_path / "events.ndjson", "ndjson")
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    write(services, log.PAGE * 2)
    once = peak()
    write(services, log.PAGE * 2)
    assert peak() < once * 1.1


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_every_way_through_the_log_brings_the_same_columns_in_the_same_order(dialect: Dialect) -> None:
    ways = {name: sql for name, sql in queries(dialect).items() if re.fullmatch(r"events(_\w+)?_(newest|oldest)", name)}
    columns = {
        name: [
            tuple(word.strip().removeprefix("events.") for word in listed.split(","))
            for listed in re.findall(r"SELECT ((?:events\.)?seq,.*?)\sFROM", sql, re.DOTALL)
        ]
        for name, sql in ways.items()
    }
    assert {"events_oldest", "events_of_kind_oldest", "events_found_oldest"} < set(columns)
    assert {name for name, lists in columns.items() if set(lists) != {log._NAMES}} == set()

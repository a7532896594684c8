"""Bundles made from a database: byte for byte the worked one, and each one valid, whatever was asked for."""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from signup.clock import HandClock, text
from signup.errors import RecordAltered, UsageWrong
from signup.record import bundle, events, keys, log, outside, tree
from signup.record.bundle import Made
from signup.record.bundle_plan import Asked, plan
from signup.record.checkpoint import Clerk
from signup.record.events import Kind
from signup.record.log import LogQuery
from signup.record.stretches import spans, spans_between
from signup.record.verifier import verify
from signup.services import Services
from tests.bundles import KEYS, WORKED
from tests.logbook import append_many
from tests.undone import Opened, undone

ID = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22"
REASON = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d23"


def put(services: Services, table: str, rows: list[dict[str, Any]]) -> None:
    """Rows as they stand in a worked example."""
    mark = "?" if services.store.dialect == "sqlite" else "%s"
    with services.store.write() as tx:
        for row in rows:
            names, marks = ", ".join(row), ", ".join([mark] * len(row))
            tx._connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))


def test_the_worked_bundle_is_made_byte_for_byte(services_on_each: Services, tmp_path: Path) -> None:
    services, tables = services_on_each, WORKED["tables"]
    with services.store.write() as tx:
        tx._connection.execute("DELETE FROM audit_log")
    put(services, "audit_log", [{"id": 1, **tables["audit_log"][0]}])
    for table in ("events", "audit_checkpoints", "audit_keys"):
        put(services, table, tables[table])
    query = LogQuery()
    object.__setattr__(query, "kinds", tuple(WORKED["filter"]["kinds"]))  # examples, not all of them ours
    asked = Asked(query, WORKED["withhold"])
    manifest = json.loads(WORKED["files"]["manifest.json"])
    companions = {name: WORKED["files"][name].encode() for name in ("README.txt", "verify.py")}
    made = Made(manifest["exportId"], manifest["exportedAt"], KEYS[1], companions)
    out = BytesIO()
    bundle.write(services, out, tmp_path, plan(services, asked, 37), made)
    with zipfile.ZipFile(out) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == WORKED["files"]


def grow(services: Services) -> None:
    """A log of a morning: every hour 7 starts and 3 rejected numbers, and a checkpoint."""
    assert isinstance(services.clock, HandClock)
    for hour in range(5):
        hour_of(services, hour)
        signed(services)
        services.clock.move(3600)


@pytest.fixture(scope="module")
def grown_for_all(opened_for_all: Opened) -> Iterator[Services]:
    with opened_for_all() as services:
        grow(services)
        yield services


@pytest.fixture
def grown(grown_for_all: Services, tmp_path: Path, clock: HandClock) -> Iterator[Services]:
    with undone(grown_for_all, tmp_path / "data", clock) as services:
        yield services


def hour_of(services: Services, hour: int, rows: int = 10) -> None:
    at = log_time(services)
    rejected = {"kind": Kind.NUMBER_REJECTED, "details": {"reason": "too_short", "channel": "web"}}
    details = {"status": "requested", "country": "SE" if hour % 2 else "IN", "channel": "web"}
    began = {"kind": Kind.SIGNUP_STARTED, "signup_id": ID, "details": details}
    told = [rejected if number % 3 == 2 else began for number in range(rows)]
    with services.store.write() as tx:
        append_many(tx, [{"at": at, "actor": "api:web", **one} for one in told])


def log_time(services: Services) -> str:
    return text(services.clock.now())


def signed(services: Services) -> int:
    """Seal and sign; the number of events under the checkpoint."""
    log.seal_first(services)
    key = keys.ready(services, quiet)
    return Clerk(services, key, actor="system", say=quiet).make().seq


def quiet(_: str) -> None:
    """Nobody listens."""


def made(services: Services, tmp_path: Path, asked: Asked | None = None) -> Path:
    out = tmp_path / "bundle.zip"
    bundle.export(services, out=out, asked=asked or Asked(LogQuery()), actor="user:u1", say=quiet)
    return out


def checked(path: Path, *checkpoints: Path) -> dict[str, Any]:
    found = verify.verify(str(path), [str(given) for given in checkpoints], [])
    assert found["valid"], found
    return found


def counts(found: dict[str, Any]) -> tuple[int, int, int]:
    return found["shown"], found["listed"], found["withheld"]


def manifest(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        return dict(json.loads(archive.read("manifest.json")))


def test_everything_may_be_shown(grown: Services, tmp_path: Path) -> None:
    found = checked(made(grown, tmp_path))
    assert counts(found) == (found["events"], 0, 0)
    assert found["complete"]
    assert found["checkpoints"] == 6


def test_what_was_not_asked_for_is_listed(grown: Services, tmp_path: Path) -> None:
    found = checked(made(grown, tmp_path, Asked(LogQuery(("number.rejected",)))))
    assert counts(found) == (15, found["events"] - 15, 0)
    assert found["complete"]


def test_under_rows_the_others_become_stretches(grown: Services, tmp_path: Path) -> None:
    found = checked(made(grown, tmp_path, Asked(LogQuery(("number.rejected",)), "rows")))
    assert counts(found) == (15, 0, found["events"] - 15)
    assert found["complete"] is False
    assert found["warnings"][-1] == "not_complete"


def test_a_span_of_time_lies_between_two_signed_roots(grown: Services, tmp_path: Path) -> None:
    query = LogQuery(start="2026-11-24T15:30:00.000000Z", end="2026-11-24T16:30:00.000000Z")
    found = checked(made(grown, tmp_path, Asked(query)))
    assert found["complete"]
    assert (found["recordedFrom"], found["recordedTo"]) == (
        "2026-11-24T15:00:00.000000Z",
        "2026-11-24T17:00:00.000000Z",
    )
    assert found["shown"] == 11
    assert found["withheld"] > 0


@pytest.mark.parametrize("hours", [0, 72])
def test_a_clock_that_once_ran_ahead_takes_no_event_out_of_a_span(
    grown: Services, clock: HandClock, tmp_path: Path, hours: int
) -> None:
    clock.move(2 * 86400)
    hour_of(grown, 5, rows=1)
    signed(grown)
    clock.move(-2 * 86400)
    start = log_time(grown)
    for hour in range(2):
        clock.move(3600)
        hour_of(grown, hour, rows=20)
        signed(grown)
    clock.move(60)
    query = LogQuery(("signup.started",), start=start, end=log_time(grown))
    clock.move(hours * 3600)
    hour_of(grown, 6)
    signed(grown)
    path = made(grown, tmp_path, Asked(query))
    found = checked(path)
    assert (found["shown"], found["complete"]) == (28, True)
    settled = manifest(path)
    assert (settled["last"] < settled["size"]) == bool(hours), "once the time has come, the rest lies outside again"


@pytest.mark.parametrize("withhold", ["details", "rows"])
def test_a_span_that_has_not_come_yet_shows_nothing(grown: Services, tmp_path: Path, withhold: Any) -> None:
    found = checked(made(grown, tmp_path, Asked(LogQuery(start="2030-01-01T00:00:00.000000Z"), withhold)))
    assert counts(found) == (0, 0, found["events"])


def test_details_narrow_further_on_the_exporters_word(grown: Services, tmp_path: Path) -> None:
    found = checked(made(grown, tmp_path, Asked(LogQuery(("signup.*",)), narrowed={"country": "SE"})))
    assert found["shown"] == 14
    assert found["complete"] is False


def test_an_auditors_checkpoint_can_be_compared_when_it_was_asked_for(grown: Services, tmp_path: Path) -> None:
    with grown.store.read() as tx:
        kept = tx.all("audit_checkpoints")[1]
    (tmp_path / "kept").write_text(kept["note"])
    query = LogQuery(start="2026-11-24T17:30:00.000000Z")
    plain = verify.verify(str(made(grown, tmp_path, Asked(query))), [str(tmp_path / "kept")], [])
    assert (plain["valid"], plain["reason"]) == (None, "checkpoint_not_covered")
    found = checked(made(grown, tmp_path, Asked(query, compare=(kept["seq"],))), tmp_path / "kept")
    assert found["outside"] == {"given": 1, "matched": 1}


def test_a_checkpoint_that_is_not_the_logs_is_refused(grown: Services, tmp_path: Path) -> None:
    with pytest.raises(UsageWrong, match="no checkpoint at event 4"):
        made(grown, tmp_path, Asked(LogQuery(), compare=(4,)))
    assert not (tmp_path / "bundle.zip").exists()


def redact(services: Services, seq: int, *, told: bool = True) -> None:
    """Take the details of one event out of the record."""
    mark = "?" if services.store.dialect == "sqlite" else "%s"
    with services.store.write() as tx:
        row = tx._connection.execute(f"SELECT details, details_salt FROM events WHERE seq = {seq}").fetchone()
        details, salt = (row["details"], row["details_salt"]) if not isinstance(row, tuple) else row
        hidden = tree.details_hash(details, bytes.fromhex(salt)).hex()
        statement = f"UPDATE events SET details = NULL, details_salt = NULL, details_hash = {mark} WHERE seq = {seq}"
        tx._connection.execute(statement, (hidden,))
        if told:
            about = {"code": "personal", "seq": seq, "reasonId": REASON}
            events.append(tx, at=log_time(services), kind=Kind.AUDIT_REDACTED, actor="user:u1", details=about)


def test_more_checkpoints_than_a_verifier_reads_are_refused(
    grown: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outside.LONGEST == verify.LONGEST_TEXT
    monkeypatch.setattr(outside, "LONGEST", 1 << 16)
    much = {"seq": 3, "at": text(grown.clock.now()), "root": "0" * 64, "key_id": "0" * 32, "frontier": "[]"}
    put(grown, "audit_checkpoints", [{**much, "note": "x" * outside.LONGEST}])
    with pytest.raises(UsageWrong, match="export a shorter time"):
        made(grown, tmp_path)
    assert not (tmp_path / "bundle.zip").exists()


def test_a_redacted_row_is_listed_and_told_of(grown: Services, tmp_path: Path) -> None:
    redact(grown, 3)
    path = made(grown, tmp_path, Asked(LogQuery(("number.rejected",))))
    found = checked(path)
    assert found["redacted"] == 1
    assert found["shown"] == 14 + 1
    assert manifest(path)["redacted"] == [3]


def test_a_redaction_is_told_even_beyond_the_span(grown: Services, tmp_path: Path) -> None:
    redact(grown, 3)
    found = checked(made(grown, tmp_path, Asked(LogQuery(end="2026-11-24T14:30:00.000000Z"))))
    assert found["redacted"] == 1
    assert found["shown"] == 10 + 1
    assert found["complete"]


def test_under_rows_a_redacted_row_is_withheld(grown: Services, tmp_path: Path) -> None:
    redact(grown, 3)
    found = checked(made(grown, tmp_path, Asked(LogQuery(("number.rejected",)), "rows")))
    assert (found["redacted"], found["shown"]) == (0, 14)


def test_a_redaction_nobody_told_of_ends_the_export(grown: Services, tmp_path: Path) -> None:
    redact(grown, 3, told=False)
    with pytest.raises(RecordAltered, match="run verify"):
        made(grown, tmp_path)
    assert list(tmp_path.glob("*.zip")) == []


def test_a_redaction_in_the_middle_begins_the_bundle_again(services_on_each: Services, tmp_path: Path) -> None:
    grown = services_on_each
    grow(grown)
    hour_of(grown, 6, rows=log.PAGE + 500)
    size = log.seal_first(grown)
    seen: list[int] = []

    def meddle(done: int, *_: int) -> None:
        if not seen:
            redact(grown, size - 5)
        seen.append(done)

    out = tmp_path / "bundle.zip"
    bundle.export(grown, out=out, asked=Asked(LogQuery()), actor="user:u1", say=quiet, progress=meddle)
    assert seen.count(1000) == 2
    assert checked(out)["redacted"] == 1


def prune(services: Services, to: int) -> None:
    """Delete what lies under a checkpoint, but the checkpoint."""
    with services.store.write() as tx:
        tx._connection.execute(f"UPDATE audit_log SET pruned_to = {to}")
        tx._connection.execute(f"DELETE FROM events WHERE seq <= {to}")
        tx._connection.execute(f"DELETE FROM audit_checkpoints WHERE seq < {to}")


@pytest.mark.parametrize("withhold", ["details", "rows"])
def test_what_was_pruned_is_the_edge_that_was_kept(grown: Services, tmp_path: Path, withhold: Any) -> None:
    with grown.store.read() as tx:
        to = tx.all("audit_checkpoints")[1]["seq"]
    prune(grown, to)
    path = made(grown, tmp_path, Asked(LogQuery(("signup.*",)), withhold))
    found = checked(path)
    assert (found["prunedTo"], manifest(path)["first"]) == (to, to + 1)
    assert found["complete"] is (withhold == "details")


def test_the_log_tells_what_left_before_and_its_digest_after(grown: Services, tmp_path: Path) -> None:
    path = made(grown, tmp_path, Asked(LogQuery(("number.rejected",)), "rows"))
    before, after = [one for one in log.after(grown, LogQuery(("audit.export*",)), 0) if one.details]
    assert before.details is not None
    assert after.details is not None
    assert (before.details["format"], before.details["withhold"]) == ("bundle", "rows")
    assert before.seq is not None
    assert before.seq <= manifest(path)["size"]
    assert after.details["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert after.details["rows"] == 15


def test_the_bundle_carries_the_program_that_checks_it(grown: Services, tmp_path: Path) -> None:
    with zipfile.ZipFile(made(grown, tmp_path)) as archive:
        assert archive.read("verify.py") == Path(verify.__file__).read_bytes()
        assert b"WHAT IT DOES NOT PROVE" in archive.read("README.txt")


def test_no_cell_of_its_csv_starts_a_formula(grown: Services, tmp_path: Path) -> None:
    with zipfile.ZipFile(made(grown, tmp_path)) as archive:
        content = archive.read("events.csv").decode()
    cells = [cell for line in content.splitlines()[1:] for cell in line.split(",")]
    assert not [cell for cell in cells if cell.lstrip('"')[:1] in tuple("=+-@")]


@pytest.mark.parametrize(("first", "last"), [(1, 1), (1, 13), (5, 13), (6, 6), (2, 100), (1, 64), (3, 2)])
def test_spans_are_whole_subtrees_that_cover_everything_once(first: int, last: int) -> None:
    found = list(spans(first, last))
    assert [seq for start, end in found for seq in range(start, end + 1)] == list(range(first, last + 1))
    for start, end in found:
        size = end - start + 1
        assert size & (size - 1) == 0
        assert (start - 1) % size == 0


def test_no_span_reaches_across_a_cut() -> None:
    assert list(spans_between(1, 16, [0, 5, 8, 99])) == [(1, 4), (5, 5), (6, 6), (7, 8), (9, 16)]

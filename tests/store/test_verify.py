"""Verify, over real logs: silent about untouched ones, and the right word about every other."""

import base64
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from signup import settings as settings_module
from signup.clock import HandClock, text
from signup.record import checkpoint, events, keys, note, tree
from signup.record.checkpoint import Checkpoint, Clerk
from signup.record.events import Kind
from signup.record.outside import Given
from signup.record.pins import Pins, Point
from signup.record.seal import Sealer
from signup.record.verify import Question, Report, verify
from signup.services import Services, open_services
from signup.store import Transaction
from signup.store.driver import sqlite
from signup.store.sqlite_file import SqliteFile
from tests.conftest import START
from tests.tampering import CASES, TRIGGERS, Culprit
from tests.undone import Opened, undone

SEEDS = [base64.b64encode(bytes([number]) * 32).decode() for number in range(1, 4)]
KEYS = [note.SigningKey.of(base64.b64decode(seed)) for seed in SEEDS]
COPIES_PER_ROUND = 4

Written = tuple[Services, list[Checkpoint]]


def quiet(_: str) -> None:
    """Where checkpoints' lines go in these tests."""


def happen(services: Services, times: int, seal: bool = True) -> None:
    with services.store.write() as tx:
        for number in range(times):
            details, at = {"status": "approved", "ms": number}, text(services.clock.now())
            signup_id = f"019d5c0e-7d3e-7f6a-9b1c-{number:012x}"
            events.append(tx, at=at, kind=Kind.SIGNUP_APPROVED, actor="callback", signup_id=signup_id, details=details)
    if seal:
        Sealer(services).seal()


def sign(services: Services, key: note.SigningKey = KEYS[0]) -> Checkpoint:
    Sealer(services).seal()
    return Clerk(services, key, actor="watcher", say=quiet).make()


def redact(services: Services, seq: int) -> None:
    """As record.md's section on redaction says: the row and its telling in one transaction."""
    with services.store.write() as tx:
        row = next(row for row in tx.tuples("rows_to_verify", after=seq - 1, up_to=seq, size=1))
        kept = tree.details_hash(row[5], bytes.fromhex(row[7])).hex()
        _execute(
            tx, f"UPDATE events SET details = NULL, details_salt = NULL, details_hash = '{kept}' WHERE seq = {seq}"
        )
        details = {"code": "personal", "seq": seq, "reasonId": "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22"}
        events.append(tx, at=text(services.clock.now()), kind=Kind.AUDIT_REDACTED, actor="cli", details=details)


def prune(services: Services, to: int) -> None:
    """Up to a checkpoint, told in the same transaction."""
    with services.store.write() as tx:
        tx.one("lock_head")
        events.append(tx, at=text(services.clock.now()), kind=Kind.AUDIT_PRUNED, actor="watcher", details={"to": to})
        _execute(tx, f"UPDATE audit_log SET pruned_to = {to}")
        _execute(tx, f"DELETE FROM events WHERE seq <= {to}")
        _execute(tx, f"DELETE FROM audit_checkpoints WHERE seq < {to}")


def _execute(tx: Transaction, statement: str) -> None:
    tx._connection.execute(statement)  # type: ignore[attr-defined]


def tamper(services: Services, *statements: str) -> None:
    on = {"events_keep": "events", "events_stay": "events"} | dict.fromkeys(
        ("checkpoints_stay", "checkpoints_keep"), "audit_checkpoints"
    )
    with services.store.write() as tx:
        for trigger, table in on.items():
            where = f" ON {table}" if services.store.dialect == "postgresql" else ""
            _execute(tx, f"DROP TRIGGER IF EXISTS {trigger}{where}")
        for statement in statements:
            _execute(tx, statement)


def kept(made: Checkpoint) -> Given:
    return Given(made.note, made.json())


def facts(report: Report) -> dict[str, Any]:
    return report.facts


def verdict(services: Services, **question: Any) -> tuple[Any, ...]:
    found = verify(services.store, Question(**question)).facts
    return found["valid"], found["reason"], found["firstBadSeq"], found["lastBadSeq"]


@dataclass(frozen=True)
class Original:
    """A log of every kind of row, as a closed file, and the checkpoints that were kept outside."""

    path: Path
    outside: list[Checkpoint]


def write_log(services: Services, clock: HandClock) -> list[Checkpoint]:
    """50 rows and more: two keys, five checkpoints, a redaction, a tail that nothing signed yet."""
    keys.ready(services, quiet)
    happen(services, 12)
    made = [sign(services)]
    clock.move(3600)
    happen(services, 9)
    redact(services, 5)
    made.append(sign(services))
    clock.move(3600)
    made.append(sign(services))
    with services.store.write() as tx:
        log = tx.one("lock_head")
        assert log
        origin = checkpoint.origin_of(log["mode"], log["log_id"])
        endorsed = keys.endorsement(origin, KEYS[1], KEYS[0], text(clock.now()))
        public = note.public_text(KEYS[1].public)
        tx.run("add_audit_key", key_id=KEYS[1].id, public_key=public, at=text(clock.now()), endorsement=endorsed)
        events.append(
            tx, at=text(clock.now()), kind=Kind.AUDIT_KEY_ADDED, actor="system", details={"keyId": KEYS[1].id}
        )
    happen(services, 17)
    clock.move(60)
    made.append(sign(services, KEYS[1]))
    happen(services, 6)
    return made


@pytest.fixture(scope="module")
def signed_for_all(opened_for_all: Opened) -> Iterator[Services]:
    with opened_for_all(audit_keys=SEEDS[0]) as services:
        yield services


@pytest.fixture
def signed(signed_for_all: Services, tmp_path: Path, clock: HandClock) -> Iterator[Services]:
    """Services on each store, whose key signs."""
    with undone(signed_for_all, tmp_path / "data", clock) as services:
        yield services


@pytest.fixture(scope="module")
def written_for_all(opened_for_all: Opened) -> Iterator[Written]:
    with opened_for_all(audit_keys=SEEDS[0]) as services:
        yield services, write_log(services, services.clock)  # type: ignore[arg-type]


@pytest.fixture
def written(written_for_all: Written, tmp_path: Path, clock: HandClock) -> Iterator[Written]:
    """The same with a log of every kind of row, and its checkpoints."""
    with undone(written_for_all[0], tmp_path / "data", clock) as services:
        yield services, written_for_all[1]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    folder = tmp_path_factory.mktemp("original")
    path = folder / "log.db"
    chosen = settings_module.load(
        {"SIGNUP_DATABASE_URL": f"sqlite:///{path}", "SIGNUP_DATA_DIR": str(folder), "SIGNUP_AUDIT_KEYS": SEEDS[0]},
        env_file=None,
    )
    clock = HandClock(START)
    with open_services(chosen, clock=clock, truecaller=object(), migrate=True) as services:  # type: ignore[arg-type]
        outside = write_log(services, clock)
    return Original(path, outside)


def check(path: Path, *outside: Checkpoint, **more: Any) -> Report:
    with closing(SqliteFile(path)) as source:
        return verify(source, Question(outside=[kept(one) for one in outside], **more))


# Untouched.


def test_an_untouched_log_is_valid_and_its_report_says_what_it_is(written: Written) -> None:
    signed, made = written
    happen(signed, 2, seal=False)
    report = verify(signed.store, Question(outside=[kept(made[1])], keys=[KEYS[0].id], strict=True))
    with signed.store.read() as tx:
        log = tx.one("log_head") or {}
    assert report.facts == {
        "valid": True,
        "reason": None,
        "firstBadSeq": None,
        "lastBadSeq": None,
        "detail": None,
        "events": log["seq"],
        "checkpoints": 4,
        "head": log["seq"],
        "root": tree.root(tree.frontier_of(log["frontier"], log["seq"])).hex(),
        "logId": log["log_id"],
        "mode": "sandbox",
        "prunedTo": 0,
        "redacted": 1,
        "unsealed": 2,
        "afterLastCheckpoint": log["seq"] - made[-1].seq,
        "outside": {"given": 1, "matched": 1},
        "keys": [KEYS[0].id, KEYS[1].id],
        "warnings": [],
    }
    assert report.newest == Point(made[-1].seq, made[-1].root)


def test_a_log_without_anything_in_it_is_valid(signed: Services) -> None:
    assert verdict(signed) == (True, None, None, None)
    assert facts(verify(signed.store, Question()))["warnings"] == ["key_not_pinned", "no_outside_checkpoint"]


def test_a_log_signed_while_it_was_empty_is_valid(signed: Services) -> None:
    keys.ready(signed, quiet)
    made = sign(signed)
    happen(signed, 3)
    assert made.seq == 0
    assert verdict(signed, outside=[kept(made)]) == (True, None, None, None)


def test_pages_do_not_show(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    signed, made = written
    for size in (1, 2, 7, 12, 13):
        monkeypatch.setattr("signup.record.check.PAGE", size)
        told: list[tuple[int, int]] = []
        report = verify(signed.store, Question(outside=[kept(one) for one in made]), _noted(told))
        assert (report.valid, report.facts["outside"]) == (True, {"given": 4, "matched": 4})
        assert told[-1] == (report.facts["head"], report.facts["head"])


def test_a_pruned_log_is_valid_from_there_on(written: Written) -> None:
    signed, made = written
    prune(signed, made[1].seq)
    assert verdict(signed, outside=[kept(made[1]), kept(made[3])]) == (True, None, None, None)
    Sealer(signed).seal()
    found = facts(verify(signed.store, Question(outside=[kept(made[3])])))
    assert (found["valid"], found["prunedTo"]) == (True, made[1].seq)
    assert found["events"] == found["head"] - made[1].seq


def test_a_checkpoint_of_what_was_pruned_cannot_be_compared(written: Written) -> None:
    signed, made = written
    prune(signed, made[1].seq)
    assert verdict(signed, outside=[kept(made[0])]) == (None, "checkpoint_not_covered", None, None)


@pytest.fixture
def alone(opened_for_all: Opened) -> Iterator[Services]:
    """The same over a database of the test's own."""
    with opened_for_all(audit_keys=SEEDS[0]) as services:
        yield services


@pytest.mark.torture
def test_no_alarm_while_the_log_is_sealed_signed_pruned_and_redacted(alone: Services, rounds: int) -> None:
    signed = alone
    keys.ready(signed, quiet)
    over, faults = threading.Event(), list[BaseException]()

    def live() -> None:
        chance = random.Random(7)
        signer = keys.ready(signed, quiet)
        while not over.is_set():
            happen(signed, chance.randrange(1, 40))
            made = sign(signed, signer)
            with signed.store.read() as tx:
                first = int((tx.one("log_head") or {})["pruned_to"]) + 1
                rows = tx.tuples("rows_to_verify", after=first, up_to=made.seq, size=50)
            redact(signed, chance.choice([row[0] for row in rows if row[5] is not None and row[2][:6] == "signup"]))
            if chance.random() < 0.3:
                prune(signed, made.seq)

    def alive() -> None:
        try:
            live()
        except BaseException as error:  # whatever it is, the test tells it
            faults.append(error)

    thread = threading.Thread(target=alive)
    thread.start()
    try:
        verdicts = [facts(verify(signed.store, Question())) for _ in range(rounds)]
    finally:
        over.set()
        thread.join()
    assert faults == []
    assert [(one["valid"], one["reason"], one["detail"]) for one in verdicts if not one["valid"]] == []


def test_a_row_redacted_while_the_log_is_read_is_no_fault(written: Written) -> None:
    signed, _ = written
    report = verify(signed.store, Question(), _once(lambda: redact(signed, 9)))
    assert report.valid


def test_a_log_pruned_while_it_is_read_is_read_again(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    signed, made = written
    monkeypatch.setattr("signup.record.check.PAGE", 4)
    report = verify(signed.store, Question(), _once(lambda: prune(signed, made[2].seq)))
    assert (report.valid, report.facts["prunedTo"]) == (True, made[2].seq)


def _noted(told: list[tuple[int, int]]) -> Callable[[int, int], None]:
    return lambda done, whole: told.append((done, whole))


def _once(act: Callable[[], None]) -> Callable[[int, int], None]:
    left = [act]
    return lambda *_: left.pop()() if left else None


# Every reason, on both stores.

REASONS: list[tuple[str, tuple[str, ...], tuple[Any, ...]]] = [
    ("row_missing", ("DELETE FROM events WHERE seq IN (7, 8)",), (7, 7)),
    ("row_changed", ("UPDATE events SET details = '{}' WHERE seq = 7",), (7, 7)),
    ("row_malformed", ("UPDATE events SET header_salt = UPPER(header_salt) || ' ' WHERE seq = 7",), (7, 7)),
    ("tail_missing", ("DELETE FROM events WHERE seq > 47",), (48, 50)),
    ("head_wrong", ("UPDATE audit_log SET frontier = '[]'",), (None, None)),
    ("head_wrong", ("UPDATE audit_log SET seq = -1",), (None, None)),
    ("head_wrong", ("DELETE FROM audit_log",), (None, None)),
    ("prune_untold", ("UPDATE audit_log SET pruned_to = 12", "DELETE FROM events WHERE seq <= 12"), (None, None)),
    (
        "redaction_untold",
        ("UPDATE events SET details = NULL, details_salt = NULL, details_hash = 'X' WHERE seq = 9",),
        (9, 9),
    ),
    ("checkpoint_missing", ("DELETE FROM audit_checkpoints WHERE seq = 12",), (None, None)),
    ("checkpoint_forged", ("UPDATE audit_checkpoints SET at = '' WHERE seq = 12",), (None, None)),
    ("key_not_trusted", ("DELETE FROM audit_keys",), (None, None)),
    ("log_mixed", ("UPDATE audit_log SET mode = 'live'",), (None, None)),
]


@pytest.mark.parametrize(("reason", "statements", "rows"), REASONS)
def test_each_fault_is_named_with_its_row(
    written: Written, reason: str, statements: tuple[str, ...], rows: tuple[Any, ...]
) -> None:
    signed, _ = written
    with signed.store.read() as tx:
        [nine] = tx.tuples("rows_to_verify", after=8, up_to=9, size=1)
    kept_hash = tree.details_hash(nine[5], bytes.fromhex(nine[7])).hex()
    tamper(signed, *(statement.replace("'X'", f"'{kept_hash}'") for statement in statements))
    assert verdict(signed) == (False, reason, *rows)


def test_rewritten_history_reaches_from_the_last_checkpoint_that_fitted(written: Written) -> None:
    signed, made = written
    change_leaf_of(signed, 15)
    assert verdict(signed) == (False, "history_rewritten", made[0].seq + 1, made[1].seq)


def change_leaf_of(services: Services, seq: int) -> None:
    """Another row in this one's place, with the leaf it should have."""
    with services.store.read() as tx:
        [row] = tx.tuples("rows_to_verify", after=seq - 1, up_to=seq, size=1)
    header = tree.header(seq, row[1], row[2], row[3], "user:eve")
    body = tree.details_hash(row[5], bytes.fromhex(row[7]))
    leaf = tree.leaf(tree.header_hash(header, bytes.fromhex(row[6])), body).hex()
    tamper(services, f"UPDATE events SET actor = 'user:eve', leaf = '{leaf}' WHERE seq = {seq}")


def test_without_its_own_checkpoints_it_reaches_from_the_last_one_outside(written: Written) -> None:
    signed, made = written
    change_leaf_of(signed, 15)
    tamper(signed, "DELETE FROM audit_checkpoints")
    outside = [kept(made[3]), kept(made[0])]
    expected = (False, "outside_checkpoint_contradicted", made[0].seq + 1, made[3].seq)
    assert verdict(signed, outside=outside) == expected


def test_a_checkpoint_from_outside_beyond_the_end_shows_what_is_missing(written: Written) -> None:
    signed, _ = written
    with signed.store.read() as tx:
        log = tx.one("lock_head" if signed.store.dialect == "sqlite" else "log_head") or {}
    origin = checkpoint.origin_of(log["mode"], log["log_id"])
    later = note.sign(origin, checkpoint.words(origin, 60, bytes(32), "2026-11-25T00:00:00.000000Z"), KEYS[1])
    assert verdict(signed, outside=[Given(later)]) == (False, "tail_missing", log["seq"] + 1, 60)


def test_a_row_out_of_its_order_is_named(original: Original, tmp_path: Path) -> None:
    """Only a table that is not ours any more can hold one: without its primary key."""
    copy = copied(original, tmp_path)
    culprit = Culprit(copy, random.Random(1), 1, KEYS[1])
    culprit.run("ALTER TABLE events RENAME TO old")
    culprit.run("CREATE TABLE events AS SELECT * FROM old")
    culprit.run("INSERT INTO events SELECT * FROM old WHERE seq = 20")
    culprit.database.close()
    found = check(copy).facts
    assert (found["reason"], found["firstBadSeq"], found["lastBadSeq"]) == ("row_out_of_order", 20, 20)


def test_checkpoints_whose_times_fall_are_forged(signed: Services, clock: HandClock) -> None:
    keys.ready(signed, quiet)
    happen(signed, 3)
    sign(signed)
    happen(signed, 3)
    Sealer(signed).seal()
    with signed.store.write() as tx:
        log = tx.one("lock_head") or {}
        older = checkpoint._made(log, KEYS[0], "2026-11-23T00:00:00.000000Z")
        tx.run("add_checkpoint", frontier=log["frontier"], **checkpoint._columns(older))
    assert verdict(signed)[:2] == (False, "checkpoint_forged")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"root": "0" * 64}, "checkpoint_forged"),
        ({"seq": True}, "checkpoint_forged"),
        ({"keyId": KEYS[2].id}, "checkpoint_forged"),
        ({"more": 1}, "checkpoint_forged"),
        ({"note": "nothing signed"}, "checkpoint_forged"),
    ],
)
def test_a_checkpoint_from_outside_must_hold_by_itself(original: Original, change: dict[str, Any], reason: str) -> None:
    beside = {**original.outside[0].json(), **change}
    with closing(SqliteFile(original.path)) as source:
        found = verify(source, Question(outside=[Given(beside["note"], beside)])).facts
    assert (found["valid"], found["reason"]) == (False, reason)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE events SET details = CAST(x'7b22ff227d' AS TEXT) WHERE seq = 3", ("row_malformed", 3, 3)),
        ("UPDATE events SET kind = CAST(x'ff' AS TEXT) WHERE seq = 3", ("row_malformed", 3, 3)),
        ("UPDATE audit_checkpoints SET note = CAST(x'ff' AS TEXT) WHERE seq = 12", ("checkpoint_forged", None, None)),
        ("UPDATE audit_log SET log_id = CAST(x'ff' AS TEXT)", ("head_wrong", None, None)),
    ],
)
def test_bytes_that_are_no_text_are_a_fault_of_their_row_and_make_nobody_blind(
    original: Original, tmp_path: Path, statement: str, expected: tuple[Any, ...]
) -> None:
    path = tmp_path / "copy.db"
    shutil.copy(original.path, path)
    with closing(sqlite.connect(str(path), isolation_level=None)) as database:
        for trigger in TRIGGERS:
            database.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        database.execute(statement)
    found = check(path).facts
    assert (found["valid"], found["reason"], found["firstBadSeq"], found["lastBadSeq"]) == (False, *expected)


@pytest.mark.parametrize("opened_for_all", ["sqlite"], indirect=True)
def test_bytes_that_are_no_text_are_found_in_our_own_database_too(signed: Services) -> None:
    happen(signed, 4)
    tamper(signed, "UPDATE events SET details = CAST(x'7b22ff227d' AS TEXT) WHERE seq = 3")
    assert verdict(signed) == (False, "row_malformed", 3, 3)


def test_a_waiting_row_as_deep_as_a_well_stops_neither_a_check_nor_the_sealer(signed: Services) -> None:
    happen(signed, 4)
    deep = '{"seq":' + "[" * 2000 + "]" * 2000 + "}"
    columns = "at, kind, signup_id, actor, details"
    told = f"'2026-11-24T14:00:00.000000Z', 'audit.redacted', NULL, 'cli', '{deep}'"
    tamper(signed, f"INSERT INTO events_inbox ({columns}) VALUES ({told})")
    redact(signed, 2)
    assert verdict(signed)[:2] == (True, None)
    assert Sealer(signed).seal() == 2


@pytest.mark.parametrize("odd", ["\\ud800", "\\u0000"])
def test_a_waiting_row_whose_words_no_database_keeps_does_not_stop_the_sealer(signed: Services, odd: str) -> None:
    told = f"'2026-11-24T14:00:00.000000Z', 'number.rejected', NULL, 'cli', '{{\"reason\":\"{odd}\"}}'"
    tamper(signed, f"INSERT INTO events_inbox (at, kind, signup_id, actor, details) VALUES ({told})")
    assert Sealer(signed).seal() == 1
    assert verdict(signed)[0]


# Keys and pins.


def test_a_pin_on_any_key_of_the_line_vouches_for_all(original: Original) -> None:
    for key in KEYS[:2]:
        assert check(original.path, keys=[key.id]).facts["keys"] == [KEYS[0].id, KEYS[1].id]


def test_a_pin_on_another_key_vouches_for_none(original: Original) -> None:
    found = check(original.path, keys=[KEYS[2].id]).facts
    assert (found["valid"], found["reason"], found["keys"]) == (False, "key_not_trusted", [])


def test_a_named_key_that_signed_nothing_vouches_for_nothing(signed: Services) -> None:
    keys.ready(signed, quiet)
    assert verdict(signed, keys=[KEYS[0].id])[0], "there is nothing yet that could be signed"
    happen(signed, 4)
    assert verdict(signed, keys=[KEYS[0].id]) == (None, "checkpoint_not_covered", None, None)
    assert verdict(signed, keys=[KEYS[2].id]) == (False, "key_not_trusted", None, None)
    young = verify(signed.store, Question(pins=lambda _: Pins(keys=(KEYS[0].id,)), ours=True)).facts
    assert (young["valid"], "key_not_pinned" in young["warnings"]) == (True, True), "nothing rests on the key yet"
    tamper(signed, "UPDATE events SET actor = 'user:eve' WHERE seq = 2")
    assert verdict(signed, keys=[KEYS[0].id]) == (False, "row_changed", 2, 2)


def test_a_log_rewritten_without_any_signature_is_not_valid_for_who_names_a_key(
    original: Original, tmp_path: Path
) -> None:
    copy = copied(original, tmp_path)
    culprit = Culprit(copy, random.Random(1), 1, KEYS[1])
    for statement in (
        "DELETE FROM audit_checkpoints",
        "DELETE FROM audit_keys",
        "UPDATE events SET kind = 'signup.opened', details = '{}', details_salt = header_salt, details_hash = NULL",
    ):
        culprit.run(statement)
    culprit.chain_again()
    culprit.database.close()
    assert check(copy).valid, "by itself it looks whole"
    assert check(copy, keys=[KEYS[0].id]).facts["reason"] == "key_not_trusted"


def test_a_key_without_endorsement_needs_a_pin_of_its_own(original: Original, tmp_path: Path) -> None:
    copy = copied(original, tmp_path)
    Culprit(copy, random.Random(1), 1, KEYS[1]).run("UPDATE audit_keys SET endorsement = NULL")
    assert check(copy).facts["reason"] == "key_not_trusted"
    assert check(copy, keys=[KEYS[0].id]).facts["reason"] == "key_not_trusted"
    assert check(copy, keys=[KEYS[0].id, KEYS[1].id]).valid


def test_what_we_remember_of_our_own_log_must_be_in_it(written: Written) -> None:
    signed, made = written
    with signed.store.read() as tx:
        head = (tx.one("log_head") or {})["seq"]
    remembered = Pins(keys=(KEYS[0].id,), checked=Point(made[1].seq, made[1].root), signed=Point(99, "9" * 64))
    assert verdict(signed, ours=True, pins=lambda _: remembered) == (False, "tail_missing", head + 1, 99)
    assert verdict(signed, pins=lambda _: remembered)[0], "another's copy need not be the newest"
    other = Pins(signed=Point(made[3].seq, "9" * 64), checked=Point(made[1].seq, made[1].root))
    expected = (False, "outside_checkpoint_contradicted", made[1].seq + 1, made[3].seq)
    assert verdict(signed, ours=True, pins=lambda _: other) == expected


def test_an_incremental_check_begins_at_the_last_one(written: Written) -> None:
    signed, made = written
    checked = Pins(checked=Point(made[2].seq, made[2].root))
    told: list[tuple[int, int]] = []
    report = verify(signed.store, Question(pins=lambda _: checked, incremental=True), _noted(told))
    assert report.valid
    assert told[-1][1] == report.facts["head"] - made[2].seq
    tamper(signed, "UPDATE events SET details = '{}' WHERE seq = 7")
    assert verdict(signed, pins=lambda _: checked, incremental=True)[0], "older rows are what it cannot see"
    tamper(signed, "UPDATE events SET details = '{}' WHERE seq = 45")
    assert verdict(signed, pins=lambda _: checked, incremental=True)[1:] == ("row_changed", 45, 45)


def test_an_incremental_check_minds_that_its_beginning_is_still_the_same(written: Written) -> None:
    signed, made = written
    other = Pins(checked=Point(made[2].seq, "9" * 64))
    found = verdict(signed, pins=lambda _: other, incremental=True)
    assert found == (False, "outside_checkpoint_contradicted", 1, made[2].seq)


def test_what_is_no_log_cannot_be_told_about(tmp_path: Path) -> None:
    from signup.store.driver import sqlite

    path = tmp_path / "another.db"
    with closing(sqlite.connect(str(path))) as database:
        database.execute("CREATE TABLE t (a)")
    found = check(path).facts
    assert (found["valid"], found["reason"]) == (None, "unreadable")


def test_a_damaged_file_cannot_be_told_about(original: Original, tmp_path: Path) -> None:
    copy = copied(original, tmp_path)
    content = bytearray(copy.read_bytes())
    for place in range(4096, len(content), 4096):
        content[place : place + 64] = b"\xff" * 64
    copy.write_bytes(content)
    assert check(copy).facts["reason"] == "unreadable"


def test_checking_a_file_leaves_it_and_its_folder_as_they_were(original: Original, tmp_path: Path) -> None:
    copy = copied(original, tmp_path)
    before = copy.read_bytes()
    assert check(copy).valid
    assert (copy.read_bytes(), [file.name for file in tmp_path.iterdir()]) == (before, [copy.name])


# Tampering.


def copied(original: Original, folder: Path, name: str = "copy.db") -> Path:
    return Path(shutil.copy(original.path, folder / name))


def tampered(original: Original, folder: Path, name: str, chance: random.Random) -> Path:
    copy = copied(original, folder)
    culprit = Culprit(copy, chance, original.outside[-1].seq, KEYS[1])
    try:
        CASES[name].do(culprit)
    finally:
        culprit.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        culprit.database.close()
    return copy


@pytest.mark.parametrize("name", CASES)
def test_every_way_of_tampering_is_found(original: Original, tmp_path: Path, name: str) -> None:
    copy = tampered(original, tmp_path, name, random.Random(name))
    found = check(copy, original.outside[-1], strict=True).facts
    assert found["valid"] is False
    assert found["reason"] in CASES[name].reasons
    if CASES[name].alone:
        assert check(copy).valid is False


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.alone])
def test_without_a_checkpoint_from_outside_some_are_not(original: Original, tmp_path: Path, name: str) -> None:
    copy = tampered(original, tmp_path, name, random.Random(name))
    assert check(copy).valid is True, "say so: record.md"


def test_a_log_taken_over_by_another_key_is_found_with_a_pin_alone(original: Original, tmp_path: Path) -> None:
    copy = tampered(original, tmp_path, "take over", random.Random(3))
    assert check(copy, keys=[KEYS[0].id]).facts["reason"] == "key_not_trusted"


@pytest.mark.torture
def test_hundreds_of_tampered_copies_are_all_found(original: Original, tmp_path: Path, rounds: int) -> None:
    chance, names = random.Random(rounds), list(CASES)
    wrong = []
    for number in range(rounds * COPIES_PER_ROUND):
        name = names[number % len(names)]
        copy = tampered(original, tmp_path, name, chance)
        found = check(copy, original.outside[-1]).facts
        if found["valid"] is not False or found["reason"] not in CASES[name].reasons:
            wrong.append((number, name, found["valid"], found["reason"], found["detail"]))
        copy.unlink()
    assert wrong == []


def test_only_a_strict_check_finds_signed_details_that_are_not_canonical(original: Original, tmp_path: Path) -> None:
    copy = copied(original, tmp_path)
    culprit = Culprit(copy, random.Random(1), 1, KEYS[1])
    row = culprit.row(5)
    culprit.change(row["seq"], "details", row["details"].replace(":", ": "))
    culprit.sign_again(KEYS[0])
    culprit.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    culprit.database.close()
    assert check(copy, keys=[KEYS[0].id]).valid
    found = check(copy, strict=True).facts
    assert (found["reason"], found["firstBadSeq"]) == ("row_malformed", row["seq"])

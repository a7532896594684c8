"""Searching the log for words, on both stores; and the index that sqlite-utils knows."""

import json
import random
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils

from signup.clock import HandClock
from signup.model import Event
from signup.record import bundle, canonical, events, export, log, search
from signup.record.bundle_plan import Asked
from signup.record.events import Kind
from signup.record.log import LogQuery
from signup.record.redact import redact
from signup.record.verifier import verify as verifier
from signup.services import Services
from signup.store import Store, open_store
from signup.store.driver import sqlite
from tests.logbook import append_many, of_the_first_version
from tests.store.test_log import ACTORS, IDS, everything, filled, filled_for_all, fits, moment  # noqa: F401
from tests.store.test_prune import grow, grown, prune  # noqa: F401  a fixture

COLUMNS = ["kind", "signup_id", "actor", "details"]


def put(services: Services, kind: Kind = Kind.SIGNUP_APPROVED, signup: str = IDS[0], **details: Any) -> None:
    with services.store.write() as tx:
        found = details or {"status": "approved", "ms": 5}
        events.append(tx, at=moment(1), kind=kind, actor="api:web", signup_id=signup, details=found)


def found(services: Services, typed: str, **more: Any) -> list[int | None]:
    query = LogQuery(text=typed, **more)
    up, down = log.after(services, query, 0, 1000), log.page(services, query, limit=1000)
    assert up == down[::-1]
    assert log.count(services, query) == len(up)
    return [event.seq for event in up]


def says(event: Event, typed: str) -> bool:
    """Whether each typed word stands somewhere in the event, its pieces side by side."""
    details = canonical.dumps(event.details) if event.details is not None else ""
    columns = [f" {' '.join(pieces(one))} " for one in (event.kind, event.signup_id or "", event.actor, details)]
    return all(any(f" {' '.join(pieces(word))} " in one for one in columns) for word in typed.split())


def pieces(written: str) -> list[str]:
    return re.findall("[a-z0-9]+", written.lower())


def test_words_are_found_with_every_other_filter(filled: Services) -> None:  # noqa: F811
    present, chance = everything(filled), random.Random(5)
    words = ["web", "SE", "approved 5000", "signup.expired", "api:web", IDS[3], f"fetched {IDS[2][:13]}", "ms"]
    for typed in words * 4:
        more: dict[str, Any] = {
            "kinds": chance.choice([(), ("signup.*",), ("callback.*", "profile.fetched"), ("signup.approved",)]),
            "signup_id": chance.choice([None, None, chance.choice(IDS)]),
            "actor": chance.choice([None, chance.choice(ACTORS)]),
            "start": chance.choice([None, moment(chance.randrange(120))]),
            "end": chance.choice([None, moment(120 + chance.randrange(120))]),
        }
        wanted = [event.seq for event in present if says(event, typed) and fits(event, LogQuery(**more))]
        assert found(filled, typed, **more) == wanted, more


def test_pages_of_a_search_go_on_where_the_last_one_ended(filled: Services) -> None:  # noqa: F811
    present = everything(filled)
    for typed in ("web", IDS[3], "approved 5000", "signup"):
        wanted = [event.seq for event in present if says(event, typed)]
        found, cursor = list[int | None](), 1000
        while page := log.page(filled, LogQuery(text=typed), before=cursor, limit=2):
            found += [event.seq for event in page]
            cursor = page[-1].seq or 0
        assert found == wanted[::-1], typed
        found, cursor = [], 0
        while page := log.after(filled, LogQuery(text=typed), cursor, limit=2):
            found += [event.seq for event in page]
            cursor = page[-1].seq or 0
        assert found == wanted, typed


FINDS = [
    ("audit.exported", [2]),
    ("exported", [2]),
    ("AUDIT", [2]),
    ("expor", [2]),
    ("audit.expor", [2]),
    ("state_mis", [3]),
    ("state_m", [3]),
    ("expor audit", []),
    ("ex", []),
    ("exported declined", []),
    ("exported.audit", []),
    (IDS[0], [1, 3]),
    ("019d5c0e", [1, 2, 3]),
    ("7d3e 019d5c0e", [1, 2, 3]),
    (IDS[1].rpartition("-")[2], [2]),
    ("3a5f0c7e", [1, 2, 3]),
    ("3a5f0c7", []),
    ("api:web", [1, 2, 3]),
    ("&& approved", [1]),
]


def test_what_is_typed_is_found_whole_by_piece_and_its_last_word_by_its_beginning(undone_on_each: Services) -> None:
    put(undone_on_each)
    exported = {"exportId": IDS[1], "filter": LogQuery().json(), "format": "csv", "withhold": None}
    with undone_on_each.store.write() as tx:
        events.append(tx, at=moment(1), kind=Kind.AUDIT_EXPORTED, actor="api:web", details=exported)
    put(undone_on_each, Kind.CALLBACK_QUARANTINED, reason="state_mismatch")
    for typed, seqs in FINDS:
        assert found(undone_on_each, typed) == seqs, typed


NONSENSE = [
    '"',
    '"a',
    "a*",
    "* ^ - + : ( ) { }",
    "approved AND",
    "NEAR(approved web, 2)",
    "kind : approved",
    "approved NOT",
    "-approved",
    "approved' OR '1'='1",
    "approved'; DROP TABLE events; --",
    "\\ %s %(size)s :size ? & | ! <->",
    "appro\x00ved",
    "🙂",
    "Å ß İ ſ ٣",
    "\ud800",
    "a" * 10_000,
    "approved " * 1_111,
    " ".join(f"w{number}" for number in range(2_000)),
    "'" * 10_000,
]


def test_whatever_is_typed_is_words_and_never_raises(undone_on_each: Services) -> None:
    put(undone_on_each)
    for typed in NONSENSE:
        wanted = [1] if set(pieces(typed)) == {"approved"} else []
        assert found(undone_on_each, typed) == wanted, typed[:20]
        filters = {"kinds": ("signup.*",), "actor": "api:web", "signup_id": IDS[0]}
        assert found(undone_on_each, typed, **filters) == wanted, typed[:20]
    assert log.count(undone_on_each, LogQuery()) == 1


def test_random_signs_between_words_change_nothing(undone_on_each: Services) -> None:
    put(undone_on_each)
    chance = random.Random(3)
    for _ in range(40):
        signs = ["".join(chance.choices("\"'*^-+:(){}&|!<>\\%~@,.;/?#=[]$\x00\x1f🙂", k=3)) for _ in range(3)]
        assert found(undone_on_each, "{} approved {} web {}".format(*signs)) == [1], signs


def test_nothing_typed_is_no_search() -> None:
    assert {LogQuery(text=typed) for typed in (None, "", "   ", "\n\t")} == {LogQuery()}


def test_hexadecimal_pieces_of_every_look_are_found(undone_on_each: Services) -> None:
    chance, ids = random.Random(9), list[str]()
    for _ in range(60):
        digits = f"{chance.getrandbits(128):032x}"
        ids.append("-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])))
    with undone_on_each.store.write() as tx:
        for one in ids:
            events.append(tx, at=moment(1), kind=Kind.SIGNUP_OPENED, actor="cli", signup_id=one, details={})
    log.seal_first(undone_on_each)
    for number, one in enumerate(ids, 1):
        for typed in (one, one[:13]):
            assert number in [event.seq for event in log.after(undone_on_each, LogQuery(text=typed), 0)], typed


def test_a_redacted_event_is_no_longer_found_by_what_it_said(services_on_each: Services) -> None:
    put(services_on_each, ms=48_151, status="approved")
    put(services_on_each)
    assert found(services_on_each, "48151") == [1]
    redact(services_on_each, 1, reason="a slip", actor="cli")
    assert found(services_on_each, "48151") == []
    assert found(services_on_each, "signup.approved") == [1, 2]


def test_a_redacted_word_is_nowhere_in_the_files(services: Services) -> None:
    with services.store.write() as tx:
        for number in range(2_000):
            details = {"status": "approved", "ms": number}
            events.append(tx, at=moment(1), kind=Kind.SIGNUP_APPROVED, actor="cli", signup_id=IDS[0], details=details)
    put(services, Kind.LOCK_HIT, country="SE", channel="zeppelin", numberId="0" * 16, ms=1)
    log.seal_first(services)
    files = list(Path(services.settings.data_dir).glob("signup.db*"))
    assert any(b"zeppelin" in file.read_bytes() for file in files)
    assert redact(services, 2_001, reason="a slip", actor="cli")
    assert [file for file in files if b"zeppelin" in file.read_bytes()] == []


def test_pruned_events_are_no_longer_found(undone_on_each: Services, grown: Any) -> None:  # noqa: F811
    before = found(undone_on_each, "approved")
    prune(undone_on_each)
    first = log.after(undone_on_each, LogQuery(), 0)[0].seq or 0
    assert first > 1
    assert found(undone_on_each, "approved") == [seq for seq in before if seq and seq >= first]


ON_SQLITE = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


@ON_SQLITE
def test_a_redaction_after_a_prune_overwrites_again(services_on_each: Services, clock: HandClock) -> None:
    services = services_on_each
    grow(services, clock)
    prune(services)
    put(services, Kind.LOCK_HIT, country="SE", channel="zeppelin", numberId="0" * 16, ms=1)
    redact(services, log.seal_first(services), reason="a slip", actor="cli")
    files = Path(services.settings.data_dir).glob("signup.db*")
    assert [file for file in files if b"zeppelin" in file.read_bytes()] == []


def test_a_database_of_the_first_version_is_indexed_when_it_is_migrated(bare_store_url: str) -> None:
    store = open_store(bare_store_url)
    of_the_first_version(store, moment(0))
    with store.write() as tx:
        tx.many("seal_event", [row(seq) for seq in range(1, 2_101)])
    store.migrate(moment(0))
    try:
        assert [one["seq"] for one in looked_up(store, "number7")] == [7]
        with store.read() as tx:
            between = tx.all("stretches_between", start=moment(3), end=moment(4))
        assert between == [{"first": 1000, "last": 1999}]
    finally:
        store.close()


def row(seq: int) -> dict[str, Any]:
    """A row as it stood in the first version; the second thousand one minute after the first."""
    salts = {"header_salt": "s", "details_salt": "s", "leaf": "l"}
    at = moment(1 + 2 * (seq // 1000))
    return {
        "seq": seq,
        "at": at,
        "kind": "k.k",
        "signup_id": None,
        "actor": "cli",
        "details": f'{{"n":"number{seq}"}}',
        **salts,
    }


def looked_up(store: Store, typed: str) -> list[dict[str, Any]]:
    match = search.match(store.dialect, typed, {})
    nothing = dict.fromkeys(("start", "end", "kind", "actor", "signup_id"))
    with store.read() as tx:
        return tx.all("events_found_oldest", match=match, after=0, before=10_000, size=10, **nothing)


def pruned(minute: int) -> dict[str, Any]:
    return {"at": moment(minute), "kind": Kind.AUDIT_PRUNED, "actor": "cli", "details": {"to": 0}}


def test_times_far_from_rising_hide_no_event(undone_on_each: Services) -> None:
    chance, minutes = random.Random(2), []
    with undone_on_each.store.write() as tx:
        for _ in range(2_500):
            minutes.append(chance.randrange(240) if len(minutes) % 50 == 0 else len(minutes) // 20)
        append_many(tx, [pruned(minute) for minute in minutes])
    for start, end in ((0, 3), (60, 61), (100, 110), (239, 240)):
        wanted = [seq for seq, minute in enumerate(minutes, 1) if start <= minute < end]
        query = LogQuery(start=moment(start), end=moment(end))
        assert [event.seq for event in log.after(undone_on_each, query, 0, 5000)] == wanted
        assert log.count(undone_on_each, query) == len(wanted)


def test_a_clock_that_once_went_wrong_widens_no_span_of_time(undone_on_each: Services) -> None:
    with undone_on_each.store.write() as tx:
        append_many(tx, [pruned(200 if number == 500 else number // 20) for number in range(3_000)])
    log.seal_first(undone_on_each)
    with undone_on_each.store.read() as tx:
        found = tx.all("stretches_between", start=moment(100), end=None)
    assert found == [{"first": 0, "last": 999}, {"first": 2000, "last": 3999}]
    late = LogQuery(start=moment(110))
    assert [event.seq for event in log.after(undone_on_each, late, 0, 2)] == [501, 2201]
    assert [event.seq for event in log.page(undone_on_each, late, before=2202, limit=3)] == [2201, 501]
    assert log.count(undone_on_each, late) == 801


def test_a_count_stops_where_nobody_counts_on(filled: Services) -> None:  # noqa: F811
    several = LogQuery(("signup.*", "callback.*"))
    for query in (LogQuery(), several, LogQuery(actor="callback"), LogQuery(text="ms"), LogQuery(start=moment(9))):
        seqs = [event.seq for event in log.after(filled, query, 0, 1000)]
        assert len(seqs) > 20
        assert log.count(filled, query, most=20) == 20, query
        assert log.count(filled, query, most=10_000) == len(seqs), query
        assert log.count(filled, query, after=seqs[4] or 0) == len(seqs) - 5, query


# What an export tells of a search.


def exported(services: Services) -> dict[str, Any]:
    (event,) = log.after(services, LogQuery((Kind.AUDIT_EXPORTED,)), 0)
    return event.details or {}


def test_an_export_of_a_search_holds_what_was_found_and_tells_no_word(undone_on_each: Services, tmp_path: Path) -> None:
    put(undone_on_each)
    put(undone_on_each, Kind.SIGNUP_EXPIRED, status="expired")
    query = LogQuery(text="expired")
    done = export.export(undone_on_each, fmt="ndjson", out=tmp_path / "a", query=query, actor="cli")
    assert done["rows"] == 1
    assert exported(undone_on_each)["text"] is True
    assert exported(undone_on_each)["filter"] == LogQuery().json()


def test_the_words_of_a_search_reach_no_event_no_file_and_no_trace_of_an_error(
    services: Services, tmp_path: Path
) -> None:
    put(services)
    query = LogQuery(text="xylophone")
    export.export(services, fmt="csv", out=tmp_path / "a", query=query, actor="cli")
    bundle.export(services, out=tmp_path / "b", asked=Asked(query), actor="cli", say=str)
    log.page(services, query)
    assert "xylophone" not in repr(query)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 3
    assert [path for path in written if b"xylophone" in path.read_bytes()] == []


def test_a_bundle_of_a_search_is_valid_and_says_that_it_was_narrowed(undone_on_each: Services, tmp_path: Path) -> None:
    for _ in range(3):
        put(undone_on_each)
        put(undone_on_each, Kind.SIGNUP_EXPIRED, status="expired")
    out = tmp_path / "found.zip"
    asked = Asked(LogQuery(text="expired"), narrowed={"status": "expired"})
    done = bundle.export(undone_on_each, out=out, asked=asked, actor="cli", say=str)
    report = verifier.verify(str(out), [], [])
    assert (done["rows"], report["valid"], report["shown"], report["complete"]) == (3, True, 3, False)
    with zipfile.ZipFile(out) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["narrowed"] == {"status": "expired", "text": True}
    assert exported(undone_on_each)["text"] is True


# SQLite alone: what sqlite-utils knows.


@pytest.fixture
def database(services: Services) -> Iterator[Any]:
    """The database as sqlite-utils opens it."""
    put(services)
    put(services, Kind.SIGNUP_EXPIRED, status="expired")
    log.seal_first(services)
    opened = sqlite_utils.Database(sqlite.connect(services.settings.database_url.removeprefix("sqlite:///")))
    yield opened
    opened.close()


def test_sqlite_utils_searches_the_log(database: Any) -> None:
    assert [one["seq"] for one in database["events"].search("expired")] == [2]
    assert [one["seq"] for one in database["events"].search("approved OR expired", order_by="seq")] == [1, 2]


def test_the_index_has_the_shape_that_sqlite_utils_makes(database: Any) -> None:
    copy = sqlite_utils.Database(memory=True)
    copy.execute(database["events"].schema)
    copy["events"].enable_fts(COLUMNS, create_triggers=True)
    ours = {trigger.name: trigger.sql for trigger in database["events"].triggers}
    for theirs in copy["events"].triggers:
        assert plain(ours[theirs.name]) == plain(theirs.sql)
    assert plain(database["events_fts"].schema) == plain(copy["events_fts"].schema)
    assert database["events"].detect_fts() == "events_fts"


def plain(sql: str) -> str:
    return " ".join(re.sub(r'[\[\]"]', "", sql).split())


@ON_SQLITE
def test_the_index_agrees_with_the_log_after_all_that_can_happen_to_it(
    services_on_each: Services, clock: HandClock
) -> None:
    services = services_on_each
    grow(services, clock)
    prune(services)
    redact(services, log.after(services, LogQuery(("signup.*",)), 0)[0].seq or 0, reason="a slip", actor="cli")
    log.seal_first(services)
    with services.store.write() as tx:
        check = "INSERT INTO events_fts (events_fts, rank) VALUES ('integrity-check', 1)"
        tx._connection.execute(check)  # type: ignore[attr-defined]  # raises when they differ

"""Checkpoints and keys over a real log, on both stores: made when due, told, kept; keys that follow or are lost."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from signup.clock import HandClock
from signup.errors import BackupRestored, KeyLost, RecordAltered, SettingsWrong, UsageWrong
from signup.record import checkpoint, events, keys, log, note, pins, tree
from signup.record.checkpoint import Checkpoint, Clerk
from signup.record.events import Kind
from signup.record.pins import Pins, Point
from signup.record.seal import Sealer
from signup.services import Services, open_services
from tests.undone import Opened, undone

SEEDS = [base64.b64encode(bytes([number]) * 32).decode() for number in range(1, 4)]
IDS = [note.SigningKey.of(base64.b64decode(seed)).id for seed in SEEDS]


@pytest.fixture
def opened(store_url: str, settings: Callable[..., Any], clock: HandClock) -> Opened:
    """`with opened(audit_keys=...)`: a program on one database and one data folder."""

    @contextmanager
    def build(**given: object) -> Iterator[Services]:
        chosen = settings(database_url=store_url, **({"audit_keys": SEEDS[0]} | given))
        with open_services(chosen, clock=clock, truecaller=object(), migrate=True) as wired:  # type: ignore[arg-type]
            yield wired

    return build


@pytest.fixture(scope="module")
def wired_for_all(opened_for_all: Opened) -> Iterator[Services]:
    with opened_for_all(audit_keys=SEEDS[0]) as services:
        yield services


@pytest.fixture
def wired(wired_for_all: Services, tmp_path: Path, clock: HandClock) -> Iterator[Services]:
    """The same, opened once and undone."""
    with undone(wired_for_all, tmp_path / "data", clock) as services:
        yield services


def happen(services: Services, times: int = 1) -> None:
    """So many events, sealed."""
    with services.store.write() as tx:
        for _ in range(times):
            at, details = "2026-11-24T14:00:00.000000Z", {"name": "x"}
            events.append(tx, at=at, kind=Kind.SETTINGS_CHANGED, actor="system", details=details)
    Sealer(services).seal()


def clerk(services: Services, said: list[str] | None = None) -> Clerk:
    say = (said if said is not None else []).append
    return Clerk(services, keys.ready(services, say), actor="watcher", say=say)


def stored(services: Services) -> list[Checkpoint]:
    with services.store.read() as tx:
        return [checkpoint.of_row(row) for row in tx.all("audit_checkpoints")]


def told(services: Services, kind: Kind) -> list[Any]:
    return [event.details for event in log.after(services, log.LogQuery(kinds=(str(kind),)), 0, 1000)]


def log_id(services: Services) -> str:
    return log.head(services).log_id


def remembered(services: Services) -> Pins:
    return pins.read(services.settings, log_id(services))


def kept(services: Services) -> list[str]:
    files = sorted((Path(services.settings.data_dir) / "checkpoints").glob("*.jsonl"))
    return [line for file in files for line in file.read_text("ascii").splitlines()]


def test_a_checkpoint_is_the_signed_head(wired: Services) -> None:
    happen(wired, 5)
    made = clerk(wired).make()
    head = log.head(wired)
    assert (made.seq, made.root, made.key_id) == (5, head.root, IDS[0])
    key = keys.listed(wired)[0]
    origin = f"signup-audit/sandbox/{head.log_id}"
    assert note.signers(made.note, origin, {key.id: key.public}) == {key.id}
    assert checkpoint.said(made.note) == checkpoint.Said(origin, 5, head.root, made.at)
    assert stored(wired) == [made]


def test_its_frontier_folds_to_its_root(wired: Services) -> None:
    happen(wired, 7)
    made = clerk(wired).make()
    with wired.store.read() as tx:
        frontier = tree.frontier_of(tx.all("audit_checkpoints")[0]["frontier"], 7)
    assert tree.root(frontier).hex() == made.root


def test_the_log_tells_of_each_checkpoint(wired: Services) -> None:
    happen(wired, 2)
    made = clerk(wired).make()
    assert told(wired, Kind.AUDIT_CHECKPOINT) == [{"keyId": IDS[0], "root": made.root, "seq": 2}]


def test_it_is_told_kept_and_pinned_once_it_is_committed(wired: Services) -> None:
    said: list[str] = []
    happen(wired)
    made = clerk(wired, said).make()
    assert said == kept(wired) == [made.line]
    assert json.loads(made.line) == made.json()
    assert remembered(wired) == Pins(keys=(IDS[0],), signed=Point(1, made.root))


def test_what_was_rolled_back_is_never_told(wired: Services) -> None:
    said: list[str] = []
    happen(wired)
    with wired.store.write() as tx:
        tx.run("move_head", seq=1, frontier="x")
    with pytest.raises(RecordAltered):
        clerk(wired, said).make()
    assert (said, kept(wired), stored(wired)) == ([], [], [])


def test_nothing_new_is_not_signed_again(wired: Services) -> None:
    happen(wired)
    said: list[str] = []
    one = clerk(wired, said)
    assert one.make() == one.make()
    assert len(said) == len(stored(wired)) == 1


def test_an_hour_later_the_next_is_due_even_when_nothing_happened(wired: Services, clock: HandClock) -> None:
    happen(wired)
    one = clerk(wired)
    assert one.make_if_due() is None, "the log is younger than an hour"
    seqs = []
    for _ in range(3):
        clock.move(3600)
        Sealer(wired).seal()
        made = one.make_if_due()
        assert made
        seqs.append(made.seq)
        assert one.make_if_due() is None
    assert seqs == [1, 2, 3]


def test_an_empty_log_is_signed_too_once_an_hour_has_passed(wired: Services, clock: HandClock) -> None:
    clock.move(3600)
    made = clerk(wired).make_if_due()
    assert made
    assert (made.seq, made.root) == (0, tree.root(()).hex())


@pytest.mark.long
def test_ten_thousand_rows_make_the_next_due(wired: Services) -> None:
    one = clerk(wired)
    happen(wired, 9_999)
    assert one.make_if_due() is not None, "counted from before the first row, that is ten thousand"
    happen(wired, 9_998)
    assert one.make_if_due() is None
    happen(wired)
    assert one.make_if_due() is not None


def test_its_time_never_goes_back(wired: Services, clock: HandClock) -> None:
    happen(wired)
    first = clerk(wired).make()
    clock.move(-600)
    happen(wired)
    assert clerk(wired).make().at == first.at


def test_a_clock_that_once_ran_ahead_does_not_end_the_hourly_checkpoints(wired: Services, clock: HandClock) -> None:
    one = clerk(wired)
    clock.move(2 * 86400)
    happen(wired)
    ahead = one.make()
    clock.move(-2 * 86400)
    made = []
    for _ in range(8):
        happen(wired)
        if signed := one.make_if_due():
            made.append(signed)
        assert one.make_if_due() is None, "its own event is no reason to sign again"
        clock.move(1800)
    assert [signed.at for signed in made] == [ahead.at] * 4, "one an hour, none of them older than the one before"


def test_the_newest_is_told_again_at_the_next_start_and_kept_once(wired: Services) -> None:
    happen(wired)
    made = clerk(wired).make()
    said: list[str] = []
    clerk(wired, said).repeat()
    assert said == [made.line]
    assert kept(wired) == [made.line]


def test_a_program_that_died_before_it_told_leaves_it_to_the_next_start(wired: Services) -> None:
    def dies(_: str) -> None:
        raise KeyboardInterrupt

    happen(wired)
    with pytest.raises(KeyboardInterrupt):
        Clerk(wired, keys.ready(wired, dies), actor="watcher", say=dies).make()
    assert (len(stored(wired)), kept(wired), remembered(wired).signed) == (1, [], None)
    clerk(wired).repeat()
    assert kept(wired) == [stored(wired)[0].line]
    assert remembered(wired).signed == Point(1, stored(wired)[0].root)


def test_each_month_has_its_file(wired: Services, clock: HandClock) -> None:
    for _ in range(2):
        happen(wired)
        clerk(wired).make()
        clock.move(86400 * 20)
    folder = Path(wired.settings.data_dir) / "checkpoints"
    assert sorted(file.name for file in folder.iterdir()) == ["2026-11.jsonl", "2026-12.jsonl"]


def test_a_folder_that_cannot_be_written_is_told_and_costs_no_checkpoint(wired: Services) -> None:
    (Path(wired.settings.data_dir) / "checkpoints").write_text("a file")
    happen(wired)
    said: list[str] = []
    with pytest.raises(SettingsWrong, match="checkpoints"):
        clerk(wired, said).make()
    assert len(said) == len(stored(wired)) == 1


def test_a_checkpoint_beyond_the_head_is_an_alarm(wired: Services) -> None:
    happen(wired, 3)
    one = clerk(wired)
    one.make()
    pins.change(wired.settings, log_id(wired), lambda before: replace(before, signed=None))
    with wired.store.write() as tx:
        tx.run("move_head", seq=2, frontier="[]")
    with pytest.raises(RecordAltered, match="a checkpoint names 3"):
        one.make()


def test_a_logs_first_key_is_added_without_a_word(wired: Services) -> None:
    keys.ready(wired, [].append)
    keys.ready(wired, [].append)
    assert [(key["keyId"], key["endorsed"], key["pinned"], key["current"]) for key in keys.overview(wired)] == [
        (IDS[0], False, True, True)
    ]
    assert told(wired, Kind.AUDIT_KEY_ADDED) == []


def test_without_audit_keys_they_grow_from_the_others(opened: Opened) -> None:
    with opened(audit_keys="", keys=SEEDS[0]) as services:
        assert keys.ready(services, [].append).id == "61319bf946b6dd78646ed25f34843281"


def test_a_new_key_in_front_is_endorsed_by_both_and_told(opened: Opened) -> None:
    with opened() as services:
        happen(services, 4)
        clerk(services)
    said: list[str] = []
    with opened(audit_keys=f"{SEEDS[1]},{SEEDS[0]}") as services:
        assert keys.ready(services, said.append).id == IDS[1]
        assert keys.ready(services, said.append).id == IDS[1]
        [last] = stored(services)
        assert (last.key_id, last.seq, said) == (IDS[0], 4, [last.line]), "the old key signs off"
        assert told(services, Kind.AUDIT_KEY_ADDED) == [{"keyId": IDS[1]}]
        assert remembered(services).keys == (IDS[0], IDS[1])
        with services.store.read() as tx:
            [endorsed] = [row["endorsement"] for row in tx.all("audit_keys") if row["endorsement"]]
        known = {key.id: key.public for key in keys.listed(services)}
        origin = f"signup-audit/sandbox/{log_id(services)}"
        assert note.signers(endorsed, origin, known) == set(IDS[:2])
        assert clerk(services).make().key_id == IDS[1]


def test_an_old_key_alone_still_signs(opened: Opened) -> None:
    with opened() as services:
        clerk(services)
    with opened(audit_keys=f"{SEEDS[1]},{SEEDS[0]}") as services:
        clerk(services)
    with opened() as services:
        assert keys.ready(services, [].append).id == IDS[0]


def test_a_lost_key_stops_the_program_and_names_the_way_out(opened: Opened) -> None:
    with opened() as services:
        happen(services)
        clerk(services)
    with opened(audit_keys=SEEDS[1]) as services, pytest.raises(KeyLost, match=f"{IDS[0]}.*--new-without-old"):
        keys.ready(services, [].append)


def test_a_log_whose_keys_were_wiped_takes_no_other(opened: Opened) -> None:
    with opened() as services:
        happen(services)
        clerk(services).make()
        with services.store.write() as tx:
            tx._connection.execute("DELETE FROM audit_keys")  # type: ignore[attr-defined]
        pins.change(services.settings, log_id(services), lambda _: Pins())
    with opened(audit_keys=SEEDS[1]) as services, pytest.raises(KeyLost):
        keys.ready(services, [].append)


def test_a_person_can_say_that_the_old_key_is_gone(opened: Opened) -> None:
    with opened() as services:
        happen(services)
        clerk(services).make()
    with opened(audit_keys=SEEDS[1]) as services:
        made = keys.new_without_old(services, [].append)
        assert (made.key_id, made.seq) == (IDS[1], 3)
        assert told(services, Kind.AUDIT_KEY_ADDED) == [{"keyId": IDS[1]}]
        assert [key["endorsed"] for key in keys.overview(services)] == [False, False]
        assert remembered(services).keys == (IDS[0],), "only a person pins a key that nobody endorsed"
        assert keys.ready(services, [].append).id == IDS[1]


@pytest.mark.parametrize("given", [SEEDS[0], f"{SEEDS[1]},{SEEDS[0]}"])
def test_a_key_that_is_not_lost_is_not_replaced(opened: Opened, given: str) -> None:
    with opened() as services:
        clerk(services)
    with opened(audit_keys=given) as services, pytest.raises(UsageWrong, match="No key is lost"):
        keys.new_without_old(services, [].append)


@pytest.fixture
def restored(wired: Services) -> Services:
    """A log of 3 events whose checkpoint at 9 is only remembered: its database is an older one."""
    happen(wired, 3)
    clerk(wired)
    pins.change(wired.settings, log_id(wired), lambda before: replace(before, signed=Point(9, "9" * 64)))
    return wired


def test_a_restored_backup_is_neither_sealed_nor_signed(restored: Services) -> None:
    with restored.store.write() as tx:
        details = {"name": "x"}
        at = "2026-11-24T14:00:00.000000Z"
        events.append(tx, at=at, kind=Kind.SETTINGS_CHANGED, actor="system", details=details)
    with pytest.raises(BackupRestored, match="accept-restore"):
        Sealer(restored).seal()
    with pytest.raises(BackupRestored):
        clerk(restored).make()
    assert log.head(restored).seq == 3


def test_a_person_accepts_the_loss_and_the_log_tells_it(restored: Services) -> None:
    made = keys.accept_restore(restored, [].append)
    assert told(restored, Kind.AUDIT_RESTORED) == [{"root": "9" * 64, "seq": 9}]
    assert made.seq == 4
    assert remembered(restored).signed == Point(4, made.root)
    happen(restored)
    assert log.head(restored).seq == 6


def test_a_loss_that_did_not_happen_cannot_be_accepted(wired: Services) -> None:
    happen(wired)
    clerk(wired).make()
    with pytest.raises(UsageWrong, match="No restored backup"):
        keys.accept_restore(wired, [].append)


def prune(services: Services, to: int) -> None:
    """What pruning leaves behind: the checkpoint at `to`, and the rows after it."""
    with services.store.write() as tx:
        for statement in (
            f"UPDATE audit_log SET pruned_to = {to}",
            f"DELETE FROM events WHERE seq <= {to}",
            f"DELETE FROM audit_checkpoints WHERE seq < {to}",
        ):
            tx._connection.execute(statement)  # type: ignore[attr-defined]


@pytest.mark.parametrize("known", [2, 4])
def test_a_sealer_whose_last_row_was_pruned_goes_on_from_the_checkpoint(wired: Services, known: int) -> None:
    sealer = Sealer(wired)
    happen(wired, known)
    sealer.seal()
    happen(wired, 4 - known)
    clerk(wired).make()
    happen(wired, 3)
    prune(wired, 4)
    assert sealer.seal() == 0
    happen(wired)
    assert (sealer.seal(), log.head(wired).seq) == (0, 9)


def test_a_sealer_minds_that_what_follows_the_pruned_rows_continues_the_checkpoint(wired: Services) -> None:
    sealer = Sealer(wired)
    happen(wired, 2)
    sealer.seal()
    happen(wired, 2)
    clerk(wired).make()
    happen(wired, 3)
    prune(wired, 4)
    with wired.store.write() as tx:
        tx.run("move_head", seq=8, frontier=tree.frontier_text((bytes(32),)))
    with pytest.raises(RecordAltered, match="do not continue"):
        sealer.seal()

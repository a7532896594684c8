"""A person is erased: nothing of theirs is left, the record stays whole, and everybody on the way finds nobody."""

import base64
import threading
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest

from signup.clock import HandClock
from signup.errors import StillOpen, StoreUnavailable, UsageWrong
from signup.flow import signups
from signup.flow.complete import Claim, claim, fetch
from signup.flow.match import match
from signup.measure.feed import catch_up
from signup.measure.history import History
from signup.model import Callback, Exchange, Result, Status
from signup.record import keys, note
from signup.record.erase import Receipt
from signup.record.erase import erase as erase_number
from signup.record.export import export
from signup.record.log import LogQuery
from signup.record.redact import redact
from signup.record.verify import Question, verify
from signup.record.wipe import wipe
from signup.services import Services, open_services
from signup.store import Row, Store, Transaction
from tests.fakes import ScriptedTruecaller, accepted, profile
from tests.logbook import raw, rows
from tests.steps.story import (
    NUMBER,
    VALUE,
    approve,
    begin,
    details,
    everything,
    kinds,
    receive,
    say,
    state_of,
    status,
    watch,
)

OTHERS = 60
EXCHANGE = Exchange("POST", "http://localhost/callback", {}, '{"requestId":"request-1"}', 200, {}, "{}", 3)


def erase(services: Services, number: int = VALUE, reason: str = "they asked us to") -> Receipt:
    return erase_number(services, number, reason=reason, actor="cli", say=lambda _: None)


def counts(services: Services) -> dict[str, int]:
    tables = ("callbacks", "traces", "profiles", "reasons", "locks", "signups")
    return {table: rows(services, f"SELECT COUNT(*) FROM {table}")[0][0] for table in tables}


def complete_one(
    services: Services, truecaller: ScriptedTruecaller, number: str = NUMBER, *, named: str = "", **declared: Any
) -> str:
    """A sign-up from its start to its profile, with every kind of row there is."""
    request_id = f"request-{len(truecaller.asked) + 1}"
    if named:
        request_id = named
        truecaller.will_answer(accepted(named))
    begun = begin(services, number)
    said = Callback(request_id, Result.APPROVED, token=f"token-{request_id}", state=state_of(truecaller))
    receive(services, said, lambda: EXCHANGE)
    truecaller.will_show(profile(truecaller.asked[-1][0], **declared))
    watch(services)
    assert status(services, begun.signup_id) == Status.COMPLETED
    assert begun.signup_id
    return begun.signup_id


@pytest.fixture
def known(services_on_each: Services, truecaller: ScriptedTruecaller, clock: HandClock) -> tuple[Services, str]:
    """A person whom we know well: completed, looked at, and named by two callbacks that prove nothing."""
    services = services_on_each
    signup_id = complete_one(services, truecaller, name="Ada")
    signups.reveal(services, signup_id, reason="Ada called us", actor="user:local")
    receive(services, Callback("request-1", Result.APPROVED, token="a-forged-token", state="x" * 43), None)
    receive(services, Callback("request-1", Result.APPROVED, token="another-forged-one"), None)
    clock.move(400)
    return services, signup_id


def test_nothing_that_makes_a_sign_up_a_persons_is_left(known: tuple[Services, str]) -> None:
    services, signup_id = known
    assert erase(services).signups == 1
    assert counts(services) == {
        "callbacks": 0,
        "traces": 0,
        "profiles": 0,
        "reasons": 1,
        "locks": 0,
        "signups": 1,
    }
    kept = rows(services, "SELECT id, status, country, number, fingerprint, request_id, state_hash FROM signups")
    assert kept == [(signup_id, "completed", "SE", None, None, None, None)]


def test_of_the_operators_words_only_the_reason_for_the_erasure_is_left(
    known: tuple[Services, str], tmp_path: Path
) -> None:
    services, signup_id = known
    seq = next(event.seq for event in everything(services) if event.signup_id == signup_id)
    redact(services, seq, reason="Ada's name got in", actor="cli")
    query = LogQuery(signup_id=signup_id)
    export(services, fmt="csv", out=tmp_path / "a.csv", query=query, actor="cli", reason="for Ada's lawyer")
    receipt = erase(services, reason="a letter of 3 May")
    [(row_id, sealed)] = rows(services, "SELECT id, reason FROM reasons")
    assert row_id == receipt.id
    assert services.keyring.open("reasons", "reason", row_id, sealed) == b"a letter of 3 May"


class Counting:
    """A transaction that counts the details of events it hands out."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self.details = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    def all(self, query: str, /, **params: Any) -> list[Row]:
        found = self._tx.all(query, **params)
        self.details += sum("details" in row for row in found)
        return found


def test_wiping_holds_nobody_up_over_exports_that_are_not_of_one_sign_up(
    known: tuple[Services, str], tmp_path: Path
) -> None:
    services, signup_id = known
    for _ in range(3):
        export(services, fmt="csv", out=tmp_path / "a.csv", query=LogQuery(), actor="cli", reason="for all")
        query = LogQuery(signup_id=signup_id)
        export(services, fmt="csv", out=tmp_path / "a.csv", query=query, actor="cli")
    with services.store.write() as tx:
        counting = Counting(tx)
        wipe(cast(Transaction, counting), [{"id": signup_id, "request_id": None}])
    assert counting.details == 1, "that it was looked at"


def test_the_reason_of_a_redacted_reveal_is_gone_too(known: tuple[Services, str]) -> None:
    services, _ = known
    seq = next(event.seq for event in everything(services) if event.kind == "profile.revealed")
    redact(services, seq, reason="why", actor="cli")
    erase(services)
    assert counts(services)["reasons"] == 1


def test_what_others_left_stays(known: tuple[Services, str], truecaller: ScriptedTruecaller) -> None:
    services, _ = known
    other = complete_one(services, truecaller, "+46761234568", name="Grace")
    before = counts(services)
    erase(services)
    after = counts(services)
    assert (before["profiles"] - after["profiles"], before["signups"] - after["signups"]) == (1, 0)
    assert (after["traces"], after["callbacks"], after["locks"]) == (1, 1, 1)
    found = signups.profile(services, other)
    assert found is not None
    assert found.declared == {"name": "Grace"}


def test_the_record_stays_as_it_was_but_tells_of_the_erasure(known: tuple[Services, str]) -> None:
    services, _ = known
    before = everything(services)
    receipt = erase(services)
    after = everything(services)
    assert after[: len(before)] == before
    assert details(services, "audit.erased") == [{"receiptId": receipt.id, "signups": 1}]
    assert [event.kind for event in after[len(before) :]] == ["audit.erased"]
    assert verify(services.store, Question(strict=True)).valid


def test_the_numbers_of_the_overview_do_not_change(known: tuple[Services, str]) -> None:
    services, _ = known

    def counted() -> tuple[Any, ...]:
        history = History()
        catch_up(services, history)
        return history.signups, history.hits, history.rejected, history.quarantined

    before = counted()
    erase(services)
    assert counted() == before


def test_the_erased_sign_up_is_found_by_its_id_alone(known: tuple[Services, str]) -> None:
    services, signup_id = known
    erase(services)
    assert [found.id for found in signups.find(services, NUMBER)] == []
    assert [found.id for found in signups.find(services, "request-1")] == []
    [found] = signups.find(services, signup_id)
    assert (found.masked, found.status) == (None, Status.COMPLETED)
    assert signups.exchanges(services, signup_id) == []
    assert signups.profile(services, signup_id) is None
    assert kinds(services, signup_id)[0] == "signup.started"


def test_the_receipt_is_signed_by_the_logs_key(known: tuple[Services, str], clock: HandClock) -> None:
    services, _ = known
    receipt = erase(services)
    key = keys.ready(services, lambda _: None)
    origin, *said = note.read(receipt.note).splitlines()
    assert note.signers(receipt.note, origin, {key.id: key.public}) == {key.id}
    assert said == [f"erased {receipt.id}", "signups 1", f"at {clock.now():%Y-%m-%dT%H:%M:%S.%fZ}"]
    assert receipt.json() == {"receipt": receipt.note, "receiptId": receipt.id, "signups": 1}


@pytest.mark.parametrize("approved", [False, True])
def test_while_a_sign_up_is_open_nothing_is_erased(
    services_on_each: Services, truecaller: ScriptedTruecaller, clock: HandClock, approved: bool
) -> None:
    services = services_on_each
    complete_one(services, truecaller)
    clock.move(400)
    begin(services)
    if approved:
        clock.move(100)
        approve(services, "request-2", state_of(truecaller))
        truecaller.during_profile = lambda *_: None
        assert claim_one(services)
    before = counts(services)
    with pytest.raises(StillOpen, match="still open, until 2026-11-24 14:1") as refused:
        erase(services)
    assert (refused.value.until - clock.now()).total_seconds() == 600
    assert counts(services) == before
    assert "audit.erased" not in kinds(services)
    assert [found.masked for found in signups.find(services, NUMBER)] != []


def claim_one(services: Services) -> Claim | None:
    match(services)
    return claim(services)


def test_once_it_has_ended_it_is_erased(services_on_each: Services, clock: HandClock) -> None:
    begin(services_on_each)
    clock.move(604)
    with pytest.raises(StillOpen, match="watch --once"):
        erase(services_on_each)
    watch(services_on_each)
    assert erase(services_on_each).signups == 1


def test_a_running_lock_stays_and_belongs_to_nobody(
    services_on_each: Services, truecaller: ScriptedTruecaller, clock: HandClock
) -> None:
    services = services_on_each
    complete_one(services, truecaller)
    begin(services)
    [(before,)] = rows(services, "SELECT number_id FROM locks")
    erase(services)
    hit = begin(services)
    assert (hit.code, hit.retry_after) == ("locked", 300)
    event = everything(services)[-1]
    assert (event.kind, event.signup_id) == ("lock.hit", None)
    assert event.details["numberId"] != before
    clock.move(300)
    assert begin(services).status == Status.WAITING


class FullOnceErased:
    """A store that nothing can be written to from the erasure's commit on."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def __getattr__(self, name: str) -> Any:
        return getattr(self._services.store, name)

    def write(self) -> Any:
        if counts(self._services)["reasons"]:
            raise StoreUnavailable("The disk is full.")
        return self._services.store.write()


def test_a_database_that_fails_after_the_erasure_costs_nobody_the_receipt(
    services_on_each: Services, truecaller: ScriptedTruecaller
) -> None:
    complete_one(services_on_each, truecaller)
    receipt = erase(replace(services_on_each, store=cast(Store, FullOnceErased(services_on_each))))
    assert receipt.signups == 1
    assert f"erased {receipt.id}\n" in receipt.note


def test_erasing_twice_gives_a_second_receipt_for_nothing(known: tuple[Services, str]) -> None:
    services, _ = known
    one, other = erase(services), erase(services)
    assert (one.signups, other.signups) == (1, 0)
    assert one.id != other.id


def test_a_number_that_nobody_knows_gets_a_receipt_for_nothing(services_on_each: Services) -> None:
    assert erase(services_on_each).signups == 0
    assert verify(services_on_each.store, Question()).valid


def test_without_a_reason_nothing_is_erased(known: tuple[Services, str]) -> None:
    services, _ = known
    before = counts(services)
    with pytest.raises(UsageWrong, match="Say why"):
        erase(services, reason="  ")
    assert counts(services) == before


def test_two_who_erase_at_once_do_not_meet(known: tuple[Services, str]) -> None:
    services, _ = known
    receipts: list[Receipt] = []
    threads = [threading.Thread(target=lambda: receipts.append(erase(services))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receipt.signups for receipt in receipts) == [0, 0, 0, 1]
    assert verify(services.store, Question()).valid


def test_a_callback_that_comes_late_finds_nobody_and_is_gone_in_ten_minutes(
    services_on_each: Services, truecaller: ScriptedTruecaller, clock: HandClock
) -> None:
    services = services_on_each
    begin(services)
    say(services, "request-1", "user_rejected", state_of(truecaller))
    watch(services)
    erase(services)
    approve(services, "request-1", state_of(truecaller))
    watch(services)
    assert rows(services, "SELECT place, signup_id, token FROM callbacks") == [("parked", None, None)]
    assert signups.exchanges(services, everything(services)[0].signup_id) == []
    clock.move(601)
    watch(services)
    assert counts(services)["callbacks"] == 0
    assert verify(services.store, Question()).valid


def test_callbacks_that_arrive_while_a_person_is_erased_leave_nothing(
    services_on_each: Services, truecaller: ScriptedTruecaller
) -> None:
    services = services_on_each
    begin(services)
    say(services, "request-1", "user_rejected", state_of(truecaller))
    watch(services)
    state, over = state_of(truecaller), threading.Event()

    def post() -> None:
        for number in range(60):
            said = Callback("request-1", Result.OTHER, status=f"word-{number}", state=state)
            receive(services, said, lambda: EXCHANGE)
            if number == 10:
                over.set()

    thread = threading.Thread(target=post)
    thread.start()
    over.wait(20)
    erase(services)
    thread.join()
    kept = rows(services, "SELECT id FROM callbacks WHERE signup_id IS NOT NULL")
    assert (kept, counts(services)["traces"]) == ([], 0)


def test_a_profile_that_comes_after_the_erasure_is_not_written(
    services_on_each: Services, truecaller: ScriptedTruecaller, clock: HandClock
) -> None:
    services = services_on_each
    begin(services)
    approve(services, "request-1", state_of(truecaller))
    slow = claim_one(services)
    clock.move(700)
    watch(services)
    assert slow is not None
    erase(services)
    assert fetch(services, slow) is None
    assert (counts(services)["profiles"], counts(services)["traces"]) == (0, 0)


def test_what_was_written_under_an_older_key_is_erased_too(
    settings: Callable[..., Any], clock: HandClock, truecaller: ScriptedTruecaller, store_url: str
) -> None:
    old, new = (base64.b64encode(bytes([number]) * 32).decode() for number in (7, 8))
    given = {"database_url": store_url}
    with open_services(settings(keys=old, **given), clock=clock, truecaller=truecaller, migrate=True) as services:
        complete_one(services, truecaller)
        clock.move(400)
    with open_services(settings(keys=f"{new},{old}", **given), clock=clock, truecaller=truecaller) as services:
        complete_one(services, truecaller)
        clock.move(400)
        assert erase(services).signups == 2
        assert counts(services) | {"signups": 0} == dict.fromkeys(counts(services), 0) | {"reasons": 1}


# On SQLite alone: no byte is left.


def needles(services: Services, signup_id: str) -> dict[str, bytes]:
    """Everything of a person that stands in the file, as it stands there."""
    columns = ("number", "fingerprint", "request_id", "state_hash")
    [values] = rows(services, f"SELECT {', '.join(columns)} FROM signups WHERE id = '{signup_id}'")
    found = dict(zip(columns, values, strict=True))
    of = f"WHERE signup_id = '{signup_id}'"
    for table, column in (("profiles", "profile"), ("traces", "exchange"), ("callbacks", "digest")):
        for number, (value,) in enumerate(rows(services, f"SELECT {column} FROM {table} {of}")):
            found[f"{table} {number}"] = value
    for number, (value,) in enumerate(rows(services, "SELECT reason FROM reasons")):
        found[f"reason {number}"] = value
    return {name: value.encode() for name, value in found.items()}


def parts(value: bytes) -> set[bytes]:
    """A needle and its pieces: a long value lies on several pages."""
    return {value[place : place + 24] for place in range(0, max(1, len(value) - 24), 24)}


@pytest.mark.parametrize("nth", [0, OTHERS // 2, OTHERS - 1])
def test_no_byte_of_an_erased_person_is_left_in_database_or_wal(
    services: Services, truecaller: ScriptedTruecaller, clock: HandClock, nth: int
) -> None:
    """Among many others, whose rows were written before and after, on the same pages."""
    ids = []
    for number in range(OTHERS):
        named, about = sha256(bytes([number])).hexdigest(), "x" * (number * 15 % 900)
        ids.append(complete_one(services, truecaller, f"+46761234{number:03}", named=named, about=about))
        clock.move(1)
    clock.move(400)
    signups.reveal(services, ids[nth], reason="why", actor="user:local")
    before = needles(services, ids[nth])
    held = raw(services)
    assert [name for name, value in before.items() if not any(part in held for part in parts(value))] == []
    receipt = erase(services, 46761234000 + nth)
    assert (receipt.signups, receipt.scrubbed) == (1, True)
    left = raw(services)
    found = [name for name, value in before.items() if any(part in left for part in parts(value))]
    assert found == []
    for number in (str(46761234000 + nth), signups.one(services, ids[nth - 1]).masked or ""):
        assert number.encode() not in left
    assert verify(services.store, Question()).valid

from typing import Any

import pytest

from signup.errors import NotCanonical
from signup.record import canonical, events
from signup.record.events import VOCABULARY, Kind

AT = "2026-11-24T14:00:00.000000Z"
ID = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22"
HASH = "ab" * 32
OPEN_FILTER = {"from": None, "to": None, "kinds": None, "signupId": None, "actor": None}

EXAMPLES: list[tuple[Kind, dict[str, Any]]] = [
    (Kind.SIGNUP_STARTED, {"status": "requested", "country": "SE", "channel": "web"}),
    (Kind.SIGNUP_STARTED, {"status": "requested", "country": "001", "channel": "a-b2"}),
    (Kind.SIGNUP_SENT, {"status": "waiting", "accepted": True, "ms": 120}),
    (Kind.SIGNUP_SENT, {"status": "waiting", "accepted": False, "code": "timeout", "ms": 8000}),
    (Kind.SIGNUP_FAILED, {"status": "failed", "step": "request", "code": "bad_app_key", "ms": 12}),
    (Kind.SIGNUP_FAILED, {"status": "failed", "step": "token", "code": "token_expired"}),
    (Kind.SIGNUP_OPENED, {}),
    (Kind.SIGNUP_APPROVED, {"status": "approved", "ms": 5000}),
    (Kind.SIGNUP_DECLINED, {"status": "declined", "ms": 5000, "reason": "use_another_number"}),
    (Kind.SIGNUP_EXPIRED, {"status": "expired"}),
    (Kind.PROFILE_FETCHED, {"status": "completed", "ms": 34}),
    (Kind.PROFILE_FAILED, {"code": "token_rejected", "ms": 34}),
    (Kind.PROFILE_FAILED, {"code": "endpoint_refused", "status": "failed", "step": "profile"}),
    (Kind.PROFILE_REVEALED, {"reasonId": ID}),
    (Kind.CALLBACK_RECEIVED, {"result": "opened"}),
    (Kind.CALLBACK_REPEATED, {"result": "other"}),
    (Kind.CALLBACK_QUARANTINED, {"reason": "state_mismatch"}),
    (Kind.LOCK_HIT, {"country": "IN", "channel": "api", "numberId": "0123456789abcdef", "ms": 0}),
    (Kind.NUMBER_REJECTED, {"reason": "too_short", "channel": "try"}),
    (Kind.NUMBER_REJECTED, {"reason": "invalid", "channel": "try", "country": "SE"}),
    (Kind.AUDIT_CHECKPOINT, {"keyId": "0f" * 16, "root": HASH, "seq": 12}),
    (Kind.AUDIT_EXPORTED, {"exportId": ID, "filter": OPEN_FILTER, "format": "csv", "withhold": None}),
    (
        Kind.AUDIT_EXPORTED,
        {
            "exportId": ID,
            "filter": {
                "from": AT,
                "to": AT,
                "kinds": ["lock.hit", "view.saved"],
                "signupId": ID,
                "actor": "user:local",
            },
            "format": "bundle",
            "withhold": "rows",
            "text": True,
            "reasonId": ID,
        },
    ),
    (Kind.AUDIT_EXPORT_DONE, {"exportId": ID, "rows": 0, "sha256": HASH}),
    (Kind.AUDIT_PRUNED, {"to": 400}),
    (Kind.AUDIT_REDACTED, {"code": "personal", "seq": 7, "reasonId": ID}),
    (Kind.AUDIT_KEY_ADDED, {"keyId": "0f" * 16}),
    (Kind.AUDIT_ERASED, {"receiptId": ID, "signups": 2}),
    (Kind.AUDIT_RESTORED, {"root": HASH, "seq": 7}),
    (Kind.SETTINGS_CHANGED, {"name": "SIGNUP_LOCK_SECONDS"}),
    (Kind.VIEW_SAVED, {"viewId": ID}),
    (Kind.VIEW_SAVED, {"viewId": ID, "removed": True}),
    (Kind.REPLAY_SENT, {"edited": False}),
    (Kind.ALERT_CHANGED, {"rule": "error-rate", "from": "ok", "to": "no-data", "level": "none", "n": 0, "ppm": None}),
]
each_example = pytest.mark.parametrize(("kind", "details"), EXAMPLES, ids=lambda value: str(value)[:60])


class OneInsert:
    """A transaction that only remembers what was run in it."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, dict[str, Any]]] = []

    def run(self, query: str, /, **params: Any) -> int:
        self.ran.append((query, params))
        return 1


def check(kind: str, details: dict[str, Any], **other: Any) -> str:
    event = {"at": AT, "kind": kind, "actor": "watcher", "signup_id": ID, "details": details}
    return events.checked(**{**event, **other})


@each_example
def test_each_event_may_carry_what_it_tells(kind: Kind, details: dict[str, Any]) -> None:
    assert check(kind, details) == canonical.dumps(details)


@each_example
def test_a_replay_may_mark_any_event(kind: Kind, details: dict[str, Any]) -> None:
    assert check(kind, {**details, "replay": True})
    with pytest.raises(NotCanonical):
        check(kind, {**details, "replay": False})


@each_example
def test_an_event_without_one_of_its_needs_is_refused(kind: Kind, details: dict[str, Any]) -> None:
    for needed in VOCABULARY[kind].needs:
        with pytest.raises(NotCanonical, match=needed):
            check(kind, {key: value for key, value in details.items() if key != needed})


@each_example
def test_no_free_text_fits_anywhere(kind: Kind, details: dict[str, Any]) -> None:
    for key in [*details, "note"]:
        for text in ("Ada Lovelace", "+46701234567", "=1+1", "", {"name": "Ada"}, 1.5, -1):
            with pytest.raises(NotCanonical):
                check(kind, {**details, key: text})


def test_there_is_an_example_of_every_kind() -> None:
    assert {kind for kind, _ in EXAMPLES} == set(Kind) == set(VOCABULARY)


@pytest.mark.parametrize("kind", Kind)
def test_a_kind_is_spelled_as_the_record_wants_it(kind: Kind) -> None:
    assert events.pattern(r"[a-z]+\.[a-z]+(_[a-z]+)*")(kind)
    assert len(kind) <= 40


@pytest.mark.parametrize("status", ["requested", "waiting", "approved", "completed", "declined", "expired", "failed"])
def test_each_status_is_told_by_exactly_the_events_that_lead_to_it(status: str) -> None:
    telling = {
        "requested": {"signup.started"},
        "waiting": {"signup.sent"},
        "approved": {"signup.approved"},
        "completed": {"profile.fetched"},
        "declined": {"signup.declined"},
        "expired": {"signup.expired"},
        "failed": {"signup.failed", "profile.failed"},
    }
    checks = {kind: {**shape.needs, **shape.may}.get("status") for kind, shape in VOCABULARY.items()}
    assert {kind for kind, fits in checks.items() if fits and fits(status)} == telling[status]


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(NotCanonical):
        check("signup.vanished", {})


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        (Kind.PROFILE_FAILED, {"code": "profile_error", "ms": 3, "status": "failed"}),
        (Kind.PROFILE_FAILED, {"code": "profile_error", "ms": 3, "step": "profile"}),
        (Kind.SIGNUP_FAILED, {"status": "failed", "step": "token", "code": "token_expired", "ms": 3}),
        (Kind.SIGNUP_SENT, {"status": "waiting", "accepted": False, "ms": 8000}),
        (Kind.SIGNUP_SENT, {"status": "waiting", "accepted": True, "code": "timeout", "ms": 8000}),
    ],
)
def test_details_that_contradict_each_other_are_refused(kind: Kind, details: dict[str, Any]) -> None:
    with pytest.raises(NotCanonical):
        check(kind, details)


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": "2026-11-24T14:00:00Z"},
        {"at": "2026-11-24T14:00:00.000000+00:00"},
        {"actor": "ada@example.com"},
        {"actor": "user:"},
        {"actor": "user:" + "x" * 65},
        {"signup_id": None},
        {"signup_id": ID.upper()},
        {"signup_id": ""},
    ],
    ids=str,
)
def test_a_time_an_actor_or_an_id_of_another_form_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(NotCanonical):
        check(Kind.SIGNUP_OPENED, {}, **wrong)


@pytest.mark.parametrize("kind", [Kind.LOCK_HIT, Kind.NUMBER_REJECTED, Kind.AUDIT_PRUNED, Kind.CALLBACK_QUARANTINED])
def test_an_event_of_no_sign_up_needs_no_id(kind: Kind) -> None:
    details = next(details for example, details in EXAMPLES if example == kind)
    assert check(kind, details, signup_id=None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kinds": ["view.saved", "lock.hit"]},
        {"kinds": ["lock.hit", "lock.hit"]},
        {"kinds": ["lock.*"]},
        {"kinds": [["lock.hit"]]},
        {"kinds": "lock.hit"},
        {"actor": "Ada"},
        {"from": "yesterday"},
        {"text": "Ada"},
    ],
    ids=str,
)
def test_a_filter_tells_nothing_but_its_five_parts(wrong: dict[str, Any]) -> None:
    details = {"exportId": ID, "filter": {**OPEN_FILTER, **wrong}, "format": "csv", "withhold": None}
    with pytest.raises(NotCanonical):
        check(Kind.AUDIT_EXPORTED, details)


def test_a_refusal_repeats_no_value() -> None:
    with pytest.raises(NotCanonical) as refused:
        check(Kind.SIGNUP_FAILED, {"status": "failed", "step": "request", "code": "Ada Lovelace"})
    assert "Ada" not in refused.value.sentence


def test_appending_is_one_insert() -> None:
    tx = OneInsert()
    events.append(tx, at=AT, kind=Kind.SIGNUP_EXPIRED, actor="watcher", signup_id=ID, details={"status": "expired"})  # type: ignore[arg-type]
    row = {"at": AT, "kind": "signup.expired", "signup_id": ID, "actor": "watcher", "details": '{"status":"expired"}'}
    assert tx.ran == [("append_event", row)]
    assert type(tx.ran[0][1]["kind"]) is str


def test_what_is_refused_is_not_written() -> None:
    tx = OneInsert()
    with pytest.raises(NotCanonical):
        events.append(tx, at=AT, kind=Kind.SIGNUP_EXPIRED, actor="watcher", signup_id=ID, details={})  # type: ignore[arg-type]
    assert tx.ran == []

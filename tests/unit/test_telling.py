from typing import Any

import pytest

from dashboard.telling import REMOVED, TOLD, in_words
from signup.model import Event
from signup.record.events import VOCABULARY, Kind, checked

ID = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22"
AT = "2026-11-24T14:00:00.000000Z"
HASH = "ab" * 32
EVERYTHING = {"from": None, "to": None, "kinds": None, "signupId": None, "actor": None}

SAMPLES: list[tuple[str, dict[str, Any], str]] = [
    (Kind.SIGNUP_STARTED, {"status": "requested", "country": "SE", "channel": "web"}, "Sweden · channel web"),
    (Kind.SIGNUP_SENT, {"status": "waiting", "accepted": True, "ms": 127}, "accepted in 127 ms"),
    (
        Kind.SIGNUP_SENT,
        {"status": "waiting", "accepted": False, "ms": 8000, "code": "timeout"},
        "No answer in time; the prompt may be out · after 8.0 s",
    ),
    (
        Kind.SIGNUP_FAILED,
        {"status": "failed", "step": "request", "code": "bad_app_key", "ms": 90},
        "Truecaller does not know the app key · Asking Truecaller · 90 ms",
    ),
    (Kind.SIGNUP_OPENED, {}, "prompt seen open"),
    (Kind.SIGNUP_APPROVED, {"status": "approved", "ms": 9700}, "after 9.7 s"),
    (
        Kind.SIGNUP_DECLINED,
        {"status": "declined", "ms": 9700, "reason": "user_rejected"},
        "The person declined · after 9.7 s",
    ),
    (Kind.SIGNUP_EXPIRED, {"status": "expired"}, "nobody answered in time"),
    (Kind.PROFILE_FETCHED, {"status": "completed", "ms": 131}, "read in 131 ms · number proved"),
    (Kind.PROFILE_FAILED, {"code": "profile_error"}, "The profile could not be read in time · tried again"),
    (Kind.PROFILE_REVEALED, {"reasonId": ID}, "shown unmasked, the reason is kept"),
    (Kind.CALLBACK_RECEIVED, {"result": "opened"}, "opened the prompt · stored before it was answered"),
    (Kind.CALLBACK_REPEATED, {"result": "approved"}, "approved · known already"),
    (Kind.CALLBACK_QUARANTINED, {"reason": "state_mismatch"}, "The callback carried a wrong state"),
    (
        Kind.LOCK_HIT,
        {"country": "IN", "channel": "api", "numberId": "ab" * 8, "ms": 36_000},
        "India · channel api · 36.0 s after the start",
    ),
    (Kind.NUMBER_REJECTED, {"reason": "too_short", "channel": "web"}, "too short · channel web"),
    (
        Kind.AUDIT_EXPORTED,
        {"exportId": ID, "filter": EVERYTHING, "format": "csv", "withhold": None},
        "CSV · everything",
    ),
    (
        Kind.AUDIT_EXPORTED,
        {"exportId": ID, "filter": {**EVERYTHING, "kinds": ["lock.hit"]}, "format": "ndjson", "withhold": None},
        "NDJSON · 1 kind of event",
    ),
    (
        Kind.AUDIT_EXPORT_DONE,
        {"exportId": ID, "rows": 1204, "sha256": HASH},
        "1,204 rows · SHA-256 abababababababab…",
    ),
    (
        Kind.AUDIT_EXPORTED,
        {"exportId": ID, "filter": {**EVERYTHING, "from": AT}, "format": "bundle", "withhold": "rows", "text": True},
        "BUNDLE · 2026-11-24 14:00 UTC to now · a search",
    ),
    (Kind.AUDIT_CHECKPOINT, {"keyId": "ab" * 16, "root": HASH, "seq": 9}, "signed at event 9 · key abababab…"),
    (Kind.AUDIT_PRUNED, {"to": 12_000}, "events up to 12,000 are gone by age"),
    (
        Kind.AUDIT_REDACTED,
        {"code": "removed", "seq": 1204, "reasonId": ID},
        "the details of event 1,204 removed, the reason is kept",
    ),
    (Kind.AUDIT_KEY_ADDED, {"keyId": "ab" * 16}, "key abababab…"),
    (Kind.AUDIT_ERASED, {"receiptId": ID, "signups": 1}, "a person with 1 sign-up"),
    (Kind.AUDIT_ERASED, {"receiptId": ID, "signups": 3}, "a person with 3 sign-ups"),
    (Kind.AUDIT_RESTORED, {"root": HASH, "seq": 1204}, "an older backup accepted; event 1,204 was signed and is lost"),
    (Kind.SETTINGS_CHANGED, {"name": "lockSeconds"}, "the setting lockSeconds"),
    (Kind.VIEW_SAVED, {"viewId": ID}, "the filters of a page, under a name"),
    (Kind.VIEW_SAVED, {"viewId": ID, "removed": True}, "a view is removed"),
    (Kind.REPLAY_SENT, {"edited": False}, "as it had come"),
    (Kind.REPLAY_SENT, {"edited": True}, "edited before it was sent"),
    (
        Kind.ALERT_CHANGED,
        {"rule": "error_rate", "from": "no-data", "to": "alerting", "level": "alert", "n": 1204, "ppm": 83_000},
        "error rate · no data to alerting · 8.3% of 1,204",
    ),
    (
        Kind.ALERT_CHANGED,
        {"rule": "silence", "from": "alerting", "to": "ok", "level": "ok", "n": 0, "ppm": None},
        "silence · alerting to ok",
    ),
    (
        Kind.ALERT_CHANGED,
        {"rule": "appKey", "from": "ok", "to": "alerting", "level": "alert", "n": 40, "ppm": 2_000_000},
        "App key · ok to alerting · 2",
    ),
    (
        Kind.ALERT_CHANGED,
        {"rule": "successRate", "from": "alerting", "to": "alerting", "level": "alert", "n": 40, "ppm": 300_000},
        "Success rate · worse · 30.0% of 40",
    ),
    (Kind.SETTINGS_CHANGED, {"name": "alerts_successRate"}, "the alert rule Success rate"),
]


@pytest.mark.parametrize(("kind", "details", "told"), SAMPLES)
def test_an_event_tells_its_details_in_words(kind: str, details: dict[str, Any], told: str) -> None:
    needs_one = VOCABULARY[kind].of_signup
    checked(at=AT, kind=kind, actor="watcher", signup_id=ID if needs_one else None, details=details)
    assert in_words(Event(1, AT, kind, None, "watcher", details)) == told


def test_a_replay_says_that_it_is_one() -> None:
    event = Event(1, AT, Kind.SIGNUP_APPROVED, None, "watcher", {"status": "approved", "ms": 900, "replay": True})
    assert in_words(event) == "after 900 ms · replay"


def test_removed_details_are_told_as_removed() -> None:
    assert in_words(Event(1, AT, Kind.SIGNUP_APPROVED, None, "watcher", None)) == REMOVED


def test_every_kind_of_event_has_words_of_its_own() -> None:
    assert {str(kind) for kind, _, _ in SAMPLES} == set(Kind)
    assert set(Kind) <= set(TOLD)

"""Events of the log in the Open Cybersecurity Schema Framework (OCSF 1.8.0), for security tools that collect from many.

Each kind has its place: a class, an activity, and whether it went well. Nothing is lost on the way: seq, at, kind,
sign-up and actor stand in `metadata` and `actor`, the details in `unmapped` (docs/audit-log-formats.md has the table).

It must not prove anything: the hashes stay in bundles.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from signup.clock import moment
from signup.errors import RecordAltered
from signup.model import Event
from signup.record import canonical
from signup.record.events import Kind

VERSION = "1.8.0"
PRODUCT = "Truecaller Sign Up dashboard"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INFORMATIONAL, APPLICATION_LOG, PERSON = 1, 2, 1
OTHER = 99
SUCCESS, FAILURE = 1, 2


class Class(NamedTuple):
    """An event class, and what it needs besides: from an event and the log's id."""

    uid: int
    category: int
    name: str
    needs: Callable[[Event, str], dict[str, Any]]


class Place(NamedTuple):
    """Where a kind belongs. `status`: None while it is not decided."""

    of: Class
    activity: int
    status: int | None = None


def _person(event: Event, _: str) -> dict[str, Any]:
    return {"user": {"uid": event.signup_id or "unknown", "type_id": PERSON}}


def _verified(event: Event, log_id: str) -> dict[str, Any]:
    return {**_person(event, log_id), "service": {"name": "Truecaller"}}


def _call(event: Event, _: str) -> dict[str, Any]:
    return {"api": {"operation": event.kind}, "src_endpoint": {"name": event.actor}}


def _thing(event: Event, _: str) -> dict[str, Any]:
    """What is managed is named by the details, each kind in its own way."""
    details = event.details or {}
    names = (details.get(key) for key in ("name", "viewId", "receiptId", "rule"))
    return {
        "entity": {"type": event.kind.partition(".")[0], "uid": next(filter(None, names), event.signup_id or "unknown")}
    }


def _log(_: Event, log_id: str) -> dict[str, Any]:
    return {"log_name": log_id, "log_type_id": APPLICATION_LOG}


AUTHENTICATION = Class(3002, 3, "Authentication", _verified)
ACCOUNT = Class(3001, 3, "Account Change", _person)
API = Class(6003, 6, "API Activity", _call)
ENTITY = Class(3004, 3, "Entity Management", _thing)
LOG = Class(1008, 1, "Event Log Activity", _log)

PLACES: dict[str, Place] = {
    Kind.SIGNUP_STARTED: Place(AUTHENTICATION, OTHER),
    Kind.SIGNUP_SENT: Place(AUTHENTICATION, OTHER),
    Kind.SIGNUP_OPENED: Place(AUTHENTICATION, OTHER),
    Kind.SIGNUP_APPROVED: Place(AUTHENTICATION, OTHER, SUCCESS),
    Kind.SIGNUP_DECLINED: Place(AUTHENTICATION, OTHER, FAILURE),
    Kind.SIGNUP_EXPIRED: Place(AUTHENTICATION, OTHER, FAILURE),
    Kind.SIGNUP_FAILED: Place(AUTHENTICATION, OTHER, FAILURE),
    Kind.PROFILE_FETCHED: Place(ACCOUNT, 1, SUCCESS),
    Kind.PROFILE_FAILED: Place(ACCOUNT, 1, FAILURE),
    Kind.PROFILE_REVEALED: Place(ENTITY, 2, SUCCESS),
    Kind.CALLBACK_RECEIVED: Place(API, 1, SUCCESS),
    Kind.CALLBACK_REPEATED: Place(API, OTHER),
    Kind.CALLBACK_QUARANTINED: Place(API, 1, FAILURE),
    Kind.LOCK_HIT: Place(API, 1, OTHER),
    Kind.NUMBER_REJECTED: Place(API, 1, FAILURE),
    Kind.REPLAY_SENT: Place(API, OTHER),
    Kind.AUDIT_CHECKPOINT: Place(LOG, OTHER, SUCCESS),
    Kind.AUDIT_EXPORTED: Place(LOG, 3),
    Kind.AUDIT_EXPORT_DONE: Place(LOG, 3, SUCCESS),
    Kind.AUDIT_PRUNED: Place(LOG, 2, SUCCESS),
    Kind.AUDIT_REDACTED: Place(LOG, OTHER, SUCCESS),
    Kind.AUDIT_KEY_ADDED: Place(LOG, OTHER, SUCCESS),
    Kind.AUDIT_RESTORED: Place(LOG, OTHER, SUCCESS),
    Kind.AUDIT_ERASED: Place(ENTITY, 4, SUCCESS),
    Kind.SETTINGS_CHANGED: Place(ENTITY, 3, SUCCESS),
    Kind.VIEW_SAVED: Place(ENTITY, OTHER, SUCCESS),
    Kind.ALERT_CHANGED: Place(ENTITY, 3, SUCCESS),
}
UNKNOWN = Place(LOG, OTHER)
ACTIVITIES = {1: "Create", 2: "Read", 3: "Update", 4: "Delete"}
OF_LOGS = {2: "Delete", 3: "Export"}
STATUSES = {SUCCESS: "Success", FAILURE: "Failure", OTHER: "Other"}


def line(event: Event, log_id: str) -> bytes:
    """An event as one line of JSON."""
    return (canonical.encode(mapped(event, log_id)) + "\n").encode()


def mapped(event: Event, log_id: str) -> dict[str, Any]:
    """An event in its class."""
    place = PLACES.get(event.kind, UNKNOWN)
    found = {
        "class_uid": place.of.uid,
        "class_name": place.of.name,
        "category_uid": place.of.category,
        "activity_id": place.activity,
        "activity_name": activity(place, event.kind),
        "type_uid": place.of.uid * 100 + place.activity,
        "severity_id": INFORMATIONAL,
        "time": _milliseconds(event),
        "metadata": _metadata(event, log_id),
        "actor": {"user": {"uid": event.actor, "type_id": PERSON}} if _is_person(event) else {"app_name": event.actor},
        **place.of.needs(event, log_id),
    }
    details = event.details or {}
    if event.details is not None:
        found["unmapped"] = details
    if place.status is not None:
        found |= {"status_id": place.status, "status": STATUSES[place.status]}
    if code := details.get("code") or details.get("reason"):
        found["status_code"] = code
    return found


def activity(place: Place, kind: str) -> str:
    """The name of an activity: the framework's, or our own where it has none."""
    names = OF_LOGS if place.of is LOG else ACTIVITIES
    return names.get(place.activity, kind)


def _metadata(event: Event, log_id: str) -> dict[str, Any]:
    found = {
        "version": VERSION,
        "product": {"name": PRODUCT},
        "uid": f"{log_id}/{event.seq}",
        "sequence": event.seq,
        "event_code": event.kind,
        "original_time": event.at,
    }
    return found | ({"correlation_uid": event.signup_id} if event.signup_id else {})


def _is_person(event: Event) -> bool:
    return event.actor.startswith("user:")


def _milliseconds(event: Event) -> int:
    try:
        return (moment(event.at) - EPOCH) // timedelta(milliseconds=1)
    except ValueError as error:
        raise RecordAltered(
            f"Event {event.seq} of the audit log was changed from outside: compare the database with its last backup."
        ) from error

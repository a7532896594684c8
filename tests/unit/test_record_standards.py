"""OCSF and CloudEvents: every kind of event is valid by the published schema, and nothing of it is lost."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from signup.errors import RecordAltered
from signup.model import Event
from signup.record import cloudevents, ocsf
from signup.record.events import VOCABULARY, Kind
from tests.machine import ROOT
from tests.unit.test_record_events import AT, EXAMPLES, ID

PUBLISHED = Path(__file__).parent.parent / "vectors/standards"
OCSF = json.loads((PUBLISHED / "ocsf-1.8.0.json").read_text("utf-8"))
CLASSES = {schema["properties"]["class_uid"]["const"]: schema for name, schema in OCSF.items() if name != "$defs"}
CLOUDEVENTS = json.loads((PUBLISHED / "cloudevents-1.0.json").read_text("utf-8"))
LOG_ID = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d99"
ORIGIN = f"signup-audit/sandbox/{LOG_ID}"
DOCS = (ROOT / "docs/audit-log-formats.md").read_text("utf-8")

EVENTS = [
    Event(number, AT, str(kind), ID if VOCABULARY[kind].of_signup else None, actor, details)
    for number, (kind, details) in enumerate([*EXAMPLES, *((kind, None) for kind in Kind)], 1)  # None: redacted
    for actor in (("watcher", "api:web", "user:local")[number % 3],)
]
each_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: f"{event.seq}-{event.kind}")


def ocsf_faults(found: dict[str, Any]) -> list[str]:
    schema = {**CLASSES[found["class_uid"]], "$defs": OCSF["$defs"]}
    return [error.message for error in Draft202012Validator(schema).iter_errors(found)]


def cloudevents_faults(found: dict[str, Any]) -> list[str]:
    return [error.message for error in Draft7Validator(CLOUDEVENTS).iter_errors(found)]


def read_ocsf(found: dict[str, Any]) -> Event:
    """The six fields, from where the docs say they are."""
    about, actor = found["metadata"], found["actor"]
    return Event(
        about["sequence"],
        about["original_time"],
        about["event_code"],
        about.get("correlation_uid"),
        actor["user"]["uid"] if "user" in actor else actor["app_name"],
        found.get("unmapped"),
    )


def read_cloudevent(found: dict[str, Any]) -> Event:
    return Event(
        int(found["id"]), found["time"], found["type"], found.get("subject"), found["actor"], found.get("data")
    )


@each_event
def test_an_event_is_valid_by_the_published_schema_of_its_class(event: Event) -> None:
    found = json.loads(ocsf.line(event, LOG_ID))
    assert ocsf_faults(found) == []
    assert found["type_uid"] == found["class_uid"] * 100 + found["activity_id"]
    moment = datetime.fromisoformat(event.at).timestamp()
    assert found["time"] == int(moment * 1000)


@each_event
def test_an_event_is_a_valid_cloudevent(event: Event) -> None:
    found = json.loads(cloudevents.line(event, ORIGIN))
    assert cloudevents_faults(found) == []
    assert found["specversion"] == "1.0"
    assert all(re.fullmatch("[a-z0-9]{1,20}", name) for name in found), "the specification's rule for names"
    assert datetime.fromisoformat(found["time"]).tzinfo is not None
    assert re.fullmatch(r"[A-Za-z0-9._~/-]+", found["source"]), "a URI reference"


@each_event
def test_the_six_fields_come_back(event: Event) -> None:
    assert read_ocsf(json.loads(ocsf.line(event, LOG_ID))) == event
    assert read_cloudevent(json.loads(cloudevents.line(event, ORIGIN))) == event


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda found: found.pop("metadata"), "required"),
        (lambda found: found.update(activity_id=77), "not one of"),
        (lambda found: found["metadata"].update(product={"colour": "red"}), "not valid"),
        (lambda found: found.update(anything=1), "unexpected"),
    ],
)
def test_the_published_schema_finds_what_is_wrong(change: Callable[[Any], object], fault: str) -> None:
    found = json.loads(ocsf.line(EVENTS[0], LOG_ID))
    change(found)
    assert any(fault in message for message in ocsf_faults(found))


def test_the_schema_of_cloudevents_finds_what_is_wrong() -> None:
    assert cloudevents_faults({"specversion": "1.0", "id": "", "source": "a", "type": "b"})
    assert cloudevents_faults({"specversion": "1.0", "id": "1", "source": "a"})


def test_every_kind_has_its_place_and_the_docs_tell_it() -> None:
    assert set(ocsf.PLACES) == set(Kind)
    told = re.findall(r"^\| `([a-z._]+)` \| (.+) \((\d+)\) \| (.+) \((\d+)\) \| (.+) \|$", DOCS, re.MULTILINE)
    assert told == [
        (
            str(kind),
            place.of.name,
            str(place.of.uid),
            "Other" if place.activity == ocsf.OTHER else ocsf.activity(place, kind),
            str(place.activity),
            "-" if place.status is None else ocsf.STATUSES[place.status],
        )
        for kind, place in ocsf.PLACES.items()
    ]


def test_a_kind_of_a_later_version_still_leaves() -> None:
    found = json.loads(ocsf.line(Event(1, AT, "moon.risen", None, "cli", {}), LOG_ID))
    assert ocsf_faults(found) == []
    assert found["metadata"]["event_code"] == "moon.risen"


def test_a_time_that_is_none_is_told() -> None:
    with pytest.raises(RecordAltered, match="Event 1"):
        ocsf.line(Event(1, "yesterday", "lock.hit", None, "cli", {}), LOG_ID)

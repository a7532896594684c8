"""Events of the log as CloudEvents 1.0, one structured JSON event a line, for brokers and whoever listens to them.

    specversion "1.0"   id: seq   source: the log's name   type: kind   time: at   subject: the sign-up   data: details

`actor` is an extension attribute. What is null is left out: a redacted event has no `data`.
"""

from typing import Any

from signup.model import Event
from signup.record import canonical


def line(event: Event, origin: str) -> bytes:
    """An event as one line of JSON. `origin`: the log's name, `signup-audit/MODE/LOGID`."""
    return (canonical.encode(mapped(event, origin)) + "\n").encode()


def mapped(event: Event, origin: str) -> dict[str, Any]:
    """An event in its envelope."""
    found = {
        "specversion": "1.0",
        "id": str(event.seq),
        "source": origin,
        "type": event.kind,
        "time": event.at,
        "subject": event.signup_id,
        "actor": event.actor,
        "data": event.details,
    }
    if event.details is not None:
        found["datacontenttype"] = "application/json"
    return {name: value for name, value in found.items() if value is not None}

"""What one event of the audit log says, in a few plain words: the Details column.

Beside labels.py, on top of the words of signup/words.py. Plain text, no Markdown; it knows no Streamlit and must not
read anything.
"""

from collections.abc import Callable, Mapping
from typing import Any

from signup import words
from signup.measure.figures import count, duration
from signup.model import Event
from signup.phone import country_name

Details = Mapping[str, Any]

REMOVED = "details removed; the seal still holds"


def in_words(event: Event) -> str:
    """The details of an event in a line."""
    if event.details is None:
        return REMOVED
    tell = TOLD.get(event.kind, _plainly)
    again = ["replay"] if event.details.get("replay") else []
    return " · ".join([part for part in tell(event.details) if part] + again)


def _ms(details: Details, before: str = "", after: str = "") -> str:
    return f"{before}{duration(details['ms'] / 1000)}{after}" if "ms" in details else ""


def _reason(details: Details) -> str:
    code = details.get("code") or details.get("reason", "")
    return words.CODES.get(code, str(code).replace("_", " "))


def _where(details: Details) -> list[str]:
    country = country_name(details["country"]) if "country" in details else ""
    return [country, f"channel {details['channel']}"]


def _sent(details: Details) -> list[str]:
    if details["accepted"]:
        return [_ms(details, "accepted in ")]
    return [f"{_reason(details)}", _ms(details, "after ")]


def _failed(details: Details) -> list[str]:
    return [_reason(details), words.STEPS[details["step"]] if "step" in details else "tried again", _ms(details)]


def _filter(details: Details) -> list[str]:
    asked = details["filter"]
    kinds = asked["kinds"]
    parts = [
        f"{asked['from'] or 'the start'} to {asked['to'] or 'now'}" if asked["from"] or asked["to"] else "",
        ("1 kind of event" if len(kinds) == 1 else f"{len(kinds)} kinds of events") if kinds else "",
        "one sign-up" if asked["signupId"] else "",
        f"actor {asked['actor']}" if asked["actor"] else "",
    ]
    return [details["format"].upper(), *(parts if any(parts) else ["everything"])]


def _plainly(details: Details) -> list[str]:
    return [f"{key} {value}" for key, value in details.items() if key != "replay" and value is not None]


TOLD: dict[str, Callable[[Details], list[str]]] = {
    "signup.started": _where,
    "signup.sent": _sent,
    "signup.failed": _failed,
    "signup.opened": lambda _: ["prompt seen open"],
    "signup.approved": lambda details: [_ms(details, "after ")],
    "signup.declined": lambda details: [_reason(details), _ms(details, "after ")],
    "signup.expired": lambda _: ["nobody answered in time"],
    "profile.fetched": lambda details: [_ms(details, "read in "), "number proved"],
    "profile.failed": _failed,
    "profile.revealed": lambda _: ["shown unmasked, the reason is kept"],
    "callback.received": lambda details: [words.RESULTS[details["result"]], "stored before it was answered"],
    "callback.repeated": lambda details: [words.RESULTS[details["result"]], "known already"],
    "callback.quarantined": lambda details: [_reason(details)],
    "lock.hit": lambda details: [*_where(details), _ms(details, "", " after the start")],
    "number.rejected": lambda details: [_reason(details), *_where(details)],
    "audit.exported": _filter,
    "audit.export_done": lambda details: [f"{count(details['rows'])} rows", f"SHA-256 {details['sha256'][:16]}…"],
}
"""Each kind in its own words; any other tells its keys."""

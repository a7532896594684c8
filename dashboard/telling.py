"""What one event of the audit log says, in a few plain words: the Details column.

Beside labels.py, on top of the words of signup/words.py. Plain text, no Markdown; it knows no Streamlit and must not
read anything.
"""

from collections.abc import Callable, Mapping
from typing import Any

from signup import words
from signup.measure.alerts.kept import RULE_SETTING
from signup.measure.alerts.rules import FIGURES, ONE
from signup.measure.figures import count, duration, percent
from signup.model import Event
from signup.phone import country_name

Details = Mapping[str, Any]

REMOVED = "details removed; the seal still holds"
_SPACED = str.maketrans("_-", "  ")
ALTERED = "not what was ever written here: verify the log"


def in_words(event: Event) -> str:
    """The details of an event in a line."""
    if event.details is None:
        return REMOVED
    tell = TOLD.get(event.kind, _plainly)
    again = ["replay"] if event.details.get("replay") else []
    try:
        parts = [part for part in tell(event.details) if part]
    except (KeyError, TypeError, ValueError):
        return ALTERED
    return " · ".join(parts + again)


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
    kinds, start, end = asked["kinds"], _minute(asked["from"]), _minute(asked["to"])
    parts = [
        f"{start or 'the start'} to {end or 'now'}" if start or end else "",
        ("1 kind of event" if len(kinds) == 1 else f"{len(kinds)} kinds of events") if kinds else "",
        "one sign-up" if asked["signupId"] else "",
        f"actor {asked['actor']}" if asked["actor"] else "",
        "a search" if details.get("text") else "",
    ]
    return [details["format"].upper(), *(parts if any(parts) else ["everything"])]


def _key(details: Details) -> str:
    return f"key {details['keyId'][:8]}…"


def _alert(details: Details) -> list[str]:
    figure, ppm = FIGURES.get(details["rule"]), details["ppm"]
    before, after = (details[name].translate(_SPACED) for name in ("from", "to"))
    moved = f"{before} to {after}" if before != after else "worse"
    if ppm is None:
        value = ""
    elif figure and figure.whole is None:
        value = count(ppm // ONE)
    else:
        value = f"{percent(ppm / ONE)} of {count(details['n'])}"
    return [figure.name if figure else details["rule"].translate(_SPACED), moved, value]


def _setting(details: Details) -> list[str]:
    rule = FIGURES.get(details["name"].removeprefix(RULE_SETTING))
    return [f"the alert rule {rule.name}" if rule else f"the setting {details['name']}"]


def _many(number: int, thing: str) -> str:
    return f"{count(number)} {thing}{'' if number == 1 else 's'}"


def _minute(at: str | None) -> str:
    return f"{at[:10]} {at[11:16]} UTC" if at else ""


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
    "audit.checkpoint": lambda details: [f"signed at event {count(details['seq'])}", _key(details)],
    "audit.key_added": lambda details: [_key(details)],
    "audit.pruned": lambda details: [f"events up to {count(details['to'])} are gone by age"],
    "audit.redacted": lambda details: [f"the details of event {count(details['seq'])} removed, the reason is kept"],
    "audit.erased": lambda details: [f"a person with {_many(details['signups'], 'sign-up')}"],
    "audit.restored": lambda details: [
        f"an older backup accepted; event {count(details['seq'])} was signed and is lost"
    ],
    "audit.exported": _filter,
    "audit.export_done": lambda details: [_many(details["rows"], "row"), f"SHA-256 {details['sha256'][:16]}…"],
    "settings.changed": _setting,
    "view.saved": lambda details: [
        "a view is removed" if "removed" in details else "the filters of a page, under a name"
    ],
    "replay.sent": lambda details: ["edited before it was sent" if details["edited"] else "as it had come"],
    "alert.changed": _alert,
}
"""Each kind in its own words; one that a newer version wrote tells its keys."""

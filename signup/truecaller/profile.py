"""A profile as Truecaller tells it: which numbers it proves, and what the person says of themselves.

Only the phone number was proved by the tap. Everything else is *declared*: kept, bounded, shown as such. Any field but
`phoneNumbers` may be absent, null or of a wrong type; that drops the field and never the profile (protocol.md 1.5).

It must not fetch anything, and must not take a number that is only nearly one.
"""

import re
from typing import Any

from signup.model import Profile
from signup.truecaller import strict

_NUMBER = re.compile(r"\+?([0-9]{1,15})")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LONGEST = 1_000
_MOST = 20
_PLAIN = (
    "gender",
    "aboutMe",
    "companyName",
    "jobTitle",
    "avatarUrl",
    "type",
    "id",
    "userId",
    "createdTime",
    "history",
)
_NAME = ("first", "last")
_IDENTITIES = ("facebookId", "twitterId", "email", "url")
_ADDRESS = ("countryCode", "city", "street", "zipcode")


def parse(body: bytes) -> Profile | None:
    """The profile in a body; None when the body is no plain JSON object."""
    try:
        told = strict.loads(body)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    return Profile(numbers=_numbers(told.get("phoneNumbers")), declared=_declared(told))


def proves(profile: Profile, number: int) -> bool:
    """Whether the profile holds the number (E.164 without "+"): the decisive proof of a sign-up."""
    return str(number) in profile.numbers


def _numbers(told: object) -> tuple[str, ...]:
    if not isinstance(told, list):
        return ()
    found = (_digits(number) for number in told[:_MOST])
    return tuple(digits for digits in found if digits)


def _digits(number: object) -> str | None:
    """An integer or a text of digits; no fractions, no signs but one "+", no spaces (a boolean has no digits)."""
    if not isinstance(number, int | str):
        return None
    match = _NUMBER.fullmatch(str(number))
    return match[1] if match else None


def _declared(told: dict[str, Any]) -> dict[str, Any]:
    """What was said, under Truecaller's names: texts, three nested groups, `badges` and a true boolean `isActive`."""
    declared: dict[str, Any] = _group(told, _PLAIN)
    groups = {
        "name": _group(told.get("name"), _NAME),
        "onlineIdentities": _group(told.get("onlineIdentities") or told.get("onlineIdentity"), _IDENTITIES),
        "addresses": [found for item in _list(told.get("addresses")) if (found := _group(item, _ADDRESS))],
        "badges": [text for item in _list(told.get("badges")) if (text := _text(item))],
    }
    declared |= {name: group for name, group in groups.items() if group}
    active = str(told.get("isActive")).lower()
    if active in ("true", "false"):
        declared["isActive"] = active == "true"
    return declared


def _group(told: object, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(told, dict):
        return {}
    return {name: text for name in names if (text := _text(told.get(name)))}


def _list(told: object) -> list[Any]:
    return told[:_MOST] if isinstance(told, list) else []


def _text(value: object) -> str | None:
    """A text or an integer as text: no control characters, no half characters, at most 1,000 long."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    whole = str(value)[:_LONGEST].encode("utf-8", "replace").decode()
    return _CONTROL.sub("", whole) or None

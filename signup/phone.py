"""A phone number as a person types it, read into the one form that Truecaller, the lock and the mask share.

Stands before everything else in `start`: what is refused here was never sent and never locked. Shows numbers only
masked. National spellings need a region; digits without "+" are Truecaller's own spelling of an international one.
"""

import re
from dataclasses import dataclass

import phonenumbers

from signup.errors import NumberRejected
from signup.words import REJECTS

WRITTEN = re.compile(r"\(?\+?[0-9 ()./-]+", re.ASCII)
MOST_DIGITS = 15
UNKNOWN_COUNTRY = "ZZ"


@dataclass(frozen=True)
class Number:
    """A valid number. `value`: E.164 without "+"; `country`: libphonenumber's region (`001` none, `ZZ` unknown)."""

    value: int
    country: str
    masked: str
    pretty: str


def read(text: str, region: str | None = None) -> Number:
    """The number a text names; raises NumberRejected with the reason."""
    written = text.strip(" ")
    digits = re.sub(r"[^0-9]", "", written) if written.isascii() else ""
    if len(text) > 64 or not digits or not WRITTEN.fullmatch(written):
        raise _rejected("not_a_number")
    parsed = _national_or_international(written, digits, region)
    if parsed is None:
        raise _rejected(_reason(written, digits, region), _country_of(written, region))
    value = int(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:])
    pretty = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return Number(value, _country(parsed), _masked(parsed.country_code or 0, value), pretty)


def mask(value: int) -> str:
    """A number for eyes: country code and the last four digits; of one that cannot be, only the last two."""
    parsed = _parsed(f"+{value}", None)
    return _masked(parsed.country_code or 0, value) if parsed else f"••• {str(value)[-2:]}"


def country_name(country: str) -> str:
    """What people call a libphonenumber region: its English name, or the code itself."""
    from phonenumbers.geodata.locale import LOCALE_DATA

    names = LOCALE_DATA.get(country, {})
    name = names.get("en", country)
    return str(names.get(name[1:], country) if name.startswith("*") else name)


def _readings(written: str, digits: str, region: str | None) -> list[tuple[str, str | None]]:
    """What a text may mean, likeliest first. Without "+" and region, digits are international."""
    if "+" in written:
        return [(written, None)]
    international = f"+{digits.removeprefix('00')}"
    return [(written, region), (international, None)] if region else [(international, None)]


def _national_or_international(written: str, digits: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    for text, where in _readings(written, digits, region):
        parsed = _parsed(text, where)
        if parsed is not None and _usable(parsed):
            return parsed
    return None


def _usable(parsed: phonenumbers.PhoneNumber) -> bool:
    """Valid, and no longer than E.164 allows: some countries' plans do, and no profile could prove such a number."""
    digits = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:]
    return phonenumbers.is_valid_number(parsed) and not parsed.extension and len(digits) <= MOST_DIGITS


def _parsed(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _reason(written: str, digits: str, region: str | None) -> str:
    if len(digits.removeprefix("00")) > MOST_DIGITS:
        return "too_long"
    parsed = _parsed(*_readings(written, digits, region)[0])
    if parsed is None:
        return "too_short" if len(digits) < 7 else "invalid"
    return {
        phonenumbers.ValidationResult.TOO_SHORT: "too_short",
        phonenumbers.ValidationResult.TOO_LONG: "too_long",
    }.get(phonenumbers.is_possible_number_with_reason(parsed), "invalid")


def _country_of(written: str, region: str | None) -> str | None:
    parsed = _parsed(*_readings(written, re.sub(r"[^0-9]", "", written), region)[0])
    code = phonenumbers.region_code_for_country_code(parsed.country_code) if parsed and parsed.country_code else None
    return code if code and code != UNKNOWN_COUNTRY else None


def _country(parsed: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.region_code_for_number(parsed) or UNKNOWN_COUNTRY


def _masked(country_code: int, value: int) -> str:
    last = str(value)[-4:]
    return f"+{country_code} ••• ••• {last[:2]} {last[2:]}"


def _rejected(reason: str, country: str | None = None) -> NumberRejected:
    return NumberRejected(reason, REJECTS[reason], country)

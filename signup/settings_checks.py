"""What a setting's value must look like: rules that `settings.py` hangs on its table.

Each rule takes a value and returns it, perhaps tidied, or raises ValueError with words that finish the sentence
"SIGNUP_NAME ...". It must never repeat the value: it may be a secret, or hold one.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import urlsplit

from pydantic import SecretStr

Role = Literal["viewer", "operator", "auditor"]

HUNDRED_YEARS = 36525 * 86400
SECONDS_IN_A_DAY = 86400
_HOST = r"(\[[0-9A-Fa-f:.]+\]|[^][@/?#:,\s]*)(:\d*)?"
POSTGRESQL = re.compile(rf"postgresql://([^][@/?#\s]*@)?{_HOST}(,{_HOST})*(/[^@?#\s]*)?(\?[^@#\s]*)?")


@dataclass(frozen=True)
class ApiToken:
    """One key of the REST API: who holds it, what they may do, and the secret itself."""

    name: str
    role: Role
    token: SecretStr = field(repr=False)


def split(text: object) -> object:
    """A comma-separated text as a tuple; anything else untouched. Line ends count as commas, as in a file of keys."""
    if not isinstance(text, str):
        return text
    return tuple(part for part in re.split(r"[,\s]+", text) if part)


def duration(unit: float) -> Callable[[float], float]:
    """A rule for durations counted in `unit` seconds: above 0, and short enough for a calendar."""

    def check(value: float) -> float:
        if not (math.isfinite(value) and 0 < value * unit <= HUNDRED_YEARS):
            raise ValueError("must be above 0, finite, and at most 100 years")
        return value

    return check


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def loopback(host: str) -> str:
    """An address only this machine reaches: there is no sign-in yet."""
    if not is_loopback(host):
        raise ValueError(
            "must be a loopback address such as 127.0.0.1: the dashboard has no sign-in yet, "
            "so nobody but this machine may reach it"
        )
    return host


def address(host: str) -> str:
    """An IP address or localhost."""
    try:
        return host if host == "localhost" else str(ip_address(host))
    except ValueError:
        raise ValueError("must be an IP address such as 127.0.0.1 or 0.0.0.0") from None


def url(text: str) -> str:
    """A whole https address (http only to this machine), without anything that two parsers read differently."""
    scheme, host = _plain(text)
    if scheme == "http" and not is_loopback(host):
        raise ValueError("must begin with https:// unless the host is this machine")
    return text


def webhook_url(secret: SecretStr, private: bool) -> SecretStr:
    """The same for a webhook, whose address may hold a token. `private`: it may go to a private network, over http."""
    scheme, _ = _plain(secret.get_secret_value())
    if scheme == "http" and not private:
        raise ValueError("must begin with https:// unless SIGNUP_WEBHOOK_PRIVATE is true")
    return secret


def _plain(text: str) -> tuple[str, str]:
    """(scheme, host) of an address that every parser reads alike."""
    if not re.fullmatch(r"[!-~]+", text) or re.search(r"[\\@#<>\"]", text):
        raise ValueError("must be a plain web address: ASCII, without a login, blanks or a fragment")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("must be a web address such as https://example.com/path") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("must be a web address such as https://example.com/path")
    return parts.scheme, host


def database_url(text: str) -> str:
    """sqlite:///FILE, or postgresql://... so plain that no piece of a password is ever read, or shown, as a host."""
    if text.startswith("sqlite:///") and urlsplit(text).path.strip("/") not in ("", ":memory:"):
        return text
    if not text.startswith("postgresql://"):
        raise ValueError("must begin with sqlite:/// and a file, or with postgresql://")
    try:
        plain = POSTGRESQL.fullmatch(text) and urlsplit(text)  # which refuses letters that stand for such as "a/c"
    except ValueError:
        plain = None
    if not plain or re.search(r"%(?![0-9A-Fa-f]{2})|%00", text):
        raise ValueError(
            "must be an address such as postgresql://user@host:5432/name, where %40 %2F %3F %23 %25 %5B %5D stand for "
            "@ / ? # % [ ] in a password"
        )
    return text


def region(text: str) -> str:
    """A country that phone numbers are known for."""
    from phonenumbers import SUPPORTED_REGIONS  # here: a program that sets no region does not pay for it

    if text.upper() not in SUPPORTED_REGIONS:
        raise ValueError("must be an ISO country code of two letters, such as SE")
    return text.upper()


def header_value(secret: SecretStr | None) -> SecretStr | None:
    """A secret that is sent as an HTTP header."""
    if secret is not None and not re.fullmatch(r"[!-~]{1,512}", secret.get_secret_value()):
        raise ValueError("must be 1 to 512 visible ASCII letters, without blanks")
    return secret


def webhook_secret(secret: SecretStr | None) -> SecretStr | None:
    """`whsec_` and base64 of 24 to 64 bytes, as Standard Webhooks writes one."""
    if secret is None:
        return None
    prefix, _, text = secret.get_secret_value().partition("_")
    try:
        size = len(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if prefix != "whsec" or not 24 <= size <= 64:
        raise ValueError("must be whsec_ followed by base64 of 24 to 64 bytes")
    return secret


def key(secret: SecretStr) -> SecretStr:
    """Base64 of exactly 32 bytes."""
    try:
        size = len(base64.b64decode(secret.get_secret_value(), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if size != 32:
        raise ValueError("must be base64 of exactly 32 bytes each, separated by commas")
    return secret


def api_token(text: object) -> object:
    """`name:role:token` as an ApiToken."""
    if not isinstance(text, str):
        return text
    name, role, token = [*text.split(":", 2), "", ""][:3]
    if not name or not token or role not in get_args(Role):
        raise ValueError("must be name:role:token, separated by commas; the roles are " + ", ".join(get_args(Role)))
    return ApiToken(name, cast("Role", role), SecretStr(token))


def distinct_names(tokens: tuple[ApiToken, ...]) -> tuple[ApiToken, ...]:
    """No two tokens of one name: the audit log tells holders apart by it."""
    if len({token.name for token in tokens}) < len(tokens):
        raise ValueError("must not use one name twice")
    return tokens


def folder(path: Path) -> Path:
    """A folder, or nothing yet."""
    if path.exists() and not path.is_dir():
        raise ValueError("must be a folder, and there is a file of that name")
    return path

"""The self-test: a callback of our own that proves to the doctor that an address leads to this receiver and database.

It carries one header, `Signup-Selftest: TIME.NONCE.HMAC`, under a key grown from SIGNUP_KEYS. The receiver answers it
as it answers everything and writes the nonce down, which the doctor then looks for in its own database. The header is
good for 60 seconds and once; any other is no self-test but a callback like all others, so that nobody learns from the
answer what was wrong with it. It must not touch a sign-up, a counter or the log.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from signup.clock import text
from signup.keys import Keyring
from signup.services import Services

HEADER = "Signup-Selftest"
GOOD_SECONDS = 60
KEPT_SECONDS = 600
PURPOSE = b"signup selftest key 1"
FORM = re.compile(r"([1-9][0-9]{0,11})\.([0-9a-f]{32})\.([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True)
class SelfTest:
    """One self-test to send: the nonce to look for, and the header's value."""

    nonce: str
    header: str


def make(services: Services) -> SelfTest:
    """A new one, under the current key."""
    nonce, at = secrets.token_hex(16), int(services.clock.now().timestamp())
    return SelfTest(nonce, f"{at}.{nonce}.{_signatures(services.keyring, at, nonce)[0]}")


def take(services: Services, header: str | None) -> bool:
    """Whether a request is a self-test; then its nonce is stored. Raises StoreUnavailable."""
    now = services.clock.now()
    nonce = _proved(services.keyring, header or "", now)
    if nonce is None:
        return False
    with services.store.write() as tx:
        return tx.run("add_selftest", nonce=nonce, at=text(now)) == 1


def arrived(services: Services, test: SelfTest) -> bool:
    """Whether a self-test is in this database. Raises StoreUnavailable."""
    with services.store.read() as tx:
        return tx.one("selftest", nonce=test.nonce) is not None


def forget(services: Services) -> None:
    """The nonces that are too old go; nothing is written while there are none."""
    before = text(services.clock.now() - timedelta(seconds=KEPT_SECONDS))
    with services.store.read() as tx:
        old = tx.one("old_selftest", before=before)
    if old:
        with services.store.write() as tx:
            tx.run("drop_selftests", before=before)


def _proved(keyring: Keyring, header: str, now: datetime) -> str | None:
    """The nonce of a header that one of our keys made less than a minute ago."""
    form = FORM.fullmatch(header)
    if form is None:
        return None
    at, nonce, signature = int(form[1]), form[2], form[3]
    genuine = [hmac.compare_digest(signature, ours) for ours in _signatures(keyring, at, nonce)]
    fresh = abs(now.timestamp() - at) < GOOD_SECONDS
    return nonce if any(genuine) and fresh else None


def _signatures(keyring: Keyring, at: int, nonce: str) -> list[str]:
    """What each listed key makes of it, the current one's first."""
    signed = f"{at}.{nonce}".encode()
    return [hmac.new(key, signed, hashlib.sha256).hexdigest() for key in keyring.seeds(PURPOSE)]

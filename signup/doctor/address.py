"""The callback URL, link by link: its name, connection, certificate, answer, and whether it leads to this database.

From evidence alone. The link that is broken is told in the words of its cause, those after it are left out. It must not
try anything itself.
"""

from urllib.parse import urlsplit

from signup.doctor import causes
from signup.doctor.check import Finding, fine, look, wrong
from signup.doctor.evidence import Evidence
from signup.public_address import is_public
from signup.settings_checks import is_loopback

LINKS = ("Name", "Receiver", "Connection", "Certificate", "Answer", "Self-test")
"""In their order; of the receiver on this machine the check of that name tells whether it takes connections."""

OFF_SECONDS = 5


def url(seen: Evidence) -> Finding:
    """Whether it is known, and may be Truecaller's."""
    if not seen.live and not seen.is_told:
        return fine("The sandbox posts to the receiver on this machine.")
    if not seen.is_told:
        return look(
            "It is not set, so only the receiver on this machine was tried.",
            "Set SIGNUP_PUBLIC_CALLBACK_URL to the callback URL that Truecaller's portal has.",
        )
    where = _inside(urlsplit(seen.url).hostname or "") if seen.live else None
    if where:
        return look(
            f"It is {where}. Truecaller cannot reach it.",
            "Set SIGNUP_PUBLIC_CALLBACK_URL to the address under which the proxy is reached from outside.",
        )
    return fine(f"Tried as Truecaller would, at {urlsplit(seen.url).netloc}.")


def _inside(host: str) -> str | None:
    """Where a host is that nobody on the internet reaches. Of a name only the name servers know."""
    if is_loopback(host):
        return "on this machine"
    try:
        return None if is_public(host) else "in a private network"
    except ValueError:
        return None


def name(seen: Evidence) -> Finding | None:
    """Whether a name server knows it; this machine, and an address in numbers, need none."""
    host = urlsplit(seen.url).hostname or ""
    if host == "localhost" or host.strip("0123456789.") == "" or ":" in host:
        return None
    return _link(seen, "Name", f"{host} is known.")


def connection(seen: Evidence) -> Finding | None:
    """Whether anybody takes connections; for the receiver on this machine, its own check tells."""
    if not seen.is_told:
        return None
    return _link(seen, "Connection", f"{urlsplit(seen.url).netloc} takes connections.")


def certificate(seen: Evidence) -> Finding | None:
    """Whether it is trusted; nothing without TLS."""
    if urlsplit(seen.url).scheme != "https":
        return None
    return _link(seen, "Certificate", "It is trusted.")


def answer(seen: Evidence) -> Finding | None:
    """Whether a POST is answered as Truecaller needs it."""
    return _link(seen, "Answer", f"A POST is answered {seen.reach.status} in {seen.reach.ms} ms, without a redirect.")


def arrival(seen: Evidence) -> Finding | None:
    """Whether what is posted there is stored here."""
    return _link(seen, "Self-test", "It arrived in this database.")


def slash(seen: Evidence) -> Finding | None:
    """Whether the address may be entered with a slash at its end, and without."""
    if not seen.reach.is_fine:
        return None
    if seen.other.is_fine:
        return fine("The address leads here with a slash at its end and without.")
    return look(
        f"{'With' if seen.other.url.endswith('/') else 'Without'} a slash at its end the address does not lead here.",
        f"Enter exactly {seen.url} in the portal, or let the proxy pass on both.",
    )


def clock(seen: Evidence) -> Finding:
    """Whether our clock goes as Truecaller's."""
    if not seen.live:
        return fine("The sandbox runs on this machine's clock.")
    if seen.ahead is None:
        return fine("Not compared in the last day: the next answer of Truecaller's tells.")
    if abs(seen.ahead) < OFF_SECONDS:
        return fine(f"Within {OFF_SECONDS} s of Truecaller's, {seen.compared}.")
    told, cure = f"{causes.skew(seen.ahead)}, {seen.compared}.", "Let the network set it: timedatectl set-ntp true."
    return look(told, cure) if abs(seen.ahead) < causes.SKEWED_SECONDS else wrong(told, cure)


def _link(seen: Evidence, link: str, sound: str) -> Finding | None:
    """One link of the way: sound, broken in the words of the cause, or not reached because an earlier one is broken."""
    broken = causes.unreached(seen)
    if broken is None:
        return fine(sound)
    if broken.check == link:
        return wrong(broken.detail, broken.cure)
    return fine(sound) if LINKS.index(link) < LINKS.index(broken.check) else None

"""Why does no callback come? The known causes that the evidence shows, the first broken link of the chain first.

    Truecaller knows the app key -> the callback URL leads to this receiver and this database -> the callback belongs to
    a sign-up of ours -> a watcher acts on it

A pure function from evidence to causes; docs/callback-doctor.md lists them all. With nothing broken it names none. A
detail does not spell the callback URL out: a table on a phone would cut it off. It must not ask anybody, or repeat what
a stranger sent.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from signup import words
from signup.doctor.check import several, span
from signup.doctor.evidence import Evidence
from signup.doctor.reach import PATH, SECONDS, STORED, UNKNOWN, Reach

SKEWED_SECONDS = 60
NO_WAY = (404, 405, 410)
UNTRUSTED = {
    "self_signed": "It is signed by itself, and no authority vouches for it.",
    "expired": "It has expired.",
    "not_yet": "It is not valid yet.",
    "other_name": "It was made out for another name.",
    "no_chain": "The certificates between it and a known authority are missing.",
}
BY_THE_CLOCK = ("expired", "not_yet")


@dataclass(frozen=True)
class Cause:
    """One reason why callbacks do not come, or come to nothing. `check`: under which name the doctor lists it."""

    code: str
    check: str
    detail: str
    cure: str

    def json(self) -> dict[str, str]:
        """The command line's form."""
        return {"code": self.code, "detail": self.detail, "cure": self.cure}


def why(seen: Evidence) -> list[Cause]:
    """Every cause that the evidence shows, in the order of the chain."""
    chain: list[Callable[[Evidence], Cause | None]] = [_key, unreached, _state, _watcher, _untold]
    first = seen.reach.untrusted in BY_THE_CLOCK  # a wrong clock makes certificates wrong
    chain.insert(1 if first else len(chain), _clock)
    return [cause for link in chain if (cause := link(seen))]


def unreached(seen: Evidence) -> Cause | None:
    """Why the callback URL does not lead to this database; None when it does."""
    tried = seen.reach
    if tried.is_fine:
        return None
    if not seen.is_told and tried.word is None and (tried.fault in (None, "broken")):
        return _occupied(tried)
    if tried.fault:
        return _unanswered(seen, tried)
    if tried.arrived:
        return _changed(tried)
    if tried.status is None or tried.status >= 500:
        return _failing(tried)
    if 300 <= tried.status < 400:
        return _redirected(tried)
    if tried.word in (STORED, UNKNOWN):
        return _elsewhere(seen, tried)
    return _refused(tried)


def _key(seen: Evidence) -> Cause | None:
    if seen.refused is None:
        return None
    detail = f"Truecaller refused the app key {seen.refused}. No prompt goes out, so no callback can come."
    return Cause("wrong_app_key", "App key", detail, words.cure("request", "bad_app_key"))


def _clock(seen: Evidence) -> Cause | None:
    if seen.ahead is None or abs(seen.ahead) < SKEWED_SECONDS:
        return None
    return Cause(
        "skewed_clock",
        "Clock",
        f"{skew(seen.ahead)}. Certificates, locks and the minutes of a token are judged by it.",
        "Let the network set this machine's clock (timedatectl set-ntp true), then start another sign-up.",
    )


def skew(ahead: float) -> str:
    """By how much our clock is wrong, in words."""
    return f"This machine's clock is {span(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} Truecaller's"


def _unanswered(seen: Evidence, tried: Reach) -> Cause:
    """No answer at all, or none in time."""
    place = urlsplit(tried.url).netloc
    if tried.fault == "name":
        told = f"The name of {place} is not known. Truecaller cannot find it either."
        return Cause("unknown_name", "Name", told, f"Compare {_setting(seen)} with the DNS records of your domain.")
    if tried.fault == "lookup":
        told = f"The name servers say nothing about {place} within {SECONDS:g} s. Truecaller hangs up meanwhile."
        cure = "See that the name servers of your domain answer, and those of this machine."
        return Cause("unknown_name", "Name", told, cure)
    if tried.fault == "tls":
        return _untrusted(tried, place)
    if tried.fault == "timeout" and tried.sent:
        return _slow(tried)
    if tried.fault == "timeout":
        told = f"No connection to {place} came about within {SECONDS:g} s. Something on the way drops it."
        return Cause(
            "closed_port", "Connection", told, "Open the port in the firewall, and see that the name is right."
        )
    if tried.fault == "connect":
        told = f"Nothing takes connections at {place}. No callback can arrive there."
        return Cause("closed_port", "Connection" if seen.is_told else "Receiver", told, _start(seen))
    told = f"The connection to {place} broke before an answer came."
    return Cause("broken_answer", "Answer", told, "See what the proxy's log says about this POST.")


def _occupied(tried: Reach) -> Cause:
    """On this machine there is no proxy between: whoever answers like that has the receiver's port."""
    told = f"Another program answers at {urlsplit(tried.url).netloc} in place of the receiver. No callback arrives."
    return Cause("other_program", "Receiver", told, "Stop it, or set SIGNUP_CALLBACK_PORT to a free port.")


def _start(seen: Evidence) -> str:
    if seen.is_told:
        return "Start what answers there, the proxy or python -m callback_server, and open the port in the firewall."
    return "Run python -m callback_server; where the dashboard started it, it starts again by itself within 10 s."


def _untrusted(tried: Reach, place: str) -> Cause:
    reason = UNTRUSTED.get(tried.untrusted or "", "No trusted connection comes about.")
    return Cause(
        "untrusted_certificate",
        "Certificate",
        f"The certificate of {place} is not trusted. {reason} Truecaller hangs up.",
        "Let the proxy use a certificate of a public authority for this name, with its whole chain (Caddy does).",
    )


def _slow(tried: Reach) -> Cause:
    reached = "It reached the receiver all the same." if tried.arrived else "It did not reach this receiver either."
    return Cause(
        "slow_answer",
        "Answer",
        f"The callback URL gives no answer within {SECONDS:g} s. {reached} Truecaller hangs up.",
        "Look at the proxy, and at the load and the disk of the machine with the receiver.",
    )


def _changed(tried: Reach) -> Cause:
    """Stored here, and yet not answered as the receiver answers what it has stored."""
    return Cause(
        "changed_answer",
        "Answer",
        f"A callback is stored here, and yet it is answered {tried.status} instead of 200. Truecaller would send it "
        "again.",
        "Let the proxy hand the receiver's answer back as it is.",
    )


def _failing(tried: Reach) -> Cause:
    if tried.word:
        told = f"The receiver at the callback URL cannot store a callback. It answers {tried.status}."
        return Cause(
            "cannot_store", "Answer", told, "See that the database can be written, and that its disk has room."
        )
    told = f"The callback URL answers {tried.status}. The proxy does not reach the receiver."
    return Cause(
        "failing_proxy", "Answer", told, "Run python -m callback_server, and compare the proxy's target with it."
    )


def _redirected(tried: Reach) -> Cause:
    where = ", to the same address but for the slash at its end" if tried.slash else ""
    return Cause(
        "redirect",
        "Answer",
        f"A POST to the callback URL is redirected ({tried.status}){where}. A redirect loses the callback.",
        "Let the proxy pass the POST on at this address, or enter the address it leads to in the portal and in "
        "SIGNUP_PUBLIC_CALLBACK_URL.",
    )


def _refused(tried: Reach) -> Cause:
    """A 4xx, or an answer that no receiver of ours gives."""
    if tried.status in NO_WAY or (tried.status or 0) < 300:
        parts = urlsplit(tried.url)
        right = f"Enter {parts.scheme}://{parts.netloc}{PATH} in the portal and in SIGNUP_PUBLIC_CALLBACK_URL"
        told = f"No receiver takes callbacks at {parts.path or '/'}. It answers {tried.status}; ours listens on {PATH}."
        before = parts.path.rstrip("/").removesuffix(PATH)
        if not before:
            return Cause("wrong_path", "Answer", told, "Let the proxy pass this path on to the receiver, unchanged.")
        if parts.path.rstrip("/").endswith(PATH):
            return Cause("wrong_path", "Answer", told, f"Let the proxy take {before} off before it passes the POST on.")
        return Cause("wrong_path", "Answer", told, f"{right}, and let the proxy pass that path on.")
    told = f"A POST to the callback URL is refused ({tried.status}). It does not reach the receiver."
    return Cause(
        "refused_post", "Answer", told, "Let everybody POST there: no login, no filter, no limit on addresses."
    )


def _elsewhere(seen: Evidence, tried: Reach) -> Cause:
    """A receiver of ours, and not the one of this database."""
    if tried.word == STORED:
        told = "The receiver at the callback URL writes into another database. Sign-ups wait here for what is there."
        cure = f"Start that receiver with the SIGNUP_DATABASE_URL of this program ({seen.database})."
    else:
        told = (
            "The receiver at the callback URL does not know the self-test. It belongs to another installation with "
            "other keys, its clock is a minute off, or a proxy takes out the header Signup-Selftest."
        )
        cure = "Start that receiver with the SIGNUP_DATABASE_URL and the SIGNUP_KEYS of this program."
    return Cause("other_database", "Self-test", told, cure)


def _state(seen: Evidence) -> Cause | None:
    """None once a right state came through: who learns a request id can forge for as long as he likes."""
    if not seen.wrong_state or seen.proved:
        return None
    told = several(seen.wrong_state, "callback")
    return Cause(
        "wrong_state",
        "Matching nothing",
        f"{told} for sign-ups that wait came without the right state. Only the state we sent proves a callback.",
        "See who posts them: a test by hand, another installation, or a forger. The genuine one still counts.",
    )


def _watcher(seen: Evidence) -> Cause | None:
    if seen.watched:
        return None
    told = "No watcher runs, so no callback is acted on. Callbacks are stored meanwhile, and none is lost."
    return Cause("no_watcher", "Watcher", told, "Start the dashboard, or python -m signup watch.")


def _untold(seen: Evidence) -> Cause | None:
    if seen.is_told or seen.heard or not (seen.live and seen.waiting):
        return None
    told = (
        "No callback of ours ever came, and the callback URL that the portal has is not set here, so it was not tried."
    )
    return Cause("url_not_set", "Callback URL", told, "Set SIGNUP_PUBLIC_CALLBACK_URL to what the portal has.")


def _setting(seen: Evidence) -> str:
    return "SIGNUP_PUBLIC_CALLBACK_URL" if seen.is_told else "SIGNUP_CALLBACK_BIND"

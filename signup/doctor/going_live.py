"""The way from nothing to the first live sign-up, step by step, each ticked by what the doctor found.

Beside the causes, from the same findings; the page Go live draws it. It must not ask anybody, and a step that only
Truecaller's portal could prove is proved by Truecaller's answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from signup.doctor.check import Check
from signup.services import Services
from signup.settings import Settings

PROOF = ("Certificate", "Answer", "Self-test")
HTTPS = ("Name", "Connection", "Certificate", "Answer", "Self-test")
UNKNOWN = "Not known while the database is away."


@dataclass(frozen=True)
class Step:
    """One step. `told`: what the doctor knows about it; `cure`: what to do where it found something wrong."""

    id: str
    title: str
    done: bool
    told: str
    cure: str | None = None


def is_signed_up(services: Services) -> bool:
    """Whether anybody has ever signed up. Raises StoreUnavailable."""
    with services.store.read() as tx:
        return tx.one("any_completed") is not None


def steps(settings: Settings, checks: list[Check], *, signed_up: bool) -> list[Step]:
    """All of them, in order."""
    found = {check.name: check for check in checks}
    live = settings.mode == "live"
    key = found.get("App key")
    return [
        _account(live, key),
        _key(live, key),
        _url(found, settings),
        _https(found, settings),
        _test(live, signed_up),
    ]


def _account(live: bool, key: Check | None) -> Step:
    """A key that was set stands for the account, until Truecaller refuses it."""
    if not live:
        return Step("account", "Account", False, "Nobody has asked Truecaller yet: this is the sandbox.")
    if key is None:
        return Step("account", "Account", False, UNKNOWN)
    if key.ok is False:
        return Step("account", "Account", False, key.detail)
    told = "Truecaller knows your app." if key.ok else "Its app key is set; the first request proves it."
    return Step("account", "Account", True, told)


def _key(live: bool, key: Check | None) -> Step:
    if not live:
        return Step("key", "App key", False, "The sandbox takes any key: set yours, and the live mode.")
    if key is None:
        return Step("key", "App key", False, UNKNOWN)
    return Step("key", "App key", key.ok is not False, f"Set. {key.detail}", key.cure if key.ok is False else None)


def _url(found: Mapping[str, Check], settings: Settings) -> Step:
    title, check = "Callback URL", found.get("Callback URL")
    if settings.public_callback_url is None:
        return Step("url", title, False, "SIGNUP_PUBLIC_CALLBACK_URL is not set.")
    if check is None:
        return Step("url", title, False, UNKNOWN)
    return Step("url", title, check.ok is True, check.detail, check.cure)


def _https(found: Mapping[str, Check], settings: Settings) -> Step:
    """The way in, link by link: the first that is broken is told."""
    title = "HTTPS"
    if not (settings.public_callback_url or "").startswith("https://"):
        return Step("https", title, False, "Nothing was tried yet: the callback URL must begin with https.")
    if "Callback URL" not in found:
        return Step("https", title, False, UNKNOWN)
    for link in HTTPS:
        if not _ok(found, link) and (link in found or link in PROOF):
            check = found.get(link)
            return Step("https", title, False, check.detail if check else "Not reached.", check.cure if check else None)
    return Step("https", title, True, f"{found['Answer'].detail} {found['Self-test'].detail}")


def _test(live: bool, signed_up: bool) -> Step:
    if live and signed_up:
        return Step("test", "First sign-up", True, "Somebody has signed up.")
    told = "Nobody has signed up yet." if live else "A sign-up of the sandbox does not count here."
    return Step("test", "First sign-up", False, told)


def _ok(found: Mapping[str, Check], name: str) -> bool:
    return name in found and found[name].ok is True

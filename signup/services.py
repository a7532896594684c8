"""Where things are wired, once: settings, clock, store, keys and Truecaller's client, handed to every step.

Opening checks what could go wrong later: the schema's version, the database's mode, and that the keys which data was
written under are still there. Nothing here is done at import.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from signup.clock import Clock, SystemClock, text
from signup.errors import KeyLost, SchemaBehind, WrongMode
from signup.keys import Keyring, decoded, kept_in
from signup.model import ProfileAnswer, RequestAnswer, new_id
from signup.sandbox_clock import SandboxClock
from signup.settings import Settings
from signup.store import Store, open_rolls, open_store


class Truecaller(Protocol):
    """Their side, as we see it. Never raises for what Truecaller does."""

    def request(self, number: int, state: str) -> RequestAnswer:
        """Ask for a prompt on the phone of `number` (E.164 without "+")."""
        ...

    def profile(self, token: str, url: str) -> ProfileAnswer:
        """Read the profile that a token opens; `url` is one of our own constants."""
        ...


@dataclass(frozen=True)
class Services:
    """What every step is given. `rolls`: the store of the roll-ups, which opens its file when it is first asked."""

    settings: Settings
    clock: Clock
    store: Store
    rolls: Store
    keyring: Keyring
    truecaller: Truecaller


@contextmanager
def open_services(
    settings: Settings,
    *,
    clock: Clock | None = None,
    truecaller: Truecaller | None = None,
    migrate: bool = False,
) -> Iterator[Services]:
    """Everything wired and checked; closed at the end. Raises CannotStart's kinds.

    `migrate` brings the schema up to date first; without it an older one is refused.
    """
    clock = clock or clock_of(settings)
    store = open_store(settings.database_url)
    rolls = open_rolls(settings.database_url, store, lambda: text(clock.now()))
    try:
        at = text(clock.now())
        if migrate:
            store.migrate(at)
        elif behind := store.behind():
            raise SchemaBehind(f"The database lacks {', '.join(behind)}: run python -m signup migrate")
        _check_mode(store, settings, new_id(clock.now()), at)
        keyring = _keyring(store, settings, at)
        yield Services(settings, clock, store, rolls, keyring, truecaller or _ClientWhenAsked(settings))
    finally:
        rolls.close()
        store.close()


def clock_of(settings: Settings) -> Clock:
    """The machine's clock; in sandbox mode the one that moves."""
    return SandboxClock(settings.data_dir) if settings.mode == "sandbox" else SystemClock()


class _ClientWhenAsked:
    """Truecaller's client, made by the first call: few programs ever make one, and its library is heavy."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> Truecaller:
        from signup.truecaller.client import Client

        settings = self._settings
        assert settings.app_key is not None, "settings refuse to load without one"
        return Client(request_url=settings.request_url, app_key=settings.app_key, seconds=settings.upstream_seconds)

    def request(self, number: int, state: str) -> RequestAnswer:
        return self._client.request(number, state)

    def profile(self, token: str, url: str) -> ProfileAnswer:
        return self._client.profile(token, url)


def _check_mode(store: Store, settings: Settings, log_id: str, at: str) -> None:
    with store.read() as tx:
        identity = tx.one("log_identity")
    if identity is None:
        with store.write() as tx:
            tx.run("create_log", log_id=log_id, mode=settings.mode, at=at)
            identity = tx.one("log_identity")
    if identity and identity["mode"] != settings.mode:
        raise WrongMode(
            f"The database {settings.database_name} was made in {identity['mode']} mode and SIGNUP_MODE is "
            f"{settings.mode}: set SIGNUP_DATABASE_URL to another, such as sqlite:///data/{settings.mode}.db"
        )


def _let_go(store: Store, key_id: str) -> None:
    """A key that is no longer listed: refused while anything is sealed with it, else forgotten."""
    with store.read() as tx:
        if tx.one("cells_under_key", prefix=f"{key_id}:%"):
            raise KeyLost(f"The database was written under the key {key_id}: put it back into SIGNUP_KEYS")
    with store.write() as tx:
        tx.run("forget_key", key_id=key_id)


def _keyring(store: Store, settings: Settings, at: str) -> Keyring:
    with store.read() as tx:
        known = {row["key_id"] for row in tx.all("known_keys")}
    folder = Path(settings.data_dir) / "keys"
    keys = [decoded(key.get_secret_value()) for key in settings.keys] or kept_in(folder, create=not known)
    keyring = Keyring(keys)
    for missing in known - set(keyring.ids):
        _let_go(store, missing)
    if keyring.ids[0] not in known:
        with store.write() as tx:
            tx.run("add_known_key", key_id=keyring.ids[0], at=at)
    return keyring

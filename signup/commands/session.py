"""Settings, log and services for the length of a command. The only place where a command wires anything."""

from collections.abc import Iterator
from contextlib import contextmanager

from signup import logs
from signup.record import keys
from signup.record.checkpoint import to_stderr
from signup.services import Services, open_services
from signup.settings import load


@contextmanager
def opened(*, migrate: bool = True, seals: bool = False) -> Iterator[Services]:
    """Everything a command needs, closed behind it. Raises CannotStart's kinds.

    `seals`: the command seals the record, so the key that signs it must not be lost.
    """
    settings = load()
    logs.set_up(settings.log)
    with open_services(settings, migrate=migrate) as services:
        if seals:
            keys.ready(services, to_stderr)
        yield services

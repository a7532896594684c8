"""Settings, log and services for the length of a command. The only place where a command wires anything."""

from collections.abc import Iterator
from contextlib import contextmanager

from signup import logs
from signup.services import Services, open_services
from signup.settings import load


@contextmanager
def opened(*, migrate: bool = True) -> Iterator[Services]:
    """Everything a command needs, closed behind it. Raises CannotStart's kinds."""
    settings = load()
    logs.set_up(settings.log)
    with open_services(settings, migrate=migrate) as services:
        yield services

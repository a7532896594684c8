"""Settings, log and services for the length of a command. The only place where a command wires anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from signup import logs
from signup.model import ProfileAnswer, RequestAnswer
from signup.services import Services, Truecaller, open_services
from signup.settings import Settings, load


class ClientWhenAsked:
    """Truecaller's client, made by the first call: most commands never make one, and its library is heavy."""

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


@contextmanager
def opened(*, migrate: bool = True) -> Iterator[Services]:
    """Everything a command needs, closed behind it. Raises CannotStart's kinds."""
    settings = load()
    logs.set_up(settings.log)
    with open_services(settings, truecaller=ClientWhenAsked(settings), migrate=migrate) as services:
        yield services

"""The watcher's part in alerts: a thread that looks at the rules when a minute begins, and delivers the webhooks.

Beside the steps of watch.py, which never wait for it, like the fold (folding.py). A fault here is told and is no other
step's. It must not match, complete or expire anything.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from signup.errors import NumbersBehind, SignupError
from signup.measure.alerts import delivery, rounds
from signup.measure.alerts.values import whole_minute
from signup.services import Services

LOG = logging.getLogger(__name__)
LOOK_SECONDS = 1


def once(services: Services) -> None:
    """Look at the rules, unless somebody has in this minute; then deliver what is due."""
    _look(services)
    delivery.deliver(services)


def _look(services: Services) -> None:
    """What is not counted yet is no trouble of this round's: whoever counts tells what keeps it from going on."""
    with suppress(NumbersBehind):
        rounds.run(services)


class Alerting:
    """Entered, it looks at each minute until it is left; then it finishes what it has begun. `tell`: a trouble."""

    def __init__(self, services: Services, tell: Callable[[str], None]) -> None:
        self._services = services
        self._tell = tell
        self._stop = threading.Event()
        self._minute: datetime | None = None
        self._due: datetime | None = None
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def __enter__(self) -> "Alerting":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        """What is to be done now: the round of a minute that has begun, and what is due."""
        now = self._services.clock.now()
        if whole_minute(now) != self._minute:
            self._minute = whole_minute(now)
            self._sound(lambda: _look(self._services))
            self._sound(self._deliver)
        elif self._due and self._due <= now:
            self._sound(self._deliver)

    def _deliver(self) -> None:
        """What is due, as long as no round waits for it; then when to come back, which may be at once.

        What another watcher left behind is seen at the next minute.
        """
        delivery.deliver(self._services, go_on=self._has_time)
        self._due = delivery.next_due(self._services)

    def _has_time(self) -> bool:
        return not self._stop.is_set() and whole_minute(self._services.clock.now()) == self._minute

    def _sound(self, step: Callable[[], object]) -> None:
        try:
            step()
        except SignupError as error:
            self._tell(error.sentence)
        except Exception:  # an alert that was missed is no reason to miss all that follow
            LOG.exception("The alerts met a fault and go on.")

"""The watcher's part in counting: a thread that folds what was sealed, at most four times a second.

Beside the steps of watch.py, which wake it after each pass and never wait for it. A fault here is told and is no other
step's: it must not match, seal or hold the database.
"""

import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from signup.errors import SignupError, StoreHeld
from signup.measure.fold import fold
from signup.services import Services

APART_SECONDS, AGAIN_SECONDS = 0.25, 1
HELD_SECONDS = 3600
"""Whoever counts everything anew holds the roll-ups, and that is no trouble. Nobody counts for longer."""


class Folding:
    """Entered, it folds whenever it was woken, until it is left; then it finishes its portion. `tell`: a trouble."""

    def __init__(self, services: Services, tell: Callable[[str], None]) -> None:
        self._services = services
        self._tell = tell
        self._woken = threading.Event()
        self._stop = threading.Event()
        self._held_since: float | None = None
        self._thread = threading.Thread(target=self._run, name="fold", daemon=True)

    def __enter__(self) -> "Folding":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._woken.set()
        self._thread.join()

    def wake(self) -> None:
        """Something may have been sealed."""
        self._woken.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._woken.wait()
            self._woken.clear()
            if self._fold():
                self._stop.wait(APART_SECONDS)
            else:
                self._woken.set()
                self._stop.wait(AGAIN_SECONDS)

    def _fold(self) -> bool:
        """Whether nothing is left to be folded."""
        try:
            behind = fold(self._services, go_on=lambda: not self._stop.is_set()).behind
            self._held_since = None
            return not behind
        except StoreHeld as held:
            now = self._services.clock.monotonic()
            if self._held_since is None:
                self._held_since = now
            if now - self._held_since >= HELD_SECONDS:
                self._tell(held.sentence)
        except SignupError as error:
            self._tell(error.sentence)
        except Exception as fault:  # numbers that stand still are no reason to stop counting for good
            self._tell(f"The fold met a fault ({_place(fault)}) and tries again.")
        return False


def _place(fault: Exception) -> str:
    """What it was and where, without its own words: they may hold what stands in an event."""
    at = traceback.extract_tb(fault.__traceback__)[-1]
    return f"{type(fault).__name__}, {Path(at.filename).name} line {at.lineno}"

"""The receiver and the sandbox, where the dashboard runs them: begun, begun again when they die, ended with it.

Sandbox mode only, and only where nothing answers on their ports yet. Each watches a pipe that closes when this process
is gone, also after a `kill -9`. It must not touch a program that somebody else began.
"""

import asyncio
import logging
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from signup.clock import Clock, SystemClock
from signup.doctor.reach import PATH
from signup.settings import Settings

LOG = logging.getLogger(__name__)
LOOK_SECONDS = 0.5
PAUSE_SECONDS = 10
"""One that dies at once is begun again only so often."""
LAST_WORDS_SECONDS = 9


@dataclass
class Child:
    """One program that is kept running on its port."""

    program: str
    port: int
    clock: Clock = field(default_factory=SystemClock)
    host: str = "127.0.0.1"
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    _begun: float = 0.0

    def begin(self) -> None:
        """Start it."""
        self._begun = self.clock.monotonic()
        command = [sys.executable, "-m", self.program, "--watch-stdin", *self.options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE)

    def look(self) -> None:
        """Begin it again where it died, after a pause, unless somebody else has taken its place meanwhile."""
        assert self.process is not None, "it was begun"
        resting = self.clock.monotonic() - self._begun < PAUSE_SECONDS
        if self.process.poll() is None or resting or answers(self.port, self.host):
            return
        LOG.warning(
            "a child died, beginning it again", extra={"program": self.program, "exit": self.process.returncode}
        )
        self._close()
        try:
            self.begin()
        except OSError:
            LOG.exception("a child could not be begun again", extra={"program": self.program})

    def end(self) -> None:
        """Close its pipe: it finishes what it has begun and leaves."""
        assert self.process is not None, "it was begun"
        self._close()
        try:
            self.process.wait(LAST_WORDS_SECONDS)
        except subprocess.TimeoutExpired:
            LOG.warning("a child did not end by itself and was killed", extra={"program": self.program})
            self.process.kill()
            self.process.wait()

    def _close(self) -> None:
        if self.process and self.process.stdin:
            self.process.stdin.close()


def needed(settings: Settings) -> list[Child]:
    """Those that nobody else runs, begun."""
    if settings.mode != "sandbox":
        return []
    receiver = urlsplit(settings.receiver_url).hostname or ""
    both = (
        Child("sandbox", settings.sandbox_port, options=("--callback", f"{settings.receiver_url}{PATH}")),
        Child("callback_server", settings.callback_port, host=receiver),
    )
    found = [child for child in both if not answers(child.port, child.host)]
    for child in found:
        child.begin()
    return found


async def keeping(kept: Sequence[Child]) -> None:
    """Look after them until cancelled."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for child in kept:
            child.look()


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something listens on a port of this machine, at one of its addresses."""
    with suppress(OSError), socket.create_connection((host, port), 0.5):
        return True
    return False

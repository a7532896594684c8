"""Who may use the phone from another machine: a one-time code lets a browser in, a session keeps it in.

There is one code at a time, made on this machine. It lets one browser in within five minutes, and five wrong guesses
kill it. Sessions live twelve hours, in memory: a restart ends them. Their time is the machine's own, which no moved
clock reaches. It must not know HTTP.
"""

import hmac
import secrets
import threading
import time
from collections.abc import Callable

CODE_SECONDS = 300.0
SESSION_SECONDS = 12 * 3600.0
MOST_GUESSES = 5
MOST_SESSIONS = 50


class Guests:
    """The codes and the sessions. `seconds` is a clock that only goes forward."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._code: str | None = None
        self._code_until = 0.0
        self._guesses = 0
        self._sessions: dict[str, float] = {}

    def new_code(self) -> str:
        """Six digits; the code before is dead now."""
        with self._lock:
            self._code = f"{secrets.randbelow(10**6):06d}"
            self._code_until = self._seconds() + CODE_SECONDS
            self._guesses = 0
            return self._code

    def enter(self, guess: str) -> str | None:
        """A new session for who knows the code, which is used up by it; None for a wrong guess, or without a code."""
        with self._lock:
            if self._code is None or self._seconds() >= self._code_until:
                return None
            self._guesses += 1
            right = guess.isascii() and hmac.compare_digest(guess, self._code)
            if right or self._guesses >= MOST_GUESSES:
                self._code = None
            return self._begin() if right else None

    def knows(self, session: str) -> bool:
        """Whether a session was begun here and still lives."""
        with self._lock:
            return self._sessions.get(session, 0.0) > self._seconds()

    def _begin(self) -> str:
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]  # the oldest
        session = secrets.token_urlsafe(16)
        self._sessions[session] = self._seconds() + SESSION_SECONDS
        return session

"""Long work of ours in a process of its own: a check or an export of the whole log never runs inside the page's server.

    job = Job("Checking", ["verify"])     python -m signup verify --json --progress
    job.share, job.words                  how far it is, from its stderr
    job.answer, job.problem               once it has ended: what it printed, or why nothing came of it

What others on the machine should not read in a list of processes goes to its stdin. A job ends with the server. Draws
nothing; it must not decide what is done, or when.
"""

import json
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Sequence
from typing import Any, TextIO

from signup.clock import Clock, SystemClock, text
from signup.commands.edge import STDIN
from signup.commands.progress import how_far
from signup.record.checkpoint import to_stdout

PATIENCE = 5
NO_WORD = "It ended without a word: try again, and look into the dashboard's log."


class Job:
    """One command at work. `doing`: a word such as Writing; `hidden`: words that nobody else should read."""

    def __init__(
        self, doing: str, words: Sequence[str], hidden: Sequence[str] = (), clock: Clock | None = None
    ) -> None:
        self._doing = doing
        self._clock = clock or SystemClock()
        self._began = time.monotonic()
        self.share = 0.0
        self.words = f"{doing} ..."
        self.answer: dict[str, Any] | None = None
        self.problem: str | None = None
        self.stopped = False
        self.ended_at = ""
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "signup", *words, "--json", "--progress", *([STDIN] if hidden else [])]
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, encoding="utf-8")
        _hand_in(self._process.stdin, hidden)
        self._listening = threading.Thread(target=self._listen, name="job", daemon=True)
        self._listening.start()
        _JOBS.add(self)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it is still at work."""
        return self._listening.is_alive()

    @property
    def trouble(self) -> str | None:
        """Why there is no verdict, once it has ended by itself; None while there may be one, and when there is."""
        if self.running or self.stopped:
            return None
        if self.answer is None:
            return self.problem
        return self.answer["detail"] if "valid" in self.answer and self.answer["valid"] is None else None

    def stop(self) -> None:
        """Ask it to end; it leaves nothing half-written."""
        self.stopped = True
        if self._process.poll() is None:
            self._process.terminate()

    def join(self, seconds: float = PATIENCE) -> None:
        """Wait for its end."""
        self._listening.join(seconds)

    def _listen(self) -> None:
        said, errors = self._process.stdout, self._process.stderr
        assert said is not None, "it was begun with a pipe"
        assert errors is not None, "it was begun with a pipe"
        with said, errors:
            for line in errors:
                self._hear(line.strip())
            answer = said.read()
        self._process.wait()
        self.ended_at = text(self._clock.now())
        self.answer = _object(answer)
        if self.answer is None and self.problem is None:
            self.problem = NO_WORD

    def _hear(self, line: str) -> None:
        """One line of its stderr: progress, a checkpoint to hand on, or a sentence."""
        told = _object(line)
        if told is None:
            self.problem = line or self.problem
        elif "done" in told:
            done, total = told["done"], told["total"]
            self.share = min(1.0, done / total) if total else 1.0
            self.words = how_far(self._doing, done, total, told["bytes"], time.monotonic() - self._began)
        elif "note" in told:
            to_stdout(line)


_JOBS: weakref.WeakSet[Job] = weakref.WeakSet()


def end_all() -> None:
    """The server ends: nothing of ours goes on without it."""
    jobs = [job for job in _JOBS if job.running]
    for job in jobs:
        job.stop()
    for job in jobs:
        job.join()


class FullCheck:
    """The full check of the log that all visitors share: at most one runs at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._job: Job | None = None

    @property
    def job(self) -> Job | None:
        """The one that runs, or ran last."""
        return self._job

    @property
    def running(self) -> bool:
        """Whether one is at work."""
        return self._job is not None and self._job.running

    def begin(self, clock: Clock) -> None:
        """Start one, unless one is at work. `clock`: tells when it ends."""
        with self._lock:
            if not self.running:
                self._job = Job("Checking", ["verify"], clock=clock)

    def stop(self) -> None:
        """End the one at work."""
        if self._job:
            self._job.stop()


FULL_CHECK = FullCheck()


def _hand_in(stdin: TextIO | None, hidden: Sequence[str]) -> None:
    assert stdin is not None, "it was begun with a pipe"
    with stdin:
        stdin.write("".join(f"{word}\n" for word in hidden))


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None

"""A scenario at work for one visitor: played in a thread, so that the page goes on and shows each step as it is done.

It draws nothing, and must not decide what a step means.
"""

import threading

from signup.errors import SignupError
from signup.scenario import ready
from signup.scenario.play import play
from signup.scenario.result import Played
from signup.scenario.story import Story
from signup.services import Services


class Playing:
    """`steps`: those that are done; `problem`: why it cannot be played, or not on; `waits_for`: the name of another one
    that must end first. It ends with the server."""

    def __init__(self, services: Services, story: Story, *, actor: str) -> None:
        self.story = story
        self.steps: list[Played] = []
        self.problem: str | None = None
        self.waits_for: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._play, args=(services, actor), name="scenario", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether there are steps to come."""
        return self._thread.is_alive()

    @property
    def ok(self) -> bool:
        """Whether all is done, and was as expected."""
        return len(self.steps) == len(self.story.steps) and not self.differs

    @property
    def differs(self) -> bool:
        """Whether a step was not as expected."""
        return any(step.expected is not None for step in self.steps)

    @property
    def stopped(self) -> bool:
        """Whether somebody wanted it to end."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Let it end at the next look."""
        self._stop.set()

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        self._thread.join(seconds)

    def _play(self, services: Services, actor: str) -> None:
        try:
            ready.insist(services)
            self.steps.extend(play(services, self.story, actor=actor, stop=self._stop, waits=self._wait))
        except SignupError as problem:
            self.problem = problem.sentence

    def _wait(self, other: str | None) -> None:
        self.waits_for = other

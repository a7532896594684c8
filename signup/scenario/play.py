"""A story played, step by step, against everything that runs: sandbox, receiver and watcher.

Each step is one call of the flow or of the sandbox's door. What others do is waited for by looking at our store and at
the door, with a limit for each step. The first step that differs ends the story. It must not know files.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event

from signup import door
from signup.clock import Clock, SystemClock
from signup.door import Posted
from signup.errors import SignupError
from signup.flow import replay, signups
from signup.flow.start import StartResult, start
from signup.sandbox_clock import SandboxClock
from signup.scenario.drawn import fresh
from signup.scenario.ready import Found, go_on, until
from signup.scenario.result import Played, Result
from signup.scenario.seen import look, ringing
from signup.scenario.story import Expect, MoveClock, SendAgain, Start, Step, Story, Tap
from signup.scenario.turn import turn
from signup.services import Services
from signup.settings import Settings

CHANNEL = "scenario"
SPARE_SECONDS = 15
"""What ends is told a few seconds late, and a callback that is held back comes ten seconds after the end."""


def past(settings: Settings) -> dict[str, float]:
    """How many seconds let pass the lock, and the time to answer with the life of a token."""
    over = max(settings.answer_seconds, settings.token_seconds) + SPARE_SECONDS
    return {"lock": settings.lock_seconds + 1, "answer": over}


def play(
    services: Services,
    story: Story,
    *,
    actor: str,
    stop: Event | None = None,
    waits: Callable[[str | None], None] = lambda _: None,
) -> Iterator[Played]:
    """Each step once it is done; the first that differs is the last. `stop`: set by whoever wants it to end; `waits`:
    told for which story this one waits, None when it waits no more.

    Raises SignupError for what cannot be played, or not on.
    """
    stop = stop or Event()
    playing = _Playing(services, actor, stop)
    with turn(services, story.name, stop, waits):
        for place, step in enumerate(story.steps, 1):
            try:
                yield Played(place, step.do, playing.do(step))
            except _Differs as differs:
                yield Played(place, step.do, differs.came, differs.expected)
                return


def played(services: Services, file: str, story: Story, *, actor: str) -> Result:
    """A whole story. `file`: what its result calls it."""
    began, since = SystemClock().now(), services.clock.monotonic()
    steps: list[Played] = []
    cannot = None
    try:
        steps.extend(play(services, story, actor=actor))
    except SignupError as problem:
        cannot = problem.sentence
    return Result(file, story.name, began, services.clock.monotonic() - since, tuple(steps), cannot)


@dataclass(frozen=True)
class _Begun:
    """A sign-up of the story, and the number to start it again with."""

    number: str
    id: str


class _Differs(Exception):
    """What a step expected, and what came."""

    def __init__(self, expected: str, came: str) -> None:
        super().__init__()
        self.expected = expected
        self.came = came


class _Playing:
    """The sign-ups of one run: by their names, and the last one under None."""

    def __init__(self, services: Services, actor: str, stop: Event) -> None:
        self._services = services
        self._actor = actor
        self._stop = stop
        self._begun: dict[str | None, _Begun] = {}

    def do(self, step: Step) -> str:
        """What came of a step. Raises _Differs, SignupError."""
        go_on(self._stop)
        match step:
            case Start():
                return self._start(step)
            case Tap():
                return self._tap(step)
            case MoveClock():
                return self._move_clock(step)
            case SendAgain():
                return self._send_again(step)
            case Expect():
                return self._expect(step)

    def _start(self, step: Start) -> str:
        number, result = self._started(step)
        if result.code != step.code:
            raise _Differs(step.code or "accepted", result.code or "accepted")
        if result.signup_id:
            self._begun |= {name: _Begun(number, result.signup_id) for name in (None, step.name)}
        return f"{result.number or 'the number'}: {result.code or 'accepted'}"

    def _started(self, step: Start) -> tuple[str, StartResult]:
        """The number and what became of it; a fresh one that somebody else has just locked is passed over."""
        numbers = self._numbers(step)
        while True:
            number = next(numbers)
            result = start(self._services, number, channel=CHANNEL, actor=self._actor)
            if result.code != "locked" or not step.persona:
                return number, result

    def _numbers(self, step: Start) -> Iterator[str]:
        if step.persona:
            yield from (f"+{number}" for number in fresh(self._services, step.persona))
        else:
            yield self._known(step.of).number if step.again else str(step.number)

    def _known(self, name: str | None) -> _Begun:
        if name not in self._begun:
            raise SignupError(f"There is no sign-up {f'called {name}' if name else 'yet'}: look at the steps before.")
        return self._begun[name]

    def _until(self, step: Tap | SendAgain | Expect, find: Callable[[], Found]) -> Found:
        return until(self._services, step.within, find, self._stop)

    def _tap(self, step: Tap) -> str:
        begun = self._known(step.of)
        request_id = self._until(step, lambda: ringing(self._services, begun.id))
        if not request_id:
            raise _Differs("a phone that rings", f"none rang within {step.within:g} s")
        door.tap(self._services, request_id, step.answer)
        return step.answer

    def _move_clock(self, step: MoveClock) -> str:
        clock: Clock = self._services.clock
        if not isinstance(clock, SandboxClock):
            raise SignupError("This clock cannot be moved: only the sandbox's can.")
        seconds = step.seconds or past(self._services.settings)[step.past or "lock"]
        clock.move(seconds)
        return f"{seconds:g} s later"

    def _send_again(self, step: SendAgain) -> str:
        begun = self._known(step.of)
        posted = self._until(step, lambda: self._posted(begun))
        if not posted:
            raise _Differs("a callback to send again", f"none was posted within {step.within:g} s")
        body = {name: value for name, value in {**posted.body, **step.body}.items() if value is not None}
        sent = replay.send_again(self._services, posted, body, actor=self._actor)
        if sent.status != step.answer:
            raise _Differs(f"answer {step.answer}", f"answer {sent.status}" if sent.status else "no answer")
        return f"answered {sent.status}"

    def _posted(self, begun: _Begun) -> Posted | None:
        """The last callback of a sign-up that was answered, but for those that were sent again."""
        request_id = signups.request_id(self._services, begun.id)
        known = door.callbacks(self._services, request_id, most=door.ALL_CALLBACKS) if request_id else []
        return next((one for one in known if one.status and not one.replay), None)

    def _expect(self, step: Expect) -> str:
        begun = self._known(step.of)
        seen = look(self._services, begun.id, step)
        if not seen.settled:
            self._until(step, lambda: look(self._services, begun.id, step).settled)
            seen = look(self._services, begun.id, step)
        if seen.expected:
            raise _Differs(seen.expected, seen.came if seen.for_good else f"{seen.came} within {step.within:g} s")
        return seen.came

"""Who does what when: a request makes a phone ring, a persona plays its script, a tap becomes a callback.

It stands between the web in front and phones and courier behind. No callback leaves before the request it belongs to
has been answered, unless the persona says so. It must not know HTTP.
"""

import contextlib
import threading
from functools import partial

from sandbox.deliver import SECONDS, Courier, Job, Timetable
from sandbox.personas import BY_NUMBER, Refusal
from sandbox.phones import NotRinging, Phones, Prompt

COPY_SECONDS = 0.5  # between two posts of the same callback


class Truecaller:
    """The sandbox's conduct. `speed` divides every delay of a persona."""

    def __init__(self, phones: Phones, courier: Courier, timetable: Timetable, speed: float = 1.0) -> None:
        self._phones = phones
        self._courier = courier
        self._timetable = timetable
        self._speed = speed

    def request(self, number: int, state: str | None) -> Prompt | Refusal:
        """Somebody signs up with a number. Call `answered` with the prompt when they have the answer."""
        persona = BY_NUMBER.get(number)
        if persona and persona.refusal:
            return persona.refusal
        prompt = self._phones.ring(number, state)
        if persona and persona.early:
            self._call_back_first(prompt)
        if persona and persona.slow:
            self._let_wait(persona.slow / self._speed)
        return prompt

    def answered(self, prompt: Prompt) -> None:
        """The request has been answered: callbacks may leave, and a persona's script begins."""
        prompt.answered.set()
        for seconds, answer in prompt.persona.script if prompt.persona else ():
            age = seconds / self._speed
            self._at(prompt, age, partial(self._play, prompt, answer, age))

    def tap(self, request_id: str, answer: str) -> None:
        """A person answers a ringing phone. Raises UnknownAnswer, NotRinging."""
        prompt, body = self._phones.answer(request_id, answer)
        if body:
            self._call_back(prompt, body, self._phones.age(prompt), tapped=True)

    def _play(self, prompt: Prompt, answer: str, age: float) -> None:
        with contextlib.suppress(NotRinging):  # answered already: by a tap, or before the answer
            if body := self._phones.play(prompt, answer):
                self._call_back(prompt, body, age)

    def _call_back(self, prompt: Prompt, body: dict[str, str], age: float, *, tapped: bool = False) -> None:
        """Post it as often and as late as the persona has it. `age`: of the prompt when it was answered."""
        copies, late = (prompt.persona.copies, prompt.persona.late) if prompt.persona else (1, 0.0)
        for copy in range(copies):
            due = age + (late + copy * COPY_SECONDS) / self._speed
            self._at(prompt, due, partial(self._send, prompt, body, tapped=tapped))

    def _at(self, prompt: Prompt, age: float, job: Job) -> None:
        """Run a job when the prompt has that age; at once where the clock has leapt past it."""
        self._timetable.after(age - self._phones.age(prompt), job)

    def _send(self, prompt: Prompt, body: dict[str, str], *, tapped: bool) -> None:
        prompt.answered.wait(SECONDS)
        self._courier.send(body, tapped=tapped)

    def _let_wait(self, seconds: float) -> None:
        """The request's answer is slow; its caller may have gone before it comes."""
        over = threading.Event()
        self._timetable.after(seconds, over.set)
        over.wait(seconds)

    def _call_back_first(self, prompt: Prompt) -> None:
        """The first callback of the script now; the request's answer waits until it was tried once."""
        assert prompt.persona
        _, body = self._phones.answer(prompt.request_id, prompt.persona.script[0][1])
        if body:
            self._courier.send(body).tried.wait(SECONDS)

"""A planned past, played through the real steps: each day one transaction that holds only whole lives.

The clock is moved by hand, and Truecaller is a script behind the client's interface: no HTTP, no waiting. Nothing is
written for a moment after the plan's "now", and what a day begins it ends before it commits, so that a watcher in
another process never meets an open sign-up. It must not write a row itself.
"""

import heapq
import itertools
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import cast

from signup.clock import HandClock
from signup.errors import UsageWrong
from signup.flow import signups as known
from signup.flow.complete import complete
from signup.flow.expire import expire
from signup.flow.match import match
from signup.flow.receive import receive
from signup.flow.start import StartResult, start
from signup.flow.watch import next_end
from signup.model import Callback, Profile, ProfileAnswer, RequestAnswer, Result
from signup.seed import mark
from signup.seed.fates import Said
from signup.seed.plan import Life, Plan
from signup.services import Services
from signup.store import Store, Transaction

WAKING_SECONDS = 0.04
ELSEWHERE = "https://profile4.truecaller.example/v1/default"
TAKEN = "There are sign-ups already, and a made-up past needs an empty database: set SIGNUP_DATABASE_URL."
BY_ANOTHER = "Another program plays a made-up past into this database at the moment: leave it to that one."
ACTORS = {"try": "user:local", "cli": "cli"}
FIRST_NAMES = ("Asha", "Elsa", "Chidi", "Amina", "Thabo", "Omar", "Priya", "Nils", "Grace", "Ravi")
LAST_NAMES = ("Sharma", "Berg", "Okafor", "Hassan", "Nkosi", "Patel", "Lind", "Adeyemi", "Farouk", "Naidoo")


class OneDay:
    """A store whose every transaction is part of one that is open for a day."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tx: Transaction | None = None
        self.dialect = store.dialect

    @contextmanager
    def open(self) -> Iterator[Transaction]:
        """The day: what happens inside commits together or not at all."""
        with self._store.write() as tx:
            self._tx = tx
            yield tx

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        assert self._tx is not None, "a day is open"
        yield self._tx

    read = write


class Script:
    """Truecaller as the plan wants it. Each call moves the clock by what it takes."""

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock
        self._life: Life | None = None
        self._tokens: dict[str, tuple[Life, Iterator[tuple[str | None, int]]]] = {}
        self.request_id = self.state = ""

    def expect(self, life: Life) -> None:
        """The next request is this one's."""
        self._life = life

    def token_for(self, life: Life) -> str:
        """A token that opens the profile of a life's person."""
        token = secrets.token_urlsafe(32)
        fetches = life.fate.fetches
        self._tokens[token] = life, itertools.chain(fetches, itertools.repeat(fetches[-1]))
        return token

    def request(self, number: int, state: str) -> RequestAnswer:
        assert self._life is not None, "a life begins"
        fate = self._life.fate
        self._clock.move(fate.request_ms / 1000)
        self.request_id, self.state = secrets.token_urlsafe(12), state
        return RequestAnswer(
            accepted=fate.code is None,
            code=fate.code,
            lock_kept=fate.locks,
            ms=fate.request_ms,
            request_id=self.request_id if fate.code is None else None,
            retry_after=30 if fate.code == "rate_limited" else None,
        )

    def profile(self, token: str, url: str) -> ProfileAnswer:
        life, fetches = self._tokens[token]
        code, ms = next(fetches)
        self._clock.move(ms / 1000)
        return ProfileAnswer(None if code else _person(life), code, ms)


class Player:
    """Plays one plan."""

    def __init__(self, services: Services, plan: Plan) -> None:
        self._clock = HandClock(services.clock.now())
        self._now = services.clock.now()
        self._script = Script(self._clock)
        self._day = OneDay(services.store)
        store = cast("Store", self._day)  # a day's steps only ever write and read
        self._services = replace(services, clock=self._clock, store=store, truecaller=self._script)
        self._plan = plan
        self._acts: list[tuple[datetime, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._looked = self._now

    def days(self, played: int = 0) -> Iterator[None]:
        """Play day after day but for those played; each is committed when it is handed out. Raises UsageWrong."""
        days = self._acts_by_day()
        for nth in range(played, len(days)):
            for at, act in days[nth]:
                self._later(at, act)
            with self._day.open() as tx:
                if mark.move(tx, self._now, done=nth == len(days) - 1).days != nth + 1:
                    raise UsageWrong(BY_ANOTHER)
                if nth == played:
                    self._meet_nobody_else(before=days[nth][0][0])
                self._play()
            yield

    def _acts_by_day(self) -> list[list[tuple[datetime, Callable[[], object]]]]:
        plan = self._plan
        acts: list[tuple[datetime, Callable[[], object]]] = [
            *((life.start, partial(self._begin, life)) for life in plan.lives),
            *((at, partial(self._start, text, channel)) for at, text, channel in plan.rejected),
            *((at, self._stranger) for at in plan.strangers),
        ]
        acts.sort(key=lambda act: act[0])
        return [list(day) for _, day in itertools.groupby(acts, key=lambda act: act[0].date())]

    def _meet_nobody_else(self, before: datetime) -> None:
        """Raises UsageWrong where there are other sign-ups than the plan's up to there."""
        mine = sorted(life.start for life in self._plan.lives if life.start < before)
        found = known.page(self._services, known.Wanted(), limit=len(mine) + 1)
        if sorted(one.started_at for one in found) != mine:
            raise UsageWrong(TAKEN)

    def _later(self, at: datetime, act: Callable[[], object]) -> None:
        heapq.heappush(self._acts, (at, next(self._order), act))

    def _play(self) -> None:
        """Act after act, and between them whatever ends by itself, until nothing is open."""
        self._looked = self._acts[0][0]
        while True:
            due = self._due()
            if self._acts and (due is None or self._acts[0][0] <= due):
                at, _, act = heapq.heappop(self._acts)
                self._clock.set(at)
                act()
            elif due and due <= self._now:
                self._clock.set(due)
                self._act_on_callbacks()
                expire(self._services)
            else:
                return

    def _due(self) -> datetime | None:
        """When something ends and a watcher is there to see it."""
        due = next_end(self._services, self._looked)
        return self._plan.pause[1] if due and self._paused(due) else due

    def _paused(self, at: datetime) -> bool:
        begins, ends = self._plan.pause
        return begins <= at < ends

    def _act_on_callbacks(self) -> None:
        """What a watcher does when woken, unless none runs at this time."""
        self._looked = self._clock.now()
        if not self._paused(self._looked):
            match(self._services)
            complete(self._services)

    def _begin(self, life: Life) -> None:
        self._script.expect(life)
        begun = self._start(f"+{life.number}", life.channel)
        assert begun.signup_id, "the plan begins a life only when its number is free"
        request_id, state = self._script.request_id, self._script.state
        answered = self._clock.now()
        token = self._script.token_for(life) if life.fate.fetches else None
        for said in life.fate.said:
            callback = _callback(said, request_id, state, token)
            self._later(answered + timedelta(seconds=said.after), partial(self._receive, callback))
        for after, channel in life.hits:
            self._later(life.start + timedelta(seconds=after), partial(self._start, f"+{life.number}", channel))

    def _start(self, text: str, channel: str) -> StartResult:
        return start(self._services, text, channel=channel, actor=ACTORS.get(channel, f"api:{channel}"))

    def _receive(self, callback: Callback) -> None:
        receive(self._services, callback, None)
        self._clock.move(WAKING_SECONDS)
        self._act_on_callbacks()

    def _stranger(self) -> None:
        """Somebody who found the callback URL."""
        words = {"token": secrets.token_urlsafe(32), "state": secrets.token_urlsafe(32)}
        self._receive(_callback(Said(0, Result.APPROVED), secrets.token_urlsafe(12), **words))


def _callback(said: Said, request_id: str, state: str, token: str | None) -> Callback:
    """What Truecaller posts; somebody else, who has neither our state nor the token, makes both up."""
    forged = said.result is Result.APPROVED and said.proof != "state"
    states = {"state": state, "wrong state": secrets.token_urlsafe(32), "no state": None}
    return Callback(
        request_id,
        said.result,
        token=secrets.token_urlsafe(32) if forged else token if said.result is Result.APPROVED else None,
        state=states[said.proof],
        status=said.word,
        endpoint=ELSEWHERE if said.elsewhere else None,
    )


def _person(life: Life) -> Profile:
    """Somebody made up, always the same for one number."""
    first = FIRST_NAMES[life.number % len(FIRST_NAMES)]
    last = LAST_NAMES[life.number // len(FIRST_NAMES) % len(LAST_NAMES)]
    shown = life.number + 1 if life.fate.stranger else life.number
    email = f"{first}.{last}@example.com".lower()
    return Profile((str(shown),), {"name": {"first": first, "last": last}, "onlineIdentities": {"email": email}})

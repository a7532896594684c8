"""A long and varied log for benchmarks: sign-ups with every ending, lock hits, a few rare things.

Sealed and signed as the program does it; the same at every run.
"""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from bench.verify import PORTION
from signup.clock import SystemClock, text
from signup.record import canonical

DAYS = 360
RARE_ACTOR, RARE_WORD = "api:rare", "kiosk"
_CLIENTS = ("api:web", "api:app", "cli", "user:local")
_COUNTRIES = ("SE", "DE", "FR", "IN", "NG", "KE", "EG", "US")

Row = dict[str, Any]


class LongLog:
    """Waiting rows, portion by portion, in about the order of their times over `days` up to now.

    `ids`: a sign-up of each portion.
    """

    def __init__(self, rows: int, days: float = DAYS) -> None:
        self._chance = random.Random(1)
        self._start = SystemClock().now() - timedelta(days=days)
        self._step = timedelta(days=days) / rows
        self._last: str | None = None
        self._made = self._happen()
        self.ids: list[str] = []

    def __call__(self, first: int) -> list[Row]:
        """The rows after `first`."""
        rows = [next(self._made) for _ in range(PORTION)]
        self.ids.append(next(row["signup_id"] for row in rows if row["signup_id"]))
        return rows

    def _happen(self) -> Iterator[Row]:
        at = self._start
        while True:
            for row in self._one(at):
                at += self._step
                yield row

    def _one(self, at: Any) -> list[Row]:
        """What one person did."""
        chance, ms = self._chance, min(int(self._chance.lognormvariate(9.25, 0.6)), 600_000)
        took = int(chance.lognormvariate(5.1, 0.35))
        actor = RARE_ACTOR if chance.random() < 0.001 else chance.choice(_CLIENTS)
        channel = RARE_WORD if chance.random() < 0.0001 else chance.choice(("web", "app", "try"))
        country = {"country": chance.choice(_COUNTRIES), "channel": channel}
        if chance.random() < 0.1:
            number = f"{_COUNTRIES.index(country['country']):08x}{chance.getrandbits(18):08x}"
            hit = {**country, "numberId": number, "ms": min(ms, 299_999)}
            return [_row(at, "lock.hit", self._last, actor, hit)]
        self._last = who = _id(chance, int(at.timestamp() * 1000))
        rows = [
            _row(at, "signup.started", who, actor, {**country, "status": "requested"}),
            _row(at, "signup.sent", who, actor, {"status": "waiting", "accepted": True, "ms": took}),
        ]
        later, fate = at + timedelta(milliseconds=ms), chance.random()
        expired = _row(later, "signup.expired", who, "watcher", {"status": "expired"})
        if fate < 0.25:
            return [*rows, expired]
        if fate < 0.4:
            rows.append(_row(later, "callback.received", who, "callback", {"result": "declined"}))
            said = {"status": "declined", "ms": ms, "reason": chance.choice(("user_rejected", "use_another_number"))}
            return [*rows, _row(later, "signup.declined", who, "watcher", said)]
        if fate < 0.4005:
            return [*rows, _row(later, "callback.quarantined", None, "watcher", {"reason": "state_mismatch"}), expired]
        return [
            *rows,
            _row(later, "callback.received", who, "callback", {"result": "approved"}),
            _row(later, "signup.approved", who, "watcher", {"status": "approved", "ms": ms}),
            _row(later, "profile.fetched", who, "watcher", {"status": "completed", "ms": took}),
        ]


def _row(at: Any, kind: str, who: str | None, actor: str, details: Row) -> Row:
    told = canonical.dumps(details)
    return {"at": text(at), "kind": kind, "signup_id": who, "actor": actor, "details": told}


def _id(chance: random.Random, ms: int) -> str:
    digits = f"{ms:012x}7{chance.getrandbits(12):03x}8{chance.getrandbits(76):019x}"[:32]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

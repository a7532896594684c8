"""What the events say, as rows that can be counted: sign-ups, lock hits, rejected numbers, quarantined callbacks.

Stands between the audit log and the slow count (stats.py): `apply` takes each sealed event once, in seq order (feed.py
brings them), and rows.py says what it means. Everything is kept in memory, so it serves `stats --check` and the tests;
pages read the roll-ups. It must not know of questions, storage or the time of day.
"""

from collections.abc import Mapping
from threading import RLock

from signup.measure import rows
from signup.measure.rows import Hit, Quarantined, Rejected, SignUp
from signup.model import Event


class History:
    """Everything countable up to `seq`. Hold `lock` while reading the rows, for another thread may be feeding it."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.seq = 0
        self.hits: list[Hit] = []
        self.rejected: list[Rejected] = []
        self.quarantined: list[Quarantined] = []
        self._signups: dict[str, SignUp] = {}

    @property
    def signups(self) -> list[SignUp]:
        """The sign-ups that count, in the order in which they began."""
        return [signup for signup in self._signups.values() if not signup.replayed]

    @property
    def by_id(self) -> Mapping[str, SignUp]:
        """Every sign-up by its id, in the order in which they began; replayed ones among them."""
        return self._signups

    @property
    def countries(self) -> set[str]:
        """Every country among what counts."""
        return {row.country for row in self._somewhere() if row.country is not None}

    @property
    def channels(self) -> set[str]:
        """Every channel among what counts."""
        return {row.channel for row in self._somewhere()}

    def apply(self, event: Event) -> None:
        """Take one sealed event. One that was taken before, is not sealed yet or was redacted adds nothing."""
        if event.seq is None or event.seq <= self.seq:
            return
        if event.kind in rows.COUNTED:
            self._take(event)
        self.seq = event.seq

    def _take(self, event: Event) -> None:
        old = self._signups.get(event.signup_id) if event.signup_id is not None else None
        match rows.mark(old, event):
            case Hit() as hit:
                self.hits.append(hit)
            case Rejected() as rejected:
                self.rejected.append(rejected)
            case Quarantined() as quarantined:
                self.quarantined.append(quarantined)
        if event.signup_id is not None and (new := rows.apply(old, event)):
            self._signups[event.signup_id] = new

    def _somewhere(self) -> list[SignUp | Hit | Rejected]:
        return [*self.signups, *self.hits, *self.rejected]

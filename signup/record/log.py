"""Reading the record: pages, counts, one sign-up's timeline, and how far it is sealed.

Every reader seals first, so nobody ever sees the inbox and no other process has to be alive. What is sealed never
changes, so a walk bounded by the head of a moment gives the same rows however long it takes: pages are cut by number,
never by position, and no transaction stays open between two of them.

This module must not write, and must not show an event whose details are no longer what the record lets through.
"""

import difflib
import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from operator import itemgetter
from typing import Any

from signup.errors import NotCanonical, RecordAltered, UsageWrong
from signup.model import Event
from signup.record import canonical, events, search, tree
from signup.record.seal import Sealer, only
from signup.services import Services
from signup.store import Row

PAGE = 5000
"""The most rows that one statement of a long walk reads."""

ALL = 2**53
"""More events than a log can have."""

Raw = tuple[Any, ...]
"""A row as its bare values, in the order of `_NAMES`: as the queries name them."""

_NAMES = (
    *("seq", "at", "kind", "signup_id", "actor", "details"),
    *("header_salt", "details_salt", "details_hash", "leaf"),
)

MOST_COUNTED = 10_000
"""So far people are told a count of some of the events: that many are counted at once, however long the log is."""


@dataclass(frozen=True)
class LogQuery:
    """Which events: `kinds` (`signup.*` stands for all of a family; none: all), `start` included, `end` not.

    Times are fixed-width UTC text. `text`: words that stand in kind, sign-up id, actor or details, whatever a person
    typed; it is told nowhere. Raises UsageWrong for a kind, id, actor or time that cannot be.
    """

    kinds: tuple[str, ...] = ()
    signup_id: str | None = None
    actor: str | None = None
    start: str | None = None
    end: str | None = None
    text: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", " ".join((self.text or "").split()) or None)
        object.__setattr__(self, "kinds", _expanded(self.kinds))
        if self.signup_id is not None and not events.ID(self.signup_id):
            raise UsageWrong("A sign-up's id looks like 019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22, in lower case.")
        if self.actor is not None and not events.ACTOR(self.actor):
            raise UsageWrong("An actor looks like watcher, api:NAME or user:ID.")
        if any(at is not None and not events.AT(at) for at in (self.start, self.end)):
            raise UsageWrong("A time looks like 2026-11-24T14:00:00.000000Z.")

    def json(self) -> dict[str, Any]:
        """The filter as `audit.exported` tells it: each part null when open."""
        return {
            "from": self.start,
            "to": self.end,
            "kinds": list(self.kinds) or None,
            "signupId": self.signup_id,
            "actor": self.actor,
        }

    @property
    def searched(self) -> dict[str, bool]:
        """What `audit.exported` tells besides: that words were searched for, never which."""
        return {"text": True} if self.text else {}


@dataclass(frozen=True)
class Head:
    """How far a log is sealed (`root` in hex), and what still waits: how many events, and since when. `pruned_to`: the
    last event that is gone by age; `redaction`: the one that told of a redaction last.
    """

    seq: int
    root: str
    log_id: str
    mode: str
    unsealed: int
    oldest_unsealed_at: str | None
    pruned_to: int
    redaction: int | None


def head(services: Services) -> Head:
    """The head as it is. It alone does not seal first: the doctor asks it whether sealing works."""
    with services.store.read() as tx:
        log, inbox = only(tx, "log_head"), only(tx, "inbox_waiting")
    try:
        root = tree.root(tree.frontier_of(log["frontier"], log["seq"])).hex()
    except ValueError as error:
        raise RecordAltered(f"The head of the audit log was changed from outside: its frontier is {error}.") from error
    waiting = (inbox["unsealed"], inbox["oldest_unsealed_at"])
    return Head(log["seq"], root, log["log_id"], log["mode"], *waiting, log["pruned_to"], log["redaction"])


def page(services: Services, query: LogQuery, before: int | None = None, limit: int = 200) -> list[Event]:
    """Newest first, below number `before`. The last one's `seq` is the next page's `before`."""
    top = seal_first(services) + 1
    found = rows(services, query, before=top if before is None else min(top, before), newest_first=True, size=limit)
    return [event(row) for row in islice(found, limit)]


def after(services: Services, query: LogQuery, seq: int, limit: int = 200) -> list[Event]:
    """Oldest first, above number `seq`. The last one's `seq` is where to go on."""
    found = rows(services, query, after=seq, before=seal_first(services) + 1, size=limit)
    return [event(row) for row in islice(found, limit)]


def timeline(services: Services, signup_id: str) -> list[Event]:
    """Everything that happened to one sign-up, oldest first."""
    found = rows(services, LogQuery(signup_id=signup_id), before=seal_first(services) + 1)
    return [event(row) for row in found]


def count(services: Services, query: LogQuery, up_to: int | None = None, *, after: int = 0, most: int = ALL) -> int:
    """How many events match, above a number and up to one (None: the head); at `most` nobody counts on."""
    top = seal_first(services) if up_to is None else up_to
    if query == LogQuery():
        with services.store.read() as tx:
            return min(most, max(0, top - max(after, int(only(tx, "log_head")["pruned_to"]))))
    found = 0
    for start, end in _stretches(services, query, after, top + 1):
        with services.store.read() as tx:
            for kind in query.kinds or (None,):
                params = _params(services, query, kind, after=start, before=end, most=most - found)
                if params and found < most:
                    found += only(tx, f"count_events{_way(query)}", **params)["n"]
    return found


def seal_first(services: Services) -> int:
    """Seal what waits; the number of the newest sealed event."""
    Sealer(services).seal()
    with services.store.read() as tx:
        return int(only(tx, "log_head")["seq"])


def is_pruned(services: Services) -> bool:
    """Whether old events have left the log, so that it no longer tells all that ever happened."""
    with services.store.read() as tx:
        return int(only(tx, "log_extent")["pruned_to"]) > 0


def event(row: Row) -> Event:
    """A row of the log as an event. Raises RecordAltered when its details are not what was ever written."""
    try:
        details = None if row["details"] is None else canonical.loads(row["details"])
    except NotCanonical as error:
        raise altered(row["seq"]) from error
    return Event(row["seq"], row["at"], row["kind"], row["signup_id"], row["actor"], details)


def altered(seq: int | None) -> RecordAltered:
    """What there is to say of an event that this program never wrote."""
    return RecordAltered(
        f"Event {seq} of the audit log was changed from outside: compare the database with its last backup."
    )


def rows(services: Services, query: LogQuery, **span: Any) -> Iterator[Row]:
    """The matching rows of `events`, one by one, by name. `span` as for `portions`."""
    return map(row, chain.from_iterable(portions(services, query, **span)))


def portions(
    services: Services,
    query: LogQuery,
    *,
    before: int,
    after: int = 0,
    newest_first: bool = False,
    size: int = PAGE,
) -> Iterator[list[Raw]]:
    """The matching rows of `events` with after < seq < before, however many, in flat memory, a list at a time.

    Each kind is walked along its own index, and the walks are merged. `size`: rows a statement, of all walks together
    when they are long. Does not seal; `before` must not lie beyond the head.
    """
    stretches = _stretches(services, query, after, before)
    for start, end in reversed(stretches) if newest_first else stretches:
        yield from _between(services, query, start, end, newest_first, size)


def _between(
    services: Services, query: LogQuery, after: int, before: int, newest_first: bool, size: int
) -> Iterator[list[Raw]]:
    """The same without a look at the times first."""
    kinds: Iterable[str | None] = query.kinds or (None,)
    size = min(size, max(PAGE // max(1, len(query.kinds)), 100))
    asked = (_params(services, query, kind, after=after, before=before, size=size) for kind in kinds)
    walks = [_walk(services, query, params, newest_first) for params in asked if params]
    if len(walks) == 1:
        return walks[0]
    merged = heapq.merge(*map(chain.from_iterable, walks), key=itemgetter(0), reverse=newest_first)
    return iter(lambda: list(islice(merged, size)), [])


def row(raw: Raw) -> Row:
    """The same values by their names."""
    return dict(zip(_NAMES, raw, strict=True))


def _walk(services: Services, query: LogQuery, params: dict[str, Any], newest_first: bool) -> Iterator[list[Raw]]:
    """Page by page along one index; only one page is alive at a time."""
    name = f"events{_way(query)}_{'newest' if newest_first else 'oldest'}"
    cursor = "before" if newest_first else "after"
    while params["before"] - params["after"] > 1:
        with services.store.read() as tx:
            found = tx.tuples(name, **params)
        if found:
            yield found
        if len(found) < params["size"]:
            return
        params[cursor] = found[-1][0]
        del found


def _way(query: LogQuery) -> str:
    """Along which index a query is walked: the narrowest one."""
    if query.text:
        return "_found"
    if query.signup_id:
        return "_of_signup"
    if query.kinds:
        return "_of_actor_kind" if query.actor else "_of_kind"
    return "_of_actor" if query.actor else ""


def _params(services: Services, query: LogQuery, kind: str | None, **span: int) -> dict[str, Any] | None:
    """What a walk along one kind asks for; None when it cannot find anything."""
    wanted = {"kind": kind, "signup_id": query.signup_id, "actor": query.actor}
    params = {**wanted, "start": query.start, "end": query.end, **span}
    if not query.text:
        return params
    match = search.match(services.store.dialect, query.text, {name: value for name, value in wanted.items() if value})
    return {**params, "match": match} if match else None


def _stretches(services: Services, query: LogQuery, after: int, before: int) -> list[tuple[int, int]]:
    """The numbers between which a span of time lies, so that an old span is not searched for from the newest row."""
    if query.signup_id or not (query.start or query.end):
        return [(after, before)]
    with services.store.read() as tx:
        found = tx.tuples("stretches_between", start=query.start, end=query.end)
    limited = [(max(after, first - 1), min(before, last + 1)) for first, last in found]
    return [(start, end) for start, end in limited if end - start > 1]


def _expanded(kinds: Iterable[str]) -> tuple[str, ...]:
    """Kinds with families spelled out, sorted."""
    known = sorted(events.Kind)
    wanted: set[str] = set()
    for kind in kinds:
        found = {str(k) for k in known if (k.startswith(kind[:-1]) if kind.endswith("*") else k == kind)}
        if not found:
            near = difflib.get_close_matches(kind, known, 1)
            families = ", ".join(sorted({f"{k.partition('.')[0]}.*" for k in known}))
            way = f"Did you mean {near[0]}?" if near else f"Choose one of a family: {families}."
            raise UsageWrong(f"There is no kind of event called {kind}. {way}")
        wanted |= found
    return tuple(sorted(wanted))

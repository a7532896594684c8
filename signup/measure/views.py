"""Saved views: the filters of a page under a name, kept for everybody who uses the dashboard.

A view is a page and the part of its address that narrows what is counted or listed, beside question.py, which reads
the same. Each change and its event commit together; the event names the view by its id, for a name is free text. What
may stand in a view is checked here: never a search, never a sign-up, a number or a place in a list.
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urlencode

from signup import words
from signup.clock import text
from signup.errors import UsageWrong
from signup.measure import calendar
from signup.model import new_id
from signup.record import events
from signup.record.events import CHANNEL, COUNTRY, Kind
from signup.services import Services
from signup.store import Row, Transaction

MOST = 50
LONGEST_NAME = 60
MOST_VALUES = 20

Check = Callable[[str], object]
Address = Mapping[str, str | list[str]]


def _wall(value: str) -> bool:
    """A wall-clock time to the minute, with or without its offset."""
    try:
        return datetime.fromisoformat(value).isoformat(timespec="minutes") == value
    except ValueError:
        return False


_ON = frozenset({"1"}).__contains__
_NARROWS: dict[str, Check] = {
    "range": {*calendar.PRESETS, "custom"}.__contains__,
    "from": _wall,
    "to": _wall,
    "country": COUNTRY,
    "outcome": words.OUTCOMES.__contains__,
    "channel": CHANNEL,
    "utc": _ON,
}
PAGES: dict[str, dict[str, Check]] = {
    "overview": {
        **_NARROWS,
        "interval": calendar.INTERVALS.__contains__,
        "compare": frozenset({"year", "nothing"}).__contains__,
    },
    "signups": {**_NARROWS, "step": words.STEPS.__contains__, "code": words.CODES.__contains__, "warned": _ON},
}
"""What may stand in the address of each page, with the values it may have."""


@dataclass(frozen=True)
class SavedView:
    """`page`: one of PAGES. `address`: its filters, each with every value that is chosen."""

    id: str
    name: str
    page: str
    address: dict[str, list[str]]


def every(services: Services) -> list[SavedView]:
    """All of them by name. Raises StoreUnavailable."""
    with services.store.read() as tx:
        rows = tx.all("saved_views")
    return [_read(row) for row in sorted(rows, key=lambda row: str(row["folded"]))]


def save(services: Services, name: str, page: str, address: Address, actor: str) -> SavedView:
    """Keep a page's filters under a name. Raises UsageWrong, StoreUnavailable."""
    kept, called, now = _checked(page, address), _called(name), services.clock.now()
    view = SavedView(new_id(now), called, page, parse_qs(kept))
    with services.store.write() as tx:
        others = _turn(tx, now)
        if len(others) >= MOST:
            raise UsageWrong(f"There are {MOST} views: remove one before you save another.")
        _is_free(called, others)
        row = {"id": view.id, "name": called, "folded": called.casefold(), "page": page, "address": kept}
        tx.run("add_saved_view", **row, at=text(now))
        _tell(tx, view.id, actor, now)
    return view


def rename(services: Services, view_id: str, name: str, actor: str) -> None:
    """Give a view another name. Raises UsageWrong, StoreUnavailable."""
    called, now = _called(name), services.clock.now()
    with services.store.write() as tx:
        others = [row for row in _turn(tx, now) if row["id"] != view_id]
        _is_free(called, others)
        _is_there(tx.run("rename_saved_view", id=view_id, name=called, folded=called.casefold()))
        _tell(tx, view_id, actor, now)


def remove(services: Services, view_id: str, actor: str) -> None:
    """Take a view away from everybody. Raises UsageWrong, StoreUnavailable."""
    now = services.clock.now()
    with services.store.write() as tx:
        _turn(tx, now)
        _is_there(tx.run("remove_saved_view", id=view_id))
        _tell(tx, view_id, actor, now, removed=True)


def _turn(tx: Transaction, now: datetime) -> list[Row]:
    """The views as nobody else changes them until this transaction ends."""
    tx.run("take_view_turn", at=text(now))
    return tx.all("saved_views")


def _tell(tx: Transaction, view_id: str, actor: str, now: datetime, **more: bool) -> None:
    events.append(tx, at=text(now), kind=Kind.VIEW_SAVED, actor=actor, details={"viewId": view_id, **more})


def _is_free(name: str, others: list[Row]) -> None:
    if name.casefold() in {row["folded"] for row in others}:
        raise UsageWrong("There is a view of this name already: choose another name, or remove that view first.")


def _is_there(changed: int) -> None:
    if not changed:
        raise UsageWrong("This view is gone: somebody removed it meanwhile.")


def _called(name: str) -> str:
    """The name as it is kept: one line, without room at its ends."""
    called = " ".join(unicodedata.normalize("NFC", name).split())
    if not 1 <= len(called) <= LONGEST_NAME or not called.isprintable():
        raise UsageWrong(f"Give the view a name of 1 to {LONGEST_NAME} characters.")
    return called


def _checked(page: str, address: Address) -> str:
    """The address as a query string, in one order whatever order it came in."""
    checks = PAGES.get(page)
    if checks is None:
        raise UsageWrong(f"A view is of one of these pages: {', '.join(PAGES)}.")
    parts = {key: [value] if isinstance(value, str) else value for key, value in address.items()}
    fits = all(
        key in checks and len(values) <= MOST_VALUES and all(checks[key](value) for value in values)
        for key, values in parts.items()
    )
    if not fits:
        raise UsageWrong("A view keeps filters and nothing else: one of these is none.")
    return urlencode({key: sorted(set(parts[key])) for key in checks if parts.get(key)}, doseq=True)


def _read(row: Row) -> SavedView:
    return SavedView(row["id"], row["name"], row["page"], parse_qs(row["address"]))

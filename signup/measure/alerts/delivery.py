"""Delivering the webhooks: each message until somebody takes it, at growing distances, for about sixteen hours.

    due and nobody's  ->  claimed for half a minute  ->  POST, no transaction open  ->  taken, due again, or given up

The claim is the due time itself moved on: whoever dies in between makes the message due again, so it may come twice,
always under the same id, and never not at all. What is told of one rule goes one after the other, the oldest first; a
new message begins the tries of those before it anew, so it waits for none of their long pauses. An answer's body is not
read by anybody: it is a stranger's words.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from signup.clock import moment, retry_after, text
from signup.measure.alerts import webhook
from signup.model import new_id
from signup.services import Services
from signup.store import Row

LOG = logging.getLogger(__name__)
SECONDS = 5.0
"""The whole of one try: a program that stops waits for it."""

CLAIM = timedelta(seconds=30)
PAUSES = (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800)
"""Seconds from a try that failed to the next; after the last one it is given up."""

FURTHEST = CLAIM + timedelta(seconds=PAUSES[-1])
"""Nothing is put off for longer: what is due later was put off by a clock that ran ahead, and is due now."""

GONE = 410
SHOWN = 50


@dataclass(frozen=True)
class Delivery:
    """One message and what became of it. `answer`: an HTTP status, or why there was none; None before the first try.

    `due`: when it is tried next, None when it was `taken` or given up. Times are aware UTC.
    """

    id: str
    at: datetime
    rule_id: str
    body: str
    tries: int
    answer: str | None
    due: datetime | None
    taken: bool


def deliver(services: Services, go_on: Callable[[], bool] = lambda: True) -> int:
    """Try what is due, one after the other, while `go_on()` says so; how many were taken. Raises StoreUnavailable."""
    taken = 0
    while go_on() and (due := next_due(services)) and due <= services.clock.now():
        if row := _claimed(services):  # else somebody else was faster, and others may be due
            taken += _try(services, row)
    return taken


def next_due(services: Services) -> datetime | None:
    """When the next try is due; None without one, or without anybody to tell."""
    if not services.settings.webhook_url:
        return None
    now = services.clock.now()
    with services.store.read() as tx:
        row = tx.one("webhook_due", now=text(now), ahead=text(now + FURTHEST))
    return moment(row["at"]) if row and row["at"] else None


def latest(services: Services) -> list[Delivery]:
    """The newest messages with what became of them. Raises StoreUnavailable."""
    with services.store.read() as tx:
        rows = tx.all("latest_webhooks", size=SHOWN)
    due: dict[str, str] = {}
    for row in reversed(rows):
        if row["due_at"]:  # not before the one that goes before it
            row["due_at"] = due[row["rule"]] = max(row["due_at"], due.get(row["rule"], ""))
    return [
        Delivery(
            id=row["id"],
            at=moment(row["at"]),
            rule_id=row["rule"],
            body=row["body"],
            tries=row["tries"],
            answer=row["answer"],
            due=moment(row["due_at"]) if row["due_at"] else None,
            taken=bool(row["taken"]),
        )
        for row in rows
    ]


def _claimed(services: Services) -> Row | None:
    now = services.clock.now()
    times = {"now": text(now), "until": text(now + CLAIM), "ahead": text(now + FURTHEST)}
    with services.store.write() as tx:
        return tx.one("claim_webhook", claim=new_id(now), **times)


def _try(services: Services, row: Row) -> bool:
    """One POST and what became of it; whether it was taken."""
    answer, wait = _answer(services, row["id"], row["body"].encode())
    taken = answer.startswith("2") and answer.isdigit()
    with services.store.write() as tx:
        tries = (tx.one("webhook_tries", id=row["id"]) or row)["tries"]
        over = taken or answer == str(GONE) or tries > len(PAUSES)
        pause = max(PAUSES[max(tries, 1) - 1], min(wait, PAUSES[-1])) if not over else 0
        due = None if over else text(services.clock.now() + timedelta(seconds=pause))
        tx.run("end_webhook_try", id=row["id"], claim=row["claim"], answer=answer, due_at=due, taken=int(taken))
    if not taken:
        LOG.warning("A webhook was not taken (%s): %s", answer, "it is tried again." if due else "it is given up.")
    return taken


def _answer(services: Services, message_id: str, body: bytes) -> tuple[str, int]:
    """An HTTP status, or the one word for why there was none; and for how many seconds we are asked to wait."""
    from signup.outbound import OutboundFailed, send  # heavy, and most programs have nothing to deliver

    url, secret = services.settings.webhook_url, services.settings.webhook_secret
    assert url is not None, "nothing is claimed without an address"
    assert secret is not None, "settings refuse an address without a secret"
    headers = webhook.headers(secret.get_secret_value(), message_id, body, services.clock.now())
    try:
        reply = send(
            "POST",
            url.get_secret_value(),
            headers,
            body,
            seconds=SECONDS,
            public_only=not services.settings.webhook_private,
        )
    except OutboundFailed as failed:
        return failed.kind, 0
    return str(reply.status), retry_after(reply.headers, services.clock.now()) or 0

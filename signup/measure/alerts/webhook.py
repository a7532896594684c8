"""What is told by webhook: the message of a change, its signature, and its place among what is to be delivered.

Between the rounds (rounds.py), in whose transaction a message is written down, and the delivery (delivery.py). The form
is Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature` over `id.timestamp.body`. A message holds
no name, no number and no id of a person or sign-up. It must not send anything.
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

from signup.clock import text
from signup.measure.alerts import told
from signup.measure.alerts.kept import Seen
from signup.measure.alerts.machine import Standing, Telling
from signup.measure.alerts.rules import ONE, Rule
from signup.model import new_id
from signup.store import Transaction

TYPE = "alert.changed"
KEPT = timedelta(days=30)
"""How long the page can show what was told."""


def write_down(
    tx: Transaction, rule: Rule, before: Standing, after: Seen, telling: Telling, *, mode: str, now: datetime
) -> None:
    """Keep the message of a change until it is delivered; in the change's transaction. Older ones go before it."""
    body = json.dumps(message(rule, before, after, telling, mode=mode, at=text(now)), separators=(",", ":"))
    tx.run("hurry_webhooks", rule=rule.id, at=text(now))
    tx.run("add_webhook", id=f"msg_{new_id(now)}", at=text(now), rule=rule.id, body=body)


def forget(tx: Transaction, now: datetime) -> None:
    """What is too old to be shown, or to be told."""
    tx.run("forget_webhooks", before=text(now - KEPT))


def message(rule: Rule, before: Standing, after: Seen, telling: Telling, *, mode: str, at: str) -> dict[str, Any]:
    """What a receiver gets as JSON. `value`: a fraction for a rate, a plain number for a count, or null."""
    ppm = after.reading.ppm
    return {
        "type": TYPE,
        "timestamp": at,
        "data": {
            "rule": rule.id,
            "name": rule.figure.name,
            "telling": str(telling),
            "from": str(before.state),
            "to": str(after.standing.state),
            "level": str(after.level),
            "value": None if ppm is None else ppm / ONE,
            "n": after.reading.n,
            "sentence": told.change(rule, after, telling),
            "mode": mode,
        },
    }


def headers(secret: str, message_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers that prove who sent a body, and when. `secret`: whsec_ and base64."""
    timestamp = str(int(at.timestamp()))
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature(secret, message_id, timestamp, body),
    }


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"

"""docs/alerts.md shows the rules as they are, every state, and a check of the signature that works."""

import re

from signup.measure.alerts import told, webhook
from signup.measure.alerts.delivery import PAUSES
from signup.measure.alerts.machine import Telling
from signup.measure.alerts.rules import DEFAULTS
from tests.house.sources import ROOT

PAGE = (ROOT / "docs/alerts.md").read_text("utf-8")


def test_every_default_rule_stands_in_the_table() -> None:
    rows = [
        f"| {rule.figure.name} | {rule.figure.about} | {told.minutes(rule)} | {told.limits(rule)} | {rule.least} |"
        for rule in DEFAULTS.values()
    ]
    assert [line for line in PAGE.splitlines() if line in rows] == rows


def test_every_state_telling_and_rule_is_named() -> None:
    assert [name for name in told.STATES.values() if f"| {name}" not in PAGE and f", {name} |" not in PAGE] == []
    assert {*Telling, *DEFAULTS} <= set(re.findall(r"`([A-Za-z-]+)`", PAGE))


def test_the_pauses_between_tries_are_told() -> None:
    assert PAUSES == (5, 30, 120, 600, 1800, 3600, 2 * 3600, 4 * 3600, 8 * 3600)
    assert "after 5 s, 30 s, 2 min, 10 min, 30 min and 1, 2,\n  4 and 8 hours" in PAGE


def test_the_check_of_the_signature_does_what_it_says() -> None:
    shown: dict[str, object] = {}
    exec(re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)[0], shown)
    genuine, secret, body = shown["genuine"], "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"a":1}'
    assert callable(genuine)
    signed = webhook.signature(secret, "msg_1", "1614265330", body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1614265330", "webhook-signature": f"v1,bm8= {signed}"}
    assert genuine(secret, headers, body)
    assert not genuine(secret, headers, body + b" ")
    assert not genuine(secret, {**headers, "webhook-timestamp": "1614265331"}, body)

"""A round of the alerts: once a minute, whoever claims the minute reads the figures and moves every rule's state.

    the minute claimed  ->  figures read, no transaction open  ->  one transaction: states, events, webhooks to deliver

Any number of watchers ask; one conditional update gives the minute to one of them. One that dies in between costs that
minute and nothing else, for what is stored says since when things are so. It must not deliver anything itself.
"""

from dataclasses import dataclass
from datetime import datetime

from signup.clock import text
from signup.measure.alerts import kept, values, webhook
from signup.measure.alerts.kept import Seen
from signup.measure.alerts.machine import AHEAD, Standing, State, Telling, step
from signup.measure.alerts.rules import Rule, level
from signup.measure.alerts.values import MINUTE, Minutes, whole_minute
from signup.record import events
from signup.record.events import Kind
from signup.services import Services
from signup.store import Transaction


@dataclass(frozen=True)
class Change:
    """A rule whose state changed, or that got worse: where it stood, how it stands, and what to tell of it."""

    rule: Rule
    before: Standing
    after: Seen
    telling: Telling | None


def run(services: Services) -> list[Change] | None:
    """The round of this minute: what changed; None when the minute is somebody else's.

    Raises NumbersBehind, StoreUnavailable, RecordAltered: that minute is then not looked at.
    """
    minute = whole_minute(services.clock.now())
    if not _claimed(services, minute):
        return None
    with services.store.read() as tx:
        wanted = kept.rules(tx)
    longest = max(rule.since for rule in wanted.values())
    counted = values.read(services, minute - longest * MINUTE, minute)
    with services.store.write() as tx:
        if not tx.run("hold_alert_round", minute=text(minute)):
            return None
        known = kept.states(tx)
        looked = [_looked_at(rule, known.get(rule.id), counted, minute) for rule in wanted.values()]
        for change in looked:
            kept.put(tx, change.rule.id, change.after)
        changes = [change for change in looked if change.telling or change.before.state != change.after.standing.state]
        for change in changes:
            _tell_the_log(tx, change, text(services.clock.now()))
            _tell_the_webhook(services, tx, change)
        webhook.forget(tx, minute)
    return changes


def _claimed(services: Services, minute: datetime) -> bool:
    with services.store.write() as tx:
        return tx.run("claim_alert_round", minute=text(minute), ahead=text(minute + AHEAD)) == 1


def _looked_at(rule: Rule, known: Seen | None, counted: Minutes, minute: datetime) -> Change:
    reading = counted.reading(rule, minute)
    found = level(rule, reading)
    before = known.standing if known else Standing(State.OK, minute)
    after, telling = step(rule, before, found, minute, known.minute if known else None)
    return Change(rule, before, Seen(after, minute, found, reading), telling)


def _tell_the_log(tx: Transaction, change: Change, at: str) -> None:
    details = {
        "rule": change.rule.id,
        "from": str(change.before.state),
        "to": str(change.after.standing.state),
        "level": str(change.after.level),
        "n": change.after.reading.n,
        "ppm": change.after.reading.ppm,
    }
    events.append(tx, at=at, kind=Kind.ALERT_CHANGED, actor="watcher", details=details)


def _tell_the_webhook(services: Services, tx: Transaction, change: Change) -> None:
    if change.telling and services.settings.webhook_url:
        mode, now = services.settings.mode, services.clock.now()
        webhook.write_down(tx, change.rule, change.before, change.after, change.telling, mode=mode, now=now)

"""What is stored of the alerts: the rules as people want them, and where each stands.

Between the rounds (rounds.py), which move the states, and the page, which shows them and edits rules. A rule that
nobody changed is not stored, so a better default reaches everybody. An edit and its event commit together.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signup.clock import moment, text
from signup.errors import UsageWrong
from signup.measure.alerts.machine import Standing, State
from signup.measure.alerts.rules import DEFAULTS, Level, Reading, Rule, as_json, checked, from_json
from signup.record import events
from signup.record.events import Kind
from signup.services import Services
from signup.store import Row, Transaction

RULE_SETTING = "alerts_"
"""What the log calls a rule that was edited begins so."""


@dataclass(frozen=True)
class Seen:
    """How a rule stood after its last round: its state, and the minute with its level and reading."""

    standing: Standing
    minute: datetime
    level: Level
    reading: Reading


@dataclass(frozen=True)
class Watched:
    """A rule, and how it stands; `seen` is None until the first round. `changed`: it is not the default."""

    rule: Rule
    seen: Seen | None
    changed: bool

    @property
    def fires(self) -> bool:
        """Whether people should look."""
        return self.seen is not None and self.seen.standing.fires

    @property
    def is_alert(self) -> bool:
        """Whether it fires as an alert, not only as a warning."""
        return self.seen is not None and self.seen.standing.severity is Level.ALERT


def rules(tx: Transaction) -> dict[str, Rule]:
    """Every rule as it is wanted now, in order."""
    wanted = {row["rule"]: json.loads(row["wanted"]) for row in tx.all("alert_rules")}
    return {id_: from_json(id_, wanted.get(id_, {})) for id_ in DEFAULTS}


def states(tx: Transaction) -> dict[str, Seen]:
    """How each rule stands that was looked at."""
    return {row["rule"]: _seen(row) for row in tx.all("alert_states") if row["rule"] in DEFAULTS}


def watched(services: Services) -> list[Watched]:
    """Every rule with how it stands, in order. Raises StoreUnavailable."""
    with services.store.read() as tx:
        wanted, seen = rules(tx), states(tx)
    return [Watched(rule, seen.get(id_), rule != DEFAULTS[id_]) for id_, rule in wanted.items()]


def put(tx: Transaction, rule_id: str, seen: Seen) -> None:
    """Write how a rule stands."""
    standing, reading = seen.standing, seen.reading
    tx.run(
        "put_alert_state",
        rule=rule_id,
        state=str(standing.state),
        since=text(standing.since),
        severity=standing.severity and str(standing.severity),
        told=standing.told and str(standing.told),
        bad_since=standing.bad_since and text(standing.bad_since),
        none_since=standing.none_since and text(standing.none_since),
        minute=text(seen.minute),
        level=str(seen.level),
        part=reading.part,
        whole=reading.whole,
        n=reading.n,
    )


def edit(services: Services, rule: Rule, actor: str) -> bool:
    """Want a rule so from the next round on; whether that is a change. Raises UsageWrong, StoreUnavailable."""
    if rule.id not in DEFAULTS:
        raise UsageWrong(f"There is no such rule: choose one of {', '.join(DEFAULTS)}.")
    checked(rule)
    at = text(services.clock.now())
    with services.store.write() as tx:
        if rules(tx)[rule.id] == rule:
            return False
        if rule == DEFAULTS[rule.id]:
            tx.run("forget_alert_rule", rule=rule.id)
        else:
            tx.run("keep_alert_rule", rule=rule.id, wanted=json.dumps(as_json(rule), sort_keys=True), at=at)
        details = {"name": f"{RULE_SETTING}{rule.id}"}
        events.append(tx, at=at, kind=Kind.SETTINGS_CHANGED, actor=actor, details=details)
    return True


def _seen(row: Row) -> Seen:
    standing = Standing(
        state=State(row["state"]),
        since=moment(row["since"]),
        severity=_level(row["severity"]),
        told=_level(row["told"]),
        bad_since=_moment(row["bad_since"]),
        none_since=_moment(row["none_since"]),
    )
    reading = Reading(row["part"], row["whole"], row["n"])
    return Seen(standing, moment(row["minute"]), Level(row["level"]), reading)


def _level(word: Any) -> Level | None:
    return Level(word) if word else None


def _moment(at: Any) -> datetime | None:
    return moment(at) if at else None

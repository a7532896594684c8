"""The alerts in words: a reading, a rule's thresholds, what a state is called and what a change means.

Beside signup/words.py, for sentences that are made of numbers; the page, the webhook and the header all speak through
here. It must not judge a value.
"""

from signup.measure.alerts.kept import Seen
from signup.measure.alerts.machine import State, Telling
from signup.measure.alerts.rules import ONE, Level, Reading, Rule
from signup.measure.figures import count, percent

STATES = {
    State.OK: "OK",
    State.PENDING: "Pending",
    State.ALERTING: "Alerting",
    State.RECOVERING: "Recovering",
    State.NO_DATA: "No data",
}
SEVERITIES = {Level.WARN: "Warning", Level.ALERT: "Alert"}
NOT_YET = "Not looked at yet"


def begun(text: str) -> str:
    """The same words at the beginning of a line."""
    return f"{text[0].upper()}{text[1:]}"


def amount(rule: Rule, ppm: int) -> str:
    """A threshold as people write it: 40%, 0.5%, or 1 of a count."""
    return f"{ppm / ONE:,g}" if rule.figure.whole is None else f"{ppm / 10_000:g}%"


def value(rule: Rule, reading: Reading) -> str:
    """A value with what it is made of: 38.0% (46 of 120), or 3."""
    if rule.figure.whole is None:
        return count(reading.part)
    if not reading.whole:
        return percent(None)
    return f"{percent(reading.part / reading.whole)} ({count(reading.part)} of {count(reading.whole)})"


def minutes(rule: Rule) -> str:
    """Which starts it looks at: the last 15 min, or 70 to 10 min ago."""
    return f"{rule.since} to {rule.until} min ago" if rule.until else f"the last {rule.since} min"


def limits(rule: Rule) -> str:
    """From where on it warns, alerts and recovers."""
    warn = "" if rule.warn is None else f"warns {_beyond(rule, rule.warn)}, "
    return f"{warn}alerts {alerts(rule)}, recovers {_back(rule)}"


def alerts(rule: Rule) -> str:
    """From where on it alerts: below 40%, above 20%, at 0%, from 1 on."""
    if not rule.figure.reaches:
        return _beyond(rule, rule.alert)
    text = amount(rule, rule.alert)
    if rule.figure.bad == "above":
        return f"from {text} on"
    return f"at {text}" if rule.alert == 0 else f"from {text} down"


def change(rule: Rule, seen: Seen, telling: Telling) -> str:
    """What is told of a change, in one sentence or two."""
    name, shown = rule.figure.name, value(rule, seen.reading)
    if telling is Telling.NO_DATA:
        had = f"{count(seen.reading.n)} where {count(rule.least)} are needed"
        return f"{name}: too little to look at for {rule.no_data} minutes ({had})."
    if telling is Telling.RECOVERED:
        return f"{name} is back: {shown}."
    bad = seen.standing.severity or seen.level
    limit = alerts(rule) if bad is Level.ALERT or rule.warn is None else _beyond(rule, rule.warn)
    worse = " got worse" if telling is Telling.WORSE else ""
    return f"{name}{worse}: {shown}. {SEVERITIES[bad]}: {limit}."


def _beyond(rule: Rule, ppm: int) -> str:
    return f"{rule.figure.bad} {amount(rule, ppm)}"


def _back(rule: Rule) -> str:
    text = amount(rule, rule.recover)
    if rule.figure.bad == "below":
        return f"from {text} on"
    return f"at {text}" if rule.recover == 0 else f"from {text} down"

"""The alert rules: which figure, over which minutes, from which value on it is bad, and for how long it must be so.

The first page of the alerts: a rule and a reading (values.py) give the level of a minute, and the state machine
(machine.py) makes a state of the levels. Pure; it must not read a database and never asks what time it is.

Values are millionths, so that nothing is rounded on the way: 600,000 is 60 %, and 1,000,000 of a count is one.
"""

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Literal

from signup.errors import UsageWrong

ONE = 1_000_000
LONGEST = 1440
MOST = 1_000_000
"""The longest time in minutes, and the most of anything, that a rule may ask for."""


class Level(StrEnum):
    """How one minute looks to a rule."""

    NONE = "none"
    OK = "ok"
    BETWEEN = "between"
    WARN = "warn"
    ALERT = "alert"


BAD = (Level.WARN, Level.ALERT)


@dataclass(frozen=True)
class Figure:
    """What a rule watches: `part` of `whole` by the names of the count, or a bare count where `whole` is None.

    `bad`: on which side of its thresholds a value is bad. `reaches`: the alert threshold itself is bad already.
    """

    name: str
    about: str
    part: str
    whole: str | None
    bad: Literal["above", "below"]
    reaches: bool = False


FIGURES = {
    "successRate": Figure(
        "Success rate",
        "completed of finished; young starts are left out, for only approvals are fast",
        *("completed", "finished", "below"),
    ),
    "errorRate": Figure("Error rate", "failed of started", "failed", "started", "above"),
    "lockHitRate": Figure("Lock hit rate", "lock hits of all starts, refused ones too", "lockHits", "tries", "above"),
    "noCallbacks": Figure(
        "No callbacks",
        "prompts opened of requests sent, by what the callbacks told",
        *("opened", "sent", "below"),
        reaches=True,
    ),
    "appKey": Figure(
        "App key", "sign-ups that failed because Truecaller did not know the app key", "badAppKey", None, "above", True
    ),
}
"""By the id of the rule that watches it; there is one rule for each."""


@dataclass(frozen=True)
class Reading:
    """What a figure was over a rule's minutes: `part` of `whole`, and on how many (`n`) it stands."""

    part: int
    whole: int
    n: int

    @property
    def ppm(self) -> int | None:
        """The value in millionths; None with nothing to divide by."""
        return round(self.part * ONE / self.whole) if self.whole else None


@dataclass(frozen=True)
class Rule:
    """One rule. It looks at starts from `since` to `until` minutes ago; `pending`, `keep` and `no_data` are minutes.

    Below `least` there is nothing to say. `warn` None: there is no warning. `tell_no_data`: silence is told too.
    """

    id: str
    since: int
    until: int
    warn: int | None
    alert: int
    recover: int
    least: int
    pending: int = 5
    keep: int = 10
    no_data: int = 30
    tell_no_data: bool = False

    @property
    def figure(self) -> Figure:
        """What it watches."""
        return FIGURES[self.id]


DEFAULTS = {
    rule.id: rule
    for rule in (
        Rule("successRate", since=70, until=10, warn=600_000, alert=400_000, recover=650_000, least=20),
        Rule("errorRate", since=15, until=0, warn=50_000, alert=200_000, recover=30_000, least=10),
        Rule("lockHitRate", since=60, until=0, warn=300_000, alert=600_000, recover=200_000, least=20),
        Rule("noCallbacks", since=20, until=5, warn=200_000, alert=0, recover=300_000, least=5),
        Rule("appKey", since=15, until=0, warn=None, alert=ONE, recover=0, least=0, pending=0),
    )
}
"""The rules as they are until somebody edits them, in the order in which people see them."""


def level(rule: Rule, seen: Reading) -> Level:
    """How a reading looks to a rule."""
    if not seen.whole or seen.n < rule.least:
        return Level.NONE
    figure, value = rule.figure, seen.part * ONE
    sign = 1 if figure.bad == "above" else -1

    def over(threshold: int) -> int:
        """Above 0 beyond the threshold, 0 on it."""
        return sign * (value - threshold * seen.whole)

    if over(rule.alert) > 0 or (figure.reaches and over(rule.alert) == 0):
        return Level.ALERT
    if rule.warn is not None and over(rule.warn) > 0:
        return Level.WARN
    return Level.OK if over(rule.recover) <= 0 else Level.BETWEEN


def checked(rule: Rule) -> Rule:
    """The rule, when it makes sense; UsageWrong says what does not."""
    times = (rule.since, rule.until, rule.pending, rule.keep, rule.no_data)
    if not all(0 <= minutes <= LONGEST for minutes in times) or rule.since <= rule.until or rule.no_data < 1:
        raise UsageWrong(
            "The times do not fit: whole minutes up to a day, the first before the last, no data after at least one."
        )
    if not 0 <= rule.least <= MOST:
        raise UsageWrong("The least count must be from 0 to a million.")
    thresholds = [rule.recover, *([] if rule.warn is None else [rule.warn]), rule.alert]
    most = MOST * ONE if rule.figure.whole is None else ONE
    if not all(0 <= threshold <= most for threshold in thresholds):
        raise UsageWrong("A threshold of a rate is from 0% to 100%, one of a count from 0 to a million.")
    if thresholds != sorted(thresholds, reverse=rule.figure.bad == "below"):
        raise UsageWrong("The thresholds must stand in order: recover first, then warn, then alert.")
    if rule.figure.reaches and rule.recover == rule.alert:
        raise UsageWrong("A value that recovers cannot be one that alerts: set the two apart.")
    return rule


def as_json(rule: Rule) -> dict[str, Any]:
    """What can be edited, as it is stored."""
    return {name: value for name, value in asdict(rule).items() if name != "id"}


def from_json(rule_id: str, wanted: dict[str, Any]) -> Rule:
    """A stored rule. A key of another version of this program is passed over, one that is missing is the default."""
    known = {field.name for field in fields(Rule)} - {"id"}
    return Rule(rule_id, **{**as_json(DEFAULTS[rule_id]), **{key: wanted[key] for key in known & wanted.keys()}})

"""Every metric of the receiver: its name, labels and meaning, and how the numbers become families of samples.

Between the numbers (signup/measure/totals.py, traffic.py) and GET /metrics (metrics.py). docs/metrics.md shows this
table, docs/grafana/ asks for nothing else; a test compares them. A name here is a promise.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from callback_server.traffic import Traffic
from signup.measure.totals import Totals

Values = Mapping[tuple[str, ...], float]
PREFIX = "signup_"


@dataclass(frozen=True)
class Described:
    """One metric. `of`: whether the whole installation shares it, or each process has its own."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    of: Literal["installation", "process"]
    meaning: str


def _counter(name: str, labels: str, meaning: str) -> Described:
    return Described(f"{PREFIX}{name}_total", "counter", tuple(labels.split()), "installation", meaning)


def _gauge(name: str, labels: str, meaning: str) -> Described:
    return Described(PREFIX + name, "gauge", tuple(labels.split()), "installation", meaning)


COUNTERS = (
    _counter("started", "", "Sign-ups started."),
    _counter("sent", "result", "Requests to Truecaller after which the prompt is out (accepted) or may be (timeout)."),
    _counter("approved", "", "Sign-ups that their person approved."),
    _counter("finished", "outcome", "Sign-ups that ended; one declined and then approved ends twice."),
    _counter("errors", "step code in_error_rate", "Errors; those in the error rate ended their sign-up."),
    _counter("lock_hits", "", "Starts that a lock refused, each a call saved."),
    _counter("rejected_numbers", "reason", "Texts submitted that are no phone number."),
    _counter("callbacks", "result", "Callbacks that came for the first time and belong to a sign-up."),
    _counter("repeated_callbacks", "result", "Callbacks that came again."),
    _counter("quarantined_callbacks", "reason", "Callbacks set aside because they prove nothing."),
    _counter("rejected_callbacks", "reason", "Callbacks of which nothing is kept: unreadable, or beyond the limit."),
)
GAUGES = (
    _gauge("open", "status", "Sign-ups that have not ended."),
    _gauge("watchers", "", "Watchers that live: with none, no callback is acted on."),
    _gauge("parked_callbacks", "", "Callbacks whose request is not known yet."),
    _gauge("last_callback_age_seconds", "", "Time since the last callback that was kept; missing when there is none."),
    _gauge("unsealed_events", "", "Events that wait for their place in the audit log."),
    _gauge("oldest_unsealed_age_seconds", "", "How long the oldest of them waits; 0 when none does."),
    _gauge("audit_log_events", "", "Events in the audit log."),
    _gauge("unsigned_events", "", "Events that no checkpoint covers yet."),
    _gauge("last_checkpoint_age_seconds", "", "Time since the audit log was signed; before that, since it began."),
)
DATABASE_UP = Described(
    f"{PREFIX}database_up", "gauge", (), "process", "1, or 0 while the database cannot be read in a second."
)
MODE = Described(f"{PREFIX}mode", "gauge", ("mode",), "process", "Always 1; the label says whether this is live.")
REQUESTS = Described(
    f"{PREFIX}receiver_requests_total",
    "counter",
    ("route", "status"),
    "process",
    "Requests that this receiver answered since it started.",
)
SECONDS = Described(
    f"{PREFIX}receiver_callback_seconds", "histogram", (), "process", "How soon this receiver answered callbacks."
)
METRICS = (*COUNTERS, *GAUGES, DATABASE_UP, MODE, REQUESTS, SECONDS)


def of_the_installation(totals: Totals, now: datetime) -> Iterator[Metric]:
    """What every receiver on one database tells alike. Ages are told as of `now`."""
    for described in COUNTERS:
        yield _family(described, totals.counts[described.name.removeprefix(PREFIX).removesuffix("_total")])
    gauges = _gauges(totals, now)
    for described in GAUGES:
        if values := gauges[described.name.removeprefix(PREFIX)]:
            yield _family(described, values)


def of_the_process(traffic: Traffic, mode: str, database_up: bool) -> Iterator[Metric]:
    """What this receiver alone can tell, whatever becomes of its database."""
    yield _family(DATABASE_UP, {(): int(database_up)})
    yield _family(MODE, {(mode,): 1})
    yield _family(REQUESTS, traffic.requests())
    buckets, total = traffic.callback_seconds()
    yield HistogramMetricFamily(SECONDS.name, SECONDS.meaning, buckets=buckets, sum_value=total)


def _gauges(totals: Totals, now: datetime) -> dict[str, Values]:
    """By name; one that is not known has no values at all, and is left out rather than told as 0."""
    state = totals.now
    oldest = state.oldest_unsealed_at
    return {
        "open": state.open,
        "watchers": {(): state.watchers},
        "parked_callbacks": {(): state.parked},
        "last_callback_age_seconds": {(): _age(state.last_callback_at, now)} if state.last_callback_at else {},
        "unsealed_events": {(): state.unsealed},
        "oldest_unsealed_age_seconds": {(): _age(oldest, now) if oldest else 0.0},
        "audit_log_events": {(): state.kept_events},
        "unsigned_events": {(): state.unsigned_events},
        "last_checkpoint_age_seconds": {(): _age(state.signed_at, now)},
    }


def _age(at: datetime, now: datetime) -> float:
    """Seconds; 0 for what a clock that runs ahead has written."""
    return max(0.0, (now - at).total_seconds())


def _family(described: Described, values: Values) -> Metric:
    make = CounterMetricFamily if described.kind == "counter" else GaugeMetricFamily
    family = make(described.name, described.meaning, labels=described.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family

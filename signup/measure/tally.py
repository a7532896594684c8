"""The formulas: lists of rows in, numbers out. One function for each block of the answer.

Stands under stats.py, which chooses the rows. Pure; it must not know of ranges, zones or storage. A rate is a fraction
0 to 1, None when nothing stands below the line; times are seconds.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from signup import words
from signup.measure.rows import Quarantined, SignUp

UNFINISHED = ("open", "declined", "expired", "failed")


def ratio(part: int, whole: int) -> float | None:
    """part / whole, None when there is nothing to divide by."""
    return part / whole if whole else None


def percentiles(durations: Iterable[int | None]) -> dict[str, float | int | None]:
    """{p50, p95, p99, n} of milliseconds, in seconds: nearest rank, the ceil(p*n)-th smallest. None is left out."""
    known = sorted(ms for ms in durations if ms is not None)

    def rank(percent: int) -> float | None:
        return known[-(-percent * len(known) // 100) - 1] / 1000 if known else None

    return {"p50": rank(50), "p95": rank(95), "p99": rank(99), "n": len(known)}


def outcomes(signups: Sequence[SignUp]) -> dict[str, int]:
    """How many ended how, `open` among them; they sum to the number of sign-ups."""
    counted = Counter(signup.outcome for signup in signups)
    return {outcome: counted[outcome] for outcome in words.OUTCOMES}


def rates(signups: Sequence[SignUp]) -> dict[str, float | None]:
    """{successRate, errorRate}: completed of finished, failed of started."""
    counts = outcomes(signups)
    return {
        "successRate": ratio(counts["completed"], len(signups) - counts["open"]),
        "errorRate": ratio(counts["failed"], len(signups)),
    }


def latencies(signups: Sequence[SignUp]) -> dict[str, Any]:
    """The four durations of a sign-up's life, each as percentiles."""
    return {
        "requestSeconds": percentiles(signup.request_ms for signup in signups),
        "decisionSeconds": percentiles(signup.decision_ms for signup in signups),
        "profileSeconds": percentiles(signup.profile_ms for signup in signups),
        "approveSeconds": percentiles(signup.approve_ms for signup in signups),
    }


def funnel(signups: Sequence[SignUp]) -> list[dict[str, Any]]:
    """Five rows, one a step: who reached it, and those who stopped before it by outcome. Both sum to the row above."""
    steps = list(words.FUNNEL)
    counted = Counter((signup.step, signup.outcome) for signup in signups)
    rows, above = [], len(signups)
    for place, step in enumerate(steps):
        lost = {outcome: counted[(place - 1, outcome)] for outcome in UNFINISHED}
        above -= sum(lost.values())
        rows.append({"step": step, "reached": above, **lost})
    return rows


def errors(signups: Iterable[SignUp], quarantined: Iterable[Quarantined]) -> list[dict[str, Any]]:
    """Sign-ups by (step, code), each once a pair, most first; `inErrorRate`: the code that ended a failed sign-up.

    The other rows are warnings, quarantined callbacks among them.
    """
    counted: Counter[tuple[str, str, bool]] = Counter(("callback", mark.reason, False) for mark in quarantined)
    for signup in signups:
        ended = {signup.error} if signup.error and signup.outcome == "failed" else set()
        counted.update((step, code, True) for step, code in ended)
        counted.update((step, code, False) for step, code in signup.warnings - ended)
    ordered = sorted(counted.items(), key=lambda item: (-item[1], not item[0][2], item[0]))
    return [
        {"step": step, "code": code, "count": count, "cure": words.cure(step, code), "inErrorRate": fatal}
        for (step, code, fatal), count in ordered
    ]


def countries(signups: Iterable[SignUp]) -> list[dict[str, Any]]:
    """A row for each country with sign-ups, most started first: every outcome, both rates, how long people take."""
    by_country: defaultdict[str, list[SignUp]] = defaultdict(list)
    for signup in signups:
        by_country[signup.country].append(signup)
    return [
        {
            "country": country,
            "started": len(group),
            **outcomes(group),
            **rates(group),
            "decisionSeconds": percentiles(signup.decision_ms for signup in group),
        }
        for country, group in sorted(by_country.items(), key=lambda item: (-len(item[1]), item[0]))
    ]

"""What the Overview and its report say in the same words: each chart for those who cannot see it, and a lack of errors.

Stands between the numbers and both drawings. What a chart says is rounded: the browser builds a chart anew, and it
flickers, whenever that sentence changes. Pure; it must not count, and knows no Streamlit.
"""

from collections.abc import Collection

from dashboard.rows import Row
from signup.measure.figures import NOTHING, duration
from signup.words import MEASURES


def roughly(value: float) -> float:
    """A number to its first digit, for sentences that must not change with every sign-up."""
    return float(f"{value:.1g}")


def outcomes(now: Row) -> str:
    """Of the bars by start time."""
    return f"About {_about(now['completed'], now['started'])} of the sign-ups are completed"


def funnel(now: Row) -> str:
    """Of the five steps."""
    return f"About {_about(now['completed'], now['started'])} of those who start go all the way"


def success(now: Row, before: Row | None) -> str:
    """Of the rate over time; `before`: the period it is compared with, None for no comparison."""
    past = f", in the period before {_about_rate(before)}" if before else ""
    return f"Success rate about {_about_rate(now)}{past}"


def retries(now: Row) -> str:
    """Of how soon people try again; only where somebody does."""
    return f"Half of those who try again do so within about {duration(roughly(now['retrySeconds']['p50']))}"


def latency(now: Row, metric: str) -> str:
    """Of the percentiles of one duration; only where there are some."""
    return f"{MEASURES[metric]}: half within about {duration(roughly(now[metric]['p50']))}"


def no_errors(outcomes: Collection[str]) -> str:
    """Why no error is listed; `outcomes`: those chosen, none for all."""
    if outcomes and "failed" not in outcomes:
        return "Failed sign-ups are not among the outcomes chosen."
    return "No failed sign-ups in this range."


def _about(part: int, whole: int) -> str:
    """A share to the nearest twentieth."""
    return f"{round(part / whole * 20) * 5}%" if whole else NOTHING


def _about_rate(numbers: Row) -> str:
    return _about(numbers["completed"], numbers["started"] - numbers["open"])

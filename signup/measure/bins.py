"""Durations in bins: so few numbers that months of them add up at once, so narrow that a percentile is 2 % off at most.

Stands under the fold, which counts into bins, and the reading (counted.py), which takes percentiles out of them. One
list for both, for a bin's number is stored: it must never change without a rebuild.
"""

from bisect import bisect_right
from collections import Counter
from itertools import accumulate

LONGEST = 2 * 60 * 60 * 1000
"""Whole milliseconds; what took longer counts as this."""


def _lows() -> list[int]:
    lows = [0, 1]
    while (following := lows[-1] * 102 // 98 + 1) <= LONGEST:
        lows.append(following)
    return lows


LOWS = _lows()
"""Where each bin begins: 0 alone, then one for each millisecond up to 24, then ever wider."""


def bin_of(ms: int) -> int:
    """The number of the bin in which a duration of whole milliseconds lies."""
    return bisect_right(LOWS, min(ms, LONGEST)) - 1


def value_of(number: int) -> float:
    """What a bin stands for, in milliseconds: no duration in it is more than 2 % away."""
    if number == 0:
        return 0.0
    low = LOWS[number]
    high = low * 102 // 98
    return 2 * low * high / (low + high)


def percentiles(counted: Counter[int]) -> dict[str, float | int | None]:
    """{p50, p95, p99, n} of binned durations, in seconds: nearest rank, the ceil(p*n)-th smallest."""
    numbers = sorted(counted)
    reached = list(accumulate(counted[number] for number in numbers))
    n = reached[-1] if reached else 0

    def rank(percent: int) -> float | None:
        if not n:
            return None
        place = bisect_right(reached, -(-percent * n // 100) - 1)
        return value_of(numbers[place]) / 1000

    return {"p50": rank(50), "p95": rank(95), "p99": rank(99), "n": n}

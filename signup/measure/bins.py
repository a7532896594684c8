"""Durations in bins: so few numbers that months of them add up at once, so narrow that a percentile is 2 % off at most.

Stands under the fold, which counts into bins, and the reading (counted.py), which takes percentiles out of them. One
list for both, for a bin's number is stored: it must never change without a rebuild.

A histogram is one whole number in which every bin has a lane of 32 bits, the first bin lowest. So adding two of them
adds all their bins at once, and taking one away does the reverse; in between a lane may borrow from the next, as long
as nothing is taken away in the end that was not there.
"""

from binascii import a2b_base64, b2a_base64
from bisect import bisect_left, bisect_right
from itertools import accumulate
from struct import unpack

from signup.errors import StoreUnavailable

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


_LANE = 32
_ONE = [1 << _LANE * number for number in range(len(LOWS))]
_BORROWED = int.from_bytes(b"\0\0\0\x80" * (LONGEST // 1000 + 1), "little")
"""The highest bit of each lane: no bin counts so many, unless it counts less than nothing."""


def of(ms: int) -> int:
    """The histogram of one duration."""
    return _ONE[bin_of(ms)]


def of_seconds(ms: int) -> int:
    """The same in bins of a whole second each, up to two hours."""
    return 1 << _LANE * (min(ms, LONGEST) // 1000)


def packed(histogram: int) -> str:
    """A histogram as it is stored, in base64: its first bin in two bytes, then the counts up to its last in four each.

    Raises StoreUnavailable when a bin counts less than nothing.
    """
    first = ((histogram & -histogram).bit_length() - 1) // _LANE
    return b2a_base64(first.to_bytes(2, "little") + _lanes(histogram >> _LANE * first), newline=False).decode()


def unpacked(stored: str) -> int:
    """What `packed` made."""
    told = a2b_base64(stored)
    return int.from_bytes(told[2:], "little") << _LANE * int.from_bytes(told[:2], "little")


def counts(histogram: int) -> tuple[int, ...]:
    """How many are in each bin, up to the last that is not empty. Raises StoreUnavailable as `packed` does."""
    lanes = _lanes(histogram)
    return unpack(f"<{len(lanes) // 4}I", lanes)


def percentiles(histogram: int) -> dict[str, float | int | None]:
    """{p50, p95, p99, n} of binned durations, in seconds: nearest rank, the ceil(p*n)-th smallest."""
    reached = list(accumulate(counts(histogram)))
    n = reached[-1] if reached else 0

    def rank(percent: int) -> float | None:
        return value_of(bisect_left(reached, -(-percent * n // 100))) / 1000 if n else None

    return {"p50": rank(50), "p95": rank(95), "p99": rank(99), "n": n}


def _lanes(histogram: int) -> bytes:
    if histogram < 0 or histogram & _BORROWED:
        raise StoreUnavailable("The roll-ups contradict themselves: count anew by `python -m signup stats --rebuild`.")
    return histogram.to_bytes(-(-histogram.bit_length() // _LANE) * 4, "little")

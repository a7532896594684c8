"""A range of time cut into the widest spans that the roll-ups have, and the stretches at its ends that only rows know.

Stands under the reading (gather.py). Microseconds since 1970, UTC; a stretch is [low, high). It must not read anything.
"""

from collections.abc import Callable, Iterable

from signup.measure.contribution import ERROR_SPANS, SPANS, floor, month_of

Span = int | str
Piece = tuple[Span, int, int]
"""span, low, high: all buckets of that span that begin in [low, high)."""

Stretch = tuple[int, int]
Floor = Callable[[int], int]
_DAY = 86_400_000_000
_SIX_HOURS = _DAY // 4


def cells(low: int, high: int) -> tuple[list[Piece], list[Stretch]]:
    """[low, high) in days, six hours, hours and quarters, and what is finer than a quarter."""
    return _cut(low, high, [_seconds(span) for span in reversed(SPANS)])


def errors(low: int, high: int) -> tuple[list[Piece], list[Stretch]]:
    """[low, high) in days and quarters, and what is finer than a quarter."""
    return _cut(low, high, [_seconds(span) for span in reversed(ERROR_SPANS)])


def histograms(low: int, high: int, newest: int) -> tuple[list[Piece], list[Stretch], list[Stretch]]:
    """[low, high) in UTC months, days and six hours; what is finer than that; and what six hours have too much.

    Of six hours that lie inside for the most part all are taken, and the little that lies outside is to be taken away.
    After `newest` there is nothing: of the six hours that are not over nothing has to be taken away.
    """
    _, down, up = _seconds(21600)
    days = ("day", *_seconds(86400)[1:])
    pieces, left = _cut(low, high, [("month", month_of, _next_month), days, ("6h", down, up)])
    more: list[Stretch] = []
    less: list[Stretch] = []
    for begin, end in left:
        first, last = down(begin), up(end)
        outside = [(one, other) for one, other in ((first, begin), (end, min(last, newest + 1))) if one < other]
        if last - first == _SIX_HOURS and sum(other - one for one, other in outside) < end - begin:
            pieces.append(("6h", first, last))
            less += outside
        else:
            more.append((begin, end))
    return pieces, more, less


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same moments in as few stretches as there can be; those given are in order and do not overlap."""
    found: list[Stretch] = []
    for low, high in stretches:
        if found and found[-1][1] == low:
            found[-1] = found[-1][0], high
        else:
            found.append((low, high))
    return found


def _cut(low: int, high: int, widths: list[tuple[Span, Floor, Floor]]) -> tuple[list[Piece], list[Stretch]]:
    """The widest width first, the others in what is left at both ends."""
    if low >= high:
        return [], []
    if not widths:
        return [], [(low, high)]
    (span, down, up), *narrower = widths
    begin, end = up(low), down(high)
    if begin >= end:
        return _cut(low, high, narrower)
    before, early = _cut(low, begin, narrower)
    after, late = _cut(end, high, narrower)
    return [*before, (span, begin, end), *after], [*early, *late]


def _seconds(span: int) -> tuple[Span, Floor, Floor]:
    return span, lambda at: floor(at, span), lambda at: -floor(-at, span)


def _next_month(at: int) -> int:
    """The first month that begins at `at` or later."""
    first = month_of(at)
    return first if first == at else month_of(first + 32 * _DAY)

"""How a range is cut: every moment of it once, in the widest pieces there are."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from signup import clock
from signup.measure import spans
from signup.measure.contribution import micros
from tests.unit.measure_histories import NOON

HOUR, DAY = 3_600_000_000, 86_400_000_000
MIDNIGHT = micros(clock.text(NOON - timedelta(hours=12)))
moments = st.integers(-400 * DAY, 400 * DAY).map(lambda since: MIDNIGHT + since)
ranges = st.tuples(moments, st.integers(1, 500 * DAY)).map(lambda one: (one[0], one[0] + one[1]))


def covered(pieces: list[spans.Piece], more: list[spans.Stretch]) -> list[spans.Stretch]:
    return spans.joined(sorted([*((low, high) for _, low, high in pieces), *more]))


@given(ranges)
def test_cells_and_rows_hold_every_moment_once(asked: spans.Stretch) -> None:
    for cut in (spans.cells, spans.errors):
        pieces, more = cut(*asked)
        assert covered(pieces, more) == [asked]
        assert all(high - low < 2 * 900_000_000 for low, high in more)


@given(ranges, moments)
def test_histograms_and_rows_hold_every_moment_once_less_what_they_have_too_much(
    asked: spans.Stretch, newest: int
) -> None:
    pieces, more, less = spans.histograms(*asked, newest)
    (held,) = covered(pieces, more)
    before = [stretch for stretch in less if stretch[1] <= asked[0]]
    after = [stretch for stretch in less if stretch[0] >= asked[1]]
    assert len(before) + len(after) == len(less)
    assert held[0] == (before[0][0] if before else asked[0])
    assert held[1] == asked[1] or held[1] % (6 * HOUR) == 0
    assert held[1] == asked[1] or min(held[1], newest + 1) <= (after[0][1] if after else asked[1])


def test_a_day_in_india_is_twelve_cells() -> None:
    pieces, more = spans.cells(MIDNIGHT - 5 * HOUR - HOUR // 2, MIDNIGHT + 18 * HOUR + HOUR // 2)
    widths = {900: 900_000_000, 3600: HOUR, 21600: 6 * HOUR, 86400: DAY}
    assert more == []
    assert sum((high - low) // widths[int(span)] for span, low, high in pieces) == 12


def test_of_the_six_hours_that_are_not_over_all_is_taken() -> None:
    now = MIDNIGHT + HOUR
    pieces, more, less = spans.histograms(MIDNIGHT - 9 * DAY, now, now - 1)
    assert pieces == [("day", MIDNIGHT - 9 * DAY, MIDNIGHT), ("6h", MIDNIGHT, MIDNIGHT + 6 * HOUR)]
    assert more == less == []


def test_of_six_hours_long_past_the_smaller_part_is_read() -> None:
    late, early = MIDNIGHT - 9 * DAY + 5 * HOUR, MIDNIGHT + 5 * HOUR
    pieces, more, less = spans.histograms(late, early, MIDNIGHT + 99 * DAY)
    assert more == [(late, MIDNIGHT - 9 * DAY + 6 * HOUR)]
    assert less == [(early, MIDNIGHT + 6 * HOUR)]
    assert pieces[-1] == ("6h", MIDNIGHT, MIDNIGHT + 6 * HOUR)

"""Durations in bins: every one within two per cent, and percentiles as the plain list gives them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signup.errors import StoreUnavailable
from signup.measure import bins, tally

durations = st.integers(0, bins.LONGEST)


@given(durations)
def test_a_bin_stands_for_its_durations_within_two_per_cent(ms: int) -> None:
    assert bins.value_of(bins.bin_of(ms)) == pytest.approx(
        ms, rel=0.02 + 1e-12
    )  # the edge itself is a rounded fraction


def test_two_hours_take_329_bins_and_what_took_longer_counts_as_two_hours() -> None:
    assert len(bins.LOWS) == 329
    assert bins.bin_of(10 * bins.LONGEST) == bins.bin_of(bins.LONGEST) == 328


@pytest.mark.parametrize(("ms", "shown"), [(0, 0.0), (1, 1.0), (24, 24.0), (400, 401.8), (30_000, 29_955.0)])
def test_some_durations_are_shown_so(ms: int, shown: float) -> None:
    assert round(bins.value_of(bins.bin_of(ms)), 1) == shown


@given(st.lists(durations, max_size=40))
def test_percentiles_of_bins_are_those_of_the_list_within_two_per_cent(found: list[int]) -> None:
    exact = tally.percentiles(found)
    binned = bins.percentiles(sum(map(bins.of, found)))
    assert binned["n"] == exact["n"]
    assert all(binned[rank] == pytest.approx(exact[rank], rel=0.02) for rank in ("p50", "p95", "p99") if found)
    assert found or binned == exact


@given(st.lists(durations, min_size=1, max_size=40))
def test_a_histogram_is_stored_and_read_back(found: list[int]) -> None:
    histogram = sum(map(bins.of, found))
    assert bins.unpacked(bins.packed(histogram)) == histogram
    assert len(bins.packed(bins.of(found[0]))) == 8


@given(st.lists(durations, max_size=40), st.lists(durations, max_size=40))
def test_what_is_added_and_taken_away_in_any_order_leaves_the_rest(rest: list[int], passing: list[int]) -> None:
    histogram = sum(map(bins.of, rest)) - sum(map(bins.of, passing))
    assert bins.percentiles(histogram + sum(map(bins.of, passing))) == bins.percentiles(sum(map(bins.of, rest)))


@pytest.mark.parametrize("there", [0, 30, 7_000_000])
def test_taking_away_what_is_not_there_is_no_histogram(there: int) -> None:
    wrong = bins.of(there) - bins.of(400)
    for use in (bins.packed, bins.percentiles):
        with pytest.raises(StoreUnavailable, match="contradict themselves"):
            use(wrong)


def test_seconds_have_a_bin_each() -> None:
    histogram = bins.of_seconds(999) + bins.of_seconds(2_000) + bins.of_seconds(2_999)
    assert bins.counts(histogram) == (1, 0, 2)
    assert len(bins.counts(bins.of_seconds(10 * bins.LONGEST))) == 7201

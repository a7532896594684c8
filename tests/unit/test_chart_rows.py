import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboard import rows
from signup.measure import stats
from signup.measure.calendar import first_instant
from signup.measure.question import YEAR, Question, SettledQuestion
from signup.words import FUNNEL
from tests.pages.fixtures import lives

NOW = datetime(2026, 11, 24, 15, 32, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 25, tzinfo=UTC)


def asked(told: list[Any], now: datetime = NOW, **question: Any) -> tuple[dict[str, Any], SettledQuestion]:
    """The numbers of a question about some events, and the question with its ends."""
    question = {"zone": "Europe/Stockholm", "preset": "28d"} | question
    return stats.stats(lives.history(told), Question(**question), now), Question(**question).settled(now)


def test_the_bucket_that_is_still_filling_says_so_and_no_other() -> None:
    numbers, question = asked(lives.month(NOW, days=28, a_day=5))
    states = [row["state"] for row in rows.buckets(numbers["series"], question, NOW)]
    assert states == [""] * 27 + ["so far"]


def test_a_bucket_that_the_range_cuts_is_not_called_unfinished() -> None:
    numbers, question = asked(lives.month(NOW, days=2, a_day=50), preset="24h")
    assert rows.buckets(numbers["series"], question, NOW)[0]["state"] == "cut by the range"


def test_the_hour_that_comes_twice_is_two_buckets_told_apart() -> None:
    start, end = AUTUMN - timedelta(hours=2), AUTUMN + timedelta(hours=23)
    numbers, question = asked(
        lives.month(end, days=1, a_day=80), now=end, preset=None, start=start, end=end, interval="hour"
    )
    cut = rows.buckets(numbers["series"], question, end)
    assert len({row["at"] for row in cut}) == 25
    assert [row["at"] for row in cut[2:4]] == ["2026-10-25T02:00", "2026-10-25T02:00b"]
    assert [row["when"] for row in cut[2:4]] == ["Sun 25 Oct 02:00–03:00", "Sun 25 Oct 02:00–03:00 CET"]


def test_every_piece_of_a_bar_tells_the_whole_bucket() -> None:
    numbers, question = asked(lives.month(NOW, days=28, a_day=20))
    cut = rows.buckets(numbers["series"], question, NOW)
    drawn = rows.outcomes(cut, ["completed", "failed"])
    assert len(drawn) == 2 * len(cut)
    first = drawn[0]
    share = cut[0]["completed"] / cut[0]["started"]
    assert first["Completed"] == f"{cut[0]['completed']} ({share:.1%})"
    assert first["total"] == str(cut[0]["started"])
    assert first["said"].startswith("Wed 28 Oct, Completed: ")


@pytest.mark.parametrize(("finished", "rate"), [(4, None), (5, 1.0)])
def test_a_rate_stands_on_at_least_five_finished(finished: int, rate: float | None) -> None:
    told = [event for i in range(finished) for event in lives.life(NOW - timedelta(days=2, minutes=i), "completed")]
    numbers, question = asked(told)
    cut = rows.buckets(numbers["series"], question, NOW)
    assert rows.success(cut, [])[-3]["rate"] == rate


def test_a_rate_is_settled_only_when_its_bucket_is_whole_and_nothing_in_it_is_open() -> None:
    done = [event for i in range(9) for event in lives.life(NOW - timedelta(days=1, minutes=i), "completed")]
    numbers, question = asked([*done, *lives.life(NOW - timedelta(days=1), "waiting")])
    cut = rows.buckets(numbers["series"], question, NOW)
    yesterday = rows.success(cut, [])[-2]
    assert (yesterday["rate"], yesterday["settled"], yesterday["unsettled"]) == (1.0, None, 1.0)
    assert yesterday["state"] == "1 open"


@pytest.mark.parametrize(
    ("yesterday", "today", "earlier", "under"),
    [
        (8, 5, None, True),
        (5, 8, None, False),
        (5, 6, 9, False),
        (9, 6, 7, True),
        (None, 6, None, False),
    ],
)
def test_words_stand_on_the_side_of_a_rate_where_no_line_is_near(
    yesterday: int | None, today: int, earlier: int | None, under: bool
) -> None:
    def bucket(completed: int | None) -> dict[str, Any]:
        counts = {"started": 10 if completed else 0, "completed": completed or 0, "open": 0}
        return {"at": "2026-11-24T00:00", "when": "Tue 24 Nov", "state": "so far", **counts}

    drawn = rows.success([bucket(yesterday), bucket(today)], [bucket(None), bucket(earlier)])
    assert drawn[1]["under"] is under


PARIS = {"zone": "Europe/Paris", "preset": None}


def beside(start: datetime, end: datetime, interval: str, **more: Any) -> dict[str, str | None]:
    """Which bucket of the period before each one is compared with, both in words."""
    question = Question(start=start, end=end, interval=interval, **PARIS | more)
    now, before = stats.overview(lives.history([]), question, end)
    asked = question.settled(end)
    cut = rows.buckets(now["series"], asked, end)
    found = rows.earlier(cut, before["series"], asked)
    return {row["when"]: there and there["when"] for row, there in zip(cut, found, strict=True)}


def midnight(month: int, day: int, year: int = 2026) -> datetime:
    return first_instant(datetime(year, month, day), ZoneInfo(str(PARIS["zone"])))  # noqa: DTZ001  the wall clock's


def test_an_hour_is_compared_with_the_same_one_of_the_week_before_and_one_that_comes_twice_once() -> None:
    found = beside(midnight(10, 19), midnight(10, 26), "hour")
    assert len(found) == 169
    assert found["Sun 25 Oct 02:00–03:00"] == "Sun 18 Oct 02:00–03:00"
    assert found.pop("Sun 25 Oct 02:00–03:00 CET") is None
    assert all(now[:3] == there[:3] and now[-12:] == there[-12:] for now, there in found.items() if there)
    assert None not in found.values()


def test_an_hour_of_a_short_range_is_compared_with_the_one_as_long_before_as_the_range_is() -> None:
    found = beside(midnight(10, 25), midnight(10, 26), "hour")
    assert found["Sun 25 Oct 00:00–01:00"] == "Fri 23 Oct 23:00–00:00"
    assert found["Sun 25 Oct 23:00–00:00"] == "Sat 24 Oct 23:00–00:00"


def test_a_day_is_compared_with_a_whole_day_although_clocks_went_back_in_between() -> None:
    assert beside(midnight(10, 22), midnight(10, 27), "day") == {
        "Thu 22 Oct": "Sat 17 Oct",
        "Fri 23 Oct": "Sun 18 Oct",
        "Sat 24 Oct": "Mon 19 Oct",
        "Sun 25 Oct": "Tue 20 Oct",
        "Mon 26 Oct": "Wed 21 Oct",
    }


def test_a_month_is_compared_with_a_whole_one_alone() -> None:
    found = beside(midnight(9, 1), midnight(12, 2), "month")
    assert list(found.values()) == ["June 2026", "July 2026", None, None]
    yearly = beside(midnight(1, 1), midnight(1, 1, 2027), "month", against=YEAR)
    assert list(yearly.values())[:3] == [None, "February 2025", "March 2025"]


def test_a_rate_names_the_bucket_that_it_is_compared_with() -> None:
    question = Question(zone="Europe/Stockholm", preset="28d")
    now, before = stats.overview(lives.history(lives.month(NOW, days=56, a_day=20)), question, NOW)
    cut = rows.buckets(now["series"], question.settled(NOW), NOW)
    drawn = rows.success(cut, rows.earlier(cut, before["series"], question.settled(NOW)))
    assert re.fullmatch(r"Wed 30 Sep: .*% \(\d+ of \d+\)", drawn[0]["earlier"])


def test_reached_and_pieces_of_a_funnel_step_make_the_step_above() -> None:
    for seed in range(20):
        numbers, _ = asked(lives.month(NOW, days=3, a_day=30, seed=seed))
        drawn = rows.funnel(numbers["funnel"], FUNNEL)
        reached = [row["n"] for row in drawn if row["order"] == 0]
        for place in range(5):
            pieces = sum(row["n"] for row in drawn if row["place"] == place)
            assert pieces == (numbers["started"] if place == 0 else reached[place - 1])


def test_lock_hits_stand_in_no_step_of_the_funnel() -> None:
    life = lives.life(NOW - timedelta(hours=1), "completed")
    hits = [lives.lock_hit(NOW - timedelta(hours=1), str(life[0].signup_id), s, "0" * 16) for s in (5, 9, 30)]
    numbers, _ = asked([*life, *hits])
    assert numbers["lockHits"] == 3
    assert max(row["n"] for row in rows.funnel(numbers["funnel"], FUNNEL)) == 1


def test_open_sign_ups_are_no_loss_but_a_piece_of_their_own() -> None:
    numbers, _ = asked(lives.life(NOW - timedelta(minutes=1), "waiting"))
    pieces = {row["outcome"] for row in rows.funnel(numbers["funnel"], FUNNEL) if row["order"] and row["n"]}
    assert pieces == {"Open"}


def test_a_percentile_needs_five_and_is_told_in_one_unit() -> None:
    ago = timedelta(days=3)
    told = [event for i in range(6) for event in lives.life(NOW - ago - timedelta(minutes=i), "completed")]
    told += lives.life(NOW - timedelta(days=1), "completed")
    numbers, _ = asked(told)
    drawn, unit = rows.latency(numbers["latency"], "decisionSeconds", rows.UTC, "day")
    drawable = {row["at"][:10] for row in drawn if row["p50"] is not None}
    assert unit == "s"
    assert drawable == {f"{NOW - ago:%Y-%m-%d}"}
    assert next(row for row in drawn if row["n"] == "1")["p50"] is None
    assert next(row for row in drawn if row["p50"] is not None)["alone"]


def test_the_end_of_a_percentile_line_is_open_while_its_day_lasts() -> None:
    times = [timedelta(days=day, minutes=minute) for day in range(4) for minute in range(6)]
    numbers, _ = asked([event for ago in times for event in lives.life(NOW - ago, "completed")])
    drawn, _ = rows.latency(numbers["latency"], "decisionSeconds", rows.UTC, "day")
    assert [row["p95 whole"] is not None for row in drawn[-4:]] == [True, True, True, False]
    assert [row["p95 open"] is not None for row in drawn[-4:]] == [False, False, True, True]
    assert [row["state"] for row in drawn[-2:]] == ["complete", "incomplete"]


def test_the_retry_bars_tell_minutes_and_seconds() -> None:
    assert rows.retries([{"from": 15.0, "to": 30.0, "count": 2}])[0]["when"] == "0:15 to 0:30"

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboard import rows
from signup.measure import stats
from signup.measure.question import Question, SettledQuestion
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

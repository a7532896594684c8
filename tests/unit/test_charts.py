import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import altair as alt
import pyarrow as pa
import pytest

from dashboard import charts, labels, rows
from signup.measure import stats
from signup.measure.question import Question
from signup.model import Event
from signup.words import FUNNEL
from tests.pages.fixtures import lives

NOW = datetime(2026, 11, 24, 15, 32, tzinfo=UTC)
QUESTION = Question(zone="Europe/Stockholm", preset="28d")
MONTH = lives.month(NOW, days=56, a_day=10)
NUMBERS, BEFORE = stats.overview(lives.history(MONTH), QUESTION, NOW)
CUT = rows.buckets(NUMBERS["series"], QUESTION.settled(NOW), NOW)


def latency(metric: str, *, dark: bool = False, top: float = 0.0) -> dict[str, Any]:
    """A latency chart's specification; `top` puts one slow point into it."""
    drawn, unit = rows.latency(NUMBERS["latency"], metric, rows.UTC, "day")
    drawn[3]["p99"] = max(drawn[3]["p99"], top)
    return charts.latency(drawn, "day", unit, dark=dark)


@cache
def every(dark: bool) -> dict[str, dict[str, Any]]:
    """Every chart of the Overview as a specification."""
    return specifications(MONTH, NOW, dark=dark)


def specifications(told: list[Event], now: datetime, *, dark: bool) -> dict[str, dict[str, Any]]:
    """Every chart of the Overview of these events at that moment."""
    history = lives.history(told)
    numbers, before = stats.overview(history, QUESTION, now)
    asked = QUESTION.settled(now)
    cut = rows.buckets(numbers["series"], asked, now)
    success = rows.success(cut, rows.earlier(cut, before["series"], asked))
    points, unit = rows.latency(numbers["latency"], "decisionSeconds", rows.UTC, "day")
    return {
        "outcomes": charts.outcomes(rows.outcomes(cut, tuple(labels.OUTCOME)), "day", dark=dark),
        "success": charts.success(success, "day", dark=dark),
        "funnel": charts.funnel(rows.funnel(numbers["funnel"], FUNNEL), dark=dark),
        "retries": charts.retries(rows.retries(stats.retry_histogram(history, QUESTION, now)), dark=dark),
        "latency": charts.latency(points, "day", unit, dark=dark),
    }


def walk(spec: Any) -> list[dict[str, Any]]:
    """Every object inside a specification."""
    found = [spec] if isinstance(spec, dict) else []
    for inner in spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ():
        found += walk(inner)
    return found


def encodings(spec: dict[str, Any], channel: str) -> list[dict[str, Any]]:
    """What every layer says about one channel."""
    layers = spec.get("layer", [spec])
    return [layer["encoding"][channel] for layer in layers if channel in layer.get("encoding", {})]


def lines(spec: dict[str, Any], what: str) -> list[dict[str, Any]]:
    """The lines over the complete or the open part of each percentile."""
    drawn = [layer for layer in spec["layer"] if layer["mark"]["type"] == "line"]
    return [layer for layer in drawn if layer["encoding"]["y"]["field"].endswith(what)]


every_chart = pytest.mark.parametrize("name", ["outcomes", "success", "funnel", "retries", "latency"])


@every_chart
def test_every_specification_is_what_vega_lite_knows(name: str) -> None:
    for dark in (False, True):
        alt.LayerChart.from_dict(every(dark)[name], validate=True)


@every_chart
def test_every_colour_is_a_name_that_the_theme_fills_in(name: str) -> None:
    colours = encodings(every(False)[name], "color")
    assert colours
    for colour in colours:
        assert colour["scale"] == {"domain": list(labels.CHART_NAMES)}
        assert colour["legend"] is None


@every_chart
def test_only_axis_text_names_a_colour_and_it_follows_the_mode(name: str) -> None:
    for dark, colour in ((False, "#565E6E"), (True, "#B5BBC5")):
        spec = {key: part for key, part in every(dark)[name].items() if key != "datasets"}
        assert set(re.findall(r"#[0-9A-Fa-f]{6}", json.dumps(spec))) == {colour}


@every_chart
def test_every_drawn_value_can_be_told_to_someone_who_does_not_see_it(name: str) -> None:
    spec = every(False)[name]
    assert encodings(spec, "description")
    silent = [layer for layer in spec["layer"] if "description" not in layer.get("encoding", {})]
    assert [layer["mark"] for layer in silent if layer["mark"].get("aria") is not False] == []  # names of fields


@every_chart
def test_no_line_is_smoothed_and_no_axis_has_a_second_scale(name: str) -> None:
    spec = every(False)[name]
    assert all(part.get("interpolate") is None for part in walk(spec))
    assert "resolve" not in spec


@pytest.mark.parametrize("name", every(False))
def test_what_is_sent_holds_the_same_rows(name: str) -> None:
    chart = every(False)[name]
    read = {
        name: pa.ipc.open_stream(told).read_all().to_pylist() for name, told in charts.sent(chart)["datasets"].items()
    }
    assert read == chart["datasets"]


def test_bars_of_time_stand_in_equal_steps_and_begin_at_zero() -> None:
    spec = every(False)["outcomes"]
    assert {x["type"] for x in encodings(spec, "x")} == {"ordinal"}
    bars = spec["layer"][0]["encoding"]["y"]
    assert (bars["stack"], bars.get("scale")) == ("zero", None)


def test_small_counts_are_not_printed_twice() -> None:
    axis = every(False)["outcomes"]["layer"][0]["encoding"]["y"]["axis"]
    assert (axis["tickMinStep"], axis["format"]) == (1, ",d")


def test_an_unfinished_bucket_is_pale() -> None:
    opacity = every(False)["outcomes"]["layer"][0]["encoding"]["opacity"]
    assert opacity["scale"] == {"domain": [True, False], "range": [1, 0.45]}
    assert [row["whole"] for row in rows.outcomes(CUT, ["completed"])][-2:] == [True, False]


def test_the_browser_never_learns_a_time_zone() -> None:
    label = encodings(every(False)["outcomes"], "x")[0]["axis"]["labelExpr"]
    assert label.startswith("utcFormat(toDate(slice(datum.value, 0, 16) + 'Z')")


@pytest.mark.parametrize(("interval", "count", "step"), [("minute", 60, 10), ("minute", 180, 30), ("hour", 168, 24)])
def test_long_axes_label_only_round_times(interval: str, count: int, step: int) -> None:
    drawn = [{**row, "at": f"bucket {i}"} for i, row in enumerate(rows.success(CUT[:1] * count, []))]
    label = encodings(charts.success(drawn, interval, dark=False), "x")[0]["axis"]["labelExpr"]
    assert f"% {step} ?" in label


@pytest.mark.parametrize(
    ("least", "axis"), [(0.715, 0.6), (0.7, 0.6), (0.695, 0.5), (1.0, 0.9), (0.05, 0.0), (None, 0.9)]
)
def test_a_rate_begins_ten_points_below_its_least(least: float | None, axis: float) -> None:
    assert charts.lowest([{"rate": least, "before": None}]) == pytest.approx(axis)


def test_the_period_before_reaches_down_into_the_axis_too() -> None:
    assert charts.lowest([{"rate": 0.9, "before": 0.45}]) == pytest.approx(0.3)


def test_compared_with_nothing_a_rate_has_no_second_line_and_no_word_of_one() -> None:
    spec = charts.success(rows.success(CUT), "day", dark=False, compared=False)
    assert "before" not in {y["field"] for y in encodings(spec, "y") if "field" in y}
    assert "Period before" not in {part.get("title") for part in walk(spec)}
    assert "Period before" in {part.get("title") for part in walk(every(False)["success"])}


def test_the_thirty_second_line_is_there_only_where_the_axis_reaches_it() -> None:
    marks = [layer["mark"]["type"] for layer in latency("decisionSeconds", top=40.0)["layer"]]
    assert "rule" in marks
    assert "rule" not in [layer["mark"]["type"] for layer in latency("requestSeconds")["layer"]]


def test_percentiles_are_told_apart_by_stroke_and_named_at_their_end() -> None:
    spec = latency("profileSeconds")
    assert len({tuple(layer["mark"]["strokeDash"]) for layer in lines(spec, "whole")}) == 3
    assert {end["name"] for end in spec["datasets"]["ends"]} == {"p50", "p95", "p99"}


def test_the_thirty_second_line_strikes_no_name_out() -> None:
    points, unit = rows.latency(NUMBERS["latency"], "decisionSeconds", rows.UTC, "day")
    points[-1].update(p50=10.0, p95=30.5, p99=60.0)
    ends = charts.latency(points, "day", unit, dark=False)["datasets"]["ends"]
    apart = 60 * 13 / charts.LATENCY_HEIGHT
    assert all(abs(end["height"] - 30) >= apart / 2 for end in ends)
    assert [end["name"] for end in sorted(ends, key=lambda end: end["height"])] == ["p50", "p95", "p99"]


def test_what_can_still_change_in_a_percentile_is_dotted_and_its_point_hollow() -> None:
    spec = latency("profileSeconds")
    assert [layer["mark"]["strokeDash"] for layer in lines(spec, "open")] == [[1.5, 2.5]] * 3
    hollow = [layer for layer in spec["layer"] if layer["mark"]["type"] == "point"]
    assert [layer["transform"][-1]["filter"] for layer in hollow] == ["!datum.whole"] * 3


def test_names_at_the_end_of_lines_do_not_touch() -> None:
    drawn, unit = rows.latency(NUMBERS["latency"], "profileSeconds", rows.UTC, "day")
    for name in rows.PERCENTILES:
        drawn[-1][name] = 100.0 + (name == "p99")
    spec = charts.latency(drawn, "day", unit, dark=False)
    heights = sorted(end["height"] for end in spec["datasets"]["ends"])
    domain = encodings(spec, "y")[0]["scale"]["domain"]
    least = (domain[1] - domain[0]) * 11 / charts.LATENCY_HEIGHT
    assert min(b - a for a, b in pairwise(heights)) >= least


def test_a_click_tells_the_bucket() -> None:
    click = every(False)["outcomes"]["params"][0]
    touched = every(False)["outcomes"]["layer"][-1]
    assert (touched["mark"]["type"], touched["mark"]["opacity"]) == ("rect", 0)
    assert (click["name"], click["select"]["type"], click["select"]["fields"]) == (charts.BUCKET, "point", ["at"])


def test_the_funnel_leaves_room_for_its_words() -> None:
    spec = every(False)["funnel"]
    assert encodings(spec, "x")[0]["scale"]["domain"] == [0, 1.6]
    assert max(row["end"] for row in spec["datasets"]["rows"]) == 1.0


def test_new_numbers_leave_every_specification_as_it_is() -> None:
    """Else the browser builds the chart anew at every tick."""
    begun = lives.life(NOW - timedelta(seconds=30), "completed")
    hit = lives.lock_hit(NOW - timedelta(seconds=25), str(begun[0].signup_id), 5, "0" * 16)
    later = specifications([*MONTH, *begun, hit], NOW + timedelta(seconds=20), dark=False)
    for name, spec in every(False).items():
        assert later[name]["datasets"] != spec["datasets"]
        assert {**later[name], "datasets": None} == {**spec, "datasets": None}

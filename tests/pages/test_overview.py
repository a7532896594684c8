import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import numbers, shared
from signup.measure import stats
from signup.measure.figures import count, percent
from signup.measure.fold import fold, rebuild_from_the_log
from signup.measure.glossary import GLOSSARY, RULES
from signup.measure.question import Question
from signup.model import Event
from signup.services import open_services
from signup.settings import load
from tests.logbook import sign
from tests.pages.fixtures import lives
from tests.rolls import without_histograms

Open = Callable[..., AppTest]
Lock = Callable[[], AbstractContextManager[None]]
NOW = datetime.now(UTC)
YESTERDAY = NOW - timedelta(days=1, seconds=29)
"""When the first of thirty of `many` began."""

MONTH = lives.month(NOW, days=56, a_day=5)


def said(page: AppTest) -> str:
    """Every text of the page in one, metrics included."""
    kinds: list[Any] = [page.markdown, page.caption, page.subheader, page.error]
    texts = [str(element.value) for kind in kinds for element in kind]
    texts += [f"{metric.label} {metric.value} {metric.delta}" for metric in page.metric]
    return "\n".join(texts)


def figures(page: AppTest) -> dict[str, str]:
    """The page's figures by their names."""
    return {metric.label: str(metric.value) for metric in page.metric}


def many(end: str, n: int, **more: Any) -> list[Event]:
    """`n` sign-ups of yesterday that all ended alike."""
    return [event for i in range(n) for event in lives.life(NOW - timedelta(days=1, seconds=i), end, **more)]


def test_the_page_shows_what_stats_counts(dashboard: Open) -> None:
    page = dashboard(MONTH)
    numbers = stats.stats(lives.history(MONTH), Question(preset="28d"), datetime.now(UTC))
    shown = figures(page)
    assert not page.exception
    assert shown["Started"] == count(numbers["started"])
    assert shown["Completed"] == count(numbers["completed"])
    assert shown["Success rate"] == percent(numbers["successRate"])
    assert shown["Error rate"].strip(":gray[]") == percent(numbers["errorRate"])
    assert shown["Hits"] == count(numbers["lockHits"])
    assert shown["Calls saved"] == count(numbers["callsSaved"])


def test_ten_open_pages_count_as_often_as_one(dashboard: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[datetime] = []

    def once(services: Any, question: Question, now: datetime) -> Any:
        counted.append(now.replace(second=0, microsecond=0))
        return numbers.counted(services, question, now)

    monkeypatch.setattr(shared, "counted", once)
    pages = [dashboard(MONTH), *(dashboard() for _ in range(9))]
    assert len({figures(page)["Started"] for page in pages}) == 1
    assert len(counted) == len(set(counted)), "once a minute, as nothing happens"


def test_every_card_is_there(dashboard: Open) -> None:
    titles = ("Outcomes over time", "Funnel", "Success rate", "Lock", "Latency", "Errors and what to do", "By country")
    page = dashboard(MONTH)
    assert [title for title in titles if f"**{title}**" not in said(page)] == []


def test_every_card_and_every_figure_says_how_it_is_counted(dashboard: Open) -> None:
    page = dashboard(MONTH)
    known = [entry.told for entry in GLOSSARY.values()] + list(RULES.values())
    signs = {metric.label: metric.help for metric in page.metric}
    for name in ("outcomes", "funnel", "success", "lock", "latency", "errors", "countries"):
        title, *lines = page.container(key=f"card_{name}").markdown
        counted = [] if name == "errors" else [line for line in lines if re.search("[0-9]", line.value)]
        signs |= {line.value: line.proto.help for line in (title, *counted)}
    assert [what for what, sign in signs.items() if not any(told in sign for told in known)] == []
    assert len(signs) == 7 + 4 + 7 + 5 + 1 + 1 + 3, "figures, lock, cards, outcomes, funnel, success, durations"


def test_an_empty_log_says_how_to_begin_and_asks_for_no_filter(dashboard: Open) -> None:
    page = dashboard(mode="live")
    assert "No sign-ups yet" in said(page)
    assert [button.label for button in page.button] == ["Try it", "Go live", "Check the set-up"]
    assert not page.multiselect
    assert "App key" in said(page)


def test_a_rate_with_nothing_below_the_line_is_a_dash_and_never_zero(dashboard: Open) -> None:
    page = dashboard(lives.life(NOW - timedelta(minutes=1), "waiting"))
    assert figures(page)["Success rate"] == "–"
    assert figures(page)["Open now"] == "1"


def test_an_error_stands_with_its_cure(dashboard: Open) -> None:
    text = said(dashboard(many("failed", 12)))
    assert "`truecaller_error`" in text
    assert "Truecaller answered 5xx or could not be reached" in text


def test_that_nothing_failed_is_said(dashboard: Open) -> None:
    assert "No failed sign-ups in this range." in said(dashboard(many("completed", 3)))


@pytest.mark.parametrize(("n", "told"), [(29, True), (30, False)])
def test_under_thirty_sign_ups_are_called_too_few_to_compare(dashboard: Open, n: int, told: bool) -> None:
    before = [event for i in range(40) for event in lives.life(NOW - timedelta(days=30, seconds=i), "completed")]
    page = dashboard([*before, *many("completed", n)])
    assert ("too few sign-ups to compare (under 30)" in said(page)) is told
    assert (next(m for m in page.metric if m.label == "Started").delta != "") is not told


def test_a_rate_on_a_small_sample_is_grey_and_shows_how_far_it_may_be_off(dashboard: Open) -> None:
    page = dashboard([*many("completed", 8), *many("declined", 2, seed=9)])
    assert figures(page)["Success rate"] == ":gray[80.0%]"
    assert next(m for m in page.metric if m.label == "Success rate").proto.delta_description == "8 of 10 · 49–94%"


def test_no_rate_changes_when_only_the_outcome_filter_changes(dashboard: Open) -> None:
    assert figures(dashboard(MONTH, outcome="failed")) == figures(dashboard(outcome=""))


def test_the_outcome_filter_chooses_what_is_drawn(dashboard: Open) -> None:
    page = dashboard(MONTH, outcome=["failed", "declined"])
    totals = [text.value for text in page.container(key="outcome_totals").markdown]
    assert [text.split("]")[0].split(": ")[-1] for text in totals] == ["Declined", "Failed"]


def test_the_address_chooses_the_filters(dashboard: Open) -> None:
    page = dashboard(MONTH, range="7d", interval="hour", country=["SE", "IN"], channel="web", utc="1")
    assert page.get_by_key("range").value == "7d"
    assert page.selectbox(key="interval").value == "hour"
    assert page.multiselect(key="country").value == ["SE", "IN"]
    assert page.multiselect(key="channel").value == ["web"]


def test_countries_are_read_by_name_and_kept_as_codes(dashboard: Open) -> None:
    page = dashboard(MONTH)
    page.multiselect(key="country").select("SE").run()
    assert page.multiselect(key="country").options == ["Egypt", "India", "Nigeria", "South Africa", "Sweden"]
    assert page.query_params["country"] == "SE"


def test_no_comparison_means_no_change_no_dashed_line_and_no_word_of_it(dashboard: Open) -> None:
    page = dashboard(MONTH, compare="nothing")
    assert {metric.delta for metric in page.metric} == {""}
    assert re.search("compared|period before|28 d before", said(page)) is None
    assert figures(page) == figures(dashboard())
    assert re.search("compared with the 28 d before, same weekdays", said(dashboard()))


def test_a_year_before_is_compared_with_the_same_weekdays(dashboard: Open) -> None:
    year = timedelta(weeks=52)
    before = [event for i in range(40) for event in lives.life(NOW - year - timedelta(days=2, seconds=i), "completed")]
    page = dashboard([*before, *many("completed", 60)], compare="year")
    started = next(metric for metric in page.metric if metric.label == "Started")
    assert (started.delta, started.proto.delta_description) == ("+50.0%", "from 40")
    assert "compared with the same time 52 weeks before, same weekdays" in said(page)


def test_a_range_that_is_not_all_of_this_year_names_its_years(dashboard: Open) -> None:
    page = dashboard(many("completed", 1), range="custom", **{"from": "2024-11-30T00:00", "to": "2025-11-29T00:00"})
    told = "30 Nov 2024 00:00 – 29 Nov 2025 00:00 · compared with 02 Dec 2023 00:00 – 30 Nov 2024 00:00"
    assert told in said(page)


def test_a_default_leaves_the_address_again(dashboard: Open) -> None:
    page = dashboard(MONTH, interval="week")
    page.selectbox(key="interval").set_value("auto").run()
    assert "interval" not in page.query_params


@pytest.mark.parametrize(
    "address",
    [
        {"range": "forever", "interval": "fortnight", "country": "Sweden", "outcome": "bored", "channel": "fax"},
        {"range": "custom", "from": "yesterday", "to": "1066-10-14T09:00"},
        {"range": "28d", "interval": "minute", "compare": "everything"},
    ],
)
def test_a_value_that_makes_no_sense_falls_back_without_an_error(dashboard: Open, address: dict[str, str]) -> None:
    page = dashboard(MONTH, **address)
    assert not page.exception
    assert not page.error
    assert page.metric
    assert page.selectbox(key="interval").value == "auto"


def test_a_range_that_ends_before_it_begins_is_told_not_counted(dashboard: Open) -> None:
    page = dashboard(MONTH, range="custom", **{"from": "2026-11-20T10:00", "to": "2026-11-19T10:00"})
    assert not page.exception
    assert "The range ends before it begins: choose a start before its end." in said(page)
    assert not page.metric


def prune() -> None:
    """All events but the newest leave the log; what was counted of them stays."""
    with open_services(load()) as services:
        seq = sign(services).seq
        lives.write(services, lives.life(NOW, "waiting"))
        fold(services)
        with services.store.write() as tx:
            tx.run("set_pruned", seq=seq)
            tx.run("drop_pruned_events", seq=seq)
    st.cache_resource.clear()


def days_ago(start: int, end: int) -> dict[str, str]:
    """The address of a range between two days."""
    wall = [f"{NOW - timedelta(days=ago):%Y-%m-%dT00:00}" for ago in (start, end)]
    return {"range": "custom", "from": wall[0], "to": wall[1]}


def test_what_was_counted_stays_when_its_events_leave_the_log(dashboard: Open) -> None:
    old = [event for i in range(20) for event in lives.life(NOW - timedelta(days=500, seconds=i), "completed")]
    dashboard([*old, *many("completed", 30)])
    prune()
    page = dashboard(**days_ago(505, 495))
    assert not page.error
    assert figures(page)["Started"] == "20"
    page = dashboard(**days_ago(140, 0), compare="year")
    started = next(metric for metric in page.metric if metric.label == "Started")
    assert started.proto.delta_description == "from 20"


def test_a_range_before_all_that_a_pruned_log_knows_is_told_and_not_shown_as_zeros(dashboard: Open) -> None:
    dashboard(many("completed", 30))
    prune()
    page = dashboard(**days_ago(900, 800))
    day = f"{YESTERDAY:%d %b %Y}"
    assert f"Old events have left the log, and nothing is known from before {day}: choose a later range." in said(page)
    assert not page.metric


def test_a_period_before_all_that_a_pruned_log_knows_is_compared_with_nothing(dashboard: Open) -> None:
    dashboard(many("completed", 30))
    prune()
    page = dashboard(**days_ago(10, 0), compare="year")
    assert {metric.delta for metric in page.metric} == {""}
    assert f"nothing is known from before {YESTERDAY:%d %b %Y}" in said(page)
    assert "compared with" not in said(page)


def test_a_log_that_has_lost_nothing_knows_that_nothing_happened(dashboard: Open) -> None:
    page = dashboard(many("completed", 30), **days_ago(900, 800))
    assert not page.error
    assert figures(page)["Started"] == "0"
    assert "nothing is known" not in said(page)


def test_a_custom_range_counts_between_its_ends(dashboard: Open) -> None:
    ends = {name: f"{NOW - timedelta(days=days):%Y-%m-%dT00:00}" for name, days in (("from", 10), ("to", 3))}
    page = dashboard(MONTH, range="custom", **ends)
    inside = [e for e in MONTH if e.kind == "signup.started" and ends["from"] <= e.at < ends["to"]]
    assert figures(page)["Started"] == count(len(inside))


def test_filters_that_match_nothing_offer_a_way_out(dashboard: Open) -> None:
    page = dashboard([*many("completed", 3), *lives.life(NOW - timedelta(days=40), "completed", country="NO")])
    page.multiselect(key="country").select("NO").run()
    assert "No sign-ups match." in said(page)
    page.button(key="clear_filters").click().run()
    assert page.multiselect(key="country").value == []
    assert figures(page)["Started"] == "3"


def test_an_error_leads_to_its_sign_ups_with_the_filters_of_the_screen(dashboard: Open) -> None:
    page = dashboard(many("failed", 12), range="7d", country="SE")
    links = [parse_qs(link.proto.query_string) for link in page.get("page_link")]
    assert {
        "range": ["7d"],
        "country": ["SE"],
        "outcome": ["failed"],
        "step": ["request"],
        "code": ["truecaller_error"],
    } in links


def test_a_warning_leads_to_those_who_met_it_and_went_on(dashboard: Open) -> None:
    warned = many("completed", 3)
    failed = replace(warned[-1], kind="profile.failed", details={"code": "profile_error", "ms": 9})
    page = dashboard([*warned[:-1], failed, warned[-1]])
    links = [parse_qs(link.proto.query_string) for link in page.get("page_link")]
    assert {"step": ["profile"], "code": ["profile_error"], "warned": ["1"]} in links


def test_a_quarantined_callback_leads_to_the_audit_log(dashboard: Open) -> None:
    stranger = Event(None, lives.life(NOW, "waiting")[0].at, "callback.quarantined", None, "callback", {})
    page = dashboard([*many("completed", 2), replace(stranger, details={"reason": "unknown_request"})])
    links = [parse_qs(link.proto.query_string) for link in page.get("page_link")]
    assert {"kind": ["callback.quarantined"]} in links


def test_numbers_that_cannot_be_renewed_stay_and_say_how_old_they_are(
    dashboard: Open, locked: Lock, eventually: Callable[..., Any]
) -> None:
    page = dashboard(many("completed", 3))
    with locked():
        eventually(lambda: "as of " in said(page.run()), 15)
    assert not any("as of " in caption.value for caption in page.caption)  # Streamlit pales them
    assert figures(page)["Started"] == "3"
    assert "The database is locked by another program: try again in a moment." in said(page)
    eventually(lambda: "updated " in said(page.run()), 15)


def test_numbers_whose_histograms_an_update_emptied_are_shown_and_counted_anew(
    dashboard: Open, eventually: Callable[..., Any]
) -> None:
    page = dashboard(many("completed", 3))
    before = figures(page)
    with open_services(load()) as services:
        without_histograms(services)
        st.cache_data.clear()
        st.cache_resource.clear()
        assert figures(page.run()).keys() == before.keys()
        assert figures(page)["Started"] == before["Started"]
        assert "The numbers are counted anew after an update" in said(page)
        fold(services)
        eventually(lambda: "updated " in said(page.run()), 15)
        assert figures(page) == before
        without_histograms(services, log_id="another")
        st.cache_resource.clear()
        assert "These are the numbers of another log" in said(page.run())
        assert figures(page) == {}


def test_numbers_that_were_counted_anew_are_shown_though_nothing_happened_since(
    dashboard: Open, eventually: Callable[..., Any]
) -> None:
    page = dashboard(many("completed", 3))
    with open_services(load()) as services:
        with services.rolls.write() as tx:
            tx.run("clear_roll_cells")
        st.cache_data.clear()
        assert figures(page.run())["Started"] == "0"
        rebuild_from_the_log(services)
    eventually(lambda: figures(page.run())["Started"] == "3", 15)


def test_a_log_that_cannot_be_read_is_told_with_what_to_do(dashboard: Open, locked: Lock) -> None:
    with locked():
        page = dashboard()
    assert not page.exception
    assert "The database is locked by another program: try again in a moment." in said(page)
    assert "No sign-ups yet" not in said(page)


def test_a_wrong_setting_stops_at_the_gate(dashboard: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNUP_LOCK_SECONDS", "never")
    page = dashboard()
    assert [error.proto.title for error in page.error] == ["The dashboard cannot start"]
    assert "SIGNUP_LOCK_SECONDS" in said(page)


def test_the_first_sign_up_makes_room_for_the_numbers(dashboard: Open, eventually: Callable[..., Any]) -> None:
    page = dashboard()
    with open_services(load()) as services:
        lives.write(services, lives.life(NOW, "waiting"))
    eventually(lambda: figures(page.run()).get("Started") == "1", 10)


@pytest.mark.parametrize(
    "told",
    [
        [],
        lives.life(NOW - timedelta(seconds=5), "waiting"),
        lives.life(NOW - timedelta(hours=2), "completed"),
        many("failed", 31),
        many("expired", 6, country="IN"),
        [lives.lock_hit(NOW - timedelta(minutes=3), "00000000-0000-0000-0000-000000000000", 3, "0" * 16)],
    ],
    ids=["nothing", "one open", "one completed", "all failed", "one country", "only a lock hit"],
)
@pytest.mark.parametrize("chosen", ["1h", "24h", "7d", "28d"])
def test_whatever_the_log_holds_every_card_draws_or_says_why_not(
    dashboard: Open, told: list[Event], chosen: str
) -> None:
    page = dashboard(told, range=chosen)
    assert not page.exception
    assert re.search(r"\bnan\b|None(?! has)|NaN|\+0\.0|-0\.0", said(page)) is None


def test_half_a_log_is_not_told_as_all_of_it(
    dashboard: Open, environ: Callable[..., dict[str, str]], eventually: Callable[..., Any]
) -> None:
    """Somebody else has the roll-ups in hand and is not through: until then no figure stands there."""
    with open_services(load(environ(), env_file=None), migrate=True) as services:
        with services.rolls.write():
            lives.write(services, many("completed", 3))
            page = dashboard()
            assert "The log is still being counted: 0 of " in said(page)
            assert figures(page) == {}
            assert "No sign-ups yet" not in said(page)
        fold(services)
    eventually(lambda: figures(page.run()).get("Started") == "3", 15)

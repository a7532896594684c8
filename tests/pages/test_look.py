"""What a reviewer looks at on every page, and where it is tested: here, or there where it was at home already.

No page has an error in the console, scrolls sideways or asks another host, light and dark, 1440 and 390 px wide:
    tests/pages/test_overview_in_a_browser.py test_the_page_fits_every_screen_and_asks_no_other_host
    tests/pages/test_lists_in_a_browser.py test_every_page_fits_the_screen_and_the_phone_and_stays_on_this_machine
Nothing reaches around Streamlit, colours stand in the theme, every chart and table has a key and a sentence:
    tests/house/test_dashboard_rules.py test_nothing_reaches_around_streamlit
    tests/house/test_dashboard_rules.py test_colours_stand_in_the_theme_and_in_two_marked_lists
    tests/house/test_dashboard_rules.py test_every_chart_and_table_has_a_key_and_a_sentence_for_those_who_cannot_see_it
Colours are told apart by every eye, and every text can be read:
    tests/unit/test_palette.py test_any_two_outcomes_differ_for_every_eye
    tests/unit/test_palette.py test_text_and_links_can_be_read_on_page_and_panel
A funnel row and its pieces are the row above, open is no loss, lock hits are in no row:
    tests/unit/test_measure_properties.py test_who_reached_a_funnel_row_and_who_stopped_before_it_are_the_row_above
    tests/unit/test_chart_rows.py test_open_sign_ups_are_no_loss_but_a_piece_of_their_own
    tests/unit/test_chart_rows.py test_lock_hits_stand_in_no_step_of_the_funnel
A rate never changes with the outcome filter, and is a dash over nothing:
    tests/pages/test_overview.py test_no_rate_changes_when_only_the_outcome_filter_changes
    tests/pages/test_overview.py test_a_rate_with_nothing_below_the_line_is_a_dash_and_never_zero
Every card draws or says why not, whatever the log holds; a day of 23 or 25 hours is below:
    tests/pages/test_overview.py test_whatever_the_log_holds_every_card_draws_or_says_why_not
    tests/pages/test_overview.py test_under_thirty_sign_ups_are_called_too_few_to_compare
    tests/pages/test_cards.py test_a_broken_card_says_one_sentence_and_the_others_live_on
While numbers come nothing moves, and an open drawer stays open:
    tests/pages/test_overview_in_a_browser.py test_new_sign_ups_change_the_numbers_and_nothing_else
    tests/pages/test_lists_in_a_browser.py test_what_is_new_comes_by_itself_and_nothing_else_moves
    tests/pages/test_lists_in_a_browser.py test_an_open_drawer_follows_its_sign_up_to_the_end
An address shows the same in a fresh browser, and a wrong value falls back:
    tests/pages/test_overview_in_a_browser.py test_an_address_shows_the_same_to_a_browser_that_knows_nothing
    tests/pages/test_overview.py test_a_value_that_makes_no_sense_falls_back_without_an_error
Keys alone start and approve a sign-up, open its timeline, start an export:
    tests/story/test_story.py test_by_keyboard_alone_a_bad_number_is_mended_and_a_sign_up_started_and_approved
    tests/pages/test_lists_in_a_browser.py test_a_timeline_opens_with_keys_alone
    tests/pages/test_lists_in_a_browser.py test_an_export_is_begun_with_keys_alone_and_downloaded_once
A number is the same on every page, in every command and in every file: below.
"""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import times
from signup.services import Services
from tests.fakes import ScriptedTruecaller, refused
from tests.machine import ROOT
from tests.pages.fixtures import lives
from tests.pages.fixtures.visits import completed, declined, numbered, said, visit
from tests.steps.story import begin, watch

STOCKHOLM = ZoneInfo("Europe/Stockholm")
ELSEWHERE = re.findall(r"^    (tests/\S+) (test_\w+)$", __doc__ or "", re.MULTILINE)


@pytest.mark.parametrize("file", sorted({file for file, _ in ELSEWHERE}))
def test_what_is_said_to_be_tested_elsewhere_is(file: str) -> None:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {test for named, test in ELSEWHERE if named == file} - there == set()


def days_of_other_length() -> dict[int, datetime]:
    """The newest local day of 23 hours and the newest of 25, each by its first moment."""
    found: dict[int, datetime] = {}
    midnight = datetime.combine(datetime.now(STOCKHOLM).date(), time(), STOCKHOLM)
    for ago in range(1, 370):
        day, following = midnight - timedelta(days=ago), midnight - timedelta(days=ago - 1)
        hours = round((following.astimezone(UTC) - day.astimezone(UTC)) / timedelta(hours=1))
        if hours != 24:
            found[hours] = day
    return found


@pytest.mark.parametrize("hours", [23, 25])
def test_a_day_of_another_length_is_counted_whole(dashboard: Callable[..., AppTest], hours: int) -> None:
    day = days_of_other_length()[hours]
    begun = [day.astimezone(UTC) + timedelta(hours=hour, minutes=7) for hour in range(-1, hours + 1)]
    told = [event for start in begun for nth in range(6) for event in lives.life(start, "completed", seed=nth)]
    ends = {"from": f"{day:%Y-%m-%dT00:00}", "to": f"{day + timedelta(days=1):%Y-%m-%dT00:00}"}
    page = dashboard(told, range="custom", interval="hour", **ends)
    page.context = {"timezone": STOCKHOLM.key}
    page.run()
    assert not page.exception
    started = next(metric for metric in page.metric if metric.label == "Started")
    assert started.value == str(hours * 6)
    assert f"times in {STOCKHOLM.key}" in said(page)
    assert re.search(r"\bnan\b|NaN|\+0\.0", said(page)) is None


@pytest.mark.parametrize("place", [0, 1])
def test_each_of_two_equal_hours_can_be_asked_for_alone(dashboard: Callable[..., AppTest], place: int) -> None:
    day = days_of_other_length()[25]
    two = (day.astimezone(UTC) + timedelta(hours=2 + place)).astimezone(STOCKHOLM)
    told = [
        event
        for hour in range(25)
        for event in lives.life(day.astimezone(UTC) + timedelta(hours=hour, minutes=7), "completed", seed=hour)
    ]
    ends = {"from": times.written(two, STOCKHOLM)}
    ends["to"] = times.written(two.astimezone(UTC) + timedelta(hours=1), STOCKHOLM)
    assert two.hour == 2
    page = dashboard(told, range="custom", **ends)
    page.context = {"timezone": STOCKHOLM.key}
    page.run()
    assert next(metric for metric in page.metric if metric.label == "Started").value == "1"


def test_a_number_is_the_same_on_every_page_in_every_command_and_in_a_file(
    street: Services, truecaller: ScriptedTruecaller, tmp_path: Path
) -> None:
    for nth in range(3):
        completed(street, numbered(nth))
    for nth in range(3, 5):
        declined(street, numbered(nth))
    truecaller.will_answer(refused("truecaller_error"))
    begin(street, numbered(5))
    begin(street, numbered(6))
    begin(street, numbered(6))
    watch(street)
    now = datetime.now(UTC)
    window = {"from": f"{now - timedelta(hours=2):%Y-%m-%dT%H:%M}", "to": f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M}"}
    between = [f"--{name}={value}" for name, value in window.items()]

    asked = json.loads(command("stats", "--json", *between))
    command("export", "--what=signups", "--format=ndjson", f"--out={tmp_path}/signups.ndjson", *between)
    file = [json.loads(line)["status"] for line in (tmp_path / "signups.ndjson").read_text("utf-8").splitlines()]
    counts = {name: asked[name] for name in ("started", "completed", "declined", "failed", "open", "lockHits")}
    assert counts == {"started": 7, "completed": 3, "declined": 2, "failed": 1, "open": 1, "lockHits": 1}
    assert (len(file), file.count("completed"), file.count("waiting")) == (7, 3, 1)

    overview = visit("overview", range="custom", **window)
    figures = {metric.label: str(metric.value).removeprefix(":gray[").rstrip("]") for metric in overview.metric}
    assert {name: figures[name] for name in ("Started", "Completed", "Open now", "Hits")} == {
        "Started": "7",
        "Completed": "3",
        "Open now": "1",
        "Hits": "1",
    }
    assert figures["Success rate"] == f"{asked['successRate']:.1%}" == "50.0%"
    assert "Showing 1–7 of 7" in said(visit("signups", range="custom", **window))
    assert "Showing 1–3 of 3" in said(visit("signups", range="custom", outcome="completed", **window))


def command(*words: str) -> str:
    """What a command says on stdout, run over the same database."""
    done = subprocess.run(
        [sys.executable, "-m", "signup", *words], check=True, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    return done.stdout

"""The drawers of Try it with all of it at work: a scenario played and saved, a callback of the timeline sent again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.playing import Playing
from signup.flow import signups
from signup.model import RequestAnswer
from signup.scenario.play import play as play_story
from signup.scenario.record import recorded
from signup.scenario.story import read
from signup.services import Services
from tests.fakes import ScriptedTruecaller
from tests.pages.fixtures.visits import said, visit
from tests.steps.story import details
from tests.story.in_a_hurry import walking
from tests.web.receiver_tools import eventually


@pytest.fixture
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """Sandbox, receiver and watcher; pages open the same database."""
    st.cache_resource.clear()
    with walking(tmp_path) as (services, chosen):
        for name, value in chosen.items():
            monkeypatch.setenv(name, value)
        yield services
    st.cache_resource.clear()


def play(page: AppTest) -> AppTest:
    page.button(key="scenario_play").click().run()
    page.session_state["scenario_playing"].join(30)
    page.run()
    assert not page.exception
    return page


def test_a_shipped_scenario_is_played_from_the_page_step_by_step_and_a_wrong_file_is_told(street: Services) -> None:
    page = visit("try_it")
    page.button(key="scenarios").click().run()
    assert len(page.selectbox(key="scenario").options) == 10
    page.selectbox(key="scenario").select("another-number")
    told = said(play(page))
    assert "5 of 5 steps" in told
    assert ":green[:material/check:] 2 expect: declined (use_another_number)" in told
    assert "All as expected." in told
    page.file_uploader(key="scenario_file").upload("mine.json", b'{"format": 1}', "application/json").run()
    page.button(key="scenario_play").click().run()
    assert "This is no scenario: name: is missing; steps: is missing" in said(page)


def test_a_story_that_would_wait_for_long_can_be_stopped(street: Services) -> None:
    page = visit("try_it")
    page.button(key="scenarios").click().run()
    patient = b"""{"format": 1, "name": "patient", "steps": [
        {"do": "start", "persona": "ignore"}, {"do": "expect", "status": "completed", "within": 600}]}"""
    page.file_uploader(key="scenario_file").upload("patient.json", patient, "application/json").run()
    page.button(key="scenario_play").click().run()
    page.button(key="scenario_stop").click().run()
    page.session_state["scenario_playing"].join(10)
    page.run()
    assert "It was stopped: what it had begun goes on by itself." in said(page)
    assert [button.key for button in page.button if button.key == "scenario_stop"] == []
    assert not page.button(key="scenario_play").disabled


def test_a_story_says_for_which_other_one_it_waits_until_that_is_over(street: Services) -> None:
    other = read(b'{"format": 1, "name": "The *other* one", "steps": [{"do": "start", "persona": "approve"}]}')
    playing = play_story(street, other, actor="cli")
    next(playing)
    page = visit("try_it")
    page.button(key="scenarios").click().run()
    page.button(key="scenario_play").click().run()
    eventually(lambda: page.session_state["scenario_playing"].waits_for)
    told = said(page.run())
    assert "It waits: one scenario is played at a time, and this one is at work:" in told
    assert "The *other* one" in [text.value for text in page.text]
    assert "It is being played." not in told
    assert list(playing) == []
    page.session_state["scenario_playing"].join(30)
    told = said(page.run())
    assert "It waits" not in told
    assert "All as expected." in told


class Broken(ScriptedTruecaller):
    """A fault that nobody foresaw."""

    def request(self, number: int, state: str) -> RequestAnswer:
        raise RuntimeError(len(f"{number}{state}"))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_story_that_breaks_off_is_not_said_to_differ(street: Services) -> None:
    story = read(b'{"format": 1, "name": "breaks", "steps": [{"do": "start", "persona": "approve"}]}')
    playing = Playing(replace(street, truecaller=Broken()), story, actor="user:local")
    playing.join(30)
    page = visit("try_it")
    page.session_state["scenario_playing"] = playing
    told = said(page.button(key="scenarios").click().run())
    assert "0 of 1 steps" in told
    assert "It ended without a word: look into the dashboard's log." in told
    assert "It differs" not in told


def test_a_callback_of_the_timeline_is_sent_again_edited_by_choice_and_the_story_is_saved(street: Services) -> None:
    page = visit("try_it")
    page.button(key="scenarios").click().run()
    page.selectbox(key="scenario").select("approve")
    play(page)
    signup = signups.page(street, signups.Wanted(), limit=1)[0].id
    page = visit("try_it", signup=signup)
    [again] = [button for button in page.button if str(button.key).startswith("again-")]
    again.click().run()
    state = next(group for group in page.button_group if group.label == "State")
    state.set_value("Another").run()
    assert '"state": "another-state"' in said(page)
    page.button(key="send_again").click().run()
    assert "answered 200" in said(page)
    assert details(street, "callback.quarantined") == [{"reason": "state_mismatch", "replay": True}]
    story = read(str(recorded(street, signup)).encode())
    assert [step.do for step in story.steps] == ["start", "expect", "sendAgain", "expect"]

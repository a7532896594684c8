"""The card of Try it beside the phone: one sign-up, its clocks and its timeline, never two numbers mixed."""

import re
from dataclasses import replace

from streamlit.testing.v1 import AppTest

from signup.model import Exchange
from signup.services import Services
from tests.fakes import ScriptedTruecaller, accepted, no_profile
from tests.pages.fixtures.visits import NUMBER, OTHER, completed, said, visit
from tests.steps.story import begin

LATELY = 240
"""Seconds that bring the hand clock to a minute ago: what began then is still locked for the page."""


def start(page: AppTest, number: str) -> AppTest:
    page.text_input(key="try_number").set_value(number).run()
    return next(button for button in page.button if button.label == "Start sign-up").click().run()


def clocks(page: AppTest) -> list[str]:
    """The names of the clocks that run."""
    return re.findall(r":\] ([a-z ]+) \*\*\d+:\d\d\*\*", said(page))


def test_while_a_token_waits_for_its_profile_its_time_runs_beside_the_lock(
    street: Services, truecaller: ScriptedTruecaller
) -> None:
    truecaller.will_show(no_profile())
    street.clock.move(LATELY)
    assert clocks(visit("try_it", signup=completed(street, NUMBER))) == ["lock", "token"]


def test_a_wiped_token_has_no_time_left(street: Services) -> None:
    street.clock.move(LATELY)
    assert clocks(visit("try_it", signup=completed(street, NUMBER))) == ["lock"]


def test_a_refused_number_is_not_told_over_the_sign_up_of_another(street: Services) -> None:
    street.clock.move(LATELY)
    begin(street, OTHER)
    street.clock.move(1)
    page = start(visit("try_it", signup=completed(street, NUMBER)), OTHER)
    assert "+91 ••• ••• 32 10 is locked, nothing was sent" in said(page)
    assert "signup" not in page.query_params
    assert list(page.expander) == []


def test_a_step_back_to_a_sign_up_after_a_refusal_shows_that_one_alone(street: Services) -> None:
    street.clock.move(LATELY)
    begin(street, OTHER)
    street.clock.move(1)
    found = completed(street, NUMBER)
    page = start(visit("try_it", signup=found), OTHER)
    page.query_params["signup"] = found
    page.run()
    assert "nothing was sent" not in said(page)
    assert next(step.label.split("**")[1] for step in page.expander) == "Number accepted"


def test_a_refusal_stands_over_the_sign_up_that_holds_the_lock(street: Services) -> None:
    street.clock.move(LATELY)
    found = str(begin(street, NUMBER).signup_id)
    page = start(visit("try_it", signup=found), NUMBER)
    assert "+46 ••• ••• 45 67 is locked, nothing was sent" in said(page)
    assert page.query_params["signup"] in (found, [found])


def test_each_try_of_a_request_says_which_it_was_and_how_it_ended(
    street: Services, truecaller: ScriptedTruecaller
) -> None:
    first = Exchange("POST", "https://truecaller.example/v1", {}, "{}", 503, {}, "", ms=12)
    second = replace(first, status=None, ms=8000, failure="timeout")
    truecaller.will_answer(replace(accepted("request-1"), exchanges=(first, second)))
    text = said(visit("try_it", signup=str(begin(street, NUMBER).signup_id)))
    assert "Try 1 of 2 · 503 · 12 ms" in text
    assert "Try 2 of 2 · no answer (timeout) · 8000 ms" in text

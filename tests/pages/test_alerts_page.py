import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import watched
from signup.clock import HandClock
from signup.measure.alerts import delivery, kept
from signup.measure.alerts.rules import DEFAULTS
from signup.services import Services
from tests.alerting import outage
from tests.machine import away
from tests.pages.fixtures.visits import cells, said, visit
from tests.steps.story import details
from tests.steps.test_webhooks import CANARY, SECRET
from tests.upstream import answer, upstream

PAGES = ("try_it", "signups", "alerts", "audit", "health")
Opening = Callable[..., AbstractContextManager[Services]]


@pytest.fixture
def street(street: Services) -> Services:
    """The street, its clock where a minute begins: a minute of trouble is then a whole one to the rules."""
    assert isinstance(street.clock, HandClock)
    now = street.clock.now()
    street.clock.move(-(now.second + now.microsecond / 1_000_000))
    return street


@pytest.fixture
def broken(street: Services) -> Services:
    """A street on which Truecaller knew no app key for eight minutes, just now."""
    assert isinstance(street.clock, HandClock)
    street.clock.move(-240)
    return in_trouble(street)


def in_trouble(services: Services, minutes: int = 8) -> Services:
    """So many more bad minutes, and nobody has looked in the last second."""
    assert isinstance(services.clock, HandClock)
    outage(services, services.clock, minutes)
    watched.again()
    return services


def in_the_head(page: AppTest) -> list[str]:
    """What fires, as the top of the page says it."""
    return [link.proto.label for link in page.get("page_link") if "notification_important" in link.proto.label]


def badges(page: AppTest) -> list[str]:
    """The states of the rules, in order."""
    found = [re.match(r":(\w+)-badge\[:material/\w+: ([^\]]+)\]", text.value) for text in page.markdown]
    return [f"{badge[1]} {badge[2]}" for badge in found if badge and badge[2] != "Sandbox"]


def told_of_the_trial(page: AppTest) -> Iterator[tuple[str, str]]:
    for table in page.table:
        texts = cells(table.value)
        yield from zip(texts[: len(texts) // 2], texts[len(texts) // 2 :], strict=True)


def test_before_the_first_round_every_rule_says_so(street: Services) -> None:
    page = visit("alerts")
    assert badges(page) == ["gray Not looked at yet"] * 5
    assert [metric.label for metric in page.metric] == [rule.figure.name for rule in DEFAULTS.values()]
    assert in_the_head(page) == []
    assert "Set `SIGNUP_WEBHOOK_URL` and `SIGNUP_WEBHOOK_SECRET`" in said(page)


def test_each_rule_says_how_it_stands_and_on_what(broken: Services) -> None:
    page = visit("alerts")
    assert badges(page) == ["green OK", "orange Pending", "green OK", "green OK", "red Alerting"]
    assert [metric.value for metric in page.metric] == ["–", "100.0%", ":gray[0.0%]", "–", "16"]
    assert "16 of 16 failed · the last 15 min" in said(page)
    assert "Warns above 5%, alerts above 20%, recovers from 3% down; needs at least 10" in said(page)
    assert "Alerts from 1 on, recovers at 0" in said(page)


def test_a_value_of_less_than_the_rule_needs_is_grey(street: Services) -> None:
    in_trouble(street, 2)
    assert [metric.value for metric in visit("alerts").metric][:4] == ["–", ":gray[100.0%]", ":gray[0.0%]", "–"]


@pytest.mark.parametrize("name", PAGES)
def test_what_fires_stands_at_the_top_of_every_page(broken: Services, name: str) -> None:
    assert in_the_head(visit(name)) == [":red-badge[:material/notification_important: App key]"]


def test_several_are_counted_and_a_warning_alone_is_no_alarm(street: Services) -> None:
    kept.edit(street, replace(DEFAULTS["appKey"], warn=1_000_000, alert=999_000_000), "user:local")
    assert in_the_head(visit("health")) == []
    in_trouble(street, 1)
    assert in_the_head(visit("alerts")) == [":orange-badge[:material/notification_important: App key]"]
    assert "orange Alerting, a warning" in badges(visit("alerts"))
    in_trouble(street, 12)
    assert in_the_head(visit("alerts")) == [":red-badge[:material/notification_important: 2 alerts]"]


def test_a_state_that_nobody_looked_at_for_minutes_says_how_old_it_is(street: Services) -> None:
    in_trouble(street, 1)
    page = visit("alerts")
    at = f"{street.clock.now():%H:%M}"
    states = [text.value for text in page.markdown if re.match(r":\w+-badge", text.value)]
    assert [":orange[as of " in state and state.endswith(f"{at}]") for state in states[-5:]] == [True] * 5
    assert f"{at}: all of this is that old. Health shows whether a watcher runs." in said(page)
    in_trouble(street, 4)
    page = visit("alerts")
    assert "as of" not in said(page)
    assert "last looked at" not in said(page)


def test_each_edit_button_says_which_rule_it_is_about(street: Services) -> None:
    signs = [button.help for button in visit("alerts").button if button.label == "Edit and try"]
    assert signs == [f"Edit and try {rule.figure.name}" for rule in DEFAULTS.values()]


def test_every_change_leads_to_what_fired_and_what_was_edited(street: Services) -> None:
    (link,) = [link.proto for link in visit("alerts").get("page_link") if link.proto.label == "Every change"]
    assert parse_qs(link.query_string) == {"kind": ["alert.changed", "settings.changed"]}


def test_a_rule_is_edited_in_its_drawer_and_the_log_tells_of_it(street: Services) -> None:
    page = visit("alerts")
    page.button(key="edit_errorRate").click().run()
    assert page.query_params["rule"] == "errorRate"
    page.number_input(key="errorRate_warn").set_value(7.5)
    page.number_input(key="errorRate_least").set_value(25)
    page.toggle(key="errorRate_tell_no_data").set_value(True)
    page.button(key="save_rule").click().run()
    assert not page.exception
    changed = replace(DEFAULTS["errorRate"], warn=75_000, least=25, tell_no_data=True)
    assert [each.rule for each in kept.watched(street) if each.changed] == [changed]
    assert details(street, "settings.changed") == [{"name": "alerts_errorRate"}]
    assert "rule" not in page.query_params
    assert "Warns above 7.5%, alerts above 20%, recovers from 3% down; needs at least 25 · edited" in said(page)


def test_back_to_the_default_is_offered_for_what_was_edited(street: Services) -> None:
    assert not [button for button in visit("alerts", rule="errorRate").button if button.key == "default_rule"]
    kept.edit(street, replace(DEFAULTS["errorRate"], least=25), "user:local")
    watched.again()
    page = visit("alerts", rule="errorRate")
    page.button(key="default_rule").click().run()
    assert not any(each.changed for each in kept.watched(street))


def test_a_rule_that_makes_no_sense_is_refused_with_the_reason(street: Services) -> None:
    page = visit("alerts", rule="errorRate")
    page.number_input(key="errorRate_warn").set_value(90.0)
    page.button(key="save_rule").click().run()
    assert [error.value for error in page.error] == [
        "The thresholds must stand in order: recover first, then warn, then alert."
    ]
    assert page.query_params["rule"] == "errorRate"
    assert not any(each.changed for each in kept.watched(street))


def test_a_rule_is_tried_on_the_last_30_days_without_being_saved(broken: Services) -> None:
    page = visit("alerts", rule="errorRate")
    page.button(key="try_rule").click().run()
    assert "**It would not have fired.**" in said(page)
    page.number_input(key="errorRate_least").set_value(2)
    page.button(key="try_rule").click().run()
    assert not page.exception
    assert "**It would have fired once**" in said(page)
    ((when, how),) = told_of_the_trial(page)
    assert when.endswith("– now")
    assert re.search(r"Alert\] at worst 100\.0% \(\d+ of \d+\)", how)
    assert "of the minutes there was too little to look at" in said(page)
    assert not any(each.changed for each in kept.watched(broken))


def test_an_unknown_rule_in_the_address_is_dropped(street: Services) -> None:
    assert "rule" not in visit("alerts", rule="another").query_params


def test_what_was_told_is_listed_with_what_became_of_it_and_no_more_of_the_address(opening: Opening) -> None:
    with upstream(answer(500), answer(204)) as server:
        chosen = {"webhook_url": f"{server.url}/{CANARY}", "webhook_secret": SECRET, "webhook_private": "true"}
        with opening(**chosen) as services:
            assert "Nothing has been sent yet." in said(visit("alerts"))
            in_trouble(services, 11)
            delivery.deliver(services)
            page = visit("alerts")
    found = page.dataframe[0].value
    assert list(found["Message"]) == [
        "Error rate: 100.0% (20 of 20). Alert: above 20%.",
        "App key: 2. Alert: from 1 on.",
    ]
    assert [cell[0] for cell in found["Delivery"]] == ["taken", "waiting"]
    assert list(found["Answer"]) == ["204", "500"]
    assert "to 127.0.0.1, signed" in said(page)
    assert CANARY not in said(page) + found.to_string()


def test_with_the_database_away_the_page_says_so(opening: Opening, postgres_server: str, postgres_url: str) -> None:
    with opening(database_url=postgres_url):
        page = visit("alerts")
        with away(postgres_server, postgres_url):
            watched.again()
            page.run()
            assert not page.exception
            assert [error.value for error in page.error] == ["The rules cannot be read now: see Health."]

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.parts.pager import PAGE
from signup.flow import signups
from signup.services import Services
from tests.fakes import ScriptedTruecaller, no_profile, profile, refused
from tests.pages.fixtures.visits import NUMBER, OTHER, completed, declined, numbered, said, table, visit
from tests.steps.story import VALUE, begin, details, state_of, watch


def statuses(page: AppTest) -> list[str]:
    return [cell[0] for cell in table(page, "Status")["Status"]]


def everything(page: AppTest) -> str:
    """Every text and every cell that was sent to the browser."""
    return said(page) + "".join(frame.value.to_string() for frame in page.dataframe)


def test_sign_ups_are_listed_masked_and_newest_first(street: Services) -> None:
    completed(street, NUMBER)
    street.clock.move(60)
    declined(street, OTHER)
    page = visit("signups")
    rows = table(page, "Status")
    assert statuses(page) == ["Declined", "Completed"]
    assert list(rows["Number"]) == ["+91 ••• ••• 32 10", "+46 ••• ••• 45 67"]
    assert list(rows["Country"]) == ["India", "Sweden"]
    assert rows["Code"][0] == "user_rejected"
    assert str(VALUE) not in re.sub(r"\D", "", everything(page))
    assert "Showing 1–2 of 2" in said(page)


def test_what_another_process_did_is_there_at_the_next_look(street: Services) -> None:
    begin(street, NUMBER)
    page = visit("signups")
    assert statuses(page) == ["Open"]
    street.clock.move(1)
    completed(street, OTHER)
    assert statuses(page.run()) == ["Completed", "Open"]


@pytest.mark.parametrize(
    ("address", "left"),
    [
        ({"outcome": "open"}, ["Open"]),
        ({"outcome": ["completed", "declined"]}, ["Declined", "Completed"]),
        ({"country": "IN"}, ["Declined"]),
        ({"channel": "web"}, ["Open", "Declined"]),
        ({"outcome": "nonsense", "country": "??", "range": "7y"}, ["Open", "Declined", "Completed"]),
    ],
)
def test_the_address_chooses_which(street: Services, address: dict[str, str | list[str]], left: list[str]) -> None:
    completed(street, NUMBER, channel="api")
    street.clock.move(1)
    declined(street, OTHER)
    street.clock.move(1)
    begin(street, numbered(1))
    assert statuses(visit("signups", **address)) == left


def test_a_pill_goes_into_the_address(street: Services) -> None:
    completed(street, NUMBER)
    page = visit("signups")
    page.get_by_key("outcome").set_value(["failed"]).run()
    assert page.query_params["outcome"] == "failed"
    assert "No sign-ups match." in said(page)
    page.button(key="clear_filters").click().run()
    assert statuses(page) == ["Completed"]
    assert "outcome" not in page.query_params


def test_an_error_of_the_overview_shows_those_that_it_ended(street: Services, truecaller: ScriptedTruecaller) -> None:
    truecaller.will_answer(refused("truecaller_error"), refused("number_not_eligible"))
    begin(street, NUMBER)
    begin(street, OTHER)
    page = visit("signups", step="request", code="truecaller_error", outcome="failed")
    assert list(table(page, "Status")["Code"]) == ["truecaller_error"]
    page.button(key="cause").click().run()
    assert len(table(page, "Status")) == 2
    assert "code" not in page.query_params


@pytest.mark.parametrize(("chosen", "left"), [([], 1), (["failed", "declined"], 1), (["declined"], 0)])
def test_an_error_is_looked_for_within_whatever_outcomes_are_chosen(
    street: Services, truecaller: ScriptedTruecaller, chosen: list[str], left: int
) -> None:
    truecaller.will_answer(refused("truecaller_error"))
    begin(street, NUMBER)
    declined(street, OTHER)
    page = visit("signups", step="request", code="truecaller_error", outcome="failed")
    page.get_by_key("outcome").set_value(chosen).run()
    assert f"of {left} · newest first" in said(page)


def test_a_warning_of_the_overview_shows_those_that_met_it_and_went_on(
    street: Services, truecaller: ScriptedTruecaller
) -> None:
    truecaller.will_show(no_profile(), profile(VALUE))
    slow = completed(street, NUMBER)
    street.clock.move(30)
    watch(street)
    completed(street, OTHER)
    rows = table(visit("signups", step="profile", code="profile_error", warned="1"), "Status")
    assert list(rows["Sign-up"]) == [slow[:13]]
    assert [cell[0] for cell in rows["Status"]] == ["Completed"]


@pytest.mark.parametrize("words", ["+46 76 123 45 67", "0046761234567", "request-1", "the id"])
def test_a_search_takes_a_number_our_id_or_their_request_id(street: Services, words: str) -> None:
    found = completed(street, NUMBER)
    declined(street, OTHER)
    page = visit("signups", outcome="failed")
    page.text_input(key="search_signups").set_value(found if words == "the id" else words).run()
    assert list(table(page, "Status")["Sign-up"]) == [found[:13]]
    assert "the filters play no part" in said(page)


def test_what_was_searched_for_never_gets_into_the_address(street: Services) -> None:
    page = visit("signups")
    page.text_input(key="search_signups").set_value(NUMBER).run()
    assert "No sign-up has this number or id." in said(page)
    assert "45" not in str(page.query_params)


def test_before_the_first_sign_up_the_page_says_what_will_come(street: Services) -> None:
    page = visit("signups")
    assert "No sign-ups yet" in said(page)
    assert page.button(key="go_try_it").label == "Try it"


def test_a_range_without_sign_ups_says_so(street: Services) -> None:
    street.clock.move(-timedelta(days=3).total_seconds())
    completed(street, NUMBER)
    assert "No sign-ups in this range. Choose a longer one." in said(visit("signups", range="1h"))


def test_a_range_that_makes_no_sense_is_told_in_a_sentence(street: Services) -> None:
    page = visit("signups", range="custom", **{"from": "2026-11-02T00:00", "to": "2026-11-01T00:00"})
    assert "The range ends before it begins" in said(page)


def test_older_pages_stand_still_and_count_what_is_new(street: Services) -> None:
    ids = []
    for nth in range(PAGE + 3):
        street.clock.move(1)
        ids.append(str(begin(street, numbered(nth)).signup_id))
    page = visit("signups")
    assert "Showing 1–200 of 203" in said(page)
    page.button(key="signups_older").click().run()
    assert list(table(page, "Status")["Sign-up"]) == [signup_id[:13] for signup_id in reversed(ids[:3])]
    assert page.query_params["before"] == ids[3]
    assert statuses(visit("signups", before=ids[3])) == ["Open"] * 3
    assert page.button(key="signups_older").disabled
    assert page.button(key="signups_fresh").label == "No new sign-ups"

    street.clock.move(1)
    completed(street, OTHER)
    page.run()
    assert "Showing 201–203 of 204" in said(page)
    assert page.button(key="signups_fresh").label == "1 new sign-up"
    page.button(key="signups_fresh").click().run()
    assert statuses(page)[:2] == ["Completed", "Open"]
    assert "Showing 1–200 of 204" in said(page)


def test_the_address_of_a_sign_up_opens_its_drawer(street: Services) -> None:
    page = visit("signups", signup=declined(street, NUMBER))
    text = said(page)
    assert "**Sweden** :gray[(number range)] · web" in text
    assert [step.label.split("**")[1] for step in page.expander] == [
        "Number accepted",
        "Lock taken",
        "Request sent, Truecaller accepted it",
        "Callback stored",
        "Declined by the person",
    ]
    assert "All 4 events are sealed; the last one has seq 4." in text


def test_an_open_sign_up_says_what_it_waits_for(street: Services) -> None:
    page = visit("signups", signup=str(begin(street, NUMBER).signup_id))
    assert "gives up at" in said(page)
    assert "answer within" in said(page)
    assert "**Phone is ringing**" in [status.label for status in page.status]


def test_an_unknown_sign_up_leaves_the_address_and_is_told(street: Services) -> None:
    page = visit("signups", signup="019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22")
    assert "signup" not in page.query_params
    assert [toast.value for toast in page.toast] == ["This sign-up is not known here: it may have been removed."]


def test_a_profile_is_masked_until_a_reason_is_given(street: Services, truecaller: ScriptedTruecaller) -> None:
    truecaller.will_show(profile(VALUE, firstName="Elsa", city="Lund"))
    found = completed(street, NUMBER)
    page = visit("signups", signup=found)
    assert "+46 ••• ••• 45 67 :green[proved]" in said(page)
    assert "2 more fields" in said(page)
    assert "Elsa" not in everything(page)

    page.form_submit_button[0].click().run()
    assert "Elsa" not in everything(page)
    assert details(street, "profile.revealed") == []

    page.text_input(key="reveal_reason").set_value("The person wrote to support")
    page.form_submit_button[0].click().run()
    assert dict(table(page, "Field").to_numpy()) == {"Number": f"+{VALUE}", "city": "Lund", "firstName": "Elsa"}
    assert len(details(street, "profile.revealed")) == 1
    assert "Elsa" not in everything(visit("signups", signup=found)), "another visitor has to give a reason too"


def test_a_reveal_is_told_of_the_one_local_user(street: Services) -> None:
    found = completed(street, NUMBER)
    page = visit("signups", signup=found)
    page.text_input(key="reveal_reason").set_value("Because")
    page.form_submit_button[0].click().run()
    last = signups.timeline(street, found)[-1]
    assert (last.kind, last.actor) == ("profile.revealed", "user:local")
    assert "Because" not in str(last.details)


def form(page: AppTest, name: str) -> Any:
    """A form's button by what it says."""
    return next(button for button in page.form_submit_button if button.label == name)


def test_a_person_is_erased_with_a_reason_and_the_receipt_is_shown_once(street: Services) -> None:
    found = completed(street, NUMBER)
    page = visit("signups", signup=found)
    assert "Erase this person" in [block.proto.popover.label for block in page.get("popover")]
    form(page, "Erase this person").click().run()
    assert "nobody is erased without a reason" in page.toast[0].value
    assert details(street, "audit.erased") == []

    page.text_input(key="erase_reason").set_value("A letter of 3 May")
    form(page, "Erase this person").click().run()
    [told] = details(street, "audit.erased")
    assert f"erased {told['receiptId']}" in said(page)
    assert "1 sign-up was" in said(page)
    assert "45 67" not in everything(page), "nor in the drawer's head"
    later = visit("signups", signup=found)
    assert "A person who was erased" in [block.proto.dialog.title for block in later.get("dialog")]
    assert told["receiptId"] not in said(later)
    assert [button.label for button in later.form_submit_button] == [], "there is nothing left to reveal or erase"
    assert list(table(later, "Status")["Number"]) == ["forgotten"]


def test_a_person_whose_sign_up_is_open_is_not_erased_and_told_why(street: Services) -> None:
    begun = begin(street, NUMBER)
    page = visit("signups", signup=begun.signup_id)
    [popover] = [block.proto.popover for block in page.get("popover") if "Erase" in block.proto.popover.label]
    assert popover.disabled
    assert "still open" in popover.help


def test_another_open_sign_up_of_the_person_is_told_with_the_time_it_ends(street: Services) -> None:
    found = completed(street, NUMBER)
    street.clock.move(400)
    begin(street, NUMBER)
    page = visit("signups", signup=found)
    page.text_input(key="erase_reason").set_value("They asked")
    form(page, "Erase this person").click().run()
    assert "still open, until" in page.toast[0].value
    assert details(street, "audit.erased") == []


def test_an_erased_number_is_searched_without_an_error(street: Services) -> None:
    found = completed(street, NUMBER)
    signups.erase(street, found, reason="They asked", actor="cli", say=lambda _: None)
    page = visit("signups")
    page.text_input(key="search_signups").set_value(NUMBER).run()
    assert not page.exception
    assert "No sign-up has this number" in said(page)


def test_neither_state_nor_token_is_ever_shown(street: Services, truecaller: ScriptedTruecaller) -> None:
    found = completed(street, NUMBER)
    page = visit("signups", signup=found)
    assert state_of(truecaller) not in everything(page)
    assert "the-token" not in everything(page)


def test_the_way_to_the_log_reaches_back_to_the_start_of_an_old_sign_up(street: Services) -> None:
    street.clock.move(-timedelta(days=40).total_seconds())
    found = completed(street, NUMBER)
    link = next(link for link in visit("signups", signup=found).get("page_link") if "audit" in link.proto.page)
    address = dict(parse_qsl(link.proto.query_string))
    assert (address["about"], address["range"]) == (found, "custom")
    assert len(table(visit("audit", **address), "Seq")) == 5

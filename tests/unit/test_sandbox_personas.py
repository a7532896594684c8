"""The cast of the sandbox: reserved numbers, one fixed outcome each."""

from pathlib import Path

import phonenumbers
import pytest

from sandbox import listing, profiles
from sandbox.numbers import AUSTRALIA, NEW_YORK, SOMEBODY_ELSE, SWEDEN, WASHINGTON
from sandbox.personas import BY_NUMBER, PERSONAS


def test_each_persona_has_ten_numbers_of_its_own():
    assert all(len(persona.numbers) == 10 for persona in PERSONAS)
    assert len(BY_NUMBER) == 10 * len(PERSONAS)


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_every_number_is_reserved_for_fiction_and_valid(persona):
    for number in persona.numbers:
        assert number in (*SWEDEN, *AUSTRALIA, *WASHINGTON, *NEW_YORK)
        assert phonenumbers.is_valid_number(phonenumbers.parse(f"+{number}"))


def test_the_ranges_are_those_of_the_regulators():
    assert (SWEDEN[0], SWEDEN[-1]) == (46701740605, 46701740699)
    assert (WASHINGTON[0], WASHINGTON[-1]) == (12025550100, 12025550199)
    assert (NEW_YORK[0], NEW_YORK[-1]) == (12125550100, 12125550199)
    assert all(61491570000 < number < 61491580000 for number in AUSTRALIA)


def test_somebody_else_is_no_persona():
    assert SOMEBODY_ELSE in WASHINGTON
    assert SOMEBODY_ELSE not in BY_NUMBER


def test_every_outcome_that_truecaller_has_is_played_by_somebody():
    assert {persona.name: (persona.outcome, persona.code) for persona in PERSONAS} == {
        "approve": ("completed", None),
        "approve_after_5s": ("completed", None),
        "approve_after_30s": ("completed", None),
        "decline": ("declined", "user_rejected"),
        "another_number": ("declined", "use_another_number"),
        "ignore": ("expired", None),
        "opened_first": ("completed", None),
        "duplicate_callback": ("completed", None),
        "early_callback": ("completed", None),
        "late_token": ("expired", None),
        "wrong_state": ("expired", None),
        "not_eligible": ("failed", "number_not_eligible"),
        "bad_app_key": ("failed", "bad_app_key"),
        "rate_limited": ("failed", "rate_limited"),
        "server_error": ("failed", "truecaller_error"),
        "slow": ("completed", None),
        "token_refused": ("failed", "token_rejected"),
        "profile_error": ("failed", "profile_error"),
        "wrong_number": ("failed", "number_mismatch"),
        "partial_profile": ("completed", None),
    }


def test_each_description_is_one_sentence():
    assert all(persona.description.endswith(".") for persona in PERSONAS)
    assert all(". " not in persona.description for persona in PERSONAS)


def test_the_table_names_each_persona_with_its_numbers():
    table = listing.table()
    assert all(persona.name in table and persona.description in table for persona in PERSONAS)
    assert "+46701740610 to +46701740619" in table
    assert all(f"+{number}" in table for number in AUSTRALIA)


def test_the_docs_show_the_table() -> None:
    docs = Path(__file__).parents[2] / "docs" / "sandbox.md"
    assert listing.markdown() in docs.read_text("utf-8"), "put in what sandbox.listing.markdown() returns"


def test_a_number_always_has_the_same_person():
    assert profiles.profile(46701740610, 46701740610) == profiles.profile(46701740610, 46701740610)


def test_a_profile_lives_where_its_number_does():
    countries = {profiles.profile(number, number)["addresses"][0]["countryCode"] for number in BY_NUMBER}
    assert countries == {"SE", "AU", "US"}
    assert profiles.profile(81312345678, 81312345678)["addresses"][0]["countryCode"] is None


def test_a_profile_never_names_a_real_address_on_the_net():
    found = profiles.profile(46701740610, 46701740610)
    assert found["onlineIdentities"]["email"].endswith("@example.com")
    assert found["avatarUrl"].startswith("https://images.example.com/")

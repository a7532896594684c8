"""Numbers as people type them."""

import pytest

from signup import phone
from signup.errors import NumberRejected


@pytest.mark.parametrize(
    ("typed", "region", "value"),
    [
        ("+46 76-123 45 67", None, 46761234567),
        ("0046761234567", None, 46761234567),
        ("076-123 45 67", "SE", 46761234567),
        ("46761234567", None, 46761234567),
        ("46761234567", "SE", 46761234567),
        ("46761234567", "US", 46761234567),
        ("761234567", "SE", 46761234567),
        ("(+46) 76 123 45 67", "US", 46761234567),
        ("0491 570 156", "AU", 61491570156),
        ("+1 (202) 555-0143", None, 12025550143),
        ("+800 1234 5678", None, 80012345678),
    ],
)
def test_one_number_has_many_spellings(typed, region, value):
    assert phone.read(typed, region).value == value


def test_a_national_spelling_without_a_region_is_no_number():
    with pytest.raises(NumberRejected):
        phone.read("076-123 45 67")


def test_a_number_knows_its_country_and_its_mask():
    number = phone.read("+91 98765 43210")
    assert (number.country, number.masked) == ("IN", "+91 ••• ••• 32 10")
    assert phone.mask(number.value) == number.masked
    assert phone.country_name("IN") == "India"


@pytest.mark.parametrize("typed", ["+49073719448398682", "+81006691330910497"])
def test_sixteen_digits_are_too_many_even_where_a_country_has_them(typed):
    with pytest.raises(NumberRejected):
        phone.read(typed)


def test_a_number_that_cannot_be_is_still_masked():
    assert phone.mask(999) == "••• 99"


def test_a_number_of_no_country_says_so():
    assert phone.read("+800 1234 5678").country == "001"


def test_a_rejected_number_tells_its_country_when_it_is_known_and_never_the_number():
    with pytest.raises(NumberRejected) as rejected:
        phone.read("+46 76 12")
    assert (rejected.value.reason, rejected.value.country) == ("too_short", "SE")
    assert "76" not in rejected.value.sentence

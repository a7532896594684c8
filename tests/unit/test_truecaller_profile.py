"""A profile is read tolerantly, but its numbers are not."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signup.model import Profile
from signup.truecaller import profile

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ["phoneNumbers", "name", "onlineIdentity", "onlineIdentities", "addresses", "badges", "isActive", "gender"]


def parsed(**told: Any) -> Profile:
    found = profile.parse(json.dumps(told).encode())
    assert found is not None
    return found


@pytest.mark.parametrize("number", [46761234567, "46761234567", "+46761234567"])
def test_a_number_is_an_integer_or_a_text_of_digits(number: object) -> None:
    assert profile.proves(parsed(phoneNumbers=[number]), 46761234567)


@pytest.mark.parametrize(
    "number",
    [
        True,
        None,
        46761234567.0,
        -46761234567,
        "",
        "+",
        "++46761234567",
        "46 76 123 45 67",
        "46761234567\n",
        "٤٦٧٦١٢٣٤٥٦٧",
        "4676123456789012",
        ["46761234567"],
        {"n": 46761234567},
    ],
)
def test_nothing_else_is_a_number(number: object) -> None:
    assert parsed(phoneNumbers=[number]).numbers == ()


@pytest.mark.parametrize("numbers", [None, 46761234567, "46761234567", {"46761234567": 1}, []])
def test_numbers_that_are_no_list_prove_nothing(numbers: object) -> None:
    assert not profile.proves(parsed(phoneNumbers=numbers), 46761234567)


def test_a_profile_without_numbers_proves_nothing() -> None:
    assert not profile.proves(parsed(name={"first": "A"}), 46761234567)


def test_a_number_with_another_beginning_does_not_prove_ours() -> None:
    told = parsed(phoneNumbers=["761234567", "0046761234567", 9146761234567])
    assert not profile.proves(told, 46761234567)


def test_a_wrong_number_beside_the_right_one_does_no_harm() -> None:
    assert profile.proves(parsed(phoneNumbers=[None, True, "x", 46761234567]), 46761234567)


def test_the_declared_fields_of_the_seed_are_kept() -> None:
    told = parsed(
        phoneNumbers=[46761234567],
        id="655574719",
        userId=655574719,
        name={"first": "Testing", "last": "TC", "middle": "ignored"},
        onlineIdentity={"facebookId": "f", "twitterId": "t", "email": "e@x.io", "url": "http://x.io"},
        addresses=[{"countryCode": "in", "city": "c", "street": "s", "zipcode": 12345}],
        gender="Male",
        badges=["verified"],
        isActive="True",
        unknown="ignored",
    )
    assert told.declared == {
        "id": "655574719",
        "userId": "655574719",
        "name": {"first": "Testing", "last": "TC"},
        "onlineIdentities": {"facebookId": "f", "twitterId": "t", "email": "e@x.io", "url": "http://x.io"},
        "addresses": [{"countryCode": "in", "city": "c", "street": "s", "zipcode": "12345"}],
        "gender": "Male",
        "badges": ["verified"],
        "isActive": True,
    }


def test_the_later_spelling_of_the_online_identities_is_understood() -> None:
    assert parsed(onlineIdentities={"email": "e@x.io"}).declared == {"onlineIdentities": {"email": "e@x.io"}}


def test_fields_that_are_null_or_of_a_wrong_type_are_dropped() -> None:
    told = parsed(name=None, addresses={"a": 1}, badges="x", gender=["Male"], aboutMe=True, isActive=7, jobTitle="")
    assert told.declared == {}


def test_declared_texts_are_bounded_and_clean() -> None:
    told = parsed(aboutMe="x" * 5000, companyName="a\x00b\x1b[1m\nc", jobTitle="half \ud83d")
    assert told.declared == {"aboutMe": "x" * 1000, "companyName": "ab[1m\nc", "jobTitle": "half ?"}


def test_lists_are_bounded() -> None:
    told = parsed(badges=["b"] * 500, addresses=[{"city": "c"}] * 500, phoneNumbers=[46761234567] * 500)
    assert [len(told.declared["badges"]), len(told.declared["addresses"]), len(told.numbers)] == [20, 20, 20]


@pytest.mark.parametrize(
    "body",
    [
        b'{"phoneNumbers":[46761234567],"isActive":"True",}',
        b'{"phoneNumbers":[46761234567]',
        b'\xef\xbb\xbf{"phoneNumbers":[46761234567]}',
        b'{"phoneNumbers":[NaN]}',
        b'{"phoneNumbers":[1e999]}',
        b'{"phoneNumbers":[' + b"4" * 5000 + b"]}",
        b'{"phoneNumbers":[1],"phoneNumbers":[46761234567]}',
        b'{"a":' * 20000,
        b"[" * 60000 + b"]" * 60000,
        b"[46761234567]",
        b"46761234567",
        b"",
        b"\xff\xfe",
        b"<html>",
    ],
    ids=[
        "the seed's trailing comma",
        "truncated",
        "BOM",
        "NaN",
        "infinite",
        "huge integer",
        "duplicate key",
        "deep objects",
        "deep lists",
        "a list",
        "a number",
        "empty",
        "UTF-16",
        "HTML",
    ],
)
def test_what_is_no_plain_json_object_is_no_profile(body: bytes) -> None:
    assert profile.parse(body) is None


def test_brackets_inside_texts_are_not_nesting() -> None:
    assert parsed(aboutMe="[{" * 400 + '\\"', phoneNumbers=[46761234567]).numbers == ("46761234567",)


def test_what_a_person_declares_is_not_in_the_repr() -> None:
    assert "Ada" not in repr(parsed(name={"first": "Ada"}))


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES))
def test_any_json_object_is_a_profile(told: dict[str, Any]) -> None:
    found = parsed(**told)
    assert all(number.isascii() and number.isdigit() for number in found.numbers)
    json.dumps(found.declared, ensure_ascii=False).encode()

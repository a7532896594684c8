"""From evidence to causes, where making it for real would need another machine: names, firewalls, wrong clocks."""

from dataclasses import replace

import pytest

from signup.doctor import address, evidence
from signup.doctor.causes import why
from signup.doctor.evidence import Evidence
from signup.doctor.reach import Reach, other
from signup.model import Exchange

URL = "https://signup.example.com/truecaller/callback"
FINE = Reach(URL, arrived=True, status=200, word="ok", ms=84)
SOUND = Evidence(
    live=True,
    url=URL,
    is_told=True,
    database="sqlite:///data/live.db",
    reach=FINE,
    other=replace(FINE, url=f"{URL}/"),
    refused=None,
    ahead=0.0,
    compared="4 min ago",
    watched=True,
    heard=True,
    waiting=0,
    wrong_state=0,
    proved=False,
)


def codes(**evidence: object) -> list[str]:
    return [cause.code for cause in why(replace(SOUND, **evidence))]  # type: ignore[arg-type]


def broken(fault: str, **more: object) -> Reach:
    return replace(Reach(URL, arrived=False, fault=fault, sent=False), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "evidence",
    [
        {},
        {"waiting": 3},
        {"wrong_state": 3, "proved": True},
        {"ahead": None, "compared": None},
        {"heard": False},
        {"is_told": False},
        {"live": False, "is_told": False, "heard": False, "waiting": 3},
    ],
)
def test_people_who_take_their_time_and_strangers_who_knock_are_no_cause(evidence: dict[str, object]) -> None:
    assert codes(**evidence) == []


@pytest.mark.parametrize(
    ("reach", "code"),
    [
        (broken("name"), "unknown_name"),
        (broken("connect"), "closed_port"),
        (broken("timeout"), "closed_port"),
        (broken("timeout", sent=True), "slow_answer"),
        (broken("timeout", sent=True, arrived=True), "slow_answer"),
        (broken("tls"), "untrusted_certificate"),
        (broken("broken", sent=True), "broken_answer"),
        (replace(FINE, arrived=False), "other_database"),
    ],
)
def test_each_way_not_to_reach_us_has_its_name(reach: Reach, code: str) -> None:
    assert codes(reach=reach) == [code]


@pytest.mark.parametrize("status", [200, 204])
def test_truecaller_is_content_with_a_stored_callback_whatever_a_proxy_says_beside_its_2xx(status: int) -> None:
    seen = replace(SOUND, reach=replace(FINE, status=status, word=None))
    assert why(seen) == []
    assert [link(seen).ok for link in (address.answer, address.arrival, address.slash)] == [True, True, True]


@pytest.mark.parametrize("status", [302, 403, 404, 502])
def test_a_stored_callback_that_is_answered_otherwise_is_not_said_to_be_lost(status: int) -> None:
    (cause,) = why(replace(SOUND, reach=replace(FINE, status=status, word=None)))
    assert cause.code == "changed_answer"
    assert cause.detail.startswith(f"A callback is stored here, and yet it is answered {status} instead of 200.")


@pytest.mark.parametrize("untrusted", ["expired", "not_yet"])
def test_a_wrong_clock_comes_before_the_certificate_that_it_judges(untrusted: str) -> None:
    assert codes(ahead=90_000.0, reach=broken("tls", untrusted=untrusted)) == ["skewed_clock", "untrusted_certificate"]
    assert codes(ahead=90_000.0, reach=broken("tls")) == ["untrusted_certificate", "skewed_clock"]


def test_a_callback_url_nobody_has_told_is_a_cause_once_somebody_waits_and_none_ever_came() -> None:
    assert codes(is_told=False, heard=False, waiting=1) == ["url_not_set"]


def test_a_wrong_clock_that_judges_no_certificate_comes_last() -> None:
    assert codes(is_told=False, heard=False, waiting=1, ahead=90.0) == ["url_not_set", "skewed_clock"]


@pytest.mark.parametrize(
    "date", ["Mon, 01 Jan 20 00:00:00 +99999999999999999999", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "soon"]
)
def test_a_date_that_cannot_be_is_no_date(date: str) -> None:
    exchange = Exchange("POST", URL, {}, "", 200, {"date": date}, "", 142, None)
    assert evidence._between(exchange, "2026-11-24T10:00:00.000000Z") is None


def test_of_the_way_in_what_lies_behind_the_broken_link_is_left_out() -> None:
    seen = replace(SOUND, reach=broken("tls"))
    links = [address.name, address.connection, address.certificate, address.answer, address.arrival, address.slash]
    assert [finding and finding.ok for finding in (link(seen) for link in links)] == [
        True,
        True,
        False,
        None,
        None,
        None,
    ]


def test_an_address_that_is_reached_only_as_it_is_written_is_worth_a_look() -> None:
    found = address.slash(replace(SOUND, other=replace(FINE, arrived=False, status=404, word=None)))
    assert found is not None
    assert found.ok is None
    assert URL in (found.cure or "")


def test_a_live_callback_url_on_this_machine_or_in_a_private_network_is_worth_a_look() -> None:
    assert address.url(replace(SOUND, url="http://127.0.0.1:8502/truecaller/callback")).ok is None
    assert address.url(replace(SOUND, url="https://10.0.0.7/truecaller/callback")).ok is None
    assert address.url(replace(SOUND, is_told=False)).ok is None
    assert address.url(SOUND).ok is True


@pytest.mark.parametrize(
    ("url", "expected"),
    [("https://a/b", "https://a/b/"), ("https://a/b/", "https://a/b"), ("https://a/b?c=d", "https://a/b/?c=d")],
)
def test_the_other_way_to_write_an_address_differs_by_the_slash_alone(url: str, expected: str) -> None:
    assert other(url) == expected


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "203.0.113.20"])
def test_what_has_no_name_is_not_said_to_be_known(host: str) -> None:
    assert address.name(replace(SOUND, url=f"https://{host}/truecaller/callback")) is None
    assert address.name(SOUND) is not None

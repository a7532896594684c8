"""Try it without a browser: what the page says when somebody it leans on is away, and what its timeline claims."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from sandbox.serve import running
from signup import door
from signup.sandbox_clock import SandboxClock
from signup.services import Services
from tests.collector import collecting
from tests.fakes import ScriptedTruecaller, refused
from tests.machine import away
from tests.pages.fixtures.visits import NUMBER, completed, said, visit
from tests.steps.story import begin, details
from tests.upstream import Script, answer, upstream

Opening = Callable[..., AbstractContextManager[Services]]
PHONE = b'[{"requestId":"one","phoneNumber":5,"persona":null,"since":"2026-11-24T14:00:00.000000Z"}]'


def test_with_the_database_away_the_page_says_so_and_finds_back(
    opening: Opening, postgres_server: str, postgres_url: str
) -> None:
    with opening(database_url=postgres_url) as services:
        signup = completed(services, NUMBER)
        page = visit("try_it", signup=signup)
        assert "Profile read, sign-up completed" in labels(page)
        with away(postgres_server, postgres_url):
            page.run()
            assert not page.exception
            assert "The database cannot be used (PoolTimeout): check the server." in said(page)
        page.run()
        assert not page.exception
        assert "Profile read, sign-up completed" in labels(page)


def named(page: AppTest, label: str) -> Button:
    """The phone's button of that name."""
    return next(button for button in page.button if button.label == label)


def labels(page: object) -> str:
    """The steps of the timeline."""
    return "\n".join(step.label for step in page.expander)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b"<!doctype html><title>Not found</title>"),
        (404, b'{"detail":"Not Found"}'),
        (200, b"<!doctype html><title>Hello</title>"),
        (200, b'{"hello":"world"}'),
        (200, b"[1, 2]"),
        (200, b"5"),
        (200, b"null"),
        (200, b'[{"since":"now"}]'),
        (500, b"[]"),
    ],
)
def test_another_program_on_the_sandboxs_port_is_told_in_the_phone(opening: Opening, status: int, body: bytes) -> None:
    with upstream(answer(status, body)) as other, opening(sandbox_port=urlsplit(other.url).port):
        assert "The sandbox does not answer: look at the Health page." in said(visit("try_it"))


def test_a_tap_that_another_program_takes_says_so(opening: Opening) -> None:
    rings = answer(200, PHONE.replace(b":5,", b":46761234567,"))
    with upstream(rings) as other, opening(sandbox_port=urlsplit(other.url).port):
        page = visit("try_it")
        named(page, "Approve").click()
        other.scripts[:] = [answer(200, b"<html>")]
        page.run()
        assert not page.exception
        assert [toast.value for toast in page.toast] == [
            "The sandbox does not answer as it should: look at the Health page."
        ]


def prompts(*numbers: int) -> Script:
    """The phones of these numbers ring, the first one longest."""
    rows = [
        {
            "requestId": str(number),
            "phoneNumber": number,
            "persona": None,
            "since": f"2026-11-24T14:00:{nth:02}.000000Z",
        }
        for nth, number in enumerate(numbers)
    ]
    return answer(200, json.dumps(rows).encode())


def test_of_several_prompts_one_stays_on_the_phone_until_it_is_answered_or_another_is_picked(opening: Opening) -> None:
    first, second, third = 46761234567, 46761234568, 46761234569
    with upstream(prompts(first)) as other, opening(sandbox_port=urlsplit(other.url).port) as services:
        page = visit("try_it")
        assert not has_a_choice(page)
        other.scripts[:] = [prompts(first, second, third)]
        page.run()
        assert "**+46 76 123 45 67**" in said(page)
        told = [option.split(" · ")[0] for option in page.selectbox(key="phone_choice").options]
        assert told == ["+46 76 123 45 67", "+46 76 123 45 68", "+46 76 123 45 69"]
        page.selectbox(key="phone_choice").set_value(door.ringing(services)[1].name).run()
        assert "**+46 76 123 45 68**" in said(page)
        named(page, "Decline").click()
        other.scripts[:] = [answer(200, b"{}"), prompts(first, third)]
        page.run()
        assert [seen.path for seen in other.seen if seen.method == "POST"] == [f"/phones/{second}"]
        assert "**+46 76 123 45 69**" in said(page)


def has_a_choice(page: AppTest) -> bool:
    return any(box.key == "phone_choice" for box in page.selectbox)


def test_a_number_that_no_phone_has_rings_as_it_is(opening: Opening) -> None:
    with upstream(answer(200, PHONE)) as other, opening(sandbox_port=urlsplit(other.url).port):
        assert "**+5**" in said(visit("try_it"))


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("null", "Set `SIGNUP_SANDBOX_BIND=0.0.0.0` and start again"),
        ('"http://192.0.2.7:8503/phone"', "http://192.0.2.7:8503/phone"),
    ],
)
def test_a_code_for_a_real_phone_stands_with_the_address_or_with_what_is_missing(
    opening: Opening, address: str, told: str
) -> None:
    made = answer(200, f'{{"code":"012345","seconds":300,"address":{address}}}'.encode())
    with upstream(answer(200, b"[]")) as other, opening(sandbox_port=urlsplit(other.url).port):
        page = visit("try_it")
        other.scripts[:] = [made, answer(200, b"[]")]
        page.button(key="real-phone-code").click().run()
        assert told in said(page)
        assert ("012 345" in said(page)) == (address != "null")


def test_a_failure_in_sandbox_mode_points_at_the_sandbox(street: Services, truecaller: ScriptedTruecaller) -> None:
    truecaller.will_answer(refused("truecaller_error"))
    told = said(visit("try_it", signup=str(begin(street).signup_id)))
    assert "see that the sandbox runs" in told
    assert "tell Truecaller" not in told


def test_the_clock_is_moved_from_the_page_and_every_page_says_how_far(street: Services) -> None:
    page = visit("try_it")
    assert "Clock +" not in said(page)
    menu = page.menu_button(key="clock_menu")
    assert menu.options == [
        "A little · +0:30",
        "Past the lock · +5:01",
        "Past answer and token · +10:15",
        "An hour · +1:00:00",
    ]
    menu.click("Past the lock · +5:01").run()
    assert "Clock +5:01" in said(page)
    page.menu_button(key="clock_menu").click("An hour · +1:00:00").run()
    assert "Clock +1:05:01" in said(page)
    assert "Clock +1:05:01" in said(visit("overview"))
    clock = SandboxClock(street.settings.data_dir)
    assert clock.ahead() == 3901
    clock.move(217 * 3600)
    assert "Clock +9 d 2 h" in said(visit("overview"))


def test_a_callback_is_sent_again_from_the_page_edited_and_with_its_secrets_in_dots(opening: Opening) -> None:
    with (
        collecting() as receiver,
        running(callback=receiver.url) as sandbox,
        opening(sandbox_port=urlsplit(sandbox.url).port) as services,
    ):
        sandbox.courier.send({"requestId": "one", "accessToken": "canary-token", "state": "canary-state"})
        receiver.next()
        page = visit("try_it")
        page.button(key="callbacks").click().run()
        assert "canary" not in said(page)
        next(field for field in page.text_input if field.label == "Request id").input("two").run()
        assert '"requestId": "two"' in said(page)
        page.button(key="send_again").click().run()
        assert receiver.next() == {"requestId": "two", "accessToken": "canary-token", "state": "canary-state"}
        assert receiver.labels == [None, "1"]
        assert "answered 200" in said(page)
        assert details(services, "replay.sent") == [{"edited": True}]
        page.text_input(key="callbacks_to").input("https://example.com/")
        page.button(key="send_again").click().run()
        assert "to this machine only" in said(page)


def test_a_callback_of_any_shape_is_shown_as_it_is_and_sent_as_it_was(opening: Opening) -> None:
    odd = {"requestId": "\ud800", "status": "`:red[x]\ud800", "endpoint": [5], "x": {"é": "\ud800"}}
    with (
        collecting() as receiver,
        running(callback=receiver.url) as sandbox,
        opening(sandbox_port=urlsplit(sandbox.url).port) as services,
    ):
        sandbox.courier.send(odd)
        receiver.next()
        page = visit("try_it")
        page.button(key="callbacks").click().run()
        assert not page.exception
        assert r"\:red\[x\]" in page.radio[0].options[0]
        assert '"é": "\\ud800"' in said(page)
        assert page.text_input(key="callbacks_to").placeholder == "Our receiver"
        page.button(key="send_again").click().run()
        assert receiver.next() == odd
        assert details(services, "replay.sent") == [{"edited": False}]


def test_in_live_mode_no_control_of_the_sandbox_is_on_the_page(opening: Opening) -> None:
    with opening(mode="live", app_key="canary"):
        page = visit("try_it")
        assert [button.label for button in page.button] == ["Start sign-up"]
        assert len(page.menu_button) == len(page.selectbox) == 0


def test_the_timeline_claims_no_duration_that_is_a_setting(opening: Opening) -> None:
    with opening(lock_seconds=60, token_seconds=20) as services:
        told = said(visit("try_it", signup=completed(services, NUMBER)))
        assert "minutes" not in told

"""Go live: what to set and to copy, the ticks, and the ways there."""

from collections.abc import Callable
from typing import Any

from signup.services import Services
from tests.machine import away
from tests.pages.fixtures.visits import completed, said, visit

NUMBER = "+46 76 123 45 67"
URL = "http://127.0.0.1:2/truecaller/callback"


def labels(page: Any) -> list[str]:
    return [expander.label for expander in page.expander]


def test_in_the_sandbox_every_step_says_what_to_set(street: Services) -> None:
    page = visit("go_live")
    assert not page.exception
    assert [label.split("**")[1] for label in labels(page)] == [
        "1 Account",
        "2 App key",
        "3 Callback URL",
        "4 HTTPS",
        "5 First sign-up",
    ]
    assert not any("done" in label for label in labels(page))
    told = said(page)
    assert "SIGNUP_MODE=live" in told
    assert "https://signup.example.com/truecaller/callback" in told
    assert "reverse_proxy /truecaller/callback* 127.0.0.1:2" in told
    assert page.button(key="go_live_try_it").disabled


def test_live_steps_are_ticked_as_they_are_done_and_what_is_wrong_has_its_cure(opening: Callable[..., Any]) -> None:
    given = {"mode": "live", "app_key": "canary-of-a-key", "public_callback_url": URL}
    with opening(**given) as services:
        page = visit("go_live")
        assert ["done" in label for label in labels(page)] == [True, True, False, False, False]
        assert URL in said(page)
        assert "Truecaller cannot reach it" in said(page)
        assert "canary" not in said(page)
        completed(services, NUMBER)
        page.run()
    assert ["done" in label for label in labels(page)] == [True, True, False, False, True]


def test_with_the_database_away_it_says_so_and_claims_nothing(
    opening: Callable[..., Any], postgres_server: str, postgres_url: str
) -> None:
    with opening(database_url=postgres_url, mode="live", app_key="a-key", public_callback_url=URL):
        page = visit("go_live")
        with away(postgres_server, postgres_url):
            page.button(key="check_again").click().run()
            assert not page.exception
            assert "The database cannot be used (PoolTimeout): check the server." in said(page)
            assert labels(page) == [], "no step is said to be done, or not to be"
        page.button(key="check_again").click().run()
        assert ["done" in label for label in labels(page)] == [True, True, False, False, False]


def test_health_leads_there(street: Services) -> None:
    links = [link.proto.label for link in visit("health").get("page_link")]
    assert "Go live" in links

"""The way to the first live sign-up: what ticks each step, and what leaves it open."""

from collections.abc import Callable

import pytest

from signup.doctor import Check
from signup.doctor.going_live import HTTPS, steps
from signup.settings import Settings

URL = "https://signup.example.com/truecaller/callback"
ALL_FINE = ("App key", "Callback URL", *HTTPS)
Build = Callable[..., Settings]


def check(name: str, ok: bool | None = True) -> Check:
    return Check(name, "in", ok, f"{name} was looked at.", None if ok else "Mend it.")


def ticked(settings: Settings, *, signed_up: bool = False, **found: bool | None) -> list[str]:
    """The steps that are done. `found`: checks that are not fine, blanks and hyphens as underscores."""
    checks = dict.fromkeys(ALL_FINE, True) | {
        next(name for name in ALL_FINE if name.replace(" ", "_").replace("-", "_") == word): ok
        for word, ok in found.items()
    }
    told = steps(settings, [check(name, ok) for name, ok in checks.items()], signed_up=signed_up)
    return [step.id for step in told if step.done]


@pytest.fixture
def live(settings: Build) -> Settings:
    return settings(mode="live", app_key="a-key", public_callback_url=URL)


def test_in_the_sandbox_no_step_of_truecallers_is_done(settings: Build) -> None:
    assert ticked(settings(), signed_up=True) == []


def test_in_the_sandbox_the_way_in_can_be_made_ready(settings: Build) -> None:
    assert ticked(settings(public_callback_url=URL), signed_up=True) == ["url", "https"]


def test_a_live_set_up_is_done_step_by_step(live: Settings) -> None:
    assert ticked(live, App_key=None) == ["account", "key", "url", "https"], "no request has proved the key yet"
    assert ticked(live, signed_up=True) == ["account", "key", "url", "https", "test"]


def test_a_refused_app_key_is_to_do_again_with_its_cure(live: Settings) -> None:
    assert ticked(live, App_key=False) == ["url", "https"]
    told = steps(live, [check("App key", False)], signed_up=False)
    assert (told[0].told, told[0].cure) == ("App key was looked at.", None)
    assert told[1].cure == "Mend it."


@pytest.mark.parametrize("link", HTTPS)
def test_each_broken_link_leaves_https_open_and_is_told(live: Settings, link: str) -> None:
    assert "https" not in ticked(live, **{link.replace("-", "_"): False})
    told = steps(live, [check(name, name != link) for name in ALL_FINE], signed_up=False)
    assert (told[3].told, told[3].cure) == (f"{link} was looked at.", "Mend it.")


def test_a_callback_url_on_this_machine_is_no_https(settings: Build) -> None:
    here = settings(mode="live", app_key="a-key", public_callback_url="http://127.0.0.1:8502/truecaller/callback")
    assert ticked(here, Callback_URL=None) == ["account", "key"]


def test_while_the_database_is_away_nothing_is_done_and_nothing_is_claimed(live: Settings) -> None:
    told = steps(live, [check("Settings"), check("Database", False)], signed_up=False)
    assert [step.id for step in told if step.done] == []
    assert {step.told for step in told[:4]} == {"Not known while the database is away."}

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from signup.clock import HandClock, text
from signup.measure.alerts import rounds
from signup.model import new_id
from signup.services import Services
from tests.fakes import ScriptedTruecaller
from tests.machine import away
from tests.pages.fixtures.visits import NUMBER, OTHER, cells, completed, said, visit
from tests.steps.story import VALUE, approve, begin, say, state_of, watch


def alerts(page: AppTest) -> list[str]:
    """What is wrong or to look at, in order."""
    return [alert.proto.title for kind in (page.error, page.warning, page.success) for alert in kind]


def rows(page: AppTest) -> dict[str, str]:
    """Every row of every table, by its name; a check's name begins with its icon."""
    found: dict[str, str] = {}
    for table in page.table:
        texts = cells(table.value)
        found |= dict(zip(texts[: len(texts) // 2], texts[len(texts) // 2 :], strict=True))
    return found


def a_watcher_is_seen(services: Services) -> None:
    now = services.clock.now() + timedelta(minutes=5)
    with services.store.write() as tx:
        tx.run("see_watcher", id=new_id(now), host="a-host", pid=4711, mode="alone", seen_at=text(now))
    rounds.run(replace(services, clock=HandClock(now)))


def test_what_is_wrong_stands_first_with_its_cure(street: Services) -> None:
    page = visit("health")
    assert alerts(page) == [
        "Nothing takes connections at 127.0.0.1:2",
        "Sandbox: Nothing answers on port 1, so no sign-up can be started",
        "No watcher runs, so no callback is acted on",
    ]
    assert "**Cure:** Run python -m callback_server" in page.error[0].value
    assert "**Cure:** Start the dashboard, or python -m signup watch." in page.warning[0].value
    assert "3 problems" in said(page)


def test_every_check_stands_in_its_table(street: Services) -> None:
    found = rows(visit("health"))
    assert found[":red[:material/error:] Receiver"] == "Nothing answers on port 2, so no callback can arrive."
    assert found[":green[:material/check_circle:] App key"] == "The sandbox takes any app key."
    assert found[":green[:material/check_circle:] Audit log"] == "0 events, sealed."


def test_check_again_asks_again_and_until_then_the_last_answer_stands(street: Services) -> None:
    page = visit("health")
    a_watcher_is_seen(street)
    assert len(alerts(page.run())) == 3
    page.button(key="check_again").click().run()
    assert len(alerts(page)) == 2
    assert "alone on a-host, process 4711" in rows(page)["Watchers"]


def test_who_waits_is_listed_masked(street: Services) -> None:
    begin(street, NUMBER)
    street.clock.move(1)
    begin(street, OTHER)
    say(street, "request-1", "flow_invoked")
    watch(street)
    page = visit("health")
    waiting = page.dataframe[0].value
    assert list(waiting["Number"]) == ["+91 ••• ••• 32 10", "+46 ••• ••• 45 67"]
    assert [cell[0] for cell in waiting["Prompt"]] == ["not opened", "opened"]
    assert all(299 <= seconds < 400 for seconds in waiting["Waiting"])
    assert str(VALUE) not in re.sub(r"\D", "", said(page) + waiting.to_string())


def test_who_was_sent_a_moment_ago_is_not_called_waiting(street: Services) -> None:
    street.clock.move(299)
    begin(street, NUMBER)
    page = visit("health")
    assert not page.dataframe
    assert "Nobody waits longer than 30 s." in said(page)


def test_what_matches_nothing_is_counted_by_its_fault(street: Services) -> None:
    begin(street, NUMBER)
    approve(street, "request-1", "not-the-state", token="the-token-00000001")
    approve(street, "nobody-knows-this", None, token="the-token-00000002")
    watch(street)
    found = rows(visit("health"))
    assert found["Wrong state"].startswith("**1** ")
    assert "**1**" in found["Parked, its request may still come"]
    assert found["No state"] == ":small[:gray[0]]"


def test_settings_say_where_they_come_from_and_never_a_secret(
    street: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNUP_APP_KEY", "canary-of-a-key")
    monkeypatch.setenv("SIGNUP_LOCK_SECONDS", "120")
    page = visit("health")
    found = rows(page)
    assert found["`SIGNUP_LOCK_SECONDS`"] == "`120` :small[:gray[from environment]]"
    assert found["`SIGNUP_TOKEN_SECONDS`"] == "`600` :small[:gray[default]]"
    assert found["`SIGNUP_APP_KEY`"] == ":green[:material/check:] set :small[:gray[from environment]]"
    assert "canary" not in said(page)


def test_versions_are_told(street: Services) -> None:
    found = rows(visit("health"))
    assert re.fullmatch(r"3\.\d+\.\d+.*", found["Python"])
    assert found["Database"].startswith("SQLite 3.")
    assert found["Receiver"] == "`127.0.0.1:2`"


def test_with_the_database_away_one_problem_says_so(
    opening: Callable[..., Any], postgres_server: str, postgres_url: str
) -> None:
    with opening(database_url=postgres_url):
        page = visit("health")
        with away(postgres_server, postgres_url):
            page.button(key="check_again").click().run()
            assert not page.exception
            assert [title.partition(":")[0] for title in alerts(page)] == ["Database", "Sandbox", "Receiver"]
            assert "The database cannot be used (PoolTimeout): check the server." in said(page)
            assert rows(page)["Watchers"] == rows(page)["Database"] == "not known while the database is away"
        page.button(key="check_again").click().run()
        assert rows(page)["Database"].startswith("PostgreSQL")


def test_looking_changes_nothing_and_asks_nobody(street: Services, truecaller: ScriptedTruecaller) -> None:
    completed(street, NUMBER)
    asked = len(truecaller.asked)
    with street.store.read() as tx:
        before = tx.one("log_head")
    visit("health").run()
    with street.store.read() as tx:
        assert tx.one("log_head") == before
    assert len(truecaller.asked) == asked
    assert state_of(truecaller) not in said(visit("health"))

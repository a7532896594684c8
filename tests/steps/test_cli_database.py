"""`migrate`, `seed` and `watch`: what programs and supervisors run."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from signup.flow.receive import receive
from signup.model import Callback, Result
from signup.services import open_services
from signup.settings import Settings
from signup.store.driver import sqlite
from signup.store.texts import migrations
from tests.steps.conftest import CommandLine
from tests.steps.test_cli_edge import program
from tests.upstream import answer, upstream

ALL = [migration.name for migration in migrations("sqlite")]
Environ = Callable[..., dict[str, str]]


def test_migrate_says_what_it_applied_and_the_next_time_nothing(command: CommandLine, bare_store_url: str) -> None:
    dialect = "sqlite" if bare_store_url.startswith("sqlite") else "postgresql"
    command.settings(database_url=bare_store_url)
    assert command("migrate", "--json").json == {"applied": [migration.name for migration in migrations(dialect)]}
    assert command("migrate", "--json").json == {"applied": []}
    assert command("migrate").out == "The database is up to date.\n"


def test_every_command_but_watch_migrates(command: CommandLine) -> None:
    told = command("watch", "--once")
    assert (told.code, told.out) == (2, "")
    assert "python -m signup migrate" in told.err
    assert command("list").code == 0
    assert command("watch", "--once").code == 0


def test_several_processes_migrate_at_once(tmp_path: Path, environ: Environ) -> None:
    running = [program(tmp_path, environ(), "migrate", "--json") for _ in range(4)]
    told = [(*one.communicate(timeout=60), one.returncode) for one in running]
    assert [code for _, _, code in told] == [0] * 4
    assert sorted(json.loads(out)["applied"] for out, _, _ in told) == [[], [], [], ALL]


def test_seed_tells_how_much_it_played(command: CommandLine) -> None:
    told = command("seed", "--signups", "20", "--days", "2", "--seed", "7", "--json")
    assert told.code == 0
    assert set(told.json) == {"signups", "events", "seconds"}
    assert told.json["signups"] == 20
    assert told.json["events"] == len(command("events", "--json").lines)
    assert len(command("list", "--json").lines) == 20


def test_a_database_with_sign_ups_is_not_seeded(command: CommandLine) -> None:
    command("seed", "--signups", "3", "--days", "1")
    told = command("seed", "--signups", "3", "--days", "1")
    assert (told.code, told.out) == (2, "")
    assert "empty database" in told.err
    assert len(command("list", "--json").lines) == 3


def test_one_pass_of_the_watcher_completes_what_was_approved(
    command: CommandLine, settings: Callable[..., Settings]
) -> None:
    profile = answer(200, b'{"phoneNumbers": [46761234567], "name": {"first": "Ada"}}')
    with upstream(answer(200, b'{"requestId": "request-1"}'), profile) as server:
        urls = {"request_url": server.url, "profile_urls": server.url}
        command.settings(**urls)
        command("start", "+46761234567")
        state = json.loads(server.seen[0].body)["state"]
        with open_services(settings(**urls)) as services:
            receive(services, Callback("request-1", Result.APPROVED, token="a-token-of-hers", state=state), None)
        told = command("watch", "--once", "--json")
    assert told.json == {"matched": 1, "completed": 1, "failed": 0, "expired": 0}
    assert [one["status"] for one in command("list", "--json").lines] == ["completed"]


def test_a_watcher_ends_by_itself_at_sigterm(
    command: CommandLine, tmp_path: Path, environ: Environ, eventually: Callable[..., Any]
) -> None:
    command("migrate")
    watching = [program(tmp_path, environ(), "watch") for _ in range(2)]
    database = sqlite.connect(str(tmp_path / "data" / "signup.db"))
    eventually(lambda: len(database.execute("SELECT id FROM watchers").fetchall()) == 2, 30)
    command("start", "abc")
    eventually(lambda: database.execute("SELECT seq FROM events").fetchall() == [(1,)], 30)
    for one, how in zip(watching, (signal.SIGTERM, signal.SIGINT), strict=True):
        one.send_signal(how)
    told = [(*one.communicate(timeout=10), one.returncode) for one in watching]
    assert [(err, code) for _, err, code in told] == [("", 0), ("", 0)]
    lines = [json.loads(line) for out, _, _ in told for line in out.splitlines()]
    signed = {line["seq"] for line in lines}
    assert signed in ({1}, {1, 2}), "the first to stop signs what there is; the other what that added, if it is sealed"
    assert database.execute("SELECT id FROM watchers").fetchall() == []
    database.close()

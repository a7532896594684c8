"""`export --what signups`: the list as a file, numbers masked."""

import csv
import hashlib
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from signup.clock import HandClock
from signup.errors import UsageWrong
from signup.flow import signups, signups_file
from signup.flow.signups import Wanted
from signup.model import Event
from signup.record import log
from signup.record.log import LogQuery
from signup.services import Services
from signup.store.driver import sqlite
from tests.fakes import ScriptedTruecaller
from tests.steps.conftest import CommandLine
from tests.steps.story import begin

NUMBERS = ("+46761234567", "+919876543210", "+46761234568")


@pytest.fixture
def three(services_on_each: Services, clock: HandClock) -> Services:
    """Three sign-ups, a minute apart: Sweden, India, Sweden; the last by another channel."""
    for number, channel in zip(NUMBERS, ("web", "web", "ios"), strict=True):
        begin(services_on_each, number, channel)
        clock.move(60)
    return services_on_each


def export(
    services: Services, out: Path, fmt: str = "csv", wanted: Wanted | None = None, **other: Any
) -> dict[str, Any]:
    return signups_file.export(services, fmt=fmt, out=out, wanted=wanted or Wanted(), actor="user:local", **other)


def told(services: Services) -> list[Event]:
    return log.after(services, LogQuery(("audit.*",)), 0)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_file_holds_what_the_list_shows_newest_first(three: Services, tmp_path: Path) -> None:
    export(three, tmp_path / "signups.csv")
    assert (
        (tmp_path / "signups.csv")
        .read_bytes()
        .startswith(
            b"signupId,status,code,number,country,channel,startedAt,expiresAt,openedAt,decidedAt,finishedAt\r\n"
        )
    )
    found = rows(tmp_path / "signups.csv")
    assert [row["signupId"] for row in found] == [one.id for one in signups.page(three, Wanted())]
    assert [(row["country"], row["channel"]) for row in found] == [("SE", "ios"), ("IN", "web"), ("SE", "web")]
    assert found[-1]["startedAt"] == "2026-11-24T14:00:00.000000Z"


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_numbers_leave_masked_and_as_text(three: Services, tmp_path: Path, form: str) -> None:
    export(three, tmp_path / "signups", form)
    content = (tmp_path / "signups").read_text("utf-8")
    assert not any(number.lstrip("+")[3:] in content for number in NUMBERS)
    if form == "csv":
        assert rows(tmp_path / "signups")[2]["number"] == "'+46 ••• ••• 45 67"
    else:
        assert json.loads(content.splitlines()[2])["number"] == "+46 ••• ••• 45 67"


def test_each_line_of_ndjson_has_every_column(three: Services, tmp_path: Path) -> None:
    export(three, tmp_path / "signups", "ndjson")
    lines = [json.loads(line) for line in (tmp_path / "signups").read_text("ascii").splitlines()]
    assert [set(line) for line in lines] == [set(signups_file.COLUMNS)] * 3
    assert lines[0]["openedAt"] is None


def test_a_person_who_was_wiped_has_no_number(services: Services, tmp_path: Path) -> None:
    begin(services, NUMBERS[0])
    with closing(sqlite.connect(str(tmp_path / "data/signup.db"))) as database, database:
        database.execute("UPDATE signups SET number = NULL")
    export(services, tmp_path / "signups.csv")
    assert rows(tmp_path / "signups.csv")[0]["number"] == ""


def test_only_what_was_asked_for_leaves(three: Services, tmp_path: Path) -> None:
    def found(**wanted: Any) -> list[str]:
        export(three, tmp_path / "signups.csv", wanted=Wanted(**wanted))
        return [row["startedAt"][14:16] for row in rows(tmp_path / "signups.csv")]

    assert found(countries=("SE",)) == ["02", "00"]
    assert found(countries=("SE",), channels=("web",)) == ["00"]
    assert found(statuses=("completed",)) == []
    assert found(since="2026-11-24T14:01:00.000000Z", until="2026-11-24T14:02:00.000000Z") == ["01"]


def test_the_log_tells_that_sign_ups_left_and_the_digest_after(three: Services, tmp_path: Path) -> None:
    answer = export(three, tmp_path / "signups.csv", wanted=Wanted(since="2026-11-24T14:01:00.000000Z"))
    before, after = told(three)
    assert (before.kind, after.kind, before.actor) == ("audit.exported", "audit.export_done", "user:local")
    details = before.details or {}
    assert details["format"] == "signups_csv"
    assert details["filter"] == {
        "from": "2026-11-24T14:01:00.000000Z",
        "to": None,
        "kinds": None,
        "signupId": None,
        "actor": None,
    }
    digest = hashlib.sha256((tmp_path / "signups.csv").read_bytes()).hexdigest()
    assert after.details == {"exportId": details["exportId"], "rows": 2, "sha256": digest}
    assert answer == {"file": str(tmp_path / "signups.csv"), "rows": 2, "sha256": digest}


def test_what_starts_meanwhile_is_not_met(services: Services, tmp_path: Path, clock: HandClock) -> None:
    begin(services, NUMBERS[0])
    clock.move(1)
    started: list[str] = []

    def another(*_: int) -> None:
        if not started:
            started.append(begin(services, NUMBERS[1]).signup_id or "")

    assert export(services, tmp_path / "signups.csv", progress=another)["rows"] == 1


@pytest.mark.long
def test_many_are_written_page_by_page_with_progress(
    services: Services, truecaller: ScriptedTruecaller, tmp_path: Path, clock: HandClock
) -> None:
    for number in range(2 * signups_file.PAGE + 1):
        begin(services, f"+4676{1_000_000 + number}")
    steps: list[tuple[int, int, int]] = []
    answer = export(services, tmp_path / "signups.csv", progress=lambda *step: steps.append(step))
    assert [step[:2] for step in steps] == [(1000, 2001), (2000, 2001), (2001, 2001), (2001, 2001)]
    assert len({row["signupId"] for row in rows(tmp_path / "signups.csv")}) == answer["rows"] == 2001


@pytest.mark.parametrize("form", ["parquet", "sqlite", "bundle"])
def test_other_formats_are_of_events_alone(services: Services, tmp_path: Path, form: str) -> None:
    with pytest.raises(UsageWrong, match="CSV or NDJSON"):
        export(services, tmp_path / "signups", form)
    assert told(services) == []


def test_the_command_takes_the_lists_filters(
    command: CommandLine, services: Services, tmp_path: Path, clock: HandClock
) -> None:
    for number in NUMBERS:
        begin(services, number)
    words = ("export", "--what", "signups", "--format", "csv", "--out", "signups.csv", "--json")
    assert command(*words).json["rows"] == 3
    assert command(*words, "--country", "in", "--country", "SE").json["rows"] == 3
    assert command(*words, "--country", "IN", "--status", "waiting", "--channel", "web").json["rows"] == 1
    assert command(*words, "--to", "2020-01-01").json["rows"] == 0


@pytest.mark.parametrize(
    "words",
    [
        ("--what", "signups", "--kind", "lock.hit"),
        ("--what", "signups", "--text", "anything"),
        ("--what", "signups", "--withhold", "rows"),
        ("--country", "SE"),
        ("--what", "signups", "--status", "lost"),
        ("--what", "people"),
    ],
)
def test_filters_of_the_other_kind_are_refused(command: CommandLine, tmp_path: Path, words: tuple[str, ...]) -> None:
    answer = command("export", "--format", "csv", "--out", "log", *words)
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (2, "", 1)
    assert not (tmp_path / "log").exists()

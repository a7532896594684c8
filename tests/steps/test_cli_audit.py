"""`events` and `export`: the audit log for scripts, people and files."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signup.record.forms import FORMS
from tests.steps.conftest import CommandLine
from tests.steps.test_cli_edge import program

ROOT = Path(__file__).parent.parent.parent
SIX = {"seq", "at", "kind", "signupId", "actor", "details"}


@pytest.fixture
def told(command: CommandLine) -> CommandLine:
    """A log of three events: two rejected numbers of the command line, one of the web."""
    command("start", "abc")
    command("start", "12345", "--channel", "web")
    command("start", "+46 70 12")
    return command


def seqs(found: list[Any]) -> list[int]:
    return [event["seq"] for event in found]


def test_events_are_sealed_first_and_come_oldest_first(told: CommandLine) -> None:
    found = told("events", "--json").lines
    assert seqs(found) == [1, 2, 3]
    assert all(set(event) == SIX for event in found)
    assert found[0]["kind"] == "number.rejected"
    assert found[0]["actor"] == "cli"


def test_events_go_on_after_a_number_up_to_a_limit(told: CommandLine) -> None:
    assert seqs(told("events", "--after", "1", "--json").lines) == [2, 3]
    assert seqs(told("events", "--after", "1", "--limit", "1", "--json").lines) == [2]
    assert told("events", "--after", "3", "--json").out == ""


def test_events_are_filtered_by_kind_family_and_sign_up(told: CommandLine) -> None:
    told.settings(request_url="http://127.0.0.1:9/v1")
    signup = told("start", "+46701740610", "--json").json["signupId"]
    assert seqs(told("events", "--kind", "number.*", "--json").lines) == [1, 2, 3]
    kinds = ["--kind", "signup.failed", "--kind", "signup.started"]
    assert seqs(told("events", *kinds, "--json").lines) == [4, 5]
    assert seqs(told("events", "--signup", signup, "--json").lines) == [4, 5]


def test_events_are_searched_for_words(told: CommandLine) -> None:
    assert seqs(told("events", "--text", "web not_a", "--json").lines) == []
    assert seqs(told("events", "--text", "web too_sh", "--json").lines) == [2]
    assert seqs(told("events", "--text", "rejected", "--kind", "number.*", "--actor", "cli", "--json").lines) == [
        1,
        2,
        3,
    ]
    assert told("events", "--text", '"* NEAR(', "--json").out == ""


def test_an_export_of_a_search_is_told_without_its_words(told: CommandLine) -> None:
    words = ("export", "--format", "ndjson", "--out", "log", "--json", "--text", "not_a_number")
    assert told(*words).json["rows"] == 1
    event = told("events", "--kind", "audit.exported", "--json").json
    assert event["details"]["text"] is True
    assert "not_a_number" not in json.dumps(event)


def test_people_get_one_line_an_event(told: CommandLine) -> None:
    lines = told("events").out.splitlines()
    assert len(lines) == 3
    assert "number.rejected" in lines[0]
    assert '"reason":"not_a_number"' in lines[0]


def test_following_shows_what_happens_later(
    told: CommandLine, tmp_path: Path, environ: Callable[..., dict[str, str]]
) -> None:
    following = program(tmp_path, environ(), "events", "--follow", "--after", "3", "--limit", "2", "--json")
    told("start", "abc")
    told("start", "abc")
    out, err = following.communicate(timeout=30)
    assert (following.returncode, err) == (0, "")
    assert [json.loads(line)["seq"] for line in out.splitlines()] == [4, 5]


@pytest.mark.parametrize("form", FORMS)
def test_an_export_is_the_file_its_answer_describes(told: CommandLine, tmp_path: Path, form: str) -> None:
    answer = told("export", "--format", form, "--out", "log", "--json").json
    content = (tmp_path / "log").read_bytes()
    assert answer == {"file": "log", "rows": 4, "sha256": hashlib.sha256(content).hexdigest()}
    lines = {"csv": 5, "ndjson": 4}.get(form)
    assert lines in (None, len(content.splitlines()))


def test_an_export_stands_in_the_log_it_is_of(told: CommandLine) -> None:
    answer = told("export", "--out", "log", "--format", "csv", "--json").json
    done = told("events", "--kind", "audit.export_done", "--json").json
    assert done["details"]["sha256"] == answer["sha256"]
    assert done["actor"] == "cli"


def test_an_export_takes_the_filters_of_events_and_a_range(told: CommandLine, tmp_path: Path) -> None:
    words = ("export", "--format", "ndjson", "--out", "log", "--json")
    assert told(*words, "--kind", "number.rejected").json["rows"] == 3
    assert told(*words, "--to", "2020-01-01").json["rows"] == 0
    at = told("events", "--json", "--limit", "2").lines[1]["at"]
    assert told(*words, "--kind", "number.rejected", "--from", at).json["rows"] == 2


def test_an_export_that_cannot_be_written_says_where(told: CommandLine, tmp_path: Path) -> None:
    refused = told("export", "--format", "csv", "--out", "nowhere/log.csv")
    assert (refused.code, refused.out) == (2, "")
    assert "nowhere/log.csv" in refused.err


def test_people_are_told_what_was_written(told: CommandLine) -> None:
    assert "Rows" in told("export", "--format", "csv", "--out", "log.csv").out


def test_a_bundle_is_made_and_found_valid(told: CommandLine, tmp_path: Path) -> None:
    done = told("export", "--format", "bundle", "--out", "log.zip", "--kind", "number.*", "--json")
    assert (done.code, done.json["rows"]) == (0, 3)
    assert hashlib.sha256((tmp_path / "log.zip").read_bytes()).hexdigest() == done.json["sha256"]
    found = told("verify", "log.zip", "--json")
    assert (found.code, found.json["shown"], found.json["complete"]) == (0, 3, True)


def test_a_bundle_takes_an_auditors_checkpoint_along(told: CommandLine) -> None:
    told("checkpoint", "--out", "kept.json")
    told("start", "abc")
    options = ["--kind", "lock.hit", "--withhold", "rows", "--checkpoint", "kept.json"]
    assert told("export", "--format", "bundle", "--out", "log.zip", *options).code == 0
    found = told("verify", "log.zip", "--checkpoint", "kept.json", "--json").json
    assert (found["shown"], found["outside"]) == (0, {"given": 1, "matched": 1})


def test_a_checkpoint_of_another_log_goes_into_no_bundle(told: CommandLine, tmp_path: Path) -> None:
    worked = json.loads((ROOT / "tests/vectors/record/checkpoint.json").read_text("utf-8"))
    (tmp_path / "kept.json").write_text(worked["line"])
    answer = told("export", "--format", "bundle", "--out", "log.zip", "--checkpoint", "kept.json")
    assert (answer.code, "another log" in answer.err) == (2, True)
    assert not (tmp_path / "log.zip").exists()


def test_what_only_a_bundle_has_is_refused_elsewhere(told: CommandLine) -> None:
    answer = told("export", "--format", "csv", "--out", "log.csv", "--withhold", "rows")
    assert (answer.code, "--format bundle" in answer.err) == (2, True)


def test_who_gives_a_reason_finds_it_again_and_the_log_holds_only_its_id(told: CommandLine) -> None:
    told("export", "--format", "csv", "--out", "log.csv", "--reason", "the auditor asked", "--told-by", "user:local")
    [event] = told("events", "--kind", "audit.exported", "--actor", "user:local", "--reasons", "--json").lines
    assert event["reason"] == "the auditor asked"
    assert "auditor" not in json.dumps(event["details"])
    assert "why: the auditor asked" in told("events", "--kind", "audit.exported", "--reasons").out
    assert "reason" not in told("events", "--kind", "audit.export_done", "--reasons", "--json").lines[0]


def test_a_reason_without_words_is_refused_before_anything_is_written(told: CommandLine, tmp_path: Path) -> None:
    answer = told("export", "--format", "csv", "--out", "log.csv", "--reason", " ")
    assert (answer.code, "Say why" in answer.err) == (2, True)
    assert not (tmp_path / "log.csv").exists()

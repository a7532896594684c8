"""`scenario run` where nothing can be played: one sentence with the cure, and exit 2. tests/story plays them."""

from pathlib import Path

import pytest

from tests.machine import ROOT, free_port
from tests.steps.conftest import CommandLine

APPROVE = str(ROOT / "sandbox" / "scenarios" / "approve.json")


def test_with_nothing_running_it_says_what_to_start(command: CommandLine) -> None:
    command.settings(sandbox_port=free_port(), callback_port=free_port())
    told = command("scenario", "run", APPROVE)
    assert (told.code, told.out, len(told.err.splitlines())) == (2, "", 1)
    assert "everything that make run starts. Nothing answers on port" in told.err
    assert command("events", "--json").lines == []


def test_a_file_that_is_no_scenario_is_named_with_the_place_before_any_is_played(
    command: CommandLine, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"format": 1, "name": "x", "steps": [{"do": "start", "persona": "approve", "colour": 1}]}')
    told = command("scenario", "run", APPROVE, str(wrong))
    assert (told.code, told.out) == (2, "")
    assert f"{wrong}: This is no scenario: steps[0].colour: is not known" in told.err


def test_a_file_that_is_not_there_is_told(command: CommandLine) -> None:
    told = command("scenario", "run", "nowhere.json")
    assert (told.code, told.err) == (
        2,
        "nowhere.json cannot be read (No such file or directory): name a scenario's file.\n",
    )


@pytest.mark.parametrize("place", ["nowhere/junit.xml", ".", "/dev/null"])
def test_results_that_could_not_be_written_are_refused_before_anything_is_played(
    command: CommandLine, place: str
) -> None:
    command.settings(sandbox_port=free_port(), callback_port=free_port())
    told = command("scenario", "run", APPROVE, "--junit", place)
    assert (told.code, told.err) == (
        2,
        f"The results cannot be written to {place}: name a file in a folder that is yours.\n",
    )


@pytest.mark.parametrize("words", [(), ("run",), ("walk", APPROVE), ("--help",)])
def test_in_live_mode_there_is_no_scenario(command: CommandLine, words: tuple[str, ...]) -> None:
    command.settings(mode="live", app_key="a-key")
    told = command("scenario", *words)
    assert (told.code, told.out) == (2, "")
    assert "invalid choice: 'scenario'" in told.err
    assert "scenario" not in command("--help").out

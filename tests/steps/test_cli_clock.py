"""`clock`: the sandbox's clock from a terminal or CI. Forward only, and nothing of it in live mode."""

from pathlib import Path

import pytest

from sandbox.clock import NAME, Clock
from tests.steps.conftest import CommandLine


def test_it_tells_how_far_the_clock_is_ahead_and_moves_it_for_everybody(command: CommandLine, tmp_path: Path) -> None:
    assert command("clock").out == "The clock is not ahead.\n"
    assert command("clock", "--by", "301", "--json").lines == [{"ahead": 301.0}]
    assert command("clock", "--by", "0.5").out == "The clock is 301.5 s ahead.\n"
    assert command("clock", "--json").lines == [{"ahead": 301.5}]
    assert Clock(tmp_path / "data" / NAME).ahead() == 301.5


@pytest.mark.parametrize("seconds", ["-1", "0", "nan", "inf", "315360001"])
def test_it_moves_forward_only_and_at_most_ten_years(command: CommandLine, seconds: str) -> None:
    told = command("clock", "--by", seconds)
    assert (told.code, told.out, len(told.err.splitlines())) == (2, "", 1)
    assert "forward only, and at most ten years" in told.err
    assert command("clock", "--json").lines == [{"ahead": 0.0}]


def test_what_is_no_number_is_told(command: CommandLine) -> None:
    told = command("clock", "--by", "soon")
    assert (told.code, told.out) == (2, "")
    assert "argument --by: must be seconds" in told.err


def test_in_live_mode_there_is_no_clock_to_move(command: CommandLine, tmp_path: Path) -> None:
    command.settings(mode="live", app_key="a-key")
    for words in ([], ["--by", "301"], ["--help"]):
        told = command("clock", *words)
        assert (told.code, told.out) == (2, "")
        assert "invalid choice: 'clock'" in told.err
    assert "clock" not in command("--help").out
    assert not (tmp_path / "data" / NAME).exists()

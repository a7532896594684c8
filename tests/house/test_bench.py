"""Every benchmark can be run by `python -m bench`, and measures what it says."""

import importlib
from pathlib import Path

import pytest

from bench import tap
from bench.verify import PORTION, build, measured
from tests.house.sources import python_files

BENCHMARKS = [path for path in python_files("bench") if not path.stem.startswith("_")]


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_every_benchmark_says_what_it_is_and_has_figures(path: Path) -> None:
    module = importlib.import_module(f"bench.{path.stem}")
    assert module.__doc__
    assert callable(module.figures)


def test_the_memory_of_a_check_is_its_own_and_not_that_of_whoever_measures_it(tmp_path: Path) -> None:
    build(tmp_path / "log.db", PORTION)
    ballast = b"x" * 2**28
    assert measured(tmp_path / "log.db")[1] < len(ballast) / 2**20


def test_a_tap_is_measured_over_the_real_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap, "TAPS", 1)
    assert all(0 < figure.value < tap.PATIENCE for figure in tap.alone())

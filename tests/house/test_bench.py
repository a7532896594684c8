"""Every benchmark can be run by `python -m bench`."""

import importlib
from pathlib import Path

import pytest

from tests.house.sources import python_files

BENCHMARKS = [path for path in python_files("bench") if not path.stem.startswith("_")]


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_every_benchmark_says_what_it_is_and_has_figures(path: Path) -> None:
    module = importlib.import_module(f"bench.{path.stem}")
    assert module.__doc__
    assert callable(module.figures)

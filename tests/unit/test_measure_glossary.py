"""The glossary says what the code does."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from signup.measure import glossary
from signup.measure.question import Question
from signup.measure.stats import stats
from signup.words import MEASURES
from tests.unit.measure_histories import NOON, history, logs

DOCS = Path(__file__).parents[2] / "docs" / "numbers.md"


def test_every_number_is_explained_in_the_order_of_its_words() -> None:
    assert list(glossary.GLOSSARY) == list(MEASURES)


def test_the_page_of_docs_says_the_same() -> None:
    assert glossary.markdown() in DOCS.read_text("utf-8")


def test_every_name_is_one_of_stats() -> None:
    numbers = stats(history([]), Question(), NOON)
    assert [name for name in glossary.GLOSSARY if name not in numbers] == []


@settings(max_examples=30)
@given(logs)
def test_every_formula_gives_the_number(happened: Any) -> None:
    asked = Question(start=NOON - timedelta(days=40), end=NOON + timedelta(days=40))
    numbers = stats(history(happened), asked, NOON + timedelta(days=41))
    for name, entry in glossary.GLOSSARY.items():
        if entry.formula:
            assert numbers[name] == computed(entry.formula, numbers), name


def computed(formula: str, numbers: dict[str, Any]) -> float | None:
    try:
        return eval(formula, {"__builtins__": {}}, numbers)
    except ZeroDivisionError:
        return None


def test_a_formula_that_lies_would_be_found() -> None:
    with pytest.raises(NameError):
        computed("completed / ended", {"completed": 1})

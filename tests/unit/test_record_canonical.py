import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signup.errors import NotCanonical
from signup.record import canonical

VECTORS = json.loads((Path(__file__).parent.parent / "vectors/record/canonical.json").read_text("utf-8"))

KEYS = st.from_regex(r"[a-z][A-Za-z0-9]{0,39}", fullmatch=True)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=256)
)


def objects(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(KEYS, inside, max_size=4)


INNERMOST = LEAVES | st.lists(LEAVES, max_size=3) | objects(LEAVES)
DETAILS = objects(LEAVES | st.lists(INNERMOST, max_size=3) | objects(INNERMOST))


@pytest.mark.parametrize("example", VECTORS["canonical"], ids=lambda example: example["text"])
def test_a_value_has_the_text_of_the_worked_example(example: dict[str, Any]) -> None:
    assert canonical.dumps(example["value"]) == example["text"]
    assert canonical.loads(example["text"]) == example["value"]


@pytest.mark.parametrize("example", VECTORS["refused"], ids=lambda example: example["text"][:40])
def test_a_text_outside_the_rules_is_refused(example: dict[str, Any]) -> None:
    with pytest.raises(NotCanonical):
        canonical.loads(example["text"])


@given(DETAILS)
def test_what_was_written_is_read_back(details: dict[str, Any]) -> None:
    try:
        text = canonical.dumps(details)
    except NotCanonical:
        assert len(json.dumps(details, separators=(",", ":"))) > canonical.LONGEST
    else:
        assert canonical.loads(text) == details


@given(st.text())
def test_any_text_is_read_or_refused_and_never_repaired(text: str) -> None:
    try:
        details = canonical.loads(text)
    except NotCanonical:
        return
    assert canonical.dumps(details) == text


@pytest.mark.parametrize(
    "text",
    ['{"a":1} ', '{ "a":1}', '{"b":1,"a":2}', '{"a":"\\u0041"}', '{"a":-0}', '{"a":"\\/"}', '{"a":1}{}', ""],
)
def test_another_spelling_of_the_same_value_is_refused(text: str) -> None:
    with pytest.raises(NotCanonical):
        canonical.loads(text)


@pytest.mark.parametrize("value", [1.0, float("nan"), b"x", ("a",), {1: 2}, object(), 2**53, "naïve", "\t", "\ud800"])
def test_a_value_without_a_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical.dumps({"a": value})


def test_details_of_more_than_4096_bytes_are_refused() -> None:
    fitting = {f"k{number}": "x" * 247 for number in range(16)}
    assert len(canonical.dumps(fitting)) <= canonical.LONGEST
    with pytest.raises(NotCanonical):
        canonical.dumps({**fitting, "k16": "x" * 247})


@pytest.mark.parametrize("text", ["[" * 4096, '{"a":' * 700, '{"a":' + "9" * 4080 + "}"])
def test_a_hostile_text_is_refused_and_not_choked_on(text: str) -> None:
    with pytest.raises(NotCanonical):
        canonical.loads(text)

"""A page of the log, recomputed column by column and row by row: both say the same."""

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signup.record import tree, walk
from signup.record.fault import Fault, Reason
from signup.record.seal import sealed_rows

ID = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22"
COLUMNS = ("seq", "at", "kind", "signup_id", "actor", "details", "header_salt", "details_salt", "details_hash", "leaf")
PLACE = {name: place for place, name in enumerate(COLUMNS)}


def page(size: int, first: int = 1) -> list[walk.Raw]:
    waiting = [
        {
            "at": f"2026-11-24T14:00:00.{number:06}Z",
            "kind": "signup.approved" if number % 3 else "audit.export_done",
            "signup_id": ID if number % 2 else None,
            "actor": "api:web-1" if number % 5 else "callback",
            "details": f'{{"ms":{number}}}',
        }
        for number in range(first, first + size)
    ]
    rows = sealed_rows(waiting, first - 1)
    return [tuple({**row, "details_hash": None}[name] for name in COLUMNS) for row in rows]


def put(row: walk.Raw, **values: Any) -> walk.Raw:
    changed = list(row)
    for name, value in values.items():
        changed[PLACE[name]] = value
    return tuple(changed)


def redacted(row: walk.Raw) -> walk.Raw:
    kept = tree.details_hash(row[PLACE["details"]], bytes.fromhex(row[PLACE["details_salt"]])).hex()
    return put(row, details=None, details_salt=None, details_hash=kept)


def test_the_leaves_of_an_untouched_page_are_those_that_were_sealed() -> None:
    rows = page(40, first=17)
    assert [leaf.hex() for leaf in walk.leaves(rows, 17)] == [row[-1] for row in rows]


def test_an_untouched_page_needs_no_second_look() -> None:
    rows = page(40)
    assert walk._by_column(rows, 1, strict=True) == [bytes.fromhex(row[-1]) for row in rows]


def test_a_redacted_row_has_the_leaf_it_was_sealed_with() -> None:
    rows = page(5)
    rows[2] = redacted(rows[2])
    assert [leaf.hex() for leaf in walk.leaves(rows, 1)] == [row[-1] for row in rows]


MALFORMED = [
    {"seq": "3"},
    {"seq": 3.0},
    {"at": "2026-11-24 14:00:00.000003Z"},
    {"at": None},
    {"at": "2026-11-24T14:00:00.00000３Z"},
    {"kind": "Signup.approved"},
    {"kind": f"a.{'b' * 39}"},
    {"kind": "signup.approved\n"},
    {"signup_id": ID.upper()},
    {"signup_id": ""},
    {"signup_id": "null"},
    {"actor": "a@b"},
    {"actor": b"callback"},
    {"header_salt": "0" * 31},
    {"header_salt": "AB" * 16},
    {"header_salt": " " + "0" * 31},
    {"details_salt": None},
    {"details": "x" * 4097},
    {"details": b"{}"},
    {"details": "\ud800"},
    {"details": None},
    {"details_hash": "0" * 64},
]


@pytest.mark.parametrize("values", MALFORMED, ids=str)
def test_a_row_in_another_form_is_malformed(values: dict[str, Any]) -> None:
    rows = page(5)
    rows[2] = put(rows[2], **values)
    with pytest.raises(Fault) as found:
        walk.leaves(rows, 1)
    assert (found.value.reason, found.value.first, found.value.last) == (Reason.ROW_MALFORMED, 3, 3)


CHANGED = [
    {"at": "2026-11-24T14:00:01.000003Z"},
    {"kind": "signup.declined"},
    {"signup_id": None},
    {"actor": "cli"},
    {"details": '{"ms":4}'},
    {"header_salt": "0" * 32},
    {"details_salt": "0" * 32},
    {"leaf": sha256(b"").hexdigest()},
    {"leaf": ""},
    {"leaf": None},
]


@pytest.mark.parametrize("values", CHANGED, ids=str)
def test_a_row_that_is_not_the_sealed_one_is_changed(values: dict[str, Any]) -> None:
    rows = page(5)
    rows[2] = put(rows[2], **values)
    with pytest.raises(Fault) as found:
        walk.leaves(rows, 1)
    assert (found.value.reason, found.value.first) == (Reason.ROW_CHANGED, 3)


def test_a_leaf_that_reaches_into_the_next_row_is_changed() -> None:
    rows = page(5)
    rows[2], rows[3] = put(rows[2], leaf=rows[2][-1] + rows[3][-1][0]), put(rows[3], leaf=rows[3][-1][1:])
    with pytest.raises(Fault) as found:
        walk.leaves(rows, 1)
    assert (found.value.reason, found.value.first) == (Reason.ROW_CHANGED, 3)


def test_the_first_row_that_is_not_there_is_named() -> None:
    rows = page(5)
    del rows[2:4]
    with pytest.raises(Fault) as found:
        walk.leaves(rows, 1)
    assert (found.value.reason, found.value.first, found.value.last) == (Reason.ROW_MISSING, 3, 3)


def test_a_row_that_comes_twice_is_out_of_order() -> None:
    rows = page(5)
    with pytest.raises(Fault) as found:
        walk.leaves([*rows[:3], rows[1], *rows[3:]], 1)
    assert (found.value.reason, found.value.first) == (Reason.ROW_OUT_OF_ORDER, 2)


def test_only_a_strict_check_minds_details_that_are_not_canonical() -> None:
    [row] = page(1)
    text = '{"ms": 1}'
    leaf = tree.leaf(
        tree.header_hash(tree.header(*row[:5]), bytes.fromhex(row[6])), tree.details_hash(text, bytes.fromhex(row[7]))
    )
    row = put(row, details=text, leaf=leaf.hex())
    assert walk.leaves([row], 1) == [leaf]
    with pytest.raises(Fault) as found:
        walk.leaves([row], 1, strict=True)
    assert found.value.reason is Reason.ROW_MALFORMED


VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.text(max_size=40), st.integers(), st.binary(max_size=8), st.sampled_from([ID, "cli", "a.b", "0" * 32])
)


@given(st.integers(0, 3), st.sampled_from(COLUMNS), VALUES, st.booleans())
def test_column_by_column_never_lets_through_what_row_by_row_would_not(
    place: int, column: str, value: Any, strict: bool
) -> None:
    rows = page(4)
    rows[place] = put(rows[place], **{column: value})
    try:
        quick = walk._by_column(rows, 1, strict=strict)
    except (TypeError, ValueError, AttributeError):
        quick = None
    try:
        slow = [walk._leaf(row, due, strict=strict) for due, row in enumerate(rows, 1)]
    except Fault:
        slow = None
    assert quick is None or quick == slow
    assert slow is None or quick == slow or rows[place][PLACE["details"]] is None

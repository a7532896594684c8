import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signup.flow import signups_file
from signup.record import bulk, canonical, csvfile, lines, log

VECTORS = json.loads((Path(__file__).parent.parent / "vectors/record/csv.json").read_text("utf-8"))

INVISIBLE = "\u00a0\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2069\ufeff"
STARTERS = "'=+-@\uff1d\uff0b\uff0d\uff20"
hostile = st.text(st.sampled_from("\t\r\n\x00\x0b\x7f\x85 \u2028\u3000" + INVISIBLE), max_size=4).flatmap(
    lambda before: st.tuples(st.sampled_from(STARTERS), st.text(max_size=5)).map(lambda rest: before + "".join(rest))
)
anything = hostile | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def read(line: bytes) -> list[str]:
    """The cells as a spreadsheet's import sees them."""
    [cells] = csv.reader(io.StringIO(line.decode("utf-8"), newline=""), strict=True)
    return cells


def starts_a_formula(cell: str) -> bool:
    visible = re.sub(rf"^[\s{INVISIBLE}\u200b-\u200f\u202a-\u202e\u2060-\u2069]+", "", cell)
    return visible != "" and visible[0] in STARTERS and not cell.startswith("'")


@pytest.mark.parametrize("example", VECTORS, ids=lambda example: ascii(example["value"]))
def test_a_cell_is_that_of_the_worked_example(example: dict[str, Any]) -> None:
    assert csvfile.cell(example["value"]) == example["cell"]


@given(st.lists(anything, min_size=1, max_size=5))
def test_no_cell_starts_a_formula_and_none_breaks_its_line(values: list[str]) -> None:
    line = csvfile.line(values)
    assert line.endswith(b"\r\n")
    assert line.count(b"\n") == line.count(b"\r") == 1
    cells = read(line)
    assert len(cells) == len(values)
    assert [cell for cell in cells if starts_a_formula(cell)] == []


@given(anything)
def test_taking_one_quote_mark_away_gives_the_text_back(value: str) -> None:
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", value)
    [cell] = read(csvfile.line([value]))
    assert cell in (plain, "'" + plain)
    assert cell.removeprefix("'") == plain or cell == plain


def test_a_phone_number_stays_text() -> None:
    assert read(csvfile.line(["+46701234567"])) == ["'+46701234567"]


def test_names_stand_bare_on_the_first_line() -> None:
    assert csvfile.names(["seq", "at"]) == b"seq,at\r\n"


def test_true_and_false_are_text_not_numbers() -> None:
    assert csvfile.line([True, 1]) == b'"True",1\r\n'


def test_a_lone_surrogate_cannot_stop_a_file() -> None:
    assert csvfile.line(["\ud800=1"]) == b'"?=1"\r\n'


@given(st.lists(anything, min_size=4, max_size=4), st.booleans())
def test_no_path_writes_a_cell_that_starts_a_formula(values: list[str], redacted: bool) -> None:
    """Rows of the log one by one and many at once, and sign-ups, whatever stands in them."""
    at, kind, signup_id, actor = values
    named = {
        "country": "=1",
        "channel": "+46701234567",
        "code": "@a",
        "note": values[0].encode("ascii", "ignore").decode(),
    }
    details = canonical.encode({name: value for name, value in named.items() if value.isprintable()})
    raw = (1, at, kind, signup_id, actor, None if redacted else details, "", "", "", "")
    sign_up = dict(zip(signups_file.COLUMNS, [*values, *values, *values], strict=False))
    for line in (lines.csv_line(log.row(raw)), bulk.csv_lines([raw, raw]), signups_file.csv_line(sign_up)):
        cells = [cell for row in csv.reader(io.StringIO(line.decode("utf-8"), newline=""), strict=True) for cell in row]
        assert cells
        assert [cell for cell in cells if starts_a_formula(cell)] == []

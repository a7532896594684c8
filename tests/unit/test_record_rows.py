"""One event, down to its bytes: header, hashes, leaf, and its line in each file."""

import json
from pathlib import Path
from typing import Any

import pytest

from signup.errors import RecordAltered
from signup.record import canonical, lines, tree

ROWS = json.loads((Path(__file__).parent.parent / "vectors/record/rows.json").read_text("utf-8"))
each_row = pytest.mark.parametrize("example", ROWS, ids=lambda example: str(example["row"]["seq"]))


def stored(example: dict[str, Any]) -> dict[str, Any]:
    """The worked example as a row of `events`."""
    row = example["row"]
    return {
        "seq": row["seq"],
        "at": row["at"],
        "kind": row["kind"],
        "signup_id": row["signupId"],
        "actor": row["actor"],
        "details": example["detailsText"],
        "header_salt": row["headerSalt"],
        "details_salt": row["detailsSalt"],
        "details_hash": None,
    }


@each_row
def test_header_hashes_and_leaf_are_those_of_the_worked_example(example: dict[str, Any]) -> None:
    row = stored(example)
    header = tree.header(row["seq"], row["at"], row["kind"], row["signup_id"], row["actor"])
    header_hash = tree.header_hash(header, bytes.fromhex(row["header_salt"]))
    details_hash = tree.details_hash(row["details"], bytes.fromhex(row["details_salt"]))
    assert header == example["header"]
    assert header_hash.hex() == example["headerHash"]
    assert details_hash.hex() == example["detailsHash"]
    assert tree.leaf(header_hash, details_hash).hex() == example["leaf"]


@each_row
def test_details_have_the_text_of_the_worked_example(example: dict[str, Any]) -> None:
    assert canonical.dumps(example["row"]["details"]) == example["detailsText"]


@each_row
def test_the_csv_line_is_that_of_the_worked_example(example: dict[str, Any]) -> None:
    assert lines.csv_line(stored(example)) == example["csvLine"].encode()


@each_row
def test_the_ndjson_line_is_that_of_the_worked_example(example: dict[str, Any]) -> None:
    assert lines.ndjson_line(stored(example)) == example["shownLine"].encode() + b"\n"


@each_row
def test_a_row_without_details_is_listed_by_their_hash(example: dict[str, Any]) -> None:
    row = stored(example) | {"details": None, "details_salt": None, "details_hash": example["detailsHash"]}
    assert lines.ndjson_line(row) == example["listedLine"].encode() + b"\n"
    assert lines.csv_line(row).endswith(b",,,,,\r\n")


def test_a_country_that_is_no_text_or_number_has_no_column() -> None:
    row = stored(ROWS[0]) | {"details": '{"channel":true,"code":["a"],"country":null,"ms":7}'}
    assert b'"api:web",,,,7,"{' in lines.csv_line(row)


@pytest.mark.parametrize("details", ['{"ms": 7}', '{"ms":7}\n{"ms":8}', "", "not JSON"])
def test_details_that_were_never_written_by_us_reach_no_file(details: str) -> None:
    row = stored(ROWS[0]) | {"details": details}
    with pytest.raises(RecordAltered, match="Event 3 "):
        lines.csv_line(row)
    with pytest.raises(RecordAltered, match="Event 3 "):
        lines.ndjson_line(row)

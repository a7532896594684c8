"""Many rows at once come out as each one alone, whatever stands in them."""

import json
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as some

from signup.errors import RecordAltered
from signup.record import bulk, canonical, lines, log
from signup.record.log import Raw

AT = "2026-11-24T14:00:00.000000Z"
ID = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22"
SALTS = ("0f" * 16, "1e" * 16, None, "2d" * 32)
HOSTILE = ["=1+1", "'=1", " +46701234567", '"', "a,b", "\n", "", "\ud800", "x" * 300, "\u2028@", "\\", "é"]

NOT_CANONICAL = [
    *('{"ms":1.5}', '{"ms":1,"ms":2}', '{"ms":007}', '{"b":1,"a":2}'),
    *("[]", "", "{", '{"ms":1}\n', "\\"),
]

texts = some.sampled_from(
    ["SE", "web", "timeout", "", "=cmd", "-1", "+46701234567", '"', "\\", "{", '":5,', "0123456789abcdef", "a" * 256]
)
inner_names = some.sampled_from(["ms", "seq"])
values = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-(10**16), 10**16)
    | some.sampled_from([0, 7, 10**15, 2**53, 2**53 - 1])
    | texts,
    lambda inner: some.lists(inner, max_size=2) | some.dictionaries(inner_names, inner, max_size=2),
    max_leaves=4,
)
names = some.sampled_from(["country", "channel", "code", "ms", "status", "root", "filter", "msg"])
objects = some.dictionaries(names, values, max_size=4)
details = objects.map(canonical.encode) | objects.map(json.dumps) | some.sampled_from(NOT_CANONICAL) | some.none()
good = details.map(lambda text: (AT, "signup.sent", ID, "api:web", text))
odd = some.tuples(
    some.sampled_from([AT, *HOSTILE]),
    some.sampled_from(["signup.sent", *HOSTILE]),
    some.sampled_from([ID, None, *HOSTILE]),
    some.sampled_from(["cli", *HOSTILE]),
    details,
)
portions = some.lists(good, max_size=3) | some.lists(good | odd, max_size=3)


def outcome(make: Callable[[Sequence[Raw]], bytes], rows: Sequence[Raw]) -> bytes | str:
    try:
        return make(rows)
    except RecordAltered as error:
        return error.sentence
    except UnicodeEncodeError:
        return "not to be encoded"


def assert_the_same(portion: Sequence[tuple[str | None, ...]]) -> None:
    rows: list[Raw] = [(seq, *row, *SALTS) for seq, row in enumerate(portion, 1)]
    for at_once, alone in ((bulk.csv_lines, lines.csv_line), (bulk.ndjson_lines, lines.ndjson_line)):
        one_by_one = outcome(lambda rows, alone=alone: b"".join(alone(log.row(row)) for row in rows), rows)  # type: ignore[misc]
        assert outcome(at_once, rows) == one_by_one


@given(portions)
def test_a_portion_comes_out_as_its_rows_one_by_one(portion: list[tuple[str | None, ...]]) -> None:
    assert_the_same(portion)


@pytest.mark.parametrize(
    "details",
    [
        '{"filter":{"ms":5},"ms":7}',
        '{"filter":{"ms":5}}',
        '{"channel":"abcdefabcdefabcd","ms":7}',
        '{"code":"0123456789abcdef0123456789abcdef"}',
        '{"code":"","country":"","ms":""}',
        '{"code":5,"country":0,"ms":0}',
        '{"ms":-7}',
        '{"ms":true}',
        '{"ms":"7"}',
        '{"ms":"0123456789abcdef"}',
        '{"ms":9007199254740991}',
        '{"ms":9007199254740992}',
        '{"ms":123456789012345}',
        '{"ms":[7]}',
        '{"a":"\\"ms\\":5,","ms":7}',
        '{"a":"=1","country":"=1","ms":7}',
        '{"a":"' + "x" * 250 + '\\":12345678,"}',
        '{"numberId":"0123456789abcdef","root":"' + "ab" * 32 + '"}',
        '{"a":"' + "ab" * 33 + '"}',
        canonical.encode({f"k{number}": "ab" * 32 for number in range(10, 70)}),
    ],
)
def test_details_of_any_shape_come_out_as_they_do_alone(details: str) -> None:
    plain = (AT, "signup.sent", ID, "cli", '{"ms":5,"status":"waiting"}')
    assert_the_same([plain, (AT, "signup.sent", ID, "cli", details), plain])


@pytest.mark.parametrize("text", [*HOSTILE, "-x", "X"])
@pytest.mark.parametrize("column", range(4))
def test_a_column_that_is_not_plain_comes_out_as_it_does_alone(column: int, text: str) -> None:
    row: list[str | None] = [AT, "signup.sent", ID, "cli", '{"ms":5,"status":"waiting"}']
    row[column] = text
    assert_the_same([tuple(row)])


@pytest.mark.parametrize("make", [bulk.csv_lines, bulk.ndjson_lines])
def test_details_that_only_look_right_side_by_side_are_found(make: Callable[[Sequence[Raw]], bytes]) -> None:
    torn = ['{"a":[{}', "{}]},{}"]
    with pytest.raises(RecordAltered, match="Event 1"):
        make([(seq, AT, "signup.sent", ID, "cli", text, *SALTS) for seq, text in enumerate(torn, 1)])

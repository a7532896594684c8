"""One callback, byte by byte: every shape of protocol.md 1.3, and everything else refused with the stated code."""

import json
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signup.errors import CallbackRejected
from signup.model import Callback, Result
from signup.truecaller import callback

TOKEN = "a1asX-._~+/=="
APPROVAL = {"requestId": "92849748hueh9", "accessToken": TOKEN, "state": "s-1_2"}


def read(body: bytes | dict[str, Any], content_type: str | None = "application/json") -> Callback:
    return callback.read(body if isinstance(body, bytes) else json.dumps(body).encode(), content_type, None)


def refusal(
    body: bytes | dict[str, Any], content_type: str | None = None, content_encoding: str | None = None
) -> tuple[int, str]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(CallbackRejected) as caught:
        callback.read(raw, content_type, content_encoding)
    assert caught.value.sentence
    return caught.value.http_status, caught.value.code


def test_a_token_is_an_approval() -> None:
    assert read(APPROVAL) == Callback("92849748hueh9", Result.APPROVED, token=TOKEN, state="s-1_2")


def test_an_approval_may_name_an_endpoint() -> None:
    url = "https://profile4-noneu.truecaller.com/v1/default"
    assert read(APPROVAL | {"endpoint": url}).endpoint == url


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("user_rejected", Result.DECLINED),
        ("use_another_number", Result.DECLINED),
        ("flow_invoked", Result.OPENED),
        ("User_Rejected", Result.OTHER),
        ("something new", Result.OTHER),
    ],
)
def test_a_status_says_what_happened(status: str, result: Result) -> None:
    assert read({"requestId": "r", "status": status}) == Callback("r", result, status=status)


def test_a_token_beside_a_status_is_an_approval_and_the_status_is_kept() -> None:
    told = read(APPROVAL | {"status": "user_rejected"})
    assert (told.result, told.status) == (Result.APPROVED, "user_rejected")


def test_extra_keys_are_tolerated() -> None:
    assert read(APPROVAL | {"extra": {"a": [1, 2.5, None, True, 2**63]}}) == read(APPROVAL)


def test_null_is_as_good_as_absent() -> None:
    told = read(APPROVAL | {"state": None, "status": None, "endpoint": None})
    assert told == Callback("92849748hueh9", Result.APPROVED, token=TOKEN)


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "application/json"]
)
def test_json_and_forms_are_read_whatever_the_content_type(content_type: str | None) -> None:
    assert read(APPROVAL, content_type) == read(urlencode(APPROVAL).encode(), content_type)


@pytest.mark.parametrize("request_id", ["=", "=" * 256, "=_-+/ ~!", "92849748hueh9"])
def test_a_request_id_has_1_to_256_printable_characters(request_id: str) -> None:
    assert read({"requestId": request_id, "status": "x"}).request_id == request_id


@pytest.mark.parametrize("size", [8, 2048])
def test_a_token_may_have_8_to_2048_characters(size: int) -> None:
    assert read(APPROVAL | {"accessToken": "t" * size}).token == "t" * size


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("requestId", None),
        ("requestId", ""),
        ("requestId", "   "),
        ("requestId", "r" * 257),
        ("requestId", 42),
        ("requestId", ["r"]),
        ("requestId", "r\x00"),
        ("requestId", "r\n"),
        ("requestId", "r\x7f"),
        ("requestId", "\ufeffr"),
        ("requestId", "\ud800"),
        ("requestId", "é"),
        ("accessToken", ""),
        ("accessToken", "short"),
        ("accessToken", "t" * 2049),
        ("accessToken", "spaces in it"),
        ("accessToken", "tokentoken\n"),
        ("accessToken", "tokentoken\r\nX: y"),
        ("accessToken", "=tokentoken"),
        ("accessToken", "token=token"),
        ("accessToken", 12345678),
        ("accessToken", True),
        ("state", ""),
        ("state", "s" * 257),
        ("state", "s\x00"),
        ("state", ["s"]),
        ("status", ""),
        ("status", "s" * 65),
        ("status", "s\x1b[1m"),
        ("status", 1),
        ("endpoint", ""),
        ("endpoint", "e" * 513),
        ("endpoint", "https://x\n"),
        ("endpoint", {}),
        ("extra", "nul \x00"),
        ("extra", ["half \udc00"]),
        ("extra", {"half \udc00": 1}),
    ],
)
def test_a_field_outside_its_length_or_alphabet_is_invalid(name: str, value: object) -> None:
    assert refusal(APPROVAL | {name: value}) == (400, "body_invalid")


def test_a_request_id_is_needed() -> None:
    assert refusal({"accessToken": TOKEN}) == (400, "body_invalid")


@pytest.mark.parametrize("told", [{"requestId": "r"}, {"requestId": "r", "state": "s"}])
def test_a_callback_that_says_nothing_is_invalid(told: dict[str, Any]) -> None:
    assert refusal(told) == (400, "body_invalid")


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"text"', b'[{"requestId":"r"}]', b"true"])
def test_json_that_is_no_object_is_invalid(body: bytes) -> None:
    assert refusal(body) == (400, "body_invalid")


GOOD = json.dumps(APPROVAL)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"hello",
        b"\x00\x01\x02",
        GOOD.encode()[:-1],
        b"\xef\xbb\xbf" + GOOD.encode(),
        b"\xef\xbb\xbf" + urlencode(APPROVAL).encode(),
        GOOD.encode("utf-16"),
        GOOD.encode("utf-16-le"),
        GOOD.encode("utf-16-be"),
        GOOD.encode("utf-32"),
        b'{"requestId":"\xff","status":"x"}',
        b'{"requestId":"\xed\xa0\x80","status":"x"}',
        b'{"requestId":"a","requestId":"b","status":"x"}',
        b'{"requestId":"a","status":"x","extra":{"a":1,"a":2}}',
        b'{"requestId":NaN,"status":"x"}',
        b'{"requestId":"a","status":"x","n":-Infinity}',
        b'{"requestId":"a","status":"x","n":1e999}',
        b'{"requestId":"a","status":"x","n":' + b"9" * 5000 + b"}",
        b'{"requestId":"a","status":"x","n":' + b"[" * 8000,
        b'{"requestId":"a","status":"x","n":' + b"[" * 33 + b"]" * 33 + b"}",
        b"[" * 16384,
        b'{"a":' * 2500 + b"1" + b"}" * 2500,
        b"requestId=a&requestId=b&status=x",
        b"requestId=a&status",
        b"requestId=%ff&status=x",
        b"&".join(b"f%d=1" % n for n in range(60)),
    ],
)
def test_what_is_neither_json_nor_a_form_is_unreadable(body: bytes) -> None:
    assert refusal(body) == (400, "body_unreadable")


def test_a_nul_in_a_form_is_invalid() -> None:
    assert refusal(b"requestId=a&status=x&extra=%00") == (400, "body_invalid")


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", "x"])
def test_an_encoded_body_is_not_read(encoding: str) -> None:
    assert refusal(APPROVAL, None, encoding) == (415, "media_type_unsupported")


@pytest.mark.parametrize("encoding", [None, "", "identity", " Identity "])
def test_no_encoding_by_any_name_is_fine(encoding: str | None) -> None:
    assert callback.read(GOOD.encode(), None, encoding).token == TOKEN


def test_a_multipart_body_is_not_read() -> None:
    assert refusal(APPROVAL, "Multipart/form-data; boundary=x") == (415, "media_type_unsupported")


def test_16_kib_are_read_and_one_byte_more_is_not() -> None:
    full = GOOD.encode() + b" " * (16_384 - len(GOOD))
    assert read(full).token == TOKEN
    assert refusal(full + b" ") == (413, "body_too_large")


def test_no_refusal_repeats_what_was_sent() -> None:
    with pytest.raises(CallbackRejected) as caught:
        read(b'{"requestId":"canary","accessToken":"canary\\u0000"}')
    assert "canary" not in repr(caught.value) + caught.value.sentence
    assert caught.value.__cause__ is None


def test_a_token_and_a_state_are_not_in_the_repr() -> None:
    told = repr(read(APPROVAL))
    assert TOKEN not in told
    assert "s-1_2" not in told


def test_a_text_made_to_be_slow_is_refused_at_once() -> None:
    began = time.process_time()
    for body in (b'{"' + b'\\"' * 8190, b'"' * 16383, b'{"a":"' + b"\\" * 16370, b"%" * 16384, b"=&" * 8000):
        refusal(body)
    assert time.process_time() - began < 0.5


def answered(body: bytes) -> int:
    """The HTTP status a body earns; any exception but a rejection passes through."""
    try:
        callback.read(body, None, None)
    except CallbackRejected as rejected:
        return rejected.http_status
    return 200


@given(st.binary() | st.text().map(str.encode) | st.binary().map(lambda tail: GOOD.encode()[:40] + tail))
@example(b"=")
@example(b"%00=%")
def test_no_bytes_raise_anything_but_a_rejection(body: bytes) -> None:
    assert answered(body) in (200, 400)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from([*APPROVAL, "status", "endpoint", "x"]), JSON_VALUES))
def test_no_json_raises_anything_but_a_rejection(told: dict[str, Any]) -> None:
    assert answered(json.dumps(APPROVAL | told).encode()) in (200, 400)

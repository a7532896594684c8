"""Read one callback: bytes from a stranger in, a `Callback` out, or a reason that a retry cannot help.

The receiver calls `read` before anything is stored. Only the shape is judged here (protocol.md 1.3): whether the
callback is genuine is decided later, by its state and by the number in the profile.

It must not raise anything but `CallbackRejected`, and no sentence of it may repeat what was sent.
"""

import codecs
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from signup.errors import CallbackRejected
from signup.model import Callback, Result
from signup.truecaller import strict

LIMIT = 16_384
_RESULTS = {
    "user_rejected": Result.DECLINED,
    "use_another_number": Result.DECLINED,
    "flow_invoked": Result.OPENED,
}
_TOKEN = re.compile(r"(?=.{8,2048}\Z)[A-Za-z0-9._~+/-]+=*")
_OPTIONAL = {
    "accessToken": _TOKEN,
    "state": re.compile(r"[ -~]{1,256}"),
    "status": re.compile(r"[ -~]{1,64}"),
    "endpoint": re.compile(r"[ -~]{1,512}"),
}
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
_FORM_FIELDS = 50


def read(body: bytes, content_type: str | None, content_encoding: str | None) -> Callback:
    """The callback a body holds, JSON first, then a form; CallbackRejected (400, 413, 415) for everything else."""
    _refuse_media(content_type or "", content_encoding or "")
    if len(body) > LIMIT:
        raise CallbackRejected(413, "body_too_large", "The body is over 16 KiB. Send only the documented fields.")
    fields = _fields(body)
    request_id = strict.request_id(fields.get("requestId"))
    if request_id is None:
        raise _invalid("requestId must be a text of 1 to 256 printable characters.")
    words = {name: _word(fields, name) for name in _OPTIONAL}
    return Callback(
        request_id=request_id,
        result=_result(words["accessToken"], words["status"]),
        token=words["accessToken"],
        state=words["state"],
        status=words["status"],
        endpoint=words["endpoint"],
    )


def _refuse_media(content_type: str, content_encoding: str) -> None:
    if content_encoding.strip().lower() not in ("", "identity"):
        raise CallbackRejected(415, "media_type_unsupported", "Encoded bodies are not read. Send the body as it is.")
    if content_type.strip().lower().startswith("multipart/"):
        raise CallbackRejected(415, "media_type_unsupported", "Multipart bodies are not read. Send JSON.")


def _fields(body: bytes) -> dict[str, Any]:
    """The named values of a body, free of NUL and lone surrogates."""
    try:
        fields = strict.loads(body)
    except ValueError:
        fields = _form(body)
    if not isinstance(fields, dict):
        raise _invalid("The body must be one JSON object.")
    if any(_FORBIDDEN.search(text) for text in _texts(fields)):
        raise _invalid("The body holds a NUL or half a character.")
    return fields


def _form(body: bytes) -> dict[str, str]:
    if b"\0" in body or body.lstrip().startswith((b"{", b"[", b'"', codecs.BOM_UTF8)):
        raise _unreadable()
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_FORM_FIELDS,
        )
    except ValueError:
        raise _unreadable() from None
    fields = dict(pairs)
    if not fields or len(fields) != len(pairs):
        raise _unreadable()
    return fields


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, names included (its depth is bounded already)."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        yield from value
        yield from _texts(list(value.values()))


def _word(fields: dict[str, Any], name: str) -> str | None:
    """One optional field: absent and null are the same, anything else must be a text of its alphabet and length."""
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not _OPTIONAL[name].fullmatch(value):
        raise _invalid(f"{name} must be a text within its length and alphabet.")
    return value


def _result(token: str | None, status: str | None) -> Result:
    if token is not None:
        return Result.APPROVED
    if status is None:
        raise _invalid("Neither accessToken nor status is there: the callback says nothing.")
    return _RESULTS.get(status, Result.OTHER)


def _invalid(sentence: str) -> CallbackRejected:
    return CallbackRejected(400, "body_invalid", sentence)


def _unreadable() -> CallbackRejected:
    return CallbackRejected(400, "body_unreadable", "The body is neither plain JSON nor a form, in UTF-8.")

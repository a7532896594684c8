"""The programs' own log, on stderr: plain text on a terminal, else one JSON object per line.

Beside the story, not in it: the audit log is `signup/record/`. A value can never break a line or forge one, and of an
exception only its kind and place are written: its words may quote what a stranger or a database said. Callers log
ids, counts and codes; never a body, a number, a name or a token.

    logging.getLogger(__name__).info("callback stored", extra={"signup_id": signup_id, "ms": ms})
"""

import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from typing import Any, Literal

from signup import clock

HANDLER = "signup"
LONGEST_VALUE = 2000
DEEPEST_PLACE = 8
OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class JsonLines(logging.Formatter):
    """`{"time", "level", "event", "logger", ...}`, ASCII, one line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(fields(record), ensure_ascii=True, allow_nan=False)


class PlainLines(logging.Formatter):
    """`time level event key=value ...`, one line, control characters escaped."""

    def format(self, record: logging.LogRecord) -> str:
        extras = fields(record)
        words = [extras.pop("time"), f"{extras.pop('level'):7}", extras.pop("event")]
        return _one_line(" ".join([*words, *(f"{name}={value}" for name, value in extras.items())]))


def set_up(form: Literal["plain", "json"]) -> None:
    """Send all that is logged, warned, or raised and not caught to stderr in one form; a second call replaces it."""
    root = logging.getLogger()
    for handler in [known for known in root.handlers if known.name == HANDLER]:
        root.removeHandler(handler)
    handler = logging.StreamHandler(sys.stderr)
    handler.name = HANDLER
    handler.setFormatter(JsonLines() if form == "json" else PlainLines())
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_lost_thread


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """What a record says, as JSON values; texts are cut at 2,000 letters."""
    said: dict[str, Any] = {
        "time": clock.text(datetime.fromtimestamp(record.created, UTC)),
        "level": record.levelname.lower(),
        "event": _plain_value(record.getMessage()),
        "logger": record.name,
    }
    for name, value in vars(record).items():
        if name not in OF_EVERY_RECORD and name not in said:
            said[name] = _plain_value(value)
    if record.exc_info and record.exc_info[1]:
        said["error"], said["place"] = _kind_and_place(record.exc_info[1])
    return said


def _plain_value(value: object) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and abs(value) < float("inf"):
        return value
    return str(value)[:LONGEST_VALUE]


def _one_line(text: str) -> str:
    """Every letter that is not printable as its escape, so that a line stays one line on any terminal."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _kind_and_place(error: BaseException) -> tuple[str, str]:
    kinds: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(kinds) < DEEPEST_PLACE:
        kinds.append(type(cause).__qualname__)
        cause = cause.__cause__
    frames = traceback.extract_tb(error.__traceback__)[-DEEPEST_PLACE:]
    return " from ".join(kinds), " > ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)


def _log_uncaught(kind: type[BaseException], error: BaseException, _: Any) -> None:
    if issubclass(kind, Exception):
        logging.getLogger(__name__).critical("stopped by an error", exc_info=error)


def _log_lost_thread(lost: threading.ExceptHookArgs) -> None:
    if isinstance(lost.exc_value, Exception):
        name = lost.thread.name if lost.thread else "unknown"
        logging.getLogger(__name__).critical(
            "a thread was stopped by an error", exc_info=lost.exc_value, extra={"thread_name": name}
        )

import json
import logging
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signup.logs import JsonLines, PlainLines

TOKEN = "canary-token-5b1f"


def record(event: str, error: BaseException | None = None, **extras: Any) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "signup.flow", "levelno": logging.INFO, "levelname": "INFO", "msg": event})
    vars(made).update(extras)
    made.exc_info = (type(error), error, error.__traceback__) if error else None
    return made


def said(event: str, **extras: Any) -> dict[str, Any]:
    return json.loads(JsonLines().format(record(event, **extras)))


def test_a_json_line_says_when_how_grave_what_and_the_rest() -> None:
    line = said("callback stored", created=1795960800.25, signup_id="abc", ms=12, repeated=False)
    assert line == {
        "time": "2026-11-29T14:00:00.250000Z",
        "level": "info",
        "event": "callback stored",
        "logger": "signup.flow",
        "signup_id": "abc",
        "ms": 12,
        "repeated": False,
    }


def test_a_plain_line_says_the_same() -> None:
    line = PlainLines().format(record("callback stored", created=1795960800.25, signup_id="abc", ms=12))
    assert line == "2026-11-29T14:00:00.250000Z info    callback stored logger=signup.flow signup_id=abc ms=12"


@given(st.text(), st.text())
def test_no_value_can_break_a_line(event: str, value: str) -> None:
    for form in (JsonLines(), PlainLines()):
        line = form.format(record(event.replace("%", "%%"), value=value))
        assert len(line.splitlines()) == 1
        assert line.isprintable()


@given(st.one_of(st.floats(), st.binary(), st.lists(st.integers()), st.none(), st.integers()))
def test_any_value_becomes_json(value: object) -> None:
    assert "value" in said("event", value=value)


def test_a_long_value_is_cut() -> None:
    assert len(said("event", value="x" * 100_000)["value"]) == 2000


def test_of_an_error_only_its_kind_and_place_are_written() -> None:
    try:
        try:
            raise ValueError(TOKEN)
        except ValueError as cause:
            raise RuntimeError(TOKEN) from cause
    except RuntimeError as error:
        line = JsonLines().format(record("it broke", error))
    assert json.loads(line)["error"] == "RuntimeError from ValueError"
    assert "test_logs.py" in json.loads(line)["place"]
    assert TOKEN not in line


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=30)


def test_everything_goes_to_stderr_once_however_often_it_is_set_up() -> None:
    ran = run(
        "import logging; from signup import logs; logs.set_up('plain'); logs.set_up('json');"
        "logging.getLogger('x').info('hello'); logging.getLogger('x').debug('not this')"
    )
    assert ran.stdout == ""
    assert [json.loads(line)["event"] for line in ran.stderr.splitlines()] == ["hello"]


@pytest.mark.parametrize(
    "broken",
    [
        f"raise ValueError('{TOKEN}')",
        f"import threading\ndef fail(): raise ValueError('{TOKEN}')\nthreading.Thread(target=fail).start()",
        f"import warnings; warnings.warn('{TOKEN[:6]}\\nof something')",
    ],
)
def test_what_nobody_caught_is_one_line_too(broken: str) -> None:
    ran = run(f"from signup import logs; logs.set_up('json')\n{broken}")
    assert len(ran.stderr.splitlines()) == 1
    assert json.loads(ran.stderr)["level"] in ("critical", "warning")
    assert TOKEN not in ran.stderr


def test_a_key_press_that_stops_a_program_is_no_error() -> None:
    assert run("from signup import logs; logs.set_up('json')\nraise KeyboardInterrupt").stderr == ""

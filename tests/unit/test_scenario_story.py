"""A scenario's file is read strictly, and what is wrong in it is told by its place."""

import codecs
import json
import re
from typing import Any

import pytest

from signup.errors import UsageWrong
from signup.scenario.story import MOST_BYTES, Expect, SendAgain, Start, Story, read
from tests.machine import ROOT

START = {"do": "start", "persona": "approve", "as": "first"}
NO_NUMBER = {"do": "start", "number": "12", "code": "number_invalid"}
LOCKED = {"do": "start", "again": True, "code": "locked", "as": "other"}


def story(*steps: dict[str, Any], **more: Any) -> Story:
    return read(json.dumps({"format": 1, "name": "A story", "steps": steps} | more).encode())


def test_a_story_is_read_with_what_its_steps_leave_out() -> None:
    read_back = story(START, {"do": "expect", "status": "completed", "code": None})
    start, expect = read_back.steps
    assert isinstance(start, Start)
    assert (start.name, start.code) == ("first", None)
    assert isinstance(expect, Expect)
    assert (expect.within, expect.events, "code" in expect.model_fields_set) == (20, {}, True)


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([{**START, "agian": True}], "steps[0].agian: is not known"),
        ([START, {"do": "tap", "answer": "no"}], "steps[1].answer: input should be 'approve'"),
        ([START, {"do": "tap"}], "steps[1].answer: is missing"),
        ([START, {"do": "sleep"}], "steps[1]: do must be one of start, tap, moveClock"),
        ([START, {}], "steps[1]: do is missing"),
        ([START, {"do": "expect"}], "steps[1]: needs one of status, code, events, rings"),
        ([START, {"do": "expect", "status": "lost"}], "steps[1].status: must be one of requested, waiting"),
        ([START, {"do": "expect", "events": {"lost": 1}}], "steps[1].events.lost: must be one of signup.started"),
        ([START, {"do": "expect", "events": {"lock.hit": "1"}}], "steps[1].events.lock.hit: "),
        ([START, {"do": "expect", "code": None, "within": 0}], "steps[1].within: "),
        ([START, {"do": "moveClock", "seconds": 1, "past": "lock"}], "steps[1]: needs one of seconds, past"),
        ([START, {"do": "moveClock", "seconds": -1}], "steps[1].seconds: "),
        ([{"do": "start", "persona": "approve", "number": "+1"}], "steps[0]: needs one of persona, number, again"),
        ([START, {"do": "start", "again": 1}], "steps[1].again: must be true"),
        ([{**START, "[key]": 1}], "steps[0].[key]: is not known"),
        ([START, {"do": "sendAgain", "body": {"[key]": "x"}}], "steps[1].body.[key]: has letters"),
        ([START, {"do": "sendAgain", "answer": True}], "steps[1].answer: "),
        ([START, {"do": "tap", "answer": "open", "within": True}], "steps[1].within: "),
        ([START] * 201, "steps: are more than 200"),
        ([{**START, "of": "first"}], "steps[0]: of goes with again only"),
        ([{"do": "tap", "answer": "approve"}], "steps[0]: there is no sign-up before it"),
        ([{"do": "start", "again": True}], "steps[0]: there is no sign-up before it"),
        ([START, {"do": "tap", "answer": "open", "of": "other"}], "steps[1]: there is no sign-up called other"),
        ([NO_NUMBER, {"do": "expect", "rings": False}], "steps[1]: there is no sign-up before it"),
        (
            [START, LOCKED, {"do": "expect", "of": "other", "rings": False}],
            "steps[2]: there is no sign-up called other",
        ),
        ([], "steps: is empty"),
        (["tap", START], "steps[0]: must be an object"),
        ([{**START, "persona": 7}], "steps[0].persona: must be a text"),
        ([START, {"do": "tap", "answer": "open", "within": "5"}], "steps[1].within: must be a number"),
        ([START, {"do": "expect", "events": []}], "steps[1].events: must be an object"),
        ([{**START, "k" * 3000: 1}], f"steps[0].{'k' * 40}...: is not known"),
    ],
)
def test_what_is_wrong_is_told_by_its_place(steps: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(UsageWrong, match=re.escape(told)):
        story(*steps)


@pytest.mark.parametrize(
    "more",
    [
        *({"format": 2}, {"format": "1"}, {"format": True}, {"format": 1.0}),
        *({"name": ""}, {"name": "a\nb"}, {"name": "\ufffe"}, {"name": "\ud800"}),
        *({"more": 1}, {"[key]": 1}),
    ],
)
def test_what_stands_around_the_steps_is_as_strict(more: dict[str, Any]) -> None:
    with pytest.raises(UsageWrong, match=f"no scenario: {re.escape(next(iter(more)))}: "):
        story(START, **more)


def test_a_callback_may_be_edited_to_any_letter_for_a_stranger_may_send_it() -> None:
    edited = {"do": "sendAgain", "body": {"state": "\x00\x1f\ufffe\ud800"}}
    assert story(START, edited).steps[1] == SendAgain.model_validate(edited)


@pytest.mark.parametrize(
    "written",
    [b"", b"{", b"\xff", b'{"format": 1, "format": 1}', b'{"format": NaN}', b"[]", b"5"],
)
def test_what_is_no_story_at_all_is_refused_in_one_sentence(written: bytes) -> None:
    with pytest.raises(UsageWrong, match=r"This is no (JSON|scenario)"):
        read(written)


@pytest.mark.parametrize(
    ("written", "told"),
    [(b"[]", "it must be an object"), (b"\xff", "it is not UTF-8"), (b"{}x", "Extra data: line 1 column 3 (char 2)")],
)
def test_what_is_no_story_at_all_is_told_in_plain_words(written: bytes, told: str) -> None:
    with pytest.raises(UsageWrong, match=re.escape(told)):
        read(written)


def test_a_file_of_another_editor_is_read_all_the_same() -> None:
    plain = json.dumps({"format": 1, "name": "A story", "steps": [START]}, indent=1)
    assert read(codecs.BOM_UTF8 + plain.replace("\n", "\r\n").encode()) == read(plain.encode())


def test_a_file_beyond_all_use_is_not_read() -> None:
    with pytest.raises(UsageWrong, match="at most 65,536 bytes"):
        read(b" " * (MOST_BYTES + 1))


def test_the_docs_show_a_story_that_is_one_and_all_that_are_shipped() -> None:
    docs = (ROOT / "docs" / "scenarios.md").read_text("utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", docs, re.DOTALL)
    assert read(example.encode()).steps
    shipped = sorted(file.name for file in (ROOT / "sandbox" / "scenarios").glob("*.json"))
    assert sorted(re.findall(r"^\| `(\S+\.json)` \|", docs, re.MULTILINE)) == shipped

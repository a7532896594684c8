"""What a scenario's file may say: format 1, strict. A file that says anything else is refused before it is played.

    {"format": 1, "name": "...", "steps": [{"do": "start", "persona": "approve"}, ...]}

Each kind of step is a class here, and its fields are what may stand in it; docs/scenarios.md tells it to people. It
must not play anything.
"""

import json
from codecs import BOM_UTF8
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from signup.errors import UsageWrong
from signup.model import Status
from signup.record.events import VOCABULARY
from signup.truecaller.strict import loads

MOST_BYTES, MOST_STEPS, MOST_TOLD = 65_536, 200, 5
MOST_LETTERS = 40
"""Of a key that is told."""
MOST_SECONDS = 31_536_000
WITHIN_SECONDS = 20.0
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f\u{fffe}\u{ffff}]+$"
"""No control characters, nor what an XML file cannot hold."""

HAPPENS = tuple(kind for kind, shape in VOCABULARY.items() if shape.of_signup)
AROUND = ("callback.quarantined", "lock.hit", "replay.sent")
"""What can happen to a sign-up, and what may or may not be about one."""

NO_SIGNUP = ("locked", "number_invalid")
"""With these a start ends before there is a sign-up."""

SENTENCES = {
    "extra_forbidden": "is not known",
    "missing": "is missing",
    "union_tag_invalid": "do must be one of start, tap, moveClock, sendAgain, expect",
    "union_tag_not_found": "do is missing: one of start, tap, moveClock, sendAgain, expect",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "too_short": "is empty",
    "too_long": f"are more than {MOST_STEPS}",
    "string_unicode": "has letters that cannot stand there",
    "string_pattern_mismatch": "has letters that cannot stand there",
}


def _one_of(words: Sequence[str], word: str) -> str:
    if word not in words:
        raise ValueError(f"must be one of {', '.join(words)}")
    return word


def _the_same(wanted: bool | int, given: object) -> object:
    """Python takes true and 1.0 for 1."""
    if (type(given), given) != (type(wanted), wanted):
        raise ValueError(f"must be {json.dumps(wanted)}")
    return given


One = Annotated[Literal[1], BeforeValidator(partial(_the_same, 1))]
Yes = Annotated[Literal[True], BeforeValidator(partial(_the_same, True))]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]
Within = Annotated[float, Field(gt=0, le=600)]
Kind = Annotated[str, AfterValidator(partial(_one_of, (*HAPPENS, *AROUND)))]
Word = Annotated[str, AfterValidator(partial(_one_of, tuple(map(str, Status))))]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)


class Start(_Strict):
    """A sign-up begins: with a fresh number of a persona, with this number, or `again` with the one of `of`.

    `code`: what the start ends with, as `python -m signup start` tells it; None: accepted. `name`: what later steps
    call the sign-up, if there is one.
    """

    do: Literal["start"]
    persona: Name | None = None
    number: Annotated[str, Field(max_length=64, pattern=PRINTABLE)] | None = None
    again: Yes | None = None
    of: Name | None = None
    code: Name | None = None
    name: Name | None = Field(None, alias="as")

    @model_validator(mode="after")
    def _one_number(self) -> "Start":
        if sum(given is not None for given in (self.persona, self.number, self.again)) != 1:
            raise ValueError("needs one of persona, number, again")
        if self.of and not self.again:
            raise ValueError("of goes with again only")
        return self


class Tap(_Strict):
    """The phone is answered, once it rings."""

    do: Literal["tap"]
    answer: Literal["approve", "decline", "another_number", "ignore", "open"]
    of: Name | None = None
    within: Within = WITHIN_SECONDS


class MoveClock(_Strict):
    """Time passes for everybody: so many seconds, past the lock, or past the time to answer and the token's life."""

    do: Literal["moveClock"]
    seconds: Annotated[float, Field(gt=0, le=MOST_SECONDS)] | None = None
    past: Literal["lock", "answer"] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "MoveClock":
        if (self.seconds is None) == (self.past is None):
            raise ValueError("needs one of seconds, past")
        return self


class SendAgain(_Strict):
    """The last callback of a sign-up is sent again. `body` changes fields, null leaves one out; `answer`: the HTTP
    status that it must get."""

    do: Literal["sendAgain"]
    of: Name | None = None
    body: dict[Name, str | None] = Field(default_factory=dict)
    answer: Annotated[int, Field(ge=100, le=599)] = 200
    within: Within = WITHIN_SECONDS


class Expect(_Strict):
    """How a sign-up stands, within so many seconds. `events`: how often each kind has happened to it; `rings`: whether
    its phone does."""

    do: Literal["expect"]
    of: Name | None = None
    status: Word | None = None
    code: Name | None = None
    events: dict[Kind, Annotated[int, Field(ge=0, le=1000)]] = Field(default_factory=dict)
    rings: bool | None = None
    within: Within = WITHIN_SECONDS

    @model_validator(mode="after")
    def _something(self) -> "Expect":
        if not {"status", "code", "events", "rings"} & self.model_fields_set:
            raise ValueError("needs one of status, code, events, rings")
        return self


Step = Annotated[Start | Tap | MoveClock | SendAgain | Expect, Field(discriminator="do")]


class Story(_Strict):
    """A scenario as its file tells it."""

    format: One
    name: Annotated[str, Field(max_length=100, pattern=PRINTABLE)]
    steps: Annotated[list[Step], Field(min_length=1, max_length=MOST_STEPS)]

    @model_validator(mode="after")
    def _names_are_known(self) -> "Story":
        known: set[str | None] = set()
        for place, step in enumerate(self.steps):
            of, again = getattr(step, "of", None), isinstance(step, Start) and step.again
            if (not isinstance(step, Start | MoveClock) or again) and of not in known:
                missing = f"called {of}" if of else "before it"
                raise ValueError(f"steps[{place}]: there is no sign-up {missing}")
            if isinstance(step, Start) and step.code not in NO_SIGNUP:
                known |= {None, step.name}
        return self


def read(written: bytes) -> Story:
    """The story in a file. Raises UsageWrong: it names each place that is wrong, and not what stands there."""
    if len(written) > MOST_BYTES:
        raise UsageWrong(f"A scenario has at most {MOST_BYTES:,} bytes: this file is larger.")
    try:
        return Story.model_validate(loads(written.removeprefix(BOM_UTF8)))
    except ValidationError as error:
        told = "; ".join(_said(problem) for problem in error.errors()[:MOST_TOLD])
        raise UsageWrong(f"This is no scenario: {told} (docs/scenarios.md).") from None
    except UnicodeDecodeError:
        raise UsageWrong("This is no JSON: it is not UTF-8.") from None
    except ValueError as error:
        raise UsageWrong(f"This is no JSON: {error}.") from None


def _said(problem: Any) -> str:
    """steps[2].anwser is not known"""
    path = ""
    for place, part in enumerate(problem["loc"]):
        if place in (2, 5) and problem["loc"][0] == "steps":  # as what it was read; that a key is meant, not its value
            continue
        path += f"[{part}]" if isinstance(part, int) else f".{part[:MOST_LETTERS]}{'...' * (len(part) > MOST_LETTERS)}"
    words = SENTENCES.get(problem["type"], problem["msg"].removeprefix("Value error, ").lower())
    if not path and problem["type"] in SENTENCES:
        return f"it {words}"
    return f"{path.removeprefix('.')}: {words}" if path else words

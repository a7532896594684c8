"""docs/words.md tells every status with the words that people read."""

import re

from signup.model import OPEN, Status
from signup.words import STATUSES
from tests.house.sources import ROOT


def test_the_docs_know_every_status_by_the_words_that_people_read() -> None:
    told = dict(
        re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", (ROOT / "docs" / "words.md").read_text("utf-8"), re.MULTILINE)
    )
    assert told == {str(status): STATUSES[status] for status in Status}


def test_the_docs_know_which_statuses_are_open() -> None:
    text = (ROOT / "docs" / "words.md").read_text("utf-8")
    assert f"`{OPEN[0]}`, `{OPEN[1]}` and `{OPEN[2]}` are **open**" in text

"""How often each thing was told since the log began: what a scrape reads instead of counting the log.

Beside the sealer (seal.py), which adds a portion's counts in the transaction that seals it: each event counts exactly
once, whoever seals it. A total never falls, not even when old events are pruned or the details of one are taken out.
The numbers people see are counted elsewhere, from the events alone (signup/measure/); this must not interpret one.
"""

import json
from collections import Counter
from collections.abc import Iterable

from signup.record.events import Kind
from signup.store import Row

WORDS: dict[str, tuple[str, ...]] = {
    Kind.SIGNUP_SENT: ("code",),
    Kind.SIGNUP_FAILED: ("step", "code"),
    Kind.SIGNUP_DECLINED: ("reason",),
    Kind.PROFILE_FAILED: ("status", "code"),
    Kind.CALLBACK_RECEIVED: ("result",),
    Kind.CALLBACK_REPEATED: ("result",),
    Kind.CALLBACK_QUARANTINED: ("reason",),
    Kind.NUMBER_REJECTED: ("reason",),
}
"""By which of their details events of a kind are told apart, at most two; the others are only counted.

The migration that counts what was sealed before says the same in SQL.
"""


def of(rows: Iterable[Row]) -> list[Row]:
    """What these rows add, as rows of `event_totals` in the order of its key. What a replay caused adds nothing."""
    told = ((row["kind"], _details(row["details"])) for row in rows)
    counted = Counter((kind, *_words(kind, details)) for kind, details in told if "replay" not in details)
    return [
        {"kind": kind, "word": word, "second": second, "n": n} for (kind, word, second), n in sorted(counted.items())
    ]


def _words(kind: str, details: Row) -> tuple[str, str]:
    told = (details.get(key) for key in WORDS.get(kind, ()))
    word, second, *_ = (*map(_word, told), "", "")
    return word, second


def _word(told: object) -> str:
    """As a database keeps it: a row that no step of ours wrote may hold a text that none does."""
    return told if isinstance(told, str) and told.isascii() and told.isprintable() else ""


def _details(text: str) -> Row:
    """What an event tells. One that no step of ours wrote is sealed all the same, and only counted."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}

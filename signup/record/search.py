"""What a person types to find events, as words that an index can be asked for.

    typed      se  signup.decl
    pieces     [se]  [signup, decl]            runs of letters and digits; those of one word stand side by side
    finished   [se]  [signup, decl] or [signup, declined]
    SQLite     ("se") AND ("signup decl" OR "signup declined")
    PostgreSQL ('xse') & ('xsignup' <-> 'xdecl' | 'xsignup' <-> 'xdeclined')    the x: see migration 0002

Whatever is typed is words: nothing of it is a database's syntax, and none of it is kept or told anywhere. The last
word may be begun only. What it may become is looked up here and not in the index, which would have to read every row
of every word that begins so: the log's own words are few and known; ids, hashes and names are found by whole pieces,
and from eight characters on by their beginning.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from signup import words
from signup.model import Result, Status
from signup.record.events import VOCABULARY
from signup.store.face import Dialect

LONGEST = 256
"""No word of the log is longer."""

SHORTEST_BEGUN, LONG_ENOUGH = 3, 8
_pieces: Callable[[str], list[str]] = re.compile(r"[^\W_]+").findall

Pieces = tuple[str, ...]
Word = tuple[list[Pieces], bool]
"""What one word may be, and whether it may go on."""


def _known() -> Iterator[str]:
    for kind, shape in VOCABULARY.items():
        yield from (kind, *shape.needs, *shape.may)
    yield from (*words.CODES, *words.REJECTS, *Status, *Result)


KNOWN = sorted({piece for name in _known() for piece in _pieces(name.lower())})
"""The pieces of the log's own words: kinds, names of details, codes, statuses."""


def read(typed: str) -> list[Word]:
    """The words, all of which an event must have. Empty when no event can: then nothing was typed but signs, or a
    letter that the record does not know."""
    found = dict.fromkeys(pieces for word in typed.lower().split() if (pieces := tuple(_pieces(word))))
    if any(len(piece) > LONGEST or not piece.isascii() for pieces in found for piece in pieces):
        return []
    *whole, last = found or [()]
    return [*(([pieces], False) for pieces in whole), _begun(last)] if last else []


def match(dialect: Dialect, typed: str, columns: Mapping[str, str]) -> str | None:
    """The question to a database's index, None when nothing can be found.

    `columns`: what some columns hold; SQLite's index has them apart, and narrows by them faster than by rows.
    """
    asked = read(typed)
    if not asked:
        return None
    if dialect == "postgresql":
        return " & ".join(f"({' | '.join(_lexemes(pieces, begun) for pieces in forms)})" for forms, begun in asked)
    held = [f"{{{name}}} : {_phrase(tuple(_pieces(value.lower())), False)}" for name, value in columns.items()]
    return " AND ".join(
        [*held, *(f"({' OR '.join(_phrase(pieces, begun) for pieces in forms)})" for forms, begun in asked)]
    )


def _begun(pieces: Pieces) -> Word:
    *before, last = pieces
    known = [word for word in KNOWN if word.startswith(last)] if before or len(last) >= SHORTEST_BEGUN else []
    forms = [(*before, form) for form in dict.fromkeys([last, *known])]
    return forms, not known and len(last) >= LONG_ENOUGH


def _phrase(pieces: Pieces, begun: bool) -> str:
    return f'"{" ".join(pieces)}"' + (" *" if begun else "")


def _lexemes(pieces: Pieces, begun: bool) -> str:
    return " <-> ".join(f"'x{piece}'" for piece in pieces) + (":*" if begun else "")

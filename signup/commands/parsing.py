"""Options as texts become values, or one sentence that says why not. It must not load the settings."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from signup.clock import text
from signup.errors import UsageWrong
from signup.record.events import ACTOR
from signup.settings_checks import region

Options = argparse.Namespace
ASKING = ("cli", "user", "api")


class Parser(argparse.ArgumentParser):
    """argparse that tells a usage error in one sentence, raised as UsageWrong, and never guesses at an option."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **given})

    def error(self, message: str) -> NoReturn:
        raise UsageWrong(f"{self.prog}: {message} (see {self.prog} --help)")


@dataclass(frozen=True)
class Command:
    """One command: `options` adds its own to a parser, `run` does it and returns the exit code."""

    options: Callable[[Parser], None]
    run: Callable[[Options], int]


def no_options(parser: Parser) -> None:
    """For a command that only knows --json."""


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A whole number between two, both included."""
    wanted = f"a whole number from {least}" + (f" to {most}" if most is not None else "")

    def read(written: str) -> int:
        value = int(written) if written.isascii() and written.isdigit() else least - 1
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"must be {wanted}")
        return value

    return read


def key_id(written: str) -> str:
    """The name of a key that signs the record, as `keys` and `checkpoint` show it."""
    found = written.strip().lower()
    if len(found) != 32 or set(found) - set("0123456789abcdef"):
        raise argparse.ArgumentTypeError("must be 32 hex digits, as python -m signup keys shows them")
    return found


def some_words(written: str) -> str:
    """Words to look for: none would mean everything."""
    if not written.strip():
        raise argparse.ArgumentTypeError("must have words")
    return written


def actor(written: str) -> str:
    """Who asks for something: cli, or somebody's id. What our own programs do, only they can say."""
    if not ACTOR(written) or written.partition(":")[0] not in ASKING:
        raise argparse.ArgumentTypeError("must be cli, or look like user:local or api:web")
    return written


def country(written: str) -> str:
    """An ISO country, in capitals."""
    try:
        return region(written)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def moment(written: str) -> str:
    """A date, or a date with a time (UTC unless it says another zone), as fixed-width text."""
    try:
        read = datetime.fromisoformat(written)
        return text(read if read.tzinfo else read.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            "must be a date (2026-11-24) or a date with a time (2026-11-24T15:32, in UTC)"
        ) from None


def add_log_filters(parser: Parser) -> None:
    """Which events: what `events` and `export` share."""
    parser.add_argument(
        "--kind", metavar="KIND", action="append", default=[], help="one kind, or a family such as signup.*; repeatable"
    )
    parser.add_argument("--signup", metavar="ID", help="one sign-up's events")
    parser.add_argument("--actor", metavar="ACTOR", help="what one actor did, such as watcher or user:local")
    parser.add_argument(
        "--text",
        metavar="WORDS",
        type=some_words,
        help="events that have all these words in kind, ids, actor or details, the last one perhaps only begun; "
        "no log tells which words, and with --stdin no list of processes either",
    )


def add_range(parser: Parser, type_: Callable[[str], str] = str) -> None:
    """From when to when: `--from` is included, `--to` is not."""
    parser.add_argument("--from", dest="start", metavar="TIME", type=type_, help="from this date or time on")
    parser.add_argument("--to", dest="end", metavar="TIME", type=type_, help="before this date or time")

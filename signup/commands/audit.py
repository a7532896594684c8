"""`events`: the audit log, line by line. It seals first, so nothing is left out."""

import itertools
import sys
import time
from collections.abc import Iterator

from signup.commands import output
from signup.commands.exits import Exit
from signup.commands.parsing import Command, Options, Parser, add_log_filters, whole
from signup.commands.session import opened
from signup.model import Event
from signup.record import canonical, log, reasons
from signup.record.log import LogQuery
from signup.services import Services

PORTION = 1000
LOOK_SECONDS = 0.2


def events(options: Options) -> int:
    """The log, oldest first, above a number."""
    query = LogQuery(tuple(options.kind), options.signup, options.actor, text=options.text)
    with opened(seals=True) as services:
        found = _walk(services, query, options.after, follow=options.follow)
        for event in itertools.islice(found, options.limit):
            why = _reason(services, event) if options.reasons else {}
            if options.json:
                output.json_line(event.json() | why)
            else:
                output.line("  ".join([_shown(event), *(f"why: {words or 'wiped'}" for words in why.values())]))
    return Exit.DONE


def _reason(services: Services, event: Event) -> dict[str, str | None]:
    """The words of whoever gave a reason for it, null once they were wiped; nothing where none was given."""
    told = event.details or {}
    reason_id = told.get("reasonId") or told.get("receiptId")  # an erasure's reason is kept under its receipt's id
    return {"reason": reasons.words(services, reason_id)} if reason_id else {}


def _walk(services: Services, query: LogQuery, after: int, *, follow: bool) -> Iterator[Event]:
    """What there is, portion by portion; with `follow` also what comes."""
    while True:
        portion = log.after(services, query, after, PORTION)
        yield from portion
        if portion:
            after = portion[-1].seq or after
        if len(portion) < PORTION:
            if not follow:
                return
            _wait(services)


def _wait(services: Services) -> None:
    """Until somebody writes; what was printed so far is on its way by then."""
    output.flush()
    while not services.store.changed():
        time.sleep(LOOK_SECONDS)


def _shown(event: Event) -> str:
    details = "redacted" if event.details is None else canonical.dumps(event.details)
    return f"{event.seq:>8}  {event.at}  {event.kind:<20}  {event.signup_id or '-':<36}  {event.actor:<10}  {details}"


def _events_options(parser: Parser) -> None:
    parser.add_argument("--after", metavar="SEQ", type=whole(0), default=0, help="only above this number (0)")
    parser.add_argument("--limit", metavar="N", type=whole(1, sys.maxsize), help="at most so many")
    parser.add_argument("--reasons", action="store_true", help="with the words of those who gave a reason for it")
    parser.add_argument("--follow", action="store_true", help="go on with what happens from now on, until stopped")
    add_log_filters(parser)


COMMANDS = {"events": Command(_events_options, events)}

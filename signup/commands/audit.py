"""`events` and `export`: the audit log, line by line or as a file. Both seal first, so nothing is left out."""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

from signup.commands import output
from signup.commands.exits import Exit
from signup.commands.parsing import Command, Options, Parser, actor, add_log_filters, add_range, moment, whole
from signup.commands.progress import add_progress, watched
from signup.commands.session import opened
from signup.errors import UsageWrong
from signup.model import Event
from signup.record import canonical, log, outside, reasons
from signup.record.bundle import export as write_bundle
from signup.record.bundle_plan import Asked, compared
from signup.record.checkpoint import to_stderr
from signup.record.export import export as write_file
from signup.record.forms import FORMS
from signup.record.log import LogQuery
from signup.services import Services

ACTOR = "cli"
BUNDLE = "bundle"
PORTION = 1000
LOOK_SECONDS = 0.2
ABOUT_FORMATS = "csv for people, ndjson for programs, parquet and sqlite for analysis, bundle as proof"


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
    reason_id = (event.details or {}).get("reasonId")
    return {"reason": reasons.words(services, reason_id)} if reason_id else {}


def export(options: Options) -> int:
    """The matching events as a file, whose SHA-256 stands in the log."""
    query = LogQuery(tuple(options.kind), options.signup, options.actor, options.start, options.end, options.text)
    given = [one for path in options.checkpoint for one in outside.read(path)]
    if options.format != BUNDLE and (given or options.withhold):
        raise UsageWrong("--checkpoint and --withhold say what goes into a bundle: add --format bundle.")
    with watched("Writing", options) as progress, opened(seals=True) as services:
        told = {"out": options.out, "actor": options.told_by, "reason": options.reason, "progress": progress}
        if options.format == BUNDLE:
            asked = Asked(query, options.withhold or "details", compare=compared(services, given))
            done = write_bundle(services, asked=asked, say=to_stderr, **told)
        else:
            done = write_file(services, fmt=options.format, query=query, **told)
    if options.json:
        output.json_line(done)
    else:
        output.facts([("File", done["file"]), ("Rows", f"{done['rows']:,}"), ("SHA-256", done["sha256"])])
    return Exit.DONE


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
    parser.add_argument("--limit", metavar="N", type=whole(1), help="at most so many")
    parser.add_argument("--reasons", action="store_true", help="with the words of those who gave a reason for it")
    parser.add_argument("--follow", action="store_true", help="go on with what happens from now on, until stopped")
    add_log_filters(parser)


def _export_options(parser: Parser) -> None:
    parser.add_argument(
        "--format",
        choices=[*FORMS, BUNDLE],
        required=True,
        help=ABOUT_FORMATS,
    )
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="where to, replacing what stood there")
    add_log_filters(parser)
    add_range(parser, moment)
    parser.add_argument(
        "--withhold", choices=("details", "rows"), help="in a bundle: what is kept back of other rows (details)"
    )
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="in a bundle: an auditor's own, so that it can be compared; repeatable",
    )
    parser.add_argument("--reason", metavar="TEXT", help="why; kept sealed, the log holds only its id")
    parser.add_argument(
        "--told-by", metavar="ACTOR", type=actor, default=ACTOR, help=f"who exports, as the log tells it ({ACTOR})"
    )
    add_progress(parser)


COMMANDS = {"events": Command(_events_options, events), "export": Command(_export_options, export)}

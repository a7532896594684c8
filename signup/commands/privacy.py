"""`redact`: what a person may ask to be forgotten. Each asks for a reason, and is an event."""

from signup.commands import output
from signup.commands.exits import Exit
from signup.commands.parsing import Command, Options, Parser, whole
from signup.commands.session import opened
from signup.record.redact import redact as take_out

ACTOR = "cli"
LARGEST = 2**53
READER = (
    "Something reads the database without a pause, so what was wiped still stands in the write-ahead log (the file "
    "beside the database that ends in -wal): a watcher empties it within the hour once the reader is done."
)


def redact(options: Options) -> int:
    """The details of one event taken out of the log."""
    with opened(seals=True) as services:
        scrubbed = take_out(services, options.seq, reason=options.reason, actor=ACTOR)
    if not scrubbed:
        output.problem(READER)
    if options.json:
        output.json_line({"seq": options.seq})
    else:
        output.line(f"The details of event {options.seq:,} are gone; the log still verifies, and tells of it.")
    return Exit.DONE


def _redact_options(parser: Parser) -> None:
    parser.add_argument("seq", metavar="SEQ", type=whole(1, LARGEST), help="the number of the event")
    _add_reason(parser)


def _add_reason(parser: Parser) -> None:
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why; kept sealed, the log holds only its id")


COMMANDS = {"redact": Command(_redact_options, redact)}

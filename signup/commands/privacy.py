"""`erase` and `redact`: what a person may ask to be forgotten. Each asks for a reason, and is an event.

No number may be printed: an erased person's would stay in a terminal's memory and in a log of it.
"""

from signup import phone
from signup.commands import output
from signup.commands.exits import Exit
from signup.commands.parsing import Command, Options, Parser, country, whole
from signup.commands.session import opened
from signup.errors import NumberRejected
from signup.record.checkpoint import to_stderr
from signup.record.erase import Receipt
from signup.record.erase import erase as wipe_out
from signup.record.redact import redact as take_out

ACTOR = "cli"
LARGEST = 2**53
KEPT = (
    "What was wiped may still stand in the database's file: something reads it without a pause. A watcher cleans it "
    "within the hour once the reader is done."
)


def erase(options: Options) -> int:
    """Everything kept about a person, gone; the receipt."""
    with opened() as services:
        try:
            number = phone.read(options.number, options.region or services.settings.default_region)
        except NumberRejected as rejected:
            output.problem(rejected.sentence)
            return Exit.REJECTED
        receipt = wipe_out(services, number.value, reason=options.reason, actor=ACTOR, say=to_stderr)
    if not receipt.scrubbed:
        output.problem(KEPT)
    if options.json:
        output.json_line(receipt.json())
    else:
        _show(receipt)
    return Exit.DONE


def _show(receipt: Receipt) -> None:
    wiped = "1 sign-up was" if receipt.signups == 1 else f"{receipt.signups:,} sign-ups were"
    output.line(f"{wiped} wiped. Backups and files exported before keep what they hold.")
    output.line("")
    for row in receipt.note.splitlines():
        output.line(row)


def redact(options: Options) -> int:
    """The details of one event taken out of the log."""
    with opened(seals=True) as services:
        scrubbed = take_out(services, options.seq, reason=options.reason, actor=ACTOR)
    if not scrubbed:
        output.problem(KEPT)
    if options.json:
        output.json_line({"seq": options.seq})
    else:
        output.line(f"The details of event {options.seq:,} are gone; the log still verifies, and tells of it.")
    return Exit.DONE


def _erase_options(parser: Parser) -> None:
    parser.add_argument("number", metavar="NUMBER", help="with + and country code, or as spelt at home with --region")
    parser.add_argument("--region", metavar="CC", type=country, help="country of a national spelling, such as SE")
    _add_reason(parser)


def _redact_options(parser: Parser) -> None:
    parser.add_argument("seq", metavar="SEQ", type=whole(1, LARGEST), help="the number of the event")
    _add_reason(parser)


def _add_reason(parser: Parser) -> None:
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why; kept sealed, the log holds only its id")


COMMANDS = {"erase": Command(_erase_options, erase), "redact": Command(_redact_options, redact)}

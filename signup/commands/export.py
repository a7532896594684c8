"""`export`: the audit log, or the sign-ups, as a file. What leaves is itself told in the log, sealed first."""

from pathlib import Path
from typing import Any

from signup.commands import output
from signup.commands.exits import Exit
from signup.commands.parsing import Command, Options, Parser, actor, add_log_filters, add_range, country, moment
from signup.commands.progress import add_progress, watched
from signup.commands.session import opened
from signup.errors import UsageWrong
from signup.model import Status
from signup.record import outside
from signup.record.bundle import export as write_bundle
from signup.record.bundle_plan import Asked, compared
from signup.record.checkpoint import to_stderr
from signup.record.export import export as write_file
from signup.record.forms import FORMS
from signup.record.log import LogQuery

ACTOR = "cli"
BUNDLE = "bundle"
EVENTS, SIGNUPS = "events", "signups"
ONLY_OF = {
    EVENTS: ("kind", "signup", "actor", "text", "withhold", "checkpoint"),
    SIGNUPS: ("status", "country", "channel"),
}
ABOUT_FORMATS = (
    "csv for people, ndjson for programs, parquet and sqlite for analysis, ocsf for security tools, cloudevents for "
    "brokers, bundle as proof"
)


def export(options: Options) -> int:
    """What was asked for as a file, whose SHA-256 stands in the log."""
    foreign = (name for what, names in ONLY_OF.items() if what != options.what for name in names)
    if wrong := [f"--{name}" for name in foreign if getattr(options, name)]:
        raise UsageWrong(f"{', '.join(wrong)}: not of {options.what}. Leave it away, or say --what {other(options)}.")
    if options.start and options.end and options.start >= options.end:
        raise UsageWrong("The range ends before it begins: choose a start before its end.")
    with watched("Writing", options) as progress:
        told = {"out": options.out, "actor": options.told_by, "reason": options.reason, "progress": progress}
        done = _signups(options, told) if options.what == SIGNUPS else _events(options, told)
    if options.json:
        output.json_line(done)
    else:
        output.facts([("File", done["file"]), ("Rows", f"{done['rows']:,}"), ("SHA-256", done["sha256"])])
    return Exit.DONE


def other(options: Options) -> str:
    """What else there is."""
    return EVENTS if options.what == SIGNUPS else SIGNUPS


def _events(options: Options, told: dict[str, Any]) -> dict[str, Any]:
    query = LogQuery(tuple(options.kind), options.signup, options.actor, options.start, options.end, options.text)
    given = [one for path in options.checkpoint for one in outside.read(path)]
    if options.format != BUNDLE and (given or options.withhold):
        raise UsageWrong("--checkpoint and --withhold say what goes into a bundle: add --format bundle.")
    with opened(seals=True) as services:
        if options.format == BUNDLE:
            asked = Asked(query, options.withhold or "details", compare=compared(services, given))
            return write_bundle(services, asked=asked, say=to_stderr, **told)
        return write_file(services, fmt=options.format, query=query, **told)


def _signups(options: Options, told: dict[str, Any]) -> dict[str, Any]:
    from signup.flow.signups import FIRST, LAST, Wanted  # here: events need nothing that reads phone numbers
    from signup.flow.signups_file import export as write_signups

    wanted = Wanted(
        since=options.start or FIRST,
        until=options.end or LAST,
        statuses=tuple(options.status),
        countries=tuple(options.country),
        channels=tuple(options.channel),
    )
    with opened() as services:
        return write_signups(services, fmt=options.format, wanted=wanted, **told)


def _options(parser: Parser) -> None:
    parser.add_argument("--format", choices=[*FORMS, BUNDLE], required=True, help=ABOUT_FORMATS)
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="where to, replacing what stood there")
    parser.add_argument(
        "--what",
        choices=tuple(ONLY_OF),
        default=EVENTS,
        help="events, or signups: numbers masked, csv or ndjson (events)",
    )
    add_range(parser, moment)
    add_log_filters(parser)
    _add_bundle_options(parser)
    _add_signup_filters(parser)
    parser.add_argument("--reason", metavar="TEXT", help="why; kept sealed, the log holds only its id")
    parser.add_argument(
        "--told-by", metavar="ACTOR", type=actor, default=ACTOR, help=f"who exports, as the log tells it ({ACTOR})"
    )
    add_progress(parser)


def _add_bundle_options(parser: Parser) -> None:
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


def _add_signup_filters(parser: Parser) -> None:
    several: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument(
        "--status", choices=[str(one) for one in Status], help="of sign-ups: in this status; repeatable", **several
    )
    parser.add_argument("--country", metavar="CC", type=country, help="of sign-ups: from here; repeatable", **several)
    parser.add_argument("--channel", metavar="C", help="of sign-ups: begun here; repeatable", **several)


COMMANDS = {"export": Command(_options, export)}

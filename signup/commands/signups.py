"""`start`, `show` and `list`: one sign-up begun, one looked at, many listed. Numbers are shown masked."""

from typing import Any

from signup import words
from signup.commands import output
from signup.commands.exits import Exit
from signup.commands.parsing import Command, Options, Parser, country, moment, whole
from signup.commands.session import opened
from signup.errors import UsageWrong
from signup.flow import signups
from signup.flow.signups import FIRST, SignUp, Wanted
from signup.flow.start import StartResult
from signup.flow.start import start as begin
from signup.model import Event, Profile, Status
from signup.services import Services

ACTOR = "cli"
MOST_LISTED = 1000
LOCKED, REJECTED = "locked", "number_invalid"
EXITS = {LOCKED: Exit.LOCK_HIT, REJECTED: Exit.REJECTED}


def start(options: Options) -> int:
    """Start one sign-up."""
    with opened() as services:
        result = begin(services, options.number, region=options.region, channel=options.channel, actor=ACTOR)
    if options.json:
        output.json_line(result.json())
    else:
        _show_start(result, services.settings.mode)
    if result.status is Status.FAILED:
        return Exit.UPSTREAM
    return EXITS.get(result.code or "", Exit.DONE)


def show(options: Options) -> int:
    """One sign-up with its profile and its timeline."""
    if options.reason is not None and not options.reveal:
        raise UsageWrong("--reason says why a profile is revealed: add --reveal.")
    if options.reveal and options.reason is None:
        raise UsageWrong("Say why the profile is revealed: add --reason TEXT. It is kept sealed, the log holds its id.")
    with opened(seals=True) as services:
        found = signups.one(services, options.signup_id)
        if found is None:
            output.problem("No sign-up has this id: python -m signup list shows those there are.")
            return Exit.NO
        locked_until = signups.locked_until(services, found.id)
        profile = _profile(services, found, options)
        events = signups.timeline(services, found.id)
    if options.json:
        timeline = [{"seq": e.seq, "at": e.at, "kind": e.kind, "details": e.details} for e in events]
        output.json_line({**found.json(locked_until), "profile": profile, "timeline": timeline})
    else:
        _show_one(found, profile, events, services.settings.mode)
    return Exit.DONE


def list_(options: Options) -> int:
    """Sign-ups, newest first."""
    wanted = Wanted(since=options.since or FIRST, statuses=(options.status,) if options.status else ())
    with opened() as services:
        found = signups.page(services, wanted, limit=options.limit)
        locks = {one.id: signups.locked_until(services, one.id) for one in found} if options.json else {}
    if options.json:
        for one in found:
            output.json_line(one.json(locks[one.id]))
    elif not found:
        output.line("No sign-up fits.")
    else:
        heads = ("STARTED", "STATUS", "CODE", "NUMBER", "COUNTRY", "CHANNEL", "SIGN-UP")
        output.table(heads, [_row(one) for one in found])
    return Exit.DONE


def _profile(services: Services, found: SignUp, options: Options) -> dict[str, Any] | None:
    if options.reveal:
        revealed = signups.reveal(services, found.id, reason=options.reason, actor=ACTOR)
        return {"numbers": list(revealed.numbers), "declared": revealed.declared} if revealed else None
    masked: Profile | None = signups.profile(services, found.id)
    return signups.masked_profile(masked) if masked else None


def _show_start(result: StartResult, mode: str) -> None:
    output.facts(
        [
            ("Sign-up", result.signup_id),
            ("Status", words.STATUSES[result.status] if result.status else None),
            ("Number", result.number),
            ("Country", result.country),
            ("Answer until", output.seconds(result.expires_at)),
            ("Locked until", output.seconds(result.locked_until)),
            ("Try again in", f"{result.retry_after} s" if result.retry_after is not None else None),
        ]
    )
    if result.code:
        output.problem(_what_to_do(result, result.code, mode))


def _what_to_do(result: StartResult, code: str, mode: str) -> str:
    if code == REJECTED:
        return f"{result.sentence} {words.NOTHING_SENT}"
    if code == LOCKED:
        return f"{words.CODES[LOCKED]}. Nothing was sent."
    return words.cure("request", code, mode)


def _show_one(found: SignUp, profile: dict[str, Any] | None, events: list[Event], mode: str) -> None:
    output.facts(
        [
            ("Sign-up", found.id),
            ("Status", words.STATUSES[found.status]),
            ("Code", f"{found.code}: {words.CODES.get(found.code, found.code)}" if found.code else None),
            ("What to do", _cure(events, mode)),
            ("Number", found.masked),
            ("Country", found.country),
            ("Channel", found.channel),
            ("Started", output.seconds(found.started_at)),
            ("Opened", output.seconds(found.opened_at)),
            ("Decided", output.seconds(found.decided_at)),
            ("Finished", output.seconds(found.finished_at)),
        ]
    )
    if profile:
        output.line("")
        output.line("Profile (only the number is proved, the rest is what the person says)")
        output.document(profile)
    output.line("")
    output.table(("SEQ", "AT", "WHAT HAPPENED", "DETAILS"), [_event_row(event) for event in events], right=(0,))


def _cure(events: list[Event], mode: str) -> str | None:
    """What to do about the failure that ended a sign-up."""
    ends = [event.details for event in events if event.details and event.details.get("status") == Status.FAILED]
    return words.cure(ends[-1]["step"], ends[-1]["code"], mode) if ends else None


def _event_row(event: Event) -> tuple[str, str, str, str]:
    details = ", ".join(f"{name} {value}" for name, value in (event.details or {}).items())
    return str(event.seq), event.at, words.event(event.kind, event.details), details


def _row(one: SignUp) -> tuple[str, ...]:
    started = output.seconds(one.started_at) or ""
    return started, one.status, one.code or "", one.masked or "", one.country, one.channel, one.id


def _start_options(parser: Parser) -> None:
    parser.add_argument("number", metavar="NUMBER", help="with + and country code, or as spelt at home with --region")
    parser.add_argument("--region", metavar="CC", type=country, help="country of a national spelling, such as SE")
    parser.add_argument("--channel", default="cli", help="where the sign-up comes from (cli)")


def _show_options(parser: Parser) -> None:
    parser.add_argument("signup_id", metavar="SIGNUP_ID", help="the id that start printed")
    parser.add_argument("--reveal", action="store_true", help="the profile unmasked, with --reason; it is an event")
    parser.add_argument("--reason", metavar="TEXT", help="why, with --reveal; kept sealed")


def _list_options(parser: Parser) -> None:
    known = [str(one) for one in Status]
    parser.add_argument("--status", choices=known, metavar="S", help=f"one of {', '.join(known)}")
    parser.add_argument("--since", metavar="TIME", type=moment, help="started at this date or time, or later")
    parser.add_argument(
        "--limit", metavar="N", type=whole(1, MOST_LISTED), default=MOST_LISTED, help="at most so many (1000)"
    )


COMMANDS = {
    "start": Command(_start_options, start),
    "show": Command(_show_options, show),
    "list": Command(_list_options, list_),
}

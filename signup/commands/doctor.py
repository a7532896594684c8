"""`doctor`: what works, what does not, and what to do about it. Exit 1 when there is a problem."""

from signup.commands import output
from signup.commands.exits import Exit
from signup.commands.parsing import Command, Options, no_options
from signup.commands.session import opened
from signup.doctor import Check, checks


def doctor(options: Options) -> int:
    """Ask every check and tell what it found, problems first."""
    with opened() as services:
        found = checks(services)
    ok = all(check.ok is not False for check in found)
    if options.json:
        output.json_line({"ok": ok, "checks": [check.json() for check in found]})
    else:
        _show(found)
    return Exit.DONE if ok else Exit.NO


def _show(found: list[Check]) -> None:
    order = ("problem", "look at", "fine")
    ranked = sorted(found, key=lambda check: order.index(check.level))
    width = max(len(check.name) for check in found)
    for check in ranked:
        output.line(f"{check.level:<7}  {check.name:<{width}}  {check.detail}")
        if check.cure:
            output.line(f"{'':<7}  {'':<{width}}  Cure: {check.cure}")


COMMANDS = {"doctor": Command(no_options, doctor)}

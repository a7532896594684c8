"""`doctor`: what works, what does not, and what to do about it. Exit 1 when there is a problem."""

from signup.commands import output
from signup.commands.exits import Exit
from signup.commands.parsing import Command, Options, no_options
from signup.commands.session import opened
from signup.doctor import Check, Examined, examine


def doctor(options: Options) -> int:
    """Ask every check and tell what it found: why no callback comes, then problems first."""
    with opened() as services:
        found = examine(services)
    if options.json:
        told = {"checks": [check.json() for check in found.checks], "causes": [cause.json() for cause in found.causes]}
        output.json_line({"ok": found.ok, **told})
    else:
        _why(found)
        _show(found.checks)
    return Exit.DONE if found.ok else Exit.NO


def _why(found: Examined) -> None:
    """The first cause is the one to mend first."""
    if not found.causes:
        return
    output.line(f"Why does no callback come? (tried: {found.url})")
    for place, cause in enumerate(found.causes, 1):
        output.line(f"{place:>3}. {cause.detail}")
        output.line(f"     Cure: {cause.cure}")
    output.line("")


def _show(found: list[Check]) -> None:
    order = ("problem", "look at", "fine")
    ranked = sorted(found, key=lambda check: order.index(check.level))
    width = max(len(check.name) for check in found)
    for check in ranked:
        output.line(f"{check.level:<7}  {check.name:<{width}}  {check.detail}")
        if check.cure:
            output.line(f"{'':<7}  {'':<{width}}  Cure: {check.cure}")


COMMANDS = {"doctor": Command(no_options, doctor)}

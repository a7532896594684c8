"""`clock`: how far the sandbox's clock is ahead; `--by SECONDS` lets so much time pass for all its programs.

Forward only, and sandbox mode only. It needs neither a database nor anything that runs.
"""

import argparse

from signup.commands import output
from signup.commands.exits import Exit
from signup.commands.parsing import Command, Options, Parser
from signup.errors import UsageWrong
from signup.sandbox_clock import SandboxClock
from signup.services import clock_of
from signup.settings import load


def clock(options: Options) -> int:
    """Move it when asked to, then tell."""
    shared = clock_of(load())
    if not isinstance(shared, SandboxClock):
        raise UsageWrong("There is no sandbox in live mode, so there is no clock to move.")
    ahead = shared.ahead() if options.by is None else shared.move(options.by)
    if options.json:
        output.json_line({"ahead": ahead})
    else:
        output.line(f"The clock is {round(ahead, 6):,} s ahead." if ahead else "The clock is not ahead.")
    return Exit.DONE


def _seconds(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        raise argparse.ArgumentTypeError("must be seconds") from None


def _options(parser: Parser) -> None:
    parser.add_argument("--by", metavar="SECONDS", type=_seconds, help="let so much time pass, such as 301")


COMMANDS = {"clock": Command(_options, clock)}

"""`report`: the Overview as one HTML file. Its charts are drawn where the dashboard's are: that program takes over."""

import os
import sys
from pathlib import Path

from signup.commands.parsing import Command, Options, Parser
from signup.commands.progress import add_progress
from signup.commands.stats import add_question, asked
from signup.measure.question import AGAINST, PERIOD

PROGRAM = "dashboard.report"


def report(options: Options) -> int:
    """Become the program that draws, with the same words; what is wrong with them has been told by now."""
    asked(options)
    os.execv(sys.executable, [sys.executable, "-m", PROGRAM, *_words(options)])  # noqa: S606  words of ours


def add_options(parser: Parser) -> None:
    """Those of the command, and of the program behind it."""
    add_question(parser)
    parser.add_argument(
        "--against",
        choices=AGAINST,
        default=PERIOD,
        metavar="WHAT",
        help=f"what it is compared with: one of {', '.join(AGAINST)} ({PERIOD})",
    )
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="where to, replacing what stood there")
    parser.add_argument("--charts", metavar="FOLDER", type=Path, help="each chart as a PNG too, into this folder")
    add_progress(parser)


def _words(options: Options) -> list[str]:
    told = {
        "range": options.range,
        "from": options.start,
        "to": options.end,
        "tz": options.tz,
        "interval": options.interval,
    }
    told |= {"out": options.out, "charts": options.charts, "against": options.against}
    several = {"country": options.country, "channel": options.channel, "outcome": options.outcome}
    flags = [f"--{name}" for name in ("json", "progress") if getattr(options, name)]
    values = [f"--{name}={value}" for name, value in told.items() if value is not None]
    return values + [f"--{name}={value}" for name, values in several.items() for value in values or ()] + flags


COMMANDS = {"report": Command(add_options, report)}

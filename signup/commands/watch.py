"""`watch`: the watcher without a dashboard. Any number of them may run beside each other.

It must not migrate: it only checks that the database is as new as the program.
"""

import signal
import threading

from signup.commands import output
from signup.commands.exits import Exit
from signup.commands.parsing import Command, Options, Parser
from signup.commands.session import opened
from signup.flow.watch import Watcher
from signup.record.checkpoint import to_stderr, to_stdout

STOPS = (signal.SIGTERM, signal.SIGINT)


def watch(options: Options) -> int:
    """Until SIGTERM or SIGINT, finishing what has begun; or one pass over all that is due."""
    stop = None if options.once else _stop_when_asked()
    with opened(migrate=False) as services:
        watcher = Watcher(services, "watch", to_stderr if options.once else to_stdout)
        if stop:
            watcher.run(stop)
            return Exit.DONE
        done = watcher.once()
    if options.json:
        output.json_line(done)
    else:
        output.line(", ".join(f"{count:,} {what}" for what, count in done.items()) + ".")
    return Exit.DONE


def _stop_when_asked() -> threading.Event:
    """Set by the first SIGTERM or SIGINT, from the very beginning on."""
    stop = threading.Event()
    for sign in STOPS:
        signal.signal(sign, lambda *_: stop.set())
    return stop


def _options(parser: Parser) -> None:
    parser.add_argument("--once", action="store_true", help="one pass over everything that is due, then leave")


COMMANDS = {"watch": Command(_options, watch)}

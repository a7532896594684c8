"""`python -m callback_server`: the receiver as a program (the Procfile's `callback`).

Opens what it needs, listens, serves until SIGTERM or SIGINT, finishes what was begun, exits 0. What keeps it from
starting is one line on stderr and exit 2. It must not migrate: `python -m signup migrate` does.
"""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable
from threading import Thread
from typing import NoReturn

from callback_server.app import create_app
from callback_server.serve import Server
from callback_server.sockets import handed_over, listen
from signup import logs
from signup.errors import CannotStart, StoreUnavailable, UsageWrong
from signup.services import open_services
from signup.settings import load

STOPS = (signal.SIGTERM, signal.SIGINT)


def main() -> None:
    """Serve until stopped. Raises CannotStart, StoreUnavailable or UsageWrong."""
    for sign in STOPS:
        signal.signal(sign, lambda *_: sys.exit(0))  # nothing is begun yet
    options = _options()
    settings = load()
    with open_services(settings) as services:
        sock = handed_over(os.environ) or listen(settings.callback_bind, settings.callback_port)
        app = create_app(services)
        rejections = app.extensions["rejections"]
        server = Server(app, sock, refused=app.extensions["refused"])
        logs.set_up(settings.log)
        for sign in STOPS:
            signal.signal(sign, server.stop)
        if options.watch_stdin:
            Thread(target=_stop_at_end_of_stdin, args=(server,), daemon=True).start()
        logging.getLogger(__name__).info("the receiver listens", extra={"address": server.address})
        server.run()
        rejections.store(last=True)


class _Parser(argparse.ArgumentParser):
    """Tells wrong usage in one line, as UsageWrong."""

    def error(self, message: str) -> NoReturn:
        raise UsageWrong(f"{self.prog}: {message} (see {self.prog} --help)")


def _options() -> argparse.Namespace:
    parser = _Parser("python -m callback_server", description="Receives Truecaller's callbacks.")
    parser.add_argument("--watch-stdin", action="store_true", help="stop when standard input closes")
    return parser.parse_args()


def _stop_at_end_of_stdin(server: Server) -> None:
    """Whoever started us holds the other end; the system closes it even after kill -9."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    server.stop()


def run_or_exit(program: Callable[[], None]) -> None:
    """Run a program; what keeps it from starting is one line on stderr and exit 2."""
    try:
        program()
    except (CannotStart, StoreUnavailable, UsageWrong) as error:
        sys.stderr.write(" ".join(error.sentence.split()) + "\n")
        sys.exit(2)


if __name__ == "__main__":
    run_or_exit(main)

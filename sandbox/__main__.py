"""`python -m sandbox`: starts the local Truecaller, or prints its personas.

It stops with exit 0 on SIGTERM, SIGINT or, when asked to watch it, at the end of its standard input: whoever started
it holds the other end of that pipe, so it stops even when they are killed. It must not decide anything that Truecaller
decides.
"""

import argparse
import errno
import logging
import os
import signal
import sys
import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from sandbox import deliver, listing

if TYPE_CHECKING:
    from sandbox.settings import Settings

STOPS = {signal.SIGTERM, signal.SIGINT}


def main(argv: list[str] | None = None) -> int:
    """The exit code: 0 stopped as asked, 2 cannot start (one line on stderr says why)."""
    options = _options(argv)
    # Blocked for every thread and taken by sigwait below: no handler can run at a bad moment, not even while starting.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    return _run(options)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m sandbox", description="A local Truecaller on 127.0.0.1.")
    parser.add_argument("command", nargs="?", choices=["personas"], help="print the reserved numbers and leave")
    parser.add_argument("--callback", metavar="URL", type=_url, help="where callbacks go (our receiver)")
    parser.add_argument("--port", metavar="N", type=int, help="SIGNUP_SANDBOX_PORT, else 8503; 0 takes any free one")
    parser.add_argument("--speed", metavar="N", type=_speed, default=1.0, help="divides the personas' delays")
    parser.add_argument("--watch-stdin", action="store_true", help="stop when standard input ends")
    return parser.parse_args(argv)


def _run(options: argparse.Namespace) -> int:
    from sandbox import settings  # heavy (pydantic): after the signals are in hand

    try:
        defaults = settings.load()
    except settings.SettingsWrong as error:
        return _cannot(str(error))
    if options.command == "personas":
        sys.stdout.write(f"{listing.table()}\n")
        return 0
    return _serve(options, defaults)


def _serve(options: argparse.Namespace, defaults: "Settings") -> int:
    from sandbox import clock  # heavy (Flask)
    from sandbox.serve import running

    logging.basicConfig(format="sandbox: %(message)s")
    port = defaults.sandbox_port if options.port is None else options.port
    callback = options.callback or defaults.callback_url
    moves = clock.Clock(defaults.data_dir / clock.NAME)
    with ExitStack() as stack:
        try:
            sandbox = stack.enter_context(
                running(callback=callback, port=port, speed=options.speed, bind=defaults.sandbox_bind, clock=moves)
            )
        except (OSError, OverflowError) as error:
            return _cannot(_port_problem(port, error))
        sys.stdout.write(f"sandbox: listening on {sandbox.url}, callbacks go to {callback}\n")
        sys.stdout.flush()
        if options.watch_stdin:
            threading.Thread(target=_stop_at_end_of_input, daemon=True).start()
        signal.sigwait(STOPS)
    return 0


def _stop_at_end_of_input() -> None:
    with suppress(OSError):  # closed from the start
        while os.read(0, 1024):
            pass
    os.kill(os.getpid(), signal.SIGTERM)


def _port_problem(port: int, error: Exception) -> str:
    taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
    why = "is in use: stop what listens there" if taken else f"cannot be opened ({error}): check it"
    return f"port {port} {why}, or set SIGNUP_SANDBOX_PORT to another one"


def _url(text: str) -> str:
    try:
        deliver.address(text)
    except ValueError:
        raise argparse.ArgumentTypeError("give an address that starts with http:// or https://") from None
    return text


def _speed(text: str) -> float:
    with suppress(ValueError):
        if 0 < float(text) < float("inf"):
            return float(text)
    raise argparse.ArgumentTypeError("give a number above 0")


def _cannot(sentence: str) -> int:
    sys.stderr.write(f"sandbox: {sentence}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())

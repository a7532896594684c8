"""`python -m dashboard`: checks the settings, the database and the port, then runs Streamlit's server.

What cannot work is said in one line before anything starts: exit 2, no traceback.
"""

import signal
import socket
import sys
from pathlib import Path

from dashboard.server import prepare
from signup.errors import CannotStart, PortTaken, StoreUnavailable
from signup.settings import Settings, load

HOME = Path(__file__).parent.parent


def main() -> int:
    """Serve until stopped: 0; 2 when it cannot start."""
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: sys.exit(0))
    if len(sys.argv) > 1:
        return _cannot("usage: python -m dashboard (settings come from SIGNUP_... variables)")
    try:
        settings = load()
        _check_port(settings)
        prepare(settings)
    except (CannotStart, StoreUnavailable) as error:
        return _cannot(error.sentence)
    _serve(settings)
    return 0


def _cannot(line: str) -> int:
    sys.stderr.write(" ".join(line.split()) + "\n")
    return 2


def _check_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.bind else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.bind, settings.dashboard_port))
        except OSError as error:
            raise PortTaken(
                f"Port {settings.dashboard_port} is in use: stop what listens there, or set SIGNUP_DASHBOARD_PORT"
            ) from error


def _serve(settings: Settings) -> None:
    """Streamlit's own command. Its server raises the signal that ended it once more: that is a stop in order."""
    from streamlit.web import cli  # heavy: after the checks

    bind = settings.bind
    options = [("server.port", settings.dashboard_port), ("server.address", bind), ("browser.serverAddress", bind)]
    options += [("server.allowedHosts", name) for name in ("localhost", "127.0.0.1", "::1", bind)]
    cli.main(["run", str(HOME / "streamlit_app.py"), *(f"--{name}={value}" for name, value in options)])


if __name__ == "__main__":
    sys.exit(main())

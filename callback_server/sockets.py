"""Where the receiver listens: on a socket that systemd hands over, else on an address of its own.

A socket handed over outlives this process, so that a restart refuses nobody. Here nothing is accepted or served.
"""

import errno
import os
import socket
from collections.abc import Mapping
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit, setrlimit

from signup.errors import CannotStart, PortTaken, SettingsWrong

FIRST_HANDED_OVER = 3  # systemd's sd_listen_fds(3)


def handed_over(environ: Mapping[str, str]) -> socket.socket | None:
    """The listening socket that systemd gives this very process, or None. Raises CannotStart for any but one."""
    if environ.get("LISTEN_PID") != str(os.getpid()) or environ.get("LISTEN_FDS", "0") == "0":
        return None
    if environ["LISTEN_FDS"] != "1":
        raise CannotStart("LISTEN_FDS must be 1: give the receiver's socket unit exactly one ListenStream")
    try:
        sock = socket.socket(fileno=FIRST_HANDED_OVER)
        listening = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError:
        listening = 0
    if not listening:
        raise CannotStart("LISTEN_FDS names no listening socket: check the receiver's socket unit")
    sock.set_inheritable(False)
    return sock


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on our own address. Raises PortTaken or SettingsWrong."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"Port {port} on {host} is in use: stop the other program or set SIGNUP_CALLBACK_PORT"
            ) from error
        raise SettingsWrong(
            f"The receiver cannot listen on {host} port {port} ({os.strerror(error.errno or 0)}): "
            "check SIGNUP_CALLBACK_BIND and SIGNUP_CALLBACK_PORT"
        ) from error


def file_limit(wanted: int) -> int:
    """Let this process open as many files as the machine allows, up to `wanted`; says how many."""
    soft, hard = getrlimit(RLIMIT_NOFILE)
    if soft != RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == RLIM_INFINITY else min(wanted, hard)
        setrlimit(RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == RLIM_INFINITY else soft

"""Who is asking: whether a request comes from this machine itself, and for nobody else.

What is meant for whoever runs this machine (the reason in /readyz, all of /metrics) is told to such a peer alone.
"""

from ipaddress import ip_address

from flask import request

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""What proxies add. One that adds none of it cannot be told from a program here: it must pass on the callback only."""


def from_here() -> bool:
    """Whether the peer is on loopback and speaks for nobody else."""
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False

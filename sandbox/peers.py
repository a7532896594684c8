"""Where a request comes from: this machine, another one, or a page of somebody else's in a browser here.

Every route stands behind `admit`. It must not know what a route does, only whose it is.
"""

from urllib.parse import urlsplit

from flask import abort, request

from sandbox.deliver import is_loopback

SAFE = ("GET", "HEAD", "OPTIONS")


def admit(outside: str) -> None:
    """Other machines meet the routes of one blueprint alone (`outside`), and no other site's page posts anything."""
    if request.blueprint != outside and not is_here():
        abort(404)
    if request.method not in SAFE and not _of_our_own_page():
        abort(403)


def is_here() -> bool:
    """Whether a program or a browser on this machine asks, for itself.

    Who is forwarded is not here. Nor is a browser that knows us by a name of the internet: whoever owns such a name can
    point it at this machine, and their pages could then read what we answer.
    """
    forwarded = "Forwarded" in request.headers or "X-Forwarded-For" in request.headers
    return not forwarded and is_loopback(request.remote_addr or "") and is_loopback(_host())


def _host() -> str:
    try:
        return urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return ""


def _of_our_own_page() -> bool:
    """Browsers name the page's origin with every POST; programs name none."""
    origin = request.headers.get("Origin")
    return origin is None or origin.partition("://")[2].lower() == request.host.lower()

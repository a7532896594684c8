"""Whom the server answers: pages that it served itself, under a name it is known by. Asked before everything else.

A page elsewhere can let its own name lead to this machine (DNS rebinding), or call it across origins; Streamlit looks
at a websocket's Host alone, and for a foreign Origin it asks a stranger for this machine's address. Such a request
ends here, on every route. Who a visitor is, is not asked: there is no sign-in yet.
"""

from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

REFUSED = "The dashboard answers nobody but its own pages: open it under a name of this machine, such as localhost."


class OwnPagesOnly:
    """Middleware that refuses every request and websocket with a foreign `Host` or `Origin`: 403.

    The names are Streamlit's setting `server.allowedHosts`, whole names without wildcards; without any, nobody gets in.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._names = set(st.get_option("server.allowedHosts"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._welcome(Headers(scope=scope)):
            await self._app(scope, receive, send)
        else:
            refusal = WebSocketClose() if scope["type"] == "websocket" else PlainTextResponse(REFUSED, 403)
            await refusal(scope, receive, send)

    def _welcome(self, headers: Headers) -> bool:
        host = headers.get("host", "")
        _, _, place = headers.get("origin", f"http://{host}").partition("://")
        return place == host and _name(host) in self._names


def _name(host: str) -> str | None:
    """The name in a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None

"""How a page that is opened by its address finds its server: told in the page, instead of tried out.

Streamlit's page asks for its server under the page's own path first (`/audit/_stcore/health`), is refused, waits, and
asks again one step higher: an eighth of a second at each opening, and two errors in the console. It takes the place
from `window.__streamlit` where that is set. The server stands at the root of its address; behind a proxy that serves it
under a path, set `server.baseUrlPath`, and nothing is told.
"""

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD = b"<head>"
TOLD = b"<script>window.__streamlit = { BACKEND_BASE_URL: window.location.origin + '/' }</script>"


class ServerTold:
    """Middleware that writes the server's place into every page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._at_the_root = not st.get_option("server.baseUrlPath")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._at_the_root and "text/html" in Headers(scope=scope).get("accept", ""):
            plain = [header for header in scope["headers"] if header[0] != b"accept-encoding"]
            scope, send = {**scope, "headers": plain}, _telling(send)
        await self._app(scope, receive, send)


def _telling(send: Send) -> Send:
    page = False

    async def sending(message: Message) -> None:
        nonlocal page
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            page = message["status"] == 200 and headers.get("content-type", "").startswith("text/html")
            if page and "content-length" in headers:
                headers["content-length"] = str(int(headers["content-length"]) + len(TOLD))
        elif page and HEAD in message.get("body", b""):
            message = {**message, "body": message["body"].replace(HEAD, HEAD + TOLD, 1)}
            page = False
        await send(message)

    return sending

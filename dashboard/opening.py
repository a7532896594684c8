"""How a page that is opened by its address finds its server: told in the page, instead of tried out.

Streamlit's page asks for its server under the page's own path first (`/audit/_stcore/health`), is refused, waits, and
asks again one step higher: an eighth of a second at each opening, and two errors in the console. It takes the place
from `window.__streamlit` where that is set. The server stands at the root of its address; behind a proxy that serves it
under a path, set `server.baseUrlPath`, and nothing is told.
"""

from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.file_util import get_static_dir

HEAD = b"<head>"
TOLD = b"<script>window.__streamlit = { BACKEND_BASE_URL: window.location.origin + '/' }</script>"


class ServerTold:
    """Middleware that writes the server's place into Streamlit's page, and into no other file."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._at_the_root = not st.get_option("server.baseUrlPath")
        self._page = Path(get_static_dir(), "index.html").read_bytes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._at_the_root and "text/html" in Headers(scope=scope).get("accept", ""):
            plain = [header for header in scope["headers"] if header[0] != b"accept-encoding"]
            scope, send = {**scope, "headers": plain}, _telling(send, self._page)
        await self._app(scope, receive, send)


def _telling(send: Send, page: bytes) -> Send:
    """The head of an answer waits for its body, which says whether it grows."""
    told = page.replace(HEAD, HEAD + TOLD, 1)
    start: Message = {}

    async def sending(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            return
        if start:
            if start["status"] == 200 and message.get("body") == page:
                message = {**message, "body": told}
                MutableHeaders(scope=start)["content-length"] = str(len(told))
            await send(start)
            start = {}
        await send(message)

    return sending

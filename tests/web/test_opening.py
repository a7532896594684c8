"""What a page is told when it is opened by its address."""

import asyncio
from typing import Any

import pytest
import streamlit as st
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from dashboard.opening import TOLD, ServerTold

PAGE = "<!DOCTYPE html><html><head><title>Streamlit</title></head><body>" + "x" * 2000 + "</body></html>"
BROWSER, PROGRAM = "text/html,application/xhtml+xml", "*/*"


def asked(answer: Response, accept: str) -> tuple[dict[str, str], bytes]:
    """The headers and the body of what stands behind the middleware, a compressing one in between."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    headers = [(b"accept", accept.encode()), (b"accept-encoding", b"gzip")]
    scope = {"type": "http", "method": "GET", "path": "/audit", "headers": headers}
    asyncio.run(ServerTold(GZipMiddleware(answer))(scope, receive, send))
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return told, b"".join(message.get("body", b"") for message in sent[1:])


def test_a_page_is_told_where_its_server_is_and_its_length_is_right() -> None:
    headers, body = asked(HTMLResponse(PAGE), BROWSER)
    assert body.decode() == PAGE.replace("<head>", f"<head>{TOLD.decode()}")
    assert int(headers["content-length"]) == len(body)


@pytest.mark.parametrize("answer", [PlainTextResponse(PAGE), HTMLResponse(PAGE, 404)], ids=["text", "an error"])
def test_what_is_no_page_stays_as_it_is(answer: Response) -> None:
    assert asked(answer, BROWSER)[1] == PAGE.encode()


def test_what_programs_fetch_is_still_compressed() -> None:
    headers, _ = asked(HTMLResponse(PAGE), PROGRAM)
    assert headers["content-encoding"] == "gzip"


def test_under_a_path_of_a_proxy_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "get_option", lambda name: "/signup" if name == "server.baseUrlPath" else None)
    assert TOLD not in asked(HTMLResponse(PAGE), BROWSER)[1]

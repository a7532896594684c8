"""What a page is told when it is opened by its address."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from streamlit.file_util import get_static_dir

from dashboard.opening import TOLD, ServerTold

PAGE = Path(get_static_dir(), "index.html").read_text("utf-8")
REPORT = "<!DOCTYPE html><html><head><title>Sign-ups</title></head><body>" + "x" * 200_000 + "</body></html>"
HEADLESS = "<!DOCTYPE html><title>Sign-ups</title>"
BROWSER, PROGRAM = "text/html,application/xhtml+xml", "*/*"


def asked(answer: Response, accept: str) -> tuple[dict[str, str], bytes]:
    """The headers and the body of what stands behind the middleware, a compressing one in between."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    headers = [(b"accept", accept.encode()), (b"accept-encoding", b"gzip")]
    scope = {"type": "http", "method": "GET", "path": "/audit", "headers": headers, "asgi": {"spec_version": "2.4"}}
    asyncio.run(ServerTold(GZipMiddleware(answer))(scope, receive, send))
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return told, b"".join(message.get("body", b"") for message in sent[1:])


def test_a_page_is_told_where_its_server_is_and_its_length_is_right() -> None:
    headers, body = asked(HTMLResponse(PAGE), BROWSER)
    assert body.decode() == PAGE.replace("<head>", f"<head>{TOLD.decode()}")
    assert int(headers["content-length"]) == len(body)


@pytest.mark.parametrize(
    "answer",
    [PlainTextResponse(PAGE[1:]), HTMLResponse(PAGE, 404), HTMLResponse(REPORT), HTMLResponse(HEADLESS)],
    ids=["text", "an error", "a report", "a report without a head"],
)
def test_what_is_no_page_stays_as_it_is(answer: Response) -> None:
    headers, body = asked(answer, BROWSER)
    assert body == answer.body
    assert int(headers["content-length"]) == len(body)


def test_a_report_is_downloaded_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(REPORT)
    headers, body = asked(FileResponse(tmp_path / "report.html", filename="report.html"), BROWSER)
    assert body.decode() == REPORT
    assert int(headers["content-length"]) == len(body)


def test_what_programs_fetch_is_still_compressed() -> None:
    headers, _ = asked(HTMLResponse(PAGE), PROGRAM)
    assert headers["content-encoding"] == "gzip"


def test_under_a_path_of_a_proxy_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "get_option", lambda name: "/signup" if name == "server.baseUrlPath" else None)
    assert TOLD not in asked(HTMLResponse(PAGE), BROWSER)[1]

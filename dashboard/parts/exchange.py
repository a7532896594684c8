"""One HTTP exchange as people read it: the request, the answer, and a curl to copy; secrets are dots already.

Under a step of the timeline. It reads nothing: exchanges are handed in. It must not mend what is dotted.
"""

import json
from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard import labels
from signup.model import Exchange
from signup.settings import Settings
from signup.truecaller.trace import DOTS

OF_ONE_CONNECTION = ("accept-encoding", "connection", "content-length", "expect", "host", "transfer-encoding")
"""Headers that belong to the way a request came, which curl makes anew."""


def show(tries: Sequence[Exchange], settings: Settings, *, key: str) -> None:
    """Each try with its HTTP both ways; several say how each of them ended."""
    for number, exchange in enumerate(tries):
        if len(tries) > 1:
            status = exchange.status or f"no answer ({exchange.failure})"
            st.caption(f"Try {number + 1} of {len(tries)} · {status} · {exchange.ms} ms")
        _one(exchange, settings, key=f"{key}-{number}")


def _one(exchange: Exchange, settings: Settings, *, key: str) -> None:
    view = st.segmented_control(
        "HTTP", ["Request", "Answer", "curl"], default="Request", required=True, key=key, label_visibility="collapsed"
    )
    if view == "curl":
        told = curl(exchange, settings.receiver_url)
        st.code(told, language=None, wrap_lines=True)
        if DOTS in told:
            st.markdown(labels.quiet("Put what is yours where the dots are."))
    else:
        st.code((answer_text if view == "Answer" else request_text)(exchange), language=None, wrap_lines=True)


def request_text(exchange: Exchange) -> str:
    """The request as HTTP is written."""
    head = [f"{exchange.method} {exchange.url}", *_lines(exchange.request_headers)]
    return "\n".join([*head, "", pretty(exchange.request_body)]).strip()


def answer_text(exchange: Exchange) -> str:
    """The answer as HTTP is written, or why there is none."""
    if exchange.status is None:
        return f"No answer ({exchange.failure}) after {exchange.ms} ms"
    head = [f"HTTP {exchange.status}  ({exchange.ms} ms)", *_lines(exchange.answer_headers)]
    return "\n".join([*head, "", pretty(exchange.answer_body)]).strip()


def curl(exchange: Exchange, receiver: str) -> str:
    """The request as a shell command. `receiver`: where ours listens, for a callback, which knows but its path."""
    url = f"{receiver}{exchange.url}" if exchange.url.startswith("/") else exchange.url
    words = [f"curl -i -X {exchange.method} {_quoted(url)}"]
    words += [
        f"  -H {_quoted(f'{name}: {value}')}"
        for name, value in exchange.request_headers.items()
        if name.lower() not in OF_ONE_CONNECTION
    ]
    if exchange.request_body:
        words.append(f"  --data-raw {_quoted(exchange.request_body)}")
    return " \\\n".join(words)


def pretty(body: str) -> str:
    """A JSON body with its lines indented; anything else as it is, also what is nested too deeply."""
    try:
        return indented(json.loads(body))
    except (ValueError, RecursionError):
        return body


def indented(content: Any) -> str:
    """JSON for people: letters as they are, and half a character as JSON escapes it, for no page can show one."""
    return json.dumps(content, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def _lines(headers: dict[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.items()]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"

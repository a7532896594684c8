"""A callback's HTTP exchange, as the timeline may show it: token, state and logins are dots before anything is stored.

Called for callbacks whose shape is good. It must not keep a value it cannot name: of a form only the names are kept.
"""

import json
from typing import Any
from urllib.parse import parse_qsl

from flask import Request

from signup.model import Callback, Exchange
from signup.truecaller.trace import DOTS, Veil

UNKEPT_HEADERS = ("authorization", "cookie", "proxy-authorization")
SHORTEST_SECRET = 8


def exchange(request: Request, body: bytes, callback: Callback, answer: str) -> Exchange:
    """What came in and what is answered once it is stored; at most 8 KiB each way."""
    words = [word for word in (callback.token, callback.state) if word and len(word) >= SHORTEST_SECRET]
    veil = Veil(dict.fromkeys(words, DOTS))
    kept = {name: veil.over(value) for name, value in request.headers if name.lower() not in UNKEPT_HEADERS}
    return Exchange(
        method=request.method,
        url=request.path,
        request_headers=kept,
        request_body=veil.over(_without_secrets(body)),
        status=200,
        answer_headers={"Content-Type": "application/json"},
        answer_body=answer,
        ms=0,
    )


def _without_secrets(body: bytes) -> str:
    try:
        return json.dumps(_dotted(json.loads(body)), ensure_ascii=False)
    except ValueError:
        names = [name for name, _ in parse_qsl(body.decode(), keep_blank_values=True)]
        return "&".join(f"{name}={DOTS}" for name in names)


def _dotted(value: Any) -> Any:
    if isinstance(value, list):
        return [_dotted(item) for item in value]
    if isinstance(value, dict):
        return {name: DOTS if _secret(name) else _dotted(item) for name, item in value.items()}
    return value


def _secret(name: str) -> bool:
    """Whether a field is one of the two secrets, or a token by some other name."""
    return name == "state" or "token" in name.lower()

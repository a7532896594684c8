"""An HTTP exchange as the timeline may show it: secrets are dots before it leaves this module.

The client makes one per try. A host can echo what we sent, so the answer goes through the same veil as the request.
It must not shorten a text before the secrets are out of it: half a token is a secret too.
"""

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from signup.model import Exchange
from signup.outbound import OutboundFailed, Reply
from signup.truecaller import strict

DOTS = "••••••••"
OK = 200
_LIMIT = 8_192
_STUMP = 4


class Veil:
    """Puts other words in the place of secret ones, however a host may have escaped them."""

    def __init__(self, words: Mapping[str, str]) -> None:
        """`words`: the secret text -> what is shown instead."""
        shown = {spelling: shown for word, shown in words.items() for spelling in _spellings(word)}
        self._shown = {spelling: shown[spelling] for spelling in sorted(shown, key=len, reverse=True)}

    def over(self, text: str) -> str:
        """The text without the secrets, nor the beginning of one at its end; at most 8 KiB of it.

        A stranger chooses both texts. Words searched for one by one stay fast whatever they are; one pattern does not.
        """
        for spelling, shown in self._shown.items():
            text = text.replace(spelling, shown)
        return self._without_stump(text).encode("utf-8", "replace")[:_LIMIT].decode("utf-8", "ignore")

    def _without_stump(self, text: str) -> str:
        """An answer may break off within a secret: what is left of it goes too."""
        for word, shown in self._shown.items():
            for length in range(min(len(word), len(text)), _STUMP - 1, -1):
                if text.endswith(word[:length]):
                    return text[:-length] + shown
        return text


def _spellings(word: str) -> set[str]:
    """A word as it is, in a URL (either case of the hex), and in JSON with escaped slashes."""
    url = quote(word, safe="")
    small = re.sub("%..", lambda found: found[0].lower(), url)
    return {word, url, small, word.replace("/", r"\/")} - {""}


def mask(number: int) -> str:
    """A number with its middle in dots: 46761234567 -> 46•••••••67."""
    digits = str(number)
    hidden = max(len(digits) - 4, 0)
    return digits[:2] + "•" * hidden + digits[-2:] if hidden else DOTS


def of_a_person(body: bytes) -> str:
    """A profile's JSON: the names of its fields, numbers masked, dots for every other value. No JSON: dots."""
    try:
        return json.dumps(_hidden(strict.loads(body)), ensure_ascii=False)
    except ValueError:
        return DOTS


def _hidden(value: object) -> object:
    if isinstance(value, dict):
        return {str(name): _hidden(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_hidden(held) for held in value]
    if isinstance(value, bool) or value is None:
        return value
    digits = str(value)
    return mask(int(digits)) if digits.isdecimal() else DOTS


def exchange(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: str,
    answer: Reply | OutboundFailed,
    *,
    veil: Veil,
    ms: int,
    personal: bool = False,
) -> Exchange:
    """One try, veiled. `headers` and `body` as we sent them; `failure` also when an answer's body is not whole.

    `personal`: an answer 200 tells of a person, and is kept without what it tells: that stands in the profile alone.
    """
    reply = answer if isinstance(answer, Reply) else None
    told = reply.body.decode("utf-8", "replace") if reply else ""
    told = of_a_person(reply.body) if personal and reply and reply.status == OK else told
    return Exchange(
        method=method,
        url=url,
        request_headers=_headers(headers, veil),
        request_body=veil.over(body),
        status=reply.status if reply else None,
        answer_headers=_headers(reply.headers, veil) if reply else {},
        answer_body=veil.over(told),
        ms=ms,
        failure=answer.unread if isinstance(answer, Reply) else answer.kind,
    )


def _headers(headers: Mapping[str, str], veil: Veil) -> dict[str, str]:
    """Headers without secrets, at most 8 KiB together."""
    shown: dict[str, str] = {}
    room = _LIMIT
    for name, value in headers.items():
        name, value = veil.over(name), DOTS if name.lower() in ("appkey", "authorization") else veil.over(value)
        room -= len(name) + len(value)
        if room < 0:
            break
        shown[name] = value
    return shown

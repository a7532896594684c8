"""The two calls to Truecaller: ask for a prompt, fetch a profile.

`flow.start` makes the first, `flow.complete` the second, both with no transaction open. What an answer means stands in
answers.py; this module speaks, keeps the deadline of the whole step, and leaves a trace of each try.

It must not raise for anything Truecaller does, choose an address (the caller gives a constant of ours), or let an app
key, a state or a token into what it returns.
"""

import json
import time

from pydantic import SecretStr

from signup.clock import Clock, SystemClock, milliseconds
from signup.model import Exchange, ProfileAnswer, RequestAnswer
from signup.outbound import OutboundFailed, Reply, send
from signup.truecaller import answers, trace

_LONGEST_PAUSE = 0.3


class Client:
    """Truecaller as the flow sees it. `seconds`: the deadline of one step, both tries of a POST together."""

    def __init__(self, *, request_url: str, app_key: SecretStr, seconds: float, clock: Clock | None = None) -> None:
        self._request_url = request_url
        self._app_key = app_key
        self._seconds = seconds
        self._clock = clock or SystemClock()

    def request(self, number: int, state: str) -> RequestAnswer:
        """Ask Truecaller to prompt the owner of `number` (E.164 without "+").

        Tried once more after a short pause when the first try failed without reaching anybody or with a 5xx, and
        enough of the deadline is left for the second to be answered.
        """
        began = self._clock.monotonic()
        pause = min(_LONGEST_PAUSE, self._seconds / 10)
        meaning, *exchanges = self._ask(number, state, self._seconds)
        left = self._seconds - (self._clock.monotonic() - began) - pause
        if meaning.again and left > self._seconds / 4:
            time.sleep(pause)
            meaning, second = self._ask(number, state, left)
            exchanges.append(second)
        return RequestAnswer(
            accepted=meaning.code is None,
            code=meaning.code,
            lock_kept=meaning.lock_kept,
            ms=milliseconds(self._clock.monotonic() - began),
            request_id=meaning.request_id,
            retry_after=meaning.retry_after,
            exchanges=tuple(exchanges),
        )

    def profile(self, token: str, url: str) -> ProfileAnswer:
        """Fetch the profile a token opens, once. `url` is one of the settings' constants, never a callback's text."""
        headers = {"Authorization": f"Bearer {token}", "Cache-Control": "no-cache"}
        veil = trace.Veil({token: trace.DOTS})
        answer, exchange = self._exchange("GET", url, headers, None, veil, self._seconds, personal=True)
        if isinstance(answer, OutboundFailed):
            meaning = answers.ProfileMeaning(None, "profile_error")
        else:
            meaning = answers.of_profile(answer, self._clock.now())
        return ProfileAnswer(meaning.profile, meaning.code, exchange.ms, meaning.retry_after, (exchange,))

    def _ask(self, number: int, state: str, seconds: float) -> tuple[answers.RequestMeaning, Exchange]:
        """One try of the POST."""
        key = self._app_key.get_secret_value()
        headers = {"appKey": key, "Content-Type": "application/json", "Cache-Control": "no-cache"}
        body = json.dumps({"phoneNumber": number, "state": state})
        veil = trace.Veil({str(number): trace.mask(number), state: trace.DOTS, key: trace.DOTS})
        answer, exchange = self._exchange("POST", self._request_url, headers, body, veil, seconds)
        if isinstance(answer, OutboundFailed):
            return answers.of_unanswered_request(answer), exchange
        return answers.of_request(answer, self._clock.now()), exchange

    def _exchange(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: str | None,
        veil: trace.Veil,
        seconds: float,
        *,
        personal: bool = False,
    ) -> tuple[Reply | OutboundFailed, Exchange]:
        began = self._clock.monotonic()
        answer: Reply | OutboundFailed
        try:
            answer = send(method, url, headers, body.encode() if body else None, seconds=seconds, clock=self._clock)
        except OutboundFailed as failed:
            answer = failed
        ms = milliseconds(self._clock.monotonic() - began)
        return answer, trace.exchange(method, url, headers, body or "", answer, veil=veil, ms=ms, personal=personal)

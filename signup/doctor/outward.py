"""From us to Truecaller: what only a real request can prove is read from the last one. One check a function.

It must not ask Truecaller anything: a question of ours would make somebody's phone ring.
"""

import json
from datetime import timedelta

from signup import words
from signup.doctor import reach
from signup.doctor.check import Finding, ago, fine, look, wrong
from signup.model import Exchange, new_id
from signup.outbound import OutboundFailed, send
from signup.services import Services

PROBE_SECONDS = 2.0
NOT_ELIGIBLE = "1008"
OK, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY = 200, 401, 403, 404, 429


def app_key(services: Services) -> Finding:
    """Whether Truecaller knows the app key: 404 is how it says no, and most other answers say nothing about it."""
    if services.settings.mode == "sandbox":
        return fine("The sandbox takes any app key.")
    found = last(services, "request")
    if found is None:
        return look("No request was made yet, so nobody knows whether the key is right.", "Start one sign-up.")
    exchange, at = found
    when = ago(at, services.clock.now())
    if exchange.status == NOT_FOUND:
        return wrong(f"Truecaller refused the app key {when}.", words.cure("request", "bad_app_key"))
    if exchange.status == OK or (exchange.status == FORBIDDEN and NOT_ELIGIBLE in exchange.answer_body):
        return fine(f"Accepted {when}.")
    told = "got no answer" if exchange.status is None else f"was answered {exchange.status}"
    return look(
        f"The last request, {when}, {told}: that does not tell whether the key is right.",
        "Start another sign-up and check again.",
    )


def requests(services: Services) -> Finding:
    """How the last request was answered."""
    found = last(services, "request")
    if found is None:
        return fine("None was made yet.")
    exchange, at = found
    when = ago(at, services.clock.now())
    if exchange.status in (OK, FORBIDDEN, NOT_FOUND):
        return fine(f"Answered {exchange.status} in {exchange.ms} ms, {when}.")
    return look(f"{_answer(exchange)}, {when}.", words.cure("request", _request_code(exchange), services.settings.mode))


def profiles(services: Services) -> Finding:
    """How the last profile was read."""
    found = last(services, "profile")
    if found is None:
        return fine("None was read yet.")
    exchange, at = found
    when = ago(at, services.clock.now())
    if exchange.status == OK and not exchange.failure:
        return fine(f"Read in {exchange.ms} ms, {when}.")
    code = "token_rejected" if exchange.status == UNAUTHORIZED else "profile_error"
    return look(f"{_answer(exchange)}, {when}.", words.cure("profile", code))


def sandbox(services: Services) -> Finding | None:
    """Whether the local Truecaller answers; nothing in live mode."""
    if services.settings.mode == "live":
        return None
    port = services.settings.sandbox_port
    try:
        reply = send("GET", f"http://127.0.0.1:{port}/healthz", {}, seconds=PROBE_SECONDS)
    except OutboundFailed:
        return wrong(
            f"Nothing answers on port {port}, so no sign-up can be started.",
            "Run python -m sandbox; where the dashboard started it, it starts again by itself within 10 s.",
        )
    if reply.status != OK or reach.word(reply) != reach.STORED:
        return wrong(
            f"Something else answers on port {port}.",
            "Stop it, or set SIGNUP_SANDBOX_PORT to a free port.",
        )
    return fine(f"Answers on port {port} in {reply.ms} ms.")


def last(services: Services, step: str) -> tuple[Exchange, str] | None:
    """The newest exchange of a step, and when it was written down. One of the future is of a clock that was wrong."""
    soon = services.clock.now() + timedelta(seconds=1)
    with services.store.read() as tx:
        row = tx.one("last_trace", step=step, before=new_id(soon))
    if row is None:
        return None
    content = services.keyring.open("traces", "exchange", row["id"], row["exchange"])
    return Exchange(**json.loads(content)), row["at"]


def _answer(exchange: Exchange) -> str:
    if exchange.status is None:
        return f"The last one got no answer ({exchange.failure})"
    return f"The last one was answered {exchange.status}" + (f" ({exchange.failure})" if exchange.failure else "")


def _request_code(exchange: Exchange) -> str:
    """The code that such an answer ends a sign-up with."""
    if exchange.status is None:
        return "timeout" if exchange.failure == "timeout" else "truecaller_error"
    if exchange.status == TOO_MANY:
        return "rate_limited"
    return {4: "request_refused", 5: "truecaller_error"}.get(exchange.status // 100, "bad_answer")

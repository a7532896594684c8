"""HTTP in: Truecaller's two endpoints, and the sandbox's own door (phones, personas, callbacks, health).

Errors are Truecaller's two envelopes: `{code, message}`, and `{status, message}` for a profile. Only a peer on this
machine is answered, but for the phone alone. It must not decide what a phone does; `truecaller` does.
"""

import json
from functools import partial
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from sandbox import listing, peers, phone_web
from sandbox.clock import Clock, text
from sandbox.deliver import KEPT, SECONDS, Courier, ElsewhereRefused, Sent, UnknownCallback
from sandbox.guests import CODE_SECONDS, Guests
from sandbox.personas import BAD_APP_KEY, Refusal
from sandbox.phones import ANSWERS, NotRinging, Phones, Prompt, UnknownAnswer
from sandbox.truecaller import Truecaller

MOST_BYTES = 16_384
MOST_STATE = 256
DEEPEST = 100


class AnyText(BaseConverter):
    """A request id in a path: every character counts, slashes too, wherever they stand."""

    regex = ".+"
    part_isolating = False


def create_app(
    truecaller: Truecaller, phones: Phones, courier: Courier, clock: Clock, *, address: str | None = None
) -> Flask:
    """The sandbox as a WSGI application. `clock` dates its answers; `address`: where other machines find the phone."""
    app = Flask("sandbox")
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.url_map.converters["anything"] = AnyText
    app.before_request(partial(peers.admit, phone_web.NAME))
    app.after_request(partial(_dated, clock))
    app.register_error_handler(HTTPException, _http_error)
    _truecaller_routes(app, truecaller, phones)
    _door_routes(app, truecaller, phones)
    _callback_routes(app, courier)
    guests = Guests()
    app.register_blueprint(phone_web.blueprint(truecaller, phones, guests))
    _code_route(app, guests, address)
    return app


def _truecaller_routes(app: Flask, truecaller: Truecaller, phones: Phones) -> None:
    @app.post("/v1/apps/requests")
    def start() -> Response:
        if not request.headers.get("appKey", "").strip():
            return _refuse(BAD_APP_KEY)
        if not request.is_json:
            return _error(415, "Content-Type must be application/json.")
        asked = _object()
        if asked is None or not _is_number(asked.get("phoneNumber")) or not _is_state(asked.get("state")):
            return _error(400, "Invalid request: phoneNumber must be an integer in E.164 without +, state a text.")
        outcome = truecaller.request(asked["phoneNumber"], asked.get("state"))
        return _refuse(outcome) if isinstance(outcome, Refusal) else _accept(truecaller, outcome)

    @app.get("/v1/default")
    def profile() -> Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        found = phones.profile(token.strip() if scheme.lower() == "bearer" else "")
        return _refuse(found) if isinstance(found, Refusal) else _json(200, found)


def _door_routes(app: Flask, truecaller: Truecaller, phones: Phones) -> None:
    @app.get("/phones")
    def ringing() -> Response:
        return _json(200, [_shown(prompt) for prompt in phones.ringing()])

    @app.post("/phones/<anything:request_id>")
    def tap(request_id: str) -> Response:
        answer = (_object() or {}).get("answer")
        try:
            truecaller.tap(request_id, answer if isinstance(answer, str) else "")
        except UnknownAnswer:
            return _error(400, f'Send {{"answer": WORD}} with one of: {", ".join(ANSWERS)}.')
        except NotRinging:
            return _error(404, "No phone rings for this request id; GET /phones lists those that do.")
        return _json(200, {"requestId": request_id, "answer": answer})

    @app.get("/personas")
    def cast() -> Response:
        return _json(200, listing.listed())

    @app.get("/healthz")
    def health() -> Response:
        return _json(200, {"status": "ok"})


def _callback_routes(app: Flask, courier: Courier) -> None:
    @app.get("/callbacks")
    def kept() -> Response:
        limit = request.args.get("limit", KEPT, type=int)
        return _json(200, [_told(sent) for sent in courier.latest(request.args.get("requestId"))[: max(limit, 0)]])

    @app.post("/callbacks")
    def send_again() -> Response:
        sent_in = _object()
        asked = sent_in or {}
        changes, to = asked.get("body") or {}, asked.get("to")
        if sent_in is None or not isinstance(changes, dict) or not isinstance(to, str | None):
            return _error(400, 'Send {"id": ID}; "body": {FIELD: VALUE} changes fields, "to": URL sends it elsewhere.')
        try:
            sent = courier.send_again(str(asked.get("id")), changes, to)
        except UnknownCallback:
            return _error(404, "No callback is kept under this id; GET /callbacks lists them.")
        except ElsewhereRefused:
            return _error(400, "A callback is sent again to the receiver or to an address on this machine only.")
        sent.tried.wait(SECONDS + 1)
        return _json(200, _told(sent))


def _code_route(app: Flask, guests: Guests, address: str | None) -> None:
    @app.post("/phone-codes")
    def make_code() -> Response:
        return _json(200, {"code": guests.new_code(), "seconds": int(CODE_SECONDS), "address": address})


def _accept(truecaller: Truecaller, prompt: Prompt) -> Response:
    response = _json(200, {"requestId": prompt.request_id})
    response.call_on_close(lambda: truecaller.answered(prompt))
    return response


def _shown(prompt: Prompt) -> dict[str, Any]:
    return {
        "requestId": prompt.request_id,
        "phoneNumber": prompt.number,
        "persona": prompt.persona.name if prompt.persona else None,
        "since": text(prompt.since),
    }


def _told(sent: Sent) -> dict[str, Any]:
    return {
        "id": sent.id,
        "requestId": sent.body.get("requestId"),
        "at": text(sent.at),
        "to": sent.url.geturl(),
        "tapped": sent.tapped,
        "replay": sent.first is not None,
        "edited": sent.edited,
        "first": (sent.first or sent).body.get("requestId"),
        "body": sent.body,
        "tries": sent.tries,
        "status": sent.status,
    }


def _object() -> dict[str, Any] | None:
    """The body as a JSON object, whatever its Content-Type; None for anything else, and for one nested too deeply."""
    try:
        body = json.loads(request.get_data())
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) and _within(body, DEEPEST) else None


def _within(value: object, levels: int) -> bool:
    """Whether it is nested no deeper, so that it can be written as JSON again."""
    held = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return held is None or (levels > 0 and all(_within(one, levels - 1) for one in held))


def _is_number(value: object) -> bool:
    return isinstance(value, int) and 10**6 < value < 10**15


def _is_state(value: object) -> bool:
    return value is None or (isinstance(value, str) and 1 <= len(value) <= MOST_STATE)


def _dated(clock: Clock, answer: Response) -> Response:
    answer.date = clock.now()
    return answer


def _http_error(error: HTTPException) -> Response:
    return _error(error.code or 500, f"{error.name}.")


def _error(status: int, message: str) -> Response:
    return _json(status, {"code": status, "message": message})


def _refuse(refusal: Refusal) -> Response:
    response = _json(refusal.status, refusal.body)
    if refusal.retry_after:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def _json(status: int, body: object) -> Response:
    response = jsonify(body)
    response.status_code = status
    return response

"""The receiver as a Flask application: the callback URL, two health checks, metrics, one form for every refusal.

Wires its parts and translates errors into HTTP, once. It must not know which server runs it, set a cookie, redirect,
or repeat anything it was sent.
"""

from collections.abc import Mapping

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from callback_server import health, metrics, problems, receiver
from callback_server.traffic import Traffic
from signup.errors import CallbackRejected, StoreUnavailable
from signup.flow.receive import receive
from signup.services import Services
from signup.truecaller.callback import LIMIT


def create_app(services: Services, receive: receiver.Receive = receive) -> Flask:
    """The application on opened services.

    `app.extensions["rejections"]` counts what it refuses; `["refused"]` is to be told of what never reaches it.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LIMIT + 1  # at the limit itself a chunked body is cut without a word
    app.url_map.merge_slashes = False  # a merged slash would be a redirect
    rejections, traffic = receiver.Rejections(services), Traffic()
    _count(app, services, rejections, traffic)
    _translate(app)
    app.register_blueprint(receiver.blueprint(services, receive))
    app.register_blueprint(health.blueprint(services))
    app.register_blueprint(metrics.blueprint(services, traffic))
    return app


def _count(app: Flask, services: Services, rejections: receiver.Rejections, traffic: Traffic) -> None:
    """Every request is counted with its answer, those too that the server refuses by itself."""

    def unreached(path: str, status: int, headers: Mapping[str, str]) -> None:
        if not receiver.is_replay(services, headers.get("SIGNUP_REPLAY")):  # as WSGI spells it
            rejections.add(path)
        traffic.refused(path, status)

    app.extensions["rejections"], app.extensions["refused"] = rejections, unreached

    @app.before_request
    def begin() -> None:
        g.began = services.clock.monotonic()

    @app.after_request
    def end(answer: Response) -> Response:
        if 400 <= answer.status_code < 500 and not receiver.is_replay(services, request.headers.get(receiver.REPLAY)):
            rejections.add(request.path)
        traffic.answered(request.path, answer.status_code, services.clock.monotonic() - g.began)
        answer.call_on_close(rejections.store)
        return answer


def _translate(app: Flask) -> None:
    """Errors become HTTP here, and nowhere else."""

    @app.errorhandler(CallbackRejected)
    def rejected(error: CallbackRejected) -> Response:
        return problems.response(problems.Problem(error.http_status, error.code, error.sentence))

    @app.errorhandler(StoreUnavailable)
    def not_stored(_: StoreUnavailable) -> Response:
        return problems.response(problems.STORE_UNAVAILABLE, {"Retry-After": "5"})

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        allowed = (error.valid_methods or ()) if isinstance(error, MethodNotAllowed) else ()
        headers = {"Allow": ", ".join(sorted(allowed))} if allowed else None
        return problems.response(problems.by_status(error.code or 500), headers)

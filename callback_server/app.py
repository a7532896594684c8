"""The receiver as a Flask application: the callback URL, two health checks, and one form for every refusal.

Wires its parts and translates errors into HTTP, once. It must not know which server runs it, set a cookie, redirect,
or repeat anything it was sent.
"""

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from callback_server import health, problems, receiver
from signup.errors import CallbackRejected, StoreUnavailable
from signup.flow.receive import receive
from signup.services import Services
from signup.truecaller.callback import LIMIT


def create_app(services: Services, receive: receiver.Receive = receive) -> Flask:
    """The application on opened services. `app.extensions["rejections"]` counts what it refuses."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LIMIT + 1  # at the limit itself a chunked body is cut without a word
    app.url_map.merge_slashes = False  # a merged slash would be a redirect
    rejections = app.extensions["rejections"] = receiver.Rejections(services)
    app.register_blueprint(receiver.blueprint(services, receive))
    app.register_blueprint(health.blueprint(services))

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

    @app.after_request
    def count(answer: Response) -> Response:
        if 400 <= answer.status_code < 500:
            rejections.add(request.path)
        answer.call_on_close(rejections.store)
        return answer

    return app

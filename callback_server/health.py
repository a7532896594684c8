"""GET /healthz and /readyz: does the process live, and would a callback be stored now. To know, it writes.

Details are for whoever runs this machine: a peer on loopback that speaks for nobody else. Others get a bare status.
"""

from flask import Blueprint, Response, jsonify

from callback_server.peers import from_here
from callback_server.problems import Problem, response
from signup.clock import moment, text
from signup.errors import StoreUnavailable
from signup.services import Services


def blueprint(services: Services) -> Blueprint:
    """Both checks."""
    checks = Blueprint("health", __name__)

    def alive() -> Response:
        return jsonify(status="ok")

    def ready() -> Response:
        here = from_here()
        try:
            with services.store.write() as tx:
                tx.run("add_to_counter", name="ready", amount=0, at=text(services.clock.now()))
                waiting = tx.one("inbox_waiting")
        except StoreUnavailable as error:
            reason = Problem(503, "store_unavailable", error.sentence)
            return response(reason) if here else Response(status=503, mimetype="text/plain")
        assert waiting is not None, "a count is one row"
        oldest = waiting["oldest_unsealed_at"]
        age = (services.clock.now() - moment(oldest)).total_seconds() if oldest else 0.0
        details = {"unsealed": waiting["unsealed"], "oldestUnsealedSeconds": max(0.0, age)} if here else {}
        return jsonify(status="ok", **details)

    for path, check in (("/healthz", alive), ("/readyz", ready)):
        checks.add_url_rule(path, view_func=check, methods=["GET"], provide_automatic_options=False)
    return checks

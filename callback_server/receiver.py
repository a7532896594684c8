"""POST /truecaller/callback: read, check the shape, store, and only then answer (the story's step 4).

The answer tells nothing: a genuine, a repeated and an unknown callback get the same one. What cannot be read leaves
nothing but a count. Nothing is fetched or decided here: Truecaller hangs up after 3 seconds. The doctor's self-test
gets the same answer too, and leaves only its nonce.
"""

from collections.abc import Callable
from threading import Lock

from flask import Blueprint, Response, request

from callback_server.trace import exchange
from signup import selftest
from signup.clock import text
from signup.errors import StoreUnavailable
from signup.services import Services
from signup.truecaller.callback import read

PATH = "/truecaller/callback"
ANSWER = '{"status":"ok"}'
REPLAY = "Signup-Replay"

Receive = Callable[..., None]


class Rejections:
    """How many callbacks were refused: counted in memory, stored at most once a second, in nobody's way."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = Lock()
        self._count = 0
        self._due = 0.0

    def add(self, path: str) -> None:
        """One more, if it was meant as a callback."""
        if path.rstrip("/") == PATH:
            with self._lock:
                self._count += 1

    def store(self, *, last: bool = False) -> None:
        """Add what was counted to the store's counter; what cannot be stored now waits for the next time."""
        clock = self._services.clock
        with self._lock:
            if not self._count or (clock.monotonic() < self._due and not last):
                return
            amount, self._count, self._due = self._count, 0, clock.monotonic() + 1
        try:
            with self._services.store.write() as tx:
                tx.run("add_to_counter", name="callback_rejected", amount=amount, at=text(clock.now()))
        except StoreUnavailable:
            with self._lock:
                self._count += amount


def is_replay(services: Services, label: str | None) -> bool:
    """Whether a request's label says that it is sent again by hand: the sandbox's word, which live means nothing."""
    return services.settings.mode == "sandbox" and label == "1"


def blueprint(services: Services, receive: Receive) -> Blueprint:
    """The callback URL, with and without a slash at its end."""
    pages = Blueprint("receiver", __name__)

    def take() -> Response:
        body = request.get_data(cache=False)
        if not selftest.take(services, request.headers.get(selftest.HEADER)):
            keep(body)
        return Response(ANSWER, content_type="application/json")

    def keep(body: bytes) -> None:
        callback = read(body, request.content_type, request.headers.get("Content-Encoding"))
        replay = is_replay(services, request.headers.get(REPLAY))
        receive(services, callback, lambda: exchange(request, body, callback, ANSWER), replay=replay)

    for path in (PATH, f"{PATH}/"):
        pages.add_url_rule(path, view_func=take, methods=["POST"], provide_automatic_options=False)
    return pages

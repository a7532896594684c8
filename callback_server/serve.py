"""The receiver's HTTP server: waitress, and what it lacks. The only module that knows waitress.

It adds a time limit for a whole request, a stop that finishes what was begun, refusals as problem JSON, and a goodbye
that lets the last answer arrive. It must know nothing of callbacks, and lends no thread to a slow client.
"""
# mypy: disable-error-code="import-untyped,has-type", allow-subclassing-any
# (waitress has no types)

import logging
import select
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import create_server
from waitress.task import ErrorTask, WSGITask

from callback_server import problems
from callback_server.sockets import file_limit
from signup.clock import SystemClock

LOG = logging.getLogger(__name__)
seconds = SystemClock().monotonic


Refused = Callable[[str, int, Mapping[str, str]], None]


class Parser(HTTPRequestParser):
    """As waitress's, but reads to an end whatever comes: Python's own parsers may refuse an address or a length."""

    path = ""  # of a first line that could not be read

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            raise ParsingError("The first line or a length cannot be read") from error


class Answer(WSGITask):
    """What the app says; once the server stops, the last word on its connection."""

    def build_response_header(self) -> bytes:
        if self.channel.server.stopping and len(self.channel.requests) == 1:
            self.request.headers["CONNECTION"] = "close"
        return bytes(super().build_response_header())


class Refusal(ErrorTask):
    """What waitress refuses by itself, in the app's form."""

    def execute(self) -> None:
        problem = problems.of_server(self.request.error.code, in_body=self.request.body_rcv is not None)
        self.channel.server.refused(self.request.path, problem.status, self.request.headers)
        body = problem.body()
        self.status = f"{problem.status} {problem.title}"
        self.response_headers.append(("Content-Type", problems.MEDIA_TYPE))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Connection(HTTPChannel):
    """One client. `since`: when the request that is arriving began, or when we `left`."""

    task_class, error_task_class, parser_class = Answer, Refusal, Parser
    since = 0.0
    left = False

    def received(self, data: bytes) -> bool:
        if not self.left and self.request is None:
            self.since = seconds()
        return not self.left and bool(super().received(data))

    def handle_write(self) -> None:
        """As waitress's, but half-closes first: a full close with bytes unread would destroy the answer on its way."""
        if self.total_outbufs_len:
            self._flush_exception(self._flush_some_if_lockable)
        if self.will_close:
            self.handle_close()
        elif self.connected and self.close_when_flushed and not self.total_outbufs_len:
            self.close_when_flushed, self.left, self.since = False, True, seconds()
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:
                self.handle_close()  # the client has gone first

    def handle_expt(self) -> None:
        self.handle_close()  # urgent data: nobody who speaks HTTP sends it

    def handle_error(self) -> None:
        """A fault of ours: only this connection ends. waitress would log a stranger's words."""
        LOG.error("A connection met a fault and was closed.", exc_info=sys.exception())
        self.handle_close()

    def late(self, limit: float) -> bool:
        """Whether the client takes too long to send a request, or to hang up after we left."""
        return bool(self.left or self.request) and not self.requests and seconds() - self.since > limit

    def idle(self) -> bool:
        """Whether everything that came was answered, and the answer sent."""
        return not (self.request or self.requests or self.total_outbufs_len or self.close_when_flushed)


class Server:
    """Serves one listening socket. `refused` is told of each request that never reaches the app: path, status, headers.

    A request has 5 s to arrive. When stopping, a silent client is waited for 2 s, anybody 8 s.
    """

    request_seconds, silent_seconds, stop_seconds = 5.0, 2.0, 8.0

    def __init__(self, app: Any, sock: socket.socket, refused: Refused) -> None:
        self.stopped_at: float | None = None
        logging.getLogger("waitress").setLevel(logging.ERROR)  # below: a burst, and who left, with what they asked for
        self.map: dict[int, Any] = {}
        self.waitress = create_server(
            app,
            map=self.map,
            sockets=[sock],
            threads=8,
            connection_limit=min(4000, file_limit(4100) - 100),
            asyncore_use_poll=hasattr(select, "poll"),
            backlog=1024,
            channel_timeout=5,
            cleanup_interval=1,
            max_request_header_size=8192,
            max_request_body_size=32768,
            ident=None,
            expose_tracebacks=False,
            clear_untrusted_proxy_headers=False,
            log_socket_errors=False,
        )
        self.address = f"{self.waitress.effective_host}:{self.waitress.effective_port}"
        self.waitress.channel_class, self.waitress.maintenance = Connection, self.hurry
        self.waitress.refused, self.waitress.stopping = refused, False

    def connections(self) -> list[Any]:
        return list(self.waitress.active_channels.values())

    def hurry(self, now: float) -> None:
        """Once a second: hang up on the slow, and on those silent between requests."""
        for one in self.connections():
            silent = not one.requests and now - one.last_activity > self.waitress.adj.channel_timeout
            if silent or one.late(self.request_seconds):
                one.will_close = True

    def stop(self, *_: object) -> None:
        """Have `run` finish what was begun and return. Safe in a signal handler and from any thread."""
        if self.stopped_at is None:
            self.stopped_at, self.waitress.stopping = seconds(), True
            self.waitress.pull_trigger()

    def run(self) -> None:
        """Serve until stopped."""
        while not self.finished():
            wasyncore.loop(1 if self.stopped_at is None else 0.05, True, self.map, count=1)
        self.waitress.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self.map)

    def finished(self) -> bool:
        """Whether we were stopped and nobody is left to answer; stops listening when first asked after a stop."""
        if self.stopped_at is None:
            return False
        if self.waitress.accepting:
            for _ in range(self.waitress.adj.backlog):  # those who have reached us already
                self.waitress.handle_accept()
            wasyncore.dispatcher.close(self.waitress)
        waited = seconds() - self.stopped_at
        for one in self.connections():
            if one.late(self.request_seconds) or (one.idle() and waited > self.silent_seconds):
                one.will_close = True
        return not self.connections() or waited > self.stop_seconds

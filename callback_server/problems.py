"""Every refusal the receiver can give, as RFC 9457 problem JSON: the edge where errors become HTTP.

Shared by the app and the server underneath it, so that a request which never reaches the app is refused in the same
form. A problem must never repeat what was sent.
"""

import json
from dataclasses import dataclass

from flask import Response
from werkzeug.http import HTTP_STATUS_CODES

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """One refusal: HTTP status, a code that is stable for ever, and what happened with what to do."""

    status: int
    code: str
    detail: str

    @property
    def title(self) -> str:
        return HTTP_STATUS_CODES[self.status]

    def body(self) -> bytes:
        """A JSON object with `type title status code detail`."""
        members = {"type": "about:blank", "title": self.title, "status": self.status}
        return json.dumps({**members, "code": self.code, "detail": self.detail}).encode()


BODY_TOO_LARGE = Problem(413, "body_too_large", "The body is longer than 16,384 bytes: send a shorter one.")
BODY_UNREADABLE = Problem(400, "body_unreadable", "The body broke off or was framed wrongly: send it whole.")
HEADERS_TOO_LARGE = Problem(431, "headers_too_large", "The headers are longer than 8,192 bytes: send fewer.")
INTERNAL_ERROR = Problem(500, "internal_error", "The receiver failed: send the request again.")
METHOD_NOT_ALLOWED = Problem(405, "method_not_allowed", "This address takes only the methods that Allow names.")
NOT_FOUND = Problem(404, "not_found", "Nothing answers here: callbacks go to /truecaller/callback.")
REQUEST_UNREADABLE = Problem(400, "request_unreadable", "This is not HTTP/1.1: check the first line and the headers.")
STORE_UNAVAILABLE = Problem(500, "store_unavailable", "The callback could not be stored: send it again.")

_BY_STATUS = {
    problem.status: problem
    for problem in (BODY_TOO_LARGE, HEADERS_TOO_LARGE, METHOD_NOT_ALLOWED, NOT_FOUND, REQUEST_UNREADABLE)
}


def by_status(status: int) -> Problem:
    """The problem for a status that a library chose; any we do not expect is our failure."""
    return _BY_STATUS.get(status, INTERNAL_ERROR)


def of_server(status: int, in_body: bool) -> Problem:
    """The problem for what the server refused by itself; `in_body`: the headers were good, the body was not.

    An unknown transfer coding (501) is told as a 400: a 5xx would ask Truecaller to send the same again.
    """
    if status == 501 or (status == 400 and in_body):
        return BODY_UNREADABLE
    return by_status(status)


def response(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """A problem as an answer of the app."""
    return Response(problem.body(), problem.status, headers, content_type=MEDIA_TYPE)

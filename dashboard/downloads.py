"""Finished files, handed out once each: `GET /download/CODE` within a minute, then the code is worth nothing.

Streamlit's own download button serves files to anybody who reaches the port and guesses nothing; here the address is
256 random bits and works for one request. Draws nothing; pages make the file and show the link.
"""

import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

GOOD_FOR_SECONDS = 60.0


@dataclass(frozen=True)
class _Offer:
    path: Path
    name: str
    until: float


class Downloads:
    """Offers by their code. One per process, shared by pages and the server."""

    def __init__(self) -> None:
        self._offers: dict[str, _Offer] = {}
        self._lock = threading.Lock()

    def offer(self, path: Path, name: str) -> str:
        """Offer a finished file; its address, good for one GET within a minute. The file goes with its download."""
        code = secrets.token_urlsafe(32)
        with self._lock:
            self._drop_old()
            self._offers[code] = _Offer(path, name, time.monotonic() + GOOD_FOR_SECONDS)
        return f"/download/{code}"

    def take(self, code: str) -> _Offer | None:
        """The offer of a code, once."""
        with self._lock:
            self._drop_old()
            return self._offers.pop(code, None)

    def _drop_old(self) -> None:
        now = time.monotonic()
        for code in [code for code, offer in self._offers.items() if offer.until < now]:
            self._offers.pop(code).path.unlink(missing_ok=True)


DOWNLOADS = Downloads()


def download(request: Request) -> Response:
    """Stream one finished file, then remove it."""
    offer = DOWNLOADS.take(request.path_params["code"])
    if offer is None or not offer.path.exists():
        return PlainTextResponse("This link was used already or is too old: export again.", 404)
    return FileResponse(
        offer.path,
        filename=offer.name,
        headers={"Cache-Control": "no-store"},
        background=BackgroundTask(offer.path.unlink, missing_ok=True),
    )


ROUTES = [Route("/download/{code}", download, methods=["GET"])]

"""Finished files, handed out once each: `GET /download/CODE` within a minute, then the code is worth nothing.

Streamlit's own download button serves files to anybody who reaches the port and guesses nothing; here the address is
256 random bits and works for one request. A file goes with its download, whole or broken off; what nobody fetched is
swept up, whichever process wrote it. Draws nothing; pages make the file and show the link.
"""

import asyncio
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from signup.clock import SystemClock
from signup.record.retain import OURS
from signup.record.wholefile import remove_left

GOOD_FOR_SECONDS = 60.0
LEFT_SECONDS = 2 * GOOD_FOR_SECONDS
SWEEP_SECONDS = 30.0


@dataclass(frozen=True)
class _Offer:
    path: Path
    name: str
    until: float


class Downloads:
    """Offers by their code. One per process, shared by pages and the server. `seconds`: a steady clock."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._offers: dict[str, _Offer] = {}
        self._lock = threading.Lock()

    def offer(self, path: Path, name: str) -> str:
        """Offer a finished file; its address, good for one GET within a minute."""
        code = secrets.token_urlsafe(32)
        with self._lock:
            self._drop_old()
            self._offers[code] = _Offer(path, name, self._seconds() + GOOD_FOR_SECONDS)
        return f"/download/{code}"

    def take(self, code: str) -> _Offer | None:
        """The offer of a code, once."""
        with self._lock:
            self._drop_old()
            return self._offers.pop(code, None)

    def _drop_old(self) -> None:
        now = self._seconds()
        self._offers = {code: offer for code, offer in self._offers.items() if offer.until >= now}


DOWNLOADS = Downloads()


class _Once(FileResponse):
    """A file that is gone once it was sent, or was not."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            Path(self.path).unlink(missing_ok=True)


def download(request: Request) -> Response:
    """Stream one finished file, then remove it. A HEAD would use up the link of whoever comes to fetch it."""
    if request.method != "GET":
        return PlainTextResponse("This link is for fetching the file, once.", 405, {"Allow": "GET"})
    offer = DOWNLOADS.take(request.path_params["code"])
    if offer is None or not offer.path.exists():
        return PlainTextResponse("This link was used already or is too old: export again.", 404)
    return _Once(offer.path, filename=offer.name, headers={"Cache-Control": "no-store"})


ROUTES = [Route("/download/{code}", download, methods=["GET"])]


async def sweeping(folder: Path) -> None:
    """Sweep the folder now and again, until cancelled."""
    while True:
        await asyncio.to_thread(sweep, folder, SystemClock().now().timestamp())
        await asyncio.sleep(SWEEP_SECONDS)


def sweep(folder: Path, now: float) -> None:
    """Remove exports last written two minutes before `now`, a Unix time: no link leads to them any more.

    A hidden one that somebody is still writing stays, however long its next rows take.
    """
    for path in folder.glob("*"):
        with suppress(OSError):  # fetched meanwhile, or not for us to remove: the next time tells
            if OURS.fullmatch(path.name) and path.stat().st_mtime < now - LEFT_SECONDS:
                (remove_left if path.name.startswith(".") else Path.unlink)(path)

"""A token that can be recognised goes through every success and every failure, and leaves no trace."""

import logging
import traceback
from pathlib import Path

import pytest

from signup import logs
from signup.flow import signups
from signup.model import Status
from signup.record.export import export
from signup.record.log import LogQuery
from signup.services import open_services
from tests.fakes import no_profile, profile
from tests.steps.story import approve, begin, state_of, status, watch

CANARY = "CANARY-token.0123456789~abc"
PATHS = {
    "completed": [],
    "mismatch": [profile(1)],
    "rejected": [no_profile("token_rejected")],
    "errors": [no_profile() for _ in range(200)],
}


@pytest.mark.parametrize("path", [*PATHS, "endpoint", "late", "quarantined", "unknown", "never-fetched", "broken"])
def test_a_token_leaves_no_trace(settings, clock, truecaller, tmp_path, path, capfd):
    logs.set_up("json")
    with open_services(settings(), clock=clock, truecaller=truecaller, migrate=True) as services:
        begun = begin(services)
        truecaller.will_show(*PATHS.get(path, []))
        play(services, truecaller, clock, path)
        clock.move(601)
        watch(services)
        clock.move(601)
        watch(services)
        assert status(services, begun.signup_id) not in (Status.WAITING, Status.APPROVED)
        shown = repr(
            [signups.timeline(services, begun.signup_id or ""), signups.exchanges(services, begun.signup_id or "")]
        )
        for fmt in ("csv", "ndjson"):
            export(services, fmt=fmt, out=tmp_path / f"log.{fmt}", query=LogQuery(), actor="cli")
        said = "".join(capfd.readouterr())
        kept = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    logging.getLogger().handlers.clear()
    assert any(str(file).endswith("-wal") for file in kept)
    assert [str(file) for file, content in kept.items() if CANARY.encode() in content] == []
    assert CANARY not in said
    assert CANARY not in shown
    assert len(kept) >= 4


def play(services, truecaller, clock, path: str) -> None:
    """One way a token can go."""
    state = state_of(truecaller)
    if path == "endpoint":
        approve(services, "request-1", state, token=CANARY, endpoint="https://evil.example/")
    elif path == "late":
        clock.move(700)
        approve(services, "request-1", state, token=CANARY)
    elif path == "quarantined":
        approve(services, "request-1", "wrong", token=CANARY)
    elif path == "unknown":
        approve(services, "request-of-nobody", "wrong", token=CANARY)
    elif path == "broken":
        truecaller.during_profile = fail
        approve(services, "request-1", state, token=CANARY)
        with pytest.raises(RuntimeError) as fault:
            watch(services)
        assert CANARY not in "".join(traceback.format_exception(fault.value))
        truecaller.during_profile = None
        clock.move(31)
    else:
        approve(services, "request-1", state, token=CANARY)
    if path != "never-fetched":
        for _ in range(3):
            watch(services)
            clock.move(20)


def fail(token: str, url: str) -> None:
    raise RuntimeError("the client met a bug")


def test_the_canary_would_be_found(tmp_path: Path):
    """The search itself works: the same bytes, written as they are, are found."""
    (tmp_path / "x").write_bytes(b"..." + CANARY.encode() + b"...")
    assert [file for file in tmp_path.rglob("*") if CANARY.encode() in file.read_bytes()]

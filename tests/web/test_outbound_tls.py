"""The door out over TLS: trusted or nothing, and on time all the same."""

import threading
import time
from pathlib import Path

import pytest
import requests

from signup.outbound import OutboundFailed, send
from tests import tls
from tests.upstream import answer, drip, head, raw, silence, upstream

DEADLINE = 0.25
SLACK = 0.5
PATIENCE = 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tls.self_signed(tmp_path_factory.mktemp("tls"))


def test_a_trusted_certificate_is_served_over_tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(certificate))
    with upstream(answer(200, b"{}"), tls=tls.server(certificate)) as server:
        assert send("POST", server.url, {}, b"x", seconds=PATIENCE).status == 200
    assert server.seen[0].body == b"x"


def test_a_dripped_answer_over_tls_ends_at_the_deadline(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(certificate))
    with upstream(drip(b"x", first=head(200)), tls=tls.server(certificate)) as server:
        began = time.monotonic()
        assert send("GET", server.url, {}, seconds=DEADLINE).unread == "timeout"
        for worker in threading.enumerate():
            if worker.name == "outbound":
                worker.join(1)
        assert time.monotonic() - began < DEADLINE + SLACK


def test_a_certificate_nobody_vouches_for_is_refused_before_anything_is_sent(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with upstream(answer(200), tls=tls.server(certificate)) as server, pytest.raises(OutboundFailed) as caught:
        send("POST", server.url, {}, b"x", seconds=PATIENCE)
    assert (caught.value.kind, caught.value.sent, caught.value.untrusted) == ("tls", False, "self_signed")
    assert server.seen == []


def test_plain_text_where_tls_was_expected_is_refused() -> None:
    script = raw(b"HTTP/1.1 200 OK\r\n\r\n")
    script.speaks_first = True  # type: ignore[attr-defined]
    with upstream(script) as server, pytest.raises(OutboundFailed) as caught:
        send("POST", server.url.replace("http:", "https:"), {}, b"x", seconds=PATIENCE)
    assert (caught.value.kind, caught.value.sent) == ("tls", False)


def test_a_handshake_that_never_ends_is_cut_at_the_deadline() -> None:
    began = time.monotonic()
    with upstream(silence()) as server, pytest.raises(OutboundFailed) as caught:
        send("POST", server.url.replace("http:", "https:"), {}, b"x", seconds=DEADLINE)
    assert time.monotonic() - began < DEADLINE + SLACK
    assert (caught.value.kind, caught.value.sent) == ("timeout", False)

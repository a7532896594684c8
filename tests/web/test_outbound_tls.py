"""The door out over TLS: trusted or nothing, and on time all the same."""

import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from signup.outbound import OutboundFailed, send
from tests.upstream import answer, drip, head, raw, silence, upstream

DEADLINE = 0.25
SLACK = 0.5
PATIENCE = 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost and its key in one file, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + secret)
    return path


def tls_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_trusted_certificate_is_served_over_tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(certificate))
    with upstream(answer(200, b"{}"), tls=tls_of(certificate)) as server:
        assert send("POST", server.url, {}, b"x", seconds=PATIENCE).status == 200
    assert server.seen[0].body == b"x"


def test_a_dripped_answer_over_tls_ends_at_the_deadline(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(certificate))
    with upstream(drip(b"x", first=head(200)), tls=tls_of(certificate)) as server:
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
    with upstream(answer(200), tls=tls_of(certificate)) as server, pytest.raises(OutboundFailed) as caught:
        send("POST", server.url, {}, b"x", seconds=PATIENCE)
    assert (caught.value.kind, caught.value.sent) == ("tls", False)
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

"""Signed notes: a few lines of text and who signed them, in the form of C2SP, so that a witness can cosign one day.

    text, each line ended             what is said
    (an empty line)
    — ORIGIN BASE64                   one line a signature: 4 bytes that name the key, then Ed25519 over the text

Checkpoints, endorsements of keys, manifests and receipts are notes. A reader skips the lines of keys it does not
know; a line of a known key that does not fit condemns the whole note.

Pure: it must not read a database or a clock, and must not know which keys deserve trust.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x0a\x01"
_LINE = re.compile(r"— (\S+) (\S+)")
_FIELD = 2**255 - 19


class NoteWrong(ValueError):
    """A text that is no signed note, or whose signature by a known key does not fit."""


@dataclass(frozen=True)
class SigningKey:
    """A key that signs: `id` is its public name, 32 hex digits; `public` its 32 bytes."""

    id: str
    public: bytes
    _private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def of(cls, seed: bytes) -> "SigningKey":
        """The key that grows from a seed of 32 bytes."""
        private = Ed25519PrivateKey.from_private_bytes(seed)
        public = private.public_key().public_bytes_raw()
        return cls(key_id(public), public, private)

    def sign(self, text: str) -> bytes:
        """The signature over a text, 64 bytes."""
        return self._private.sign(text.encode())


def key_id(public: bytes) -> str:
    """A public key's name: 32 hex digits."""
    return sha256(public).hexdigest()[:32]


def public_text(public: bytes) -> str:
    """A public key as it is written down: base64 of 32 bytes."""
    return base64.b64encode(public).decode()


def public_of(text: str) -> bytes:
    """The public key that a text holds. ValueError when it is not base64 of 32 bytes that can be one."""
    public = unbase64(text)
    if len(public) != 32 or int.from_bytes(public, "little") & (2**255 - 1) >= _FIELD:
        raise ValueError("not a public key")
    return public


def unbase64(text: str) -> bytes:
    """The bytes of base64 in its one canonical form; ValueError for any other text."""
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("not canonical base64")
    return raw


def sign(origin: str, text: str, *keys: SigningKey) -> str:
    """The note: the text, signed by each key in turn under the name of the log, `origin`."""
    return f"{text}\n" + "".join(_signature(origin, text, key) for key in keys)


def read(note: object) -> str:
    """What a note says, its signatures unread. Raises NoteWrong for a text in another form."""
    return _parts(note)[0]


def signers(note: object, origin: str, known: Mapping[str, bytes]) -> set[str]:
    """Which of the known keys (id to public key) signed a note. Raises NoteWrong when a line of one does not fit."""
    text, signatures = _parts(note)
    named = {_key_hash(origin, public): id_ for id_, public in known.items()}
    found = set()
    for name, raw in signatures:
        signer = named.get(raw[:4]) if name == origin else None
        if signer:
            _check(known[signer], raw[4:], text)
            found.add(signer)
    return found


def _signature(origin: str, text: str, key: SigningKey) -> str:
    raw = _key_hash(origin, key.public) + key.sign(text)
    return f"— {origin} {base64.b64encode(raw).decode()}\n"


def _key_hash(origin: str, public: bytes) -> bytes:
    return sha256(origin.encode() + _ED25519 + public).digest()[:4]


def _parts(note: object) -> tuple[str, list[tuple[str, bytes]]]:
    """The text, and (name, key hash and signature) of each line below it."""
    if not isinstance(note, str):
        raise NoteWrong("not a signed note")
    text, gap, block = note.rpartition("\n\n")
    lines = block.removesuffix("\n").split("\n")
    found = [_LINE.fullmatch(line) for line in lines]
    if not gap or not block.endswith("\n") or None in found:
        raise NoteWrong("not a signed note")
    try:
        return f"{text}\n", [(line[1], unbase64(line[2])) for line in found if line]
    except ValueError as error:
        raise NoteWrong("a signature is not base64") from error


def _check(public: bytes, signature: bytes, text: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text.encode())
    except (InvalidSignature, ValueError) as error:
        raise NoteWrong("a signature does not fit") from error

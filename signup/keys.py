"""Keys: what is written at rest is sealed with them, numbers are looked up by them.

The first listed key is current: everything new is written under it, everything old is still read under the others
(that is rotation). Sealing binds a text to its table, column and row, so that a row's secret moved to another row
does not open. No key stands in a message; a key that data was written under and that is gone stops the program.
"""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from signup.disk import sync_folder
from signup.errors import KeyLost, SettingsWrong

FILE = "app-keys"


class Keyring:
    """Seals, opens and fingerprints under a list of 32-byte keys, the first of them current."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = list(keys)
        self._ids = [key_id(key) for key in keys]
        self._ciphers = {key_id(key): AESGCM(_derived(key, b"seal")) for key in keys}
        self._fingerprinters = [_derived(key, b"fingerprint") for key in keys]

    @property
    def ids(self) -> list[str]:
        """Key ids, current first: 16 hex digits each."""
        return list(self._ids)

    def seal(self, table: str, column: str, row: str, plain: bytes) -> str:
        """Encrypt for one cell, under the current key."""
        current, nonce = self._ids[0], os.urandom(12)
        sealed = self._ciphers[current].encrypt(nonce, plain, _cell(table, column, row))
        return f"{current}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, table: str, column: str, row: str, sealed: str) -> bytes:
        """Decrypt what `seal` made for the same cell; raises KeyLost when no listed key opens it."""
        used, _, text = sealed.partition(":")
        raw = base64.b64decode(text)
        try:
            return self._ciphers[used].decrypt(raw[:12], raw[12:], _cell(table, column, row))
        except (KeyError, InvalidTag) as error:
            raise KeyLost(f"A row of {table} does not open: put the key {used} back into SIGNUP_KEYS") from error

    def fingerprints(self, number: int) -> list[str]:
        """The keyed hashes by which a number is looked up, one for each key, current first."""
        text = str(number).encode()
        return [hmac.new(key, text, hashlib.sha256).hexdigest() for key in self._fingerprinters]

    def seeds(self, info: bytes) -> list[bytes]:
        """32 bytes for another purpose, grown from each key (HKDF-SHA256), current first."""
        return [HKDF(SHA256(), 32, salt=None, info=info).derive(key) for key in self._keys]


def key_id(key: bytes) -> str:
    """A key's public name: 16 hex digits."""
    return _derived(key, b"id").hex()[:16]


def decoded(text: str, where: str = "SIGNUP_KEYS") -> bytes:
    """A key as it is written in a setting or a file; raises SettingsWrong."""
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise SettingsWrong(f"{where} must hold base64 of 32 bytes for each key")
    return key


def kept_in(folder: Path, *, create: bool) -> list[bytes]:
    """The keys in `folder`; made there, readable by the owner alone, when there are none and `create` says so.

    Raises KeyLost when they are gone, SettingsWrong when they cannot be read.
    """
    path = folder / FILE
    try:
        if create:
            _make_sure_of(path)
        elif not path.exists():
            raise KeyLost(f"The database holds data and {path} is gone: put it back, or set SIGNUP_KEYS")
        lines = path.read_text("ascii").split()
    except (OSError, UnicodeError) as error:
        raise SettingsWrong(f"The keys in {path} cannot be read: check the file and its rights") from error
    if not lines:
        raise SettingsWrong(f"The file {path} holds no key: put the right one back, or set SIGNUP_KEYS")
    return [decoded(line, str(path)) for line in lines]


def _make_sure_of(path: Path) -> None:
    """A key file that no power cut takes away, whoever made it: what is written under it could not be read again."""
    folder = path.parent
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _create_once(path, base64.b64encode(secrets.token_bytes(32)) + b"\n")
    sync_folder(folder)
    for above in {folder.parent, *(place.parent for place in made)}:
        with suppress(PermissionError):  # who may only pass through it cannot sync it, and has a key all the same
            sync_folder(above)


def _create_once(path: Path, content: bytes) -> None:
    """Write a file whole and under its final name, unless another process did so first."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, content)
        os.fsync(handle)
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        os.close(handle)
        draft.unlink()


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hmac.new(key, b"signup " + purpose + b" key 1", hashlib.sha256).digest()


def _cell(table: str, column: str, row: str) -> bytes:
    return f"{table}\n{column}\n{row}".encode()

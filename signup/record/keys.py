"""The keys that sign the record: where they come from, how one follows another, and what happens when one is lost.

    SIGNUP_AUDIT_KEYS, or derived from SIGNUP_KEYS  ->  checked against audit_keys  ->  the one that signs now

The first listed key is current. One that the log does not know yet is introduced by an old one: an endorsement signed
by both, so that trust in either is trust in both. With no old one at hand a program refuses to start, until a person
says that the old key is lost. Only programs that sign load these keys; the receiver never does.

No seed may stand in a message, a row or a file of ours.
"""

import base64
from dataclasses import replace
from functools import partial
from typing import Any

from signup.clock import text
from signup.errors import KeyLost, UsageWrong
from signup.record import checkpoint, events, note, pins
from signup.record.checkpoint import Checkpoint, Clerk, Say, origin_of
from signup.record.events import Kind
from signup.record.note import SigningKey
from signup.record.pins import Pins
from signup.record.seal import Sealer, only
from signup.services import Services
from signup.store import Row, Transaction

INFO = b"signup audit signing key 1"
ACTOR = "system"


def listed(services: Services) -> list[SigningKey]:
    """The keys of the settings, current first."""
    given = services.settings.audit_keys
    seeds = [base64.b64decode(key.get_secret_value()) for key in given] or services.keyring.seeds(INFO)
    return [SigningKey.of(seed) for seed in seeds]


def ready(services: Services, say: Say) -> SigningKey:
    """The key that signs now, known to the log and pinned. Every program that seals or signs asks first.

    Raises KeyLost when the log was signed with keys of which none is listed, BackupRestored, StoreUnavailable.
    """
    keys = listed(services)
    with services.store.read() as tx:
        log_id, known = only(tx, "log_identity")["log_id"], _ids(tx)
    if keys[0].id not in known:
        _introduce(services, keys, log_id, say)
    elif not (pins.read(services.settings, log_id).keys or pins.others(services.settings, log_id)):
        _pin(services, log_id, keys[0].id)
    return keys[0]


def new_without_old(services: Services, say: Say) -> Checkpoint:
    """A person's word that the old key is lost: the current one goes on without an endorsement, and signs the head.

    Raises UsageWrong when nothing is lost.
    """
    keys, at = listed(services), text(services.clock.now())
    Sealer(services).seal()
    with services.store.write() as tx:
        only(tx, "lock_head")
        if not _is_lost(tx, keys, pins.read(services.settings, only(tx, "log_identity")["log_id"])):
            raise UsageWrong("No key is lost: put the new one in front of the old one, which then endorses it.")
        _add(tx, keys[0], at, endorsement=None)
    return _signed_now(services, keys[0], say)


def accept_restore(services: Services, say: Say) -> Checkpoint:
    """A person's word that the newer database is gone: told in the log, then sealing and signing go on.

    Or that this log, which is not the one remembered here, is now ours. Raises UsageWrong when nothing is to accept.
    """
    with services.store.read() as tx:
        log_id, seq = only(tx, "log_identity")["log_id"], only(tx, "log_head")["seq"]
    if pins.others(services.settings, log_id):
        pins.accept(services.settings, log_id)
        return _signed_now(services, ready(services, say), say)
    lost = pins.read(services.settings, log_id).signed
    if lost is None or seq >= lost.seq:
        raise UsageWrong("No restored backup was found: the log reaches everything that was signed.")
    with services.store.write() as tx:
        details = {"root": lost.root, "seq": lost.seq}
        events.append(tx, at=text(services.clock.now()), kind=Kind.AUDIT_RESTORED, actor="cli", details=details)
    pins.change(services.settings, log_id, lambda before: Pins(keys=before.keys))
    return _signed_now(services, ready(services, say), say)


def overview(services: Services) -> list[dict[str, Any]]:
    """The log's keys, oldest first: `{"keyId", "publicKey", "addedAt", "endorsed", "pinned", "current"}`."""
    current = listed(services)[0].id
    with services.store.read() as tx:
        log_id, rows = only(tx, "log_identity")["log_id"], tx.all("audit_keys")
    pinned = pins.read(services.settings, log_id).keys
    return [
        {
            "keyId": row["key_id"],
            "publicKey": row["public_key"],
            "addedAt": row["added_at"],
            "endorsed": row["endorsement"] is not None,
            "pinned": row["key_id"] in pinned,
            "current": row["key_id"] == current,
        }
        for row in rows
    ]


def endorsement(origin: str, new: SigningKey, old: SigningKey, at: str) -> str:
    """A note in which two keys of a log vouch for each other."""
    keys = f"key {note.public_text(new.public)}\nafter {note.public_text(old.public)}\n"
    return note.sign(origin, f"{origin}\n{keys}at {at}\n", old, new)


def _introduce(services: Services, keys: list[SigningKey], log_id: str, say: Say) -> None:
    """The current key becomes known to the log: its first one, or one that an old one endorses and signs off to."""
    Sealer(services).seal()
    remembered = pins.read(services.settings, log_id)
    with services.store.write() as tx:
        head = only(tx, "lock_head")
        if keys[0].id in _ids(tx):
            return
        if _is_lost(tx, keys, remembered):
            raise _lost(tx)
        last = _follow(tx, head, keys, text(services.clock.now()))
    if last:
        checkpoint.publish(services.settings, log_id, last, say)
    _pin(services, log_id, keys[0].id)


def _follow(tx: Transaction, head: Row, keys: list[SigningKey], now: str) -> Checkpoint | None:
    """Add the current key, after a last checkpoint by the old one when there is one."""
    known = _ids(tx)
    old = next((key for key in keys if key.id in known), None)
    if old is None:
        _add_row(tx, keys[0], now, endorsement=None)
        return None
    last = checkpoint.sign_head(tx, head, old, at=now, actor=ACTOR)
    origin = origin_of(head["mode"], head["log_id"])
    _add(tx, keys[0], now, endorsement=endorsement(origin, keys[0], old, now))
    return last


def _is_lost(tx: Transaction, keys: list[SigningKey], remembered: Pins) -> bool:
    """Whether the log was signed before, and by none of the listed keys."""
    ids = {key.id for key in keys}
    before = _ids(tx) | set(remembered.keys)
    signed = bool(before) or tx.one("newest_checkpoint") is not None
    return signed and not ids & before


def _lost(tx: Transaction) -> KeyLost:
    ids = [row["key_id"] for row in tx.all("audit_keys")]
    named = f"the key {ids[-1]}" if ids else "a key"
    return KeyLost(
        f"The record was signed with {named}, which is not among the listed ones: put it back into SIGNUP_AUDIT_KEYS "
        "(or SIGNUP_KEYS, when it was derived); if it is gone for good run python -m signup keys --new-without-old"
    )


def _add(tx: Transaction, key: SigningKey, at: str, *, endorsement: str | None) -> None:
    """A key that is not the log's first: its row and its event."""
    _add_row(tx, key, at, endorsement=endorsement)
    events.append(tx, at=at, kind=Kind.AUDIT_KEY_ADDED, actor=ACTOR, details={"keyId": key.id})


def _add_row(tx: Transaction, key: SigningKey, at: str, *, endorsement: str | None) -> None:
    public = note.public_text(key.public)
    tx.run("add_audit_key", key_id=key.id, public_key=public, at=at, endorsement=endorsement)


def _signed_now(services: Services, key: SigningKey, say: Say) -> Checkpoint:
    Sealer(services).seal()
    return Clerk(services, key, actor="cli", say=say).make()


def _ids(tx: Transaction) -> set[str]:
    return {row["key_id"] for row in tx.all("audit_keys")}


def _pin(services: Services, log_id: str, key_id: str) -> None:
    pins.change(services.settings, log_id, partial(_with_key, key_id))


def _with_key(key_id: str, before: Pins) -> Pins:
    return before if key_id in before.keys else replace(before, keys=(*before.keys, key_id))

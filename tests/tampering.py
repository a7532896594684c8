"""What somebody with the database can do to a log, in every way the record promises to find.

A `Case` changes a SQLite copy through a bare connection, triggers dropped, and says with which reasons `verify` may
answer when it is given the checkpoint that was kept outside. `Culprit` holds what such a person has: the rows, the
public algorithm, and keys of their own; `stolen` is the log's signing key, for those who took it too.
"""

import base64
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signup.record import canonical, checkpoint, note, tree
from signup.record.note import SigningKey
from signup.store.driver import sqlite

TRIGGERS = ("events_keep", "events_stay", "checkpoints_stay", "checkpoints_keep")
HEX = "0123456789abcdef"
Rows = list[dict[str, Any]]


class Culprit:
    """One copy of the database in somebody's hands. `kept`: the number of the checkpoint that was kept outside."""

    def __init__(self, path: Path, chance: random.Random, kept: int, stolen: SigningKey) -> None:
        self.database = sqlite.connect(str(path), isolation_level=None)
        self.database.row_factory = sqlite.Row
        self.database.execute("PRAGMA synchronous = OFF")  # a copy, thrown away
        self.chance = chance
        self.kept = kept
        self.stolen = stolen
        for trigger in TRIGGERS:
            self.run(f"DROP TRIGGER IF EXISTS {trigger}")
        self.head = int(self.rows("SELECT seq FROM audit_log")[0]["seq"])

    def run(self, statement: str, *values: Any) -> None:
        self.database.execute(statement, values)

    def rows(self, statement: str, *values: Any) -> Rows:
        return [dict(row) for row in self.database.execute(statement, values).fetchall()]

    def row(self, up_to: int | None = None) -> dict[str, Any]:
        """Some event with its details, at most `up_to`."""
        most = up_to or self.head
        return self.chance.choice(self.rows("SELECT * FROM events WHERE seq <= ? AND details IS NOT NULL", most))

    def change(self, seq: int, column: str, value: object) -> None:
        self.run(f"UPDATE events SET {column} = ? WHERE seq = ?", value, seq)

    def chain_again(self) -> None:
        """Give every row the leaf it should have, and the head the tree over them."""
        frontier: tree.Frontier = ()
        rows = self.rows("SELECT * FROM events ORDER BY seq")
        for row in rows:
            header = tree.header(row["seq"], row["at"], row["kind"], row["signup_id"], row["actor"])
            body = row["details_hash"] and bytes.fromhex(row["details_hash"])
            body = body or tree.details_hash(row["details"], bytes.fromhex(row["details_salt"]))
            leaf = tree.leaf(tree.header_hash(header, bytes.fromhex(row["header_salt"])), body)
            self.change(row["seq"], "leaf", leaf.hex())
            frontier = tree.grow(frontier, row["seq"] - 1, [leaf])
        self.run("UPDATE audit_log SET seq = ?, frontier = ?", len(rows), tree.frontier_text(frontier))

    def sign_again(self, key: SigningKey) -> None:
        """Sign every checkpoint anew over the rows as they are, and tell of it in the log; then chain again, until
        the telling fits what is told."""
        log = self.rows("SELECT log_id, mode FROM audit_log")[0]
        origin = checkpoint.origin_of(log["mode"], log["log_id"])
        for old in self.rows("SELECT seq, at FROM audit_checkpoints ORDER BY seq"):
            self.chain_again()
            leaves = [bytes.fromhex(row["leaf"]) for row in self.rows("SELECT leaf FROM events ORDER BY seq")]
            frontier = tree.grow((), 0, leaves[: old["seq"]])
            root = tree.root(frontier)
            signed = note.sign(origin, checkpoint.words(origin, old["seq"], root, old["at"]), key)
            self.run(
                "UPDATE audit_checkpoints SET root = ?, key_id = ?, note = ?, frontier = ? WHERE seq = ?",
                *(root.hex(), key.id, signed, tree.frontier_text(frontier), old["seq"]),
            )
            details = canonical.encode({"keyId": key.id, "root": root.hex(), "seq": old["seq"]})
            told = "kind = 'audit.checkpoint' AND json_extract(details, '$.seq') = ?"
            self.run(f"UPDATE events SET details = ? WHERE {told}", details, old["seq"])
        self.chain_again()

    def take_over(self, key: SigningKey) -> None:
        """Put a key of one's own in place of the log's, and sign everything with it."""
        self.run("DELETE FROM audit_keys")
        public = note.public_text(key.public)
        self.run("INSERT INTO audit_keys VALUES (?, ?, '2026-11-24T14:00:00.000000Z', NULL)", key.id, public)
        self.sign_again(key)

    def cut(self, last: int) -> None:
        """Remove every row above `last`, and put the head there."""
        self.run("DELETE FROM events WHERE seq > ?", last)
        self.chain_again()


@dataclass(frozen=True)
class Case:
    """`reasons`: what verify may answer. `alone`: whether it is found without a checkpoint from outside."""

    do: Callable[[Culprit], None]
    reasons: set[str]
    alone: bool = True


def _details(who: Culprit) -> None:
    row = who.row()
    who.change(row["seq"], "details", canonical.encode({**json.loads(row["details"]), "replay": True}))


def _header(who: Culprit) -> None:
    row = who.row()
    column, value = who.chance.choice(
        [("at", f"{row['at'][:-2]}{(int(row['at'][-2]) + 1) % 10}Z"), ("kind", "a.b"), ("actor", "user:eve")]
    )
    who.change(row["seq"], column, value)


def _signup(who: Culprit) -> None:
    row = who.row()
    who.change(row["seq"], "signup_id", None if row["signup_id"] else "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d23")


def _digit(who: Culprit, text: str) -> str:
    place = who.chance.randrange(len(text))
    return text[:place] + who.chance.choice(HEX.replace(text[place], "")) + text[place + 1 :]


def _salt(who: Culprit) -> None:
    row, column = who.row(), who.chance.choice(["header_salt", "details_salt"])
    who.change(row["seq"], column, _digit(who, row[column]))


def _leaf(who: Culprit) -> None:
    row = who.row()
    who.change(row["seq"], "leaf", _digit(who, row["leaf"]))


def _form(who: Culprit) -> None:
    column, value = who.chance.choice([("at", "now"), ("actor", "Eve"), ("header_salt", "x"), ("kind", "x")])
    who.change(who.row()["seq"], column, value)


def _delete(who: Culprit) -> None:
    who.run("DELETE FROM events WHERE seq = ?", who.chance.randrange(1, who.head))


def _delete_last(who: Culprit) -> None:
    who.run("DELETE FROM events WHERE seq > ?", who.head - who.chance.randrange(1, 9))


def _insert_beyond(who: Culprit) -> None:
    row = who.row()
    columns = [name for name in row if name != "seq"]
    marks = ", ".join("?" * len(columns))
    who.run(
        f"INSERT INTO events (seq, {', '.join(columns)}) VALUES (?, {marks})",
        who.head + 1,
        *(row[name] for name in columns),
    )


def _swap(who: Culprit) -> None:
    one = who.chance.randrange(1, who.head)
    for old, new in ((one, -1), (one + 1, one), (-1, one + 1)):
        who.run("UPDATE events SET seq = ? WHERE seq = ?", new, old)


def _shift(who: Culprit) -> None:
    """A row that never happened, put between two that did."""
    place = who.chance.randrange(1, who.kept)
    who.run("UPDATE events SET seq = -seq WHERE seq > ?", place)
    who.run("UPDATE events SET seq = 1 - seq WHERE seq < 0")
    who.run(
        "INSERT INTO events SELECT seq + 1, at, kind, signup_id, actor, details, header_salt, details_salt, "
        "details_hash, leaf FROM events WHERE seq = ?",
        place,
    )
    who.chain_again()


def _edit_and_chain(who: Culprit) -> None:
    row = who.row(who.kept)
    who.change(row["seq"], "actor", "user:eve")
    who.chain_again()


def _drop_and_chain(who: Culprit) -> None:
    place = who.chance.randrange(1, who.kept)
    who.run("DELETE FROM events WHERE seq = ?", place)
    who.run("UPDATE events SET seq = -seq WHERE seq > ?", place)
    who.run("UPDATE events SET seq = -seq - 1 WHERE seq < 0")
    who.chain_again()


def _edit_and_forget_checkpoints(who: Culprit) -> None:
    _edit_and_chain(who)
    who.run("DELETE FROM audit_checkpoints")


def _edit_and_sign_with_the_stolen_key(who: Culprit) -> None:
    _edit_and_chain(who)
    who.sign_again(who.stolen)


def _take_over(who: Culprit) -> None:
    _edit_and_chain(who)
    who.take_over(SigningKey.of(who.chance.randbytes(32)))


def _cut(who: Culprit) -> None:
    who.cut(who.chance.randrange(who.kept - 5, who.kept))


def _cut_cleanly(who: Culprit) -> None:
    _cut(who)
    who.run("DELETE FROM audit_checkpoints WHERE seq > (SELECT seq FROM audit_log)")


def _checkpoint(who: Culprit) -> dict[str, Any]:
    return who.chance.choice(who.rows("SELECT * FROM audit_checkpoints"))


def _change_checkpoint(who: Culprit) -> None:
    old = _checkpoint(who)
    column, value = who.chance.choice(
        [("root", _digit(who, old["root"])), ("at", "2026-11-24T13:00:00.000000Z"), ("key_id", "0" * 32)]
    )
    who.run(f"UPDATE audit_checkpoints SET {column} = ? WHERE seq = ?", value, old["seq"])


def _change_frontier(who: Culprit) -> None:
    old = who.chance.choice(who.rows("SELECT * FROM audit_checkpoints WHERE seq > 0"))
    edge = json.loads(old["frontier"])
    edge[0] = _digit(who, edge[0])
    who.run("UPDATE audit_checkpoints SET frontier = ? WHERE seq = ?", canonical.encode(edge), old["seq"])


def _change_note(who: Culprit) -> None:
    old = _checkpoint(who)
    place = who.chance.randrange(len(old["note"]))
    changed = old["note"][:place] + chr(ord(old["note"][place]) ^ 1) + old["note"][place + 1 :]
    who.run("UPDATE audit_checkpoints SET note = ? WHERE seq = ?", changed, old["seq"])


def _sign_another_root(who: Culprit) -> None:
    """With a key of one's own, and the log's name for it."""
    old, key = _checkpoint(who), SigningKey.of(who.chance.randbytes(32))
    log = who.rows("SELECT log_id, mode FROM audit_log")[0]
    origin = checkpoint.origin_of(log["mode"], log["log_id"])
    text = checkpoint.words(origin, old["seq"], bytes(32), old["at"])
    who.run(
        "UPDATE audit_checkpoints SET note = ?, root = ? WHERE seq = ?",
        note.sign(origin, text, key),
        "0" * 64,
        old["seq"],
    )


def _move_checkpoint(who: Culprit) -> None:
    old = _checkpoint(who)
    who.run("UPDATE audit_checkpoints SET seq = seq + 100 WHERE seq = ?", old["seq"])


def _delete_checkpoint(who: Culprit) -> None:
    told = [json.loads(row["details"])["seq"] for row in who.rows("SELECT * FROM events WHERE kind LIKE 'audit.ch%'")]
    who.run("DELETE FROM audit_checkpoints WHERE seq = ?", who.chance.choice(told))


def _head(who: Culprit) -> None:
    edge = json.loads(who.rows("SELECT frontier FROM audit_log")[0]["frontier"])
    edge[-1] = _digit(who, edge[-1])
    who.run("UPDATE audit_log SET frontier = ?", canonical.encode(edge))


def _head_back(who: Culprit) -> None:
    who.run("UPDATE audit_log SET seq = seq - ?", who.chance.randrange(1, 5))


def _head_far(who: Culprit) -> None:
    who.run("UPDATE audit_log SET seq = seq + ?", who.chance.randrange(1, 5))


def _another_log(who: Culprit) -> None:
    column, value = who.chance.choice([("log_id", "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d29"), ("mode", "live")])
    who.run(f"UPDATE audit_log SET {column} = ?", value)


def _pretend_to_have_pruned(who: Culprit) -> None:
    first = who.rows("SELECT seq FROM audit_checkpoints WHERE seq > 0 ORDER BY seq LIMIT 1")[0]["seq"]
    who.run("UPDATE audit_log SET pruned_to = ?", first)
    if who.chance.random() < 0.7:
        who.run("DELETE FROM events WHERE seq <= ?", first)


def _prune_elsewhere(who: Culprit) -> None:
    who.run("UPDATE audit_log SET pruned_to = 3")
    who.run("DELETE FROM events WHERE seq <= 3")


def _redact(who: Culprit) -> None:
    row = who.row()
    kept = tree.details_hash(row["details"], bytes.fromhex(row["details_salt"])).hex()
    who.run("UPDATE events SET details = NULL, details_salt = NULL, details_hash = ? WHERE seq = ?", kept, row["seq"])


def _forget_key(who: Culprit) -> None:
    oldest = who.rows("SELECT key_id FROM audit_keys ORDER BY added_at")[0]["key_id"]
    who.run("DELETE FROM audit_keys WHERE key_id = ?", oldest)


def _forget_endorsement(who: Culprit) -> None:
    who.run("UPDATE audit_keys SET endorsement = NULL")


def _another_public_key(who: Culprit) -> None:
    public = base64.b64encode(SigningKey.of(bytes(32)).public).decode()
    who.run("UPDATE audit_keys SET public_key = ? WHERE endorsement IS NOT NULL", public)


CASES: dict[str, Case] = {
    "details": Case(_details, {"row_changed"}),
    "header": Case(_header, {"row_changed"}),
    "sign-up": Case(_signup, {"row_changed"}),
    "salt": Case(_salt, {"row_changed"}),
    "leaf": Case(_leaf, {"row_changed"}),
    "form": Case(_form, {"row_malformed"}),
    "delete": Case(_delete, {"row_missing"}),
    "delete the last": Case(_delete_last, {"tail_missing"}),
    "insert beyond the head": Case(_insert_beyond, {"head_wrong"}),
    "swap": Case(_swap, {"row_changed"}),
    "insert and chain": Case(_shift, {"history_rewritten"}),
    "edit and chain": Case(_edit_and_chain, {"history_rewritten"}),
    "drop and chain": Case(_drop_and_chain, {"history_rewritten"}),
    "edit, chain, no checkpoints": Case(_edit_and_forget_checkpoints, {"outside_checkpoint_contradicted"}),
    "edit with the stolen key": Case(
        _edit_and_sign_with_the_stolen_key, {"outside_checkpoint_contradicted"}, alone=False
    ),
    "take over": Case(_take_over, {"key_not_trusted"}, alone=False),
    "cut": Case(_cut, {"tail_missing"}),
    "cut cleanly": Case(_cut_cleanly, {"tail_missing"}, alone=False),
    "change a checkpoint": Case(_change_checkpoint, {"checkpoint_forged"}),
    "change its frontier": Case(_change_frontier, {"checkpoint_forged"}),
    "change its note": Case(_change_note, {"checkpoint_forged", "key_not_trusted", "log_mixed"}),
    "sign another root": Case(_sign_another_root, {"key_not_trusted"}),
    "move a checkpoint": Case(_move_checkpoint, {"checkpoint_forged"}),
    "delete a checkpoint": Case(_delete_checkpoint, {"checkpoint_missing"}),
    "change the head": Case(_head, {"head_wrong"}),
    "head back": Case(_head_back, {"head_wrong"}),
    "head too far": Case(_head_far, {"tail_missing"}),
    "another log": Case(_another_log, {"log_mixed"}),
    "pretend to have pruned": Case(_pretend_to_have_pruned, {"prune_untold", "head_wrong"}),
    "prune where nothing was signed": Case(_prune_elsewhere, {"checkpoint_missing"}),
    "redact": Case(_redact, {"redaction_untold"}),
    "forget a key": Case(_forget_key, {"key_not_trusted"}),
    "forget an endorsement": Case(_forget_endorsement, {"key_not_trusted"}),
    "another public key": Case(_another_public_key, {"key_not_trusted"}),
}
"""Every way, by its name."""

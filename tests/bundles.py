"""The worked bundle, changed as a liar would: file by file, with the manifest signed anew by the log's own key."""

import json
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from signup.record import note, tree
from signup.record.note import SigningKey
from signup.record.stretches import spans_between
from signup.record.verifier import verify

VECTORS = Path(__file__).parent / "vectors/record"
WORKED: dict[str, Any] = json.loads((VECTORS / "bundle.json").read_text("utf-8"))
VERDICTS: list[dict[str, Any]] = json.loads((VECTORS / "verdicts.json").read_text("utf-8"))
KEYS = [
    SigningKey.of(bytes.fromhex(key["seed"])) for key in json.loads((VECTORS / "checkpoint.json").read_text())["keys"]
]
STRANGER = SigningKey.of(bytes(32))
ORIGIN = "signup-audit/sandbox/01a19467-e800-7032-bb69-5ffb3a1890c7"

TWO = "2026-11-01T02:00:00.000000Z"

Files = dict[str, bytes]


def worked() -> Files:
    """The worked bundle's files."""
    return {name: text.encode() for name, text in WORKED["files"].items()}


def vouched(files: Files, key: SigningKey = KEYS[1], **changed: Any) -> Files:
    """The files with a manifest that fits them, changed as asked, signed by a key."""
    manifest = json.loads(files["manifest.json"])
    for name in manifest["files"]:
        manifest["files"][name] = {"bytes": len(files[name]), "sha256": sha256(files[name]).hexdigest()}
    manifest.update(changed)
    text = (verify.canonical(manifest) + "\n").encode()
    origin = f"signup-audit/{manifest['mode']}/{manifest['logId']}"
    signed = note.sign(origin, f"{origin}\nmanifest {sha256(text).hexdigest()}\n", key)
    return {**files, "manifest.json": text, "manifest.note": signed.encode()}


def checkpoint(seq: int, root: str, at: str, key: SigningKey = KEYS[1], origin: str = ORIGIN) -> dict[str, Any]:
    """A checkpoint as JSON, signed by a key."""
    text = f"{origin}\n{seq}\n{note.public_text(bytes.fromhex(root))}\nat {at}\n"
    return {"at": at, "keyId": key.id, "note": note.sign(origin, text, key), "root": root, "seq": seq}


def edited(files: Files, change: Callable[[list[Any]], object], name: str = "events.ndjson") -> Files:
    """The files with the rows (or the checkpoints) changed in place, and the CSV written to match."""
    lines = files[name].decode().splitlines()
    values = [json.loads(line) for line in lines] if name == "events.ndjson" else json.loads(lines[0])
    change(values)
    texts = [verify.canonical(value) for value in (values if name == "events.ndjson" else [values])]
    files = {**files, name: "".join(f"{text}\n" for text in texts).encode()}
    if name == "events.ndjson":
        rows = [verify.read_row(text) for text in texts]
        files["events.csv"] = verify.COLUMNS + b"".join(
            verify.csv_line(row) for row in rows if row and row.details is not None
        )
    return files


def zipped(files: Files, out: Path) -> Path:
    """The files as a zip."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out


def kept(checkpoints: list[dict[str, Any]], folder: Path) -> list[str]:
    """Checkpoints as files that an auditor kept."""
    paths = [folder / f"kept-{number}.json" for number, _ in enumerate(checkpoints)]
    for path, given in zip(paths, checkpoints, strict=True):
        path.write_text(json.dumps(given))
    return [str(path) for path in paths]


def drop(name: str) -> Callable[[], Files]:
    return lambda: {other: content for other, content in worked().items() if other != name}


def rows(change: Callable[[list[Any]], object], **manifest: Any) -> Callable[[], Files]:
    return lambda: vouched(edited(worked(), change), **manifest)


def checkpoints(change: Callable[[list[Any]], object], **manifest: Any) -> Callable[[], Files]:
    return lambda: vouched(edited(worked(), change, "checkpoints.json"), **manifest)


def as_stretch(values: list[Any], first: int, last: int) -> None:
    """Put one subtree in the place of its rows."""
    leaves = [row.hash for row in map(verify.read_row, map(verify.canonical, values[first - 1 : last])) if row]
    [top] = tree.grow((), 0, leaves)
    values[first - 1 : last] = [{"first": first, "hash": top.hex(), "last": last}]


def to_listed(row: dict[str, Any]) -> None:
    """Take the details out of a shown row."""
    salt = bytes.fromhex(row.pop("detailsSalt"))
    row["detailsHash"] = tree.details_hash(verify.canonical(row.pop("details")), salt).hex()


def of_an_hour(last: int, **manifest: Any) -> Files:
    """The worked bundle for the time up to two o'clock: what lies behind `last` is withheld."""

    def end(values: list[Any]) -> None:
        for row in values[:last]:
            if "details" in row and row["at"] >= TWO:
                to_listed(row)
        for first, behind in reversed([*spans_between(last + 1, len(values), [35])]):
            as_stretch(values, first, behind)

    files = edited(worked(), end)
    shown, before = files["events.csv"].count(b"\r\n") - 1, json.loads(files["manifest.json"])
    counts = {"shown": shown, "listed": last - shown, "withheld": before["size"] - last}
    changed = {"filter": {**before["filter"], "to": TWO}, "last": last, "rows": counts}
    return vouched(files, **changed, **manifest)


BELIEVED: list[tuple[Files, bool]] = [
    (of_an_hour(26), True),
    (of_an_hour(26, exportedAt="2026-11-01T02:18:00.000000Z"), False),
    (of_an_hour(35), False),
]
"""Bundles that end at a checkpoint signed after their time, and whether its date can be believed: not when it lies
behind the export, nor when a later one has it too."""

FAULTS: list[tuple[str, Callable[[], Files], tuple[Any, ...]]] = [
    ("a row is gone", rows(lambda r: r.pop(4)), ("row_missing", 5, 5)),
    ("a row stands twice", rows(lambda r: r.insert(5, r[4])), ("row_out_of_order", 5, 5)),
    ("a row's time is no time", rows(lambda r: r[4].update(at="2026-11-01")), ("row_malformed", 5, 5)),
    ("a row's kind is too long", rows(lambda r: r[4].update(kind="a." + "b" * 39)), ("row_malformed", 5, 5)),
    ("details hold a float", rows(lambda r: r[3].update(details={"ms": 1.5})), ("row_malformed", 4, 4)),
    ("a row's salt is another", rows(lambda r: r[4].update(headerSalt="0" * 32)), ("history_rewritten", 1, 9)),
    ("a row behind the second checkpoint", rows(lambda r: r[19].update(actor="cli")), ("history_rewritten", 19, 26)),
    ("the tail is cut", rows(lambda r: r.pop()), ("tail_missing", 37, 37)),
    ("a row too many", rows(lambda r: r.append({**r[0], "seq": 38})), ("manifest_wrong", 38, 38)),
    ("an asked-for row is only listed", rows(lambda r: to_listed(r[3])), ("filter_violated", 4, 4)),
    ("rows are withheld", rows(lambda r: as_stretch(r, 1, 2)), ("row_withheld", 1, 2)),
    ("a stretch that is no subtree", rows(lambda r: r.insert(0, {"first": 1, "hash": "0" * 64, "last": 3})),
     ("row_malformed", 1, 1)),
    ("counts are wrong", lambda: vouched(worked(), rows={"shown": 9, "listed": 27, "withheld": 0}),
     ("manifest_wrong", None, None)),
    ("shown rows that were not asked for",
     lambda: vouched(worked(), filter={**json.loads(worked()["manifest.json"])["filter"], "kinds": ["lock.hit"]}),
     ("filter_violated", 1, 1)),
    ("the manifest has a field too many", lambda: vouched(worked(), more=1), ("manifest_wrong", None, None)),
    ("the head is another", lambda: vouched(worked(), root="0" * 64), ("manifest_wrong", None, None)),
    ("a row is called redacted and is not", lambda: vouched(worked(), redacted=[1]), ("manifest_wrong", 1, 1)),
    ("a redacted row that nobody told of", lambda: vouched(worked(), redacted=[2]), ("redaction_untold", 2, 2)),
    ("the manifest is signed by nobody we know", lambda: vouched(worked(), STRANGER), ("key_not_trusted", None, None)),
    ("the newest checkpoint is gone", checkpoints(lambda c: c.pop()), ("checkpoint_missing", None, None)),
    ("checkpoints in the wrong order", checkpoints(lambda c: c.reverse()), ("checkpoint_forged", None, None)),
    ("a checkpoint's root is edited", checkpoints(lambda c: c[1].update(root="0" * 64)),
     ("checkpoint_forged", None, None)),
    ("a checkpoint by a stranger", checkpoints(lambda c: c.insert(1, checkpoint(12, "0" * 64, c[0]["at"], STRANGER))),
     ("key_not_trusted", None, None)),
    ("a checkpoint of another log",
     checkpoints(lambda c: c.insert(1, checkpoint(12, "0" * 64, c[0]["at"], origin="signup-audit/live/x"))),
     ("log_mixed", None, None)),
    ("a checkpoint that the rows never had", checkpoints(lambda c: c.insert(1, checkpoint(12, "0" * 64, c[0]["at"]))),
     ("history_rewritten", 10, 12)),
    ("the times of checkpoints fall",
     checkpoints(lambda c: c.insert(1, checkpoint(12, "0" * 64, "2026-10-01T00:00:00.000000Z"))),
     ("checkpoint_forged", None, None)),
    *[(f"{name} is missing", drop(name), ("file_missing", None, None)) for name in worked()],
    ("a file too many", lambda: {**worked(), "extra.txt": b""}, ("file_unexpected", None, None)),
    ("the manifest was edited", lambda: {**worked(), "manifest.json": b"{}\n"}, ("manifest_forged", None, None)),
    ("the manifest is no JSON", lambda: {**worked(), "manifest.json": b"\xff"}, ("manifest_forged", None, None)),
    ("the README was edited", lambda: {**worked(), "README.txt": b"All is well.\n"}, ("file_changed", None, None)),
    ("the CSV ends early", lambda: vouched({**worked(), "events.csv": worked()["events.csv"][:-9]}),
     ("csv_differs", 35, 35)),
    ("the CSV goes on", lambda: vouched({**worked(), "events.csv": worked()["events.csv"] + b"x"}),
     ("csv_differs", None, None)),
]  # fmt: skip

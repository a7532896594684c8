"""The worked bundle, changed as a liar would: file by file, with the manifest signed anew by the log's own key."""

import json
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from signup.record import note
from signup.record.note import SigningKey
from signup.record.verifier import verify

VECTORS = Path(__file__).parent / "vectors/record"
WORKED: dict[str, Any] = json.loads((VECTORS / "bundle.json").read_text("utf-8"))
VERDICTS: list[dict[str, Any]] = json.loads((VECTORS / "verdicts.json").read_text("utf-8"))
KEYS = [
    SigningKey.of(bytes.fromhex(key["seed"])) for key in json.loads((VECTORS / "checkpoint.json").read_text())["keys"]
]
STRANGER = SigningKey.of(bytes(32))
ORIGIN = "signup-audit/sandbox/01a19467-e800-7032-bb69-5ffb3a1890c7"

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
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out


def kept(checkpoints: list[dict[str, Any]], folder: Path) -> list[str]:
    """Checkpoints as files that an auditor kept."""
    paths = [folder / f"kept-{number}.json" for number, _ in enumerate(checkpoints)]
    for path, given in zip(paths, checkpoints, strict=True):
        path.write_text(json.dumps(given))
    return [str(path) for path in paths]

"""Step 11 of the story, its proving half: the log as one zip that an outsider can check with nothing but Python.

    audit.exported -> seal -> checkpoint (its seq is the bundle's size) -> seven files -> audit.export_done -> renamed

The rows stream through once: into `events.ndjson` in the zip, and as CSV into a file beside it that follows them into
the zip. The manifest comes last, with every file's SHA-256, signed. When rows are pruned or redacted meanwhile the
bundle is begun again, up to a newer checkpoint.

It must not hold more than a page of rows in memory, and must not check anything: that is for `verifier/verify.py`.
"""

import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from io import BufferedRandom
from pathlib import Path
from typing import IO, Any, BinaryIO

from signup.clock import text
from signup.errors import UsageWrong
from signup.model import new_id
from signup.record import bundle_rows, canonical, csvfile, keys, note, outside, seal
from signup.record.bundle_plan import TEXT, Asked, Plan, plan
from signup.record.checkpoint import Clerk, Say, origin_of
from signup.record.events import Kind
from signup.record.export import Progress, begun_again, tell
from signup.record.lines import COLUMNS
from signup.record.note import SigningKey
from signup.record.wholefile import file_for, kept
from signup.services import Services

FORMAT = "signup-audit-bundle/1"
_PORTION = 1000
_VERIFIER = Path(__file__).parent / "verifier"


@dataclass
class Counts:
    """What stands in the rows' files."""

    shown: int = 0
    listed: int = 0
    withheld: int = 0
    redacted: list[int] = field(default_factory=list)

    def add(self, line: bundle_rows.Line) -> None:
        """Count one line."""
        self.shown += line.shown
        self.listed += line.listed
        self.withheld += line.withheld
        if line.redacted:
            self.redacted.append(line.last)

    def rows(self) -> dict[str, int]:
        """As the manifest tells them."""
        return {"shown": self.shown, "listed": self.listed, "withheld": self.withheld}


class Archive:
    """A zip that is written member by member, and remembers each one's length and SHA-256; whole once left."""

    def __init__(self, file: BinaryIO, at: str) -> None:
        self.files: dict[str, dict[str, Any]] = {}
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._when = (int(at[:4]), int(at[5:7]), int(at[8:10]), int(at[11:13]), int(at[14:16]), int(at[17:19]))

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @contextmanager
    def member(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """`write(piece)` for one file."""
        size, digest = 0, sha256()
        info = zipfile.ZipInfo(name, self._when)
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        with self._zip.open(info, "w", force_zip64=True) as member:

            def write(piece: bytes) -> None:
                nonlocal size
                member.write(piece)
                digest.update(piece)
                size += len(piece)

            yield write
        self.files[name] = {"bytes": size, "sha256": digest.hexdigest()}

    def add(self, name: str, content: bytes) -> None:
        """One file at once."""
        with self.member(name) as write:
            write(content)


def companions() -> dict[str, bytes]:
    """The files that go into every bundle as they are."""
    return {name: (_VERIFIER / name).read_bytes() for name in ("README.txt", "verify.py")}


def export(
    services: Services,
    *,
    out: Path,
    asked: Asked,
    actor: str,
    say: Say,
    reason: str | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write a bundle to `out`, replacing what stood there: `{"file", "rows", "sha256"}`, the rows being those shown.

    `reason`: why, in words that are kept sealed. `say` gets the new checkpoint's line. Raises UsageWrong when the file
    cannot be written, a checkpoint asked for is not the log's or there are too many of them, KeyLost, BackupRestored,
    StoreUnavailable, RecordAltered; then `out` is as it was.
    """
    key = keys.ready(services, say)
    now = services.clock.now()
    made = Made(new_id(now), text(now), key, companions(), progress)
    about = {"exportId": made.export_id, "filter": asked.query.json(), "format": "bundle", "withhold": asked.withhold}
    searched = {TEXT: True} if TEXT in (asked.narrowed or {}) else {}
    clerk = Clerk(services, key, actor="system", say=say)
    with file_for(out, services.settings) as file:
        tell(services, Kind.AUDIT_EXPORTED, actor, about | searched, reason)
        counts = _written(services, file, out, asked, made, clerk)
        digest = kept(file)
        done = {"exportId": made.export_id, "rows": counts.shown, "sha256": digest}
        tell(services, Kind.AUDIT_EXPORT_DONE, actor, done)
    return {"file": str(out), "rows": counts.shown, "sha256": digest}


@dataclass(frozen=True)
class Made:
    """One bundle in the making: what it is called, who signs it, what is put beside the rows."""

    export_id: str
    exported_at: str
    key: SigningKey
    companions: Mapping[str, bytes]
    progress: Progress | None = None


def _written(services: Services, file: BufferedRandom, out: Path, asked: Asked, made: Made, clerk: Clerk) -> Counts:
    """The bundle in a file, begun again when the log was pruned or redacted under it."""

    def once() -> Counts:
        seal.Sealer(services).seal()
        settled = plan(services, asked, clerk.make().seq, made.exported_at)
        return write(services, file, out.resolve().parent, settled, made)

    return begun_again(file, once)


def write(services: Services, file: BufferedRandom, folder: Path, settled: Plan, made: Made) -> Counts:
    """The seven files of a settled bundle, as a zip. `folder`: where there is room for the CSV meanwhile."""
    with Archive(file, made.exported_at) as archive:
        for name, content in made.companions.items():
            archive.add(name, content)
        archive.add("checkpoints.json", _checkpoints(settled))
        with tempfile.TemporaryFile(dir=folder) as spool:
            counts = _rows(services, archive, spool, settled, made.progress)
            spool.seek(0)
            with archive.member("events.csv") as put:
                while piece := spool.read(1 << 16):
                    put(piece)
        manifest = _document(_manifest(settled, made, counts, dict(archive.files)))
        origin = origin_of(settled.mode, settled.log_id)
        archive.add("manifest.json", manifest)
        signed = note.sign(origin, f"{origin}\nmanifest {sha256(manifest).hexdigest()}\n", made.key)
        archive.add("manifest.note", signed.encode())
    return counts


def _checkpoints(settled: Plan) -> bytes:
    """All that were signed in the time of the bundle: leaving one out would be a fault, more than fit are refused."""
    content = _document([checkpoint.json() for checkpoint in settled.checkpoints])
    if len(content) > outside.LONGEST:
        raise UsageWrong(
            f"This time holds {len(settled.checkpoints):,} checkpoints, more than the 64 MiB of them that a verifier "
            "reads: export a shorter time, and have them signed less often from now on (SIGNUP_CHECKPOINT_SECONDS)."
        )
    return content


def _rows(services: Services, archive: Archive, spool: IO[bytes], settled: Plan, progress: Progress | None) -> Counts:
    """`events.ndjson` into the zip, the same rows' CSV into the spool."""
    counts, size, told = Counts(), 0, 0
    spool.write(csvfile.names(COLUMNS))
    with archive.member("events.ndjson") as put:
        for line in bundle_rows.lines(services, settled):
            put(line.ndjson)
            spool.write(line.csv)
            counts.add(line)
            size += len(line.ndjson) + len(line.csv)
            if progress and (line.last >= told + _PORTION or line.last == settled.head.seq):
                told = line.last
                progress(told, settled.head.seq, size)
    return counts


def _manifest(settled: Plan, made: Made, counts: Counts, files: dict[str, Any]) -> dict[str, Any]:
    """What the bundle says it is."""
    listed = [
        {"keyId": row["key_id"], "publicKey": row["public_key"], "endorsement": row["endorsement"]}
        for row in settled.keys
    ]
    return {
        "format": FORMAT,
        "logId": settled.log_id,
        "mode": settled.mode,
        "exportId": made.export_id,
        "exportedAt": made.exported_at,
        "timezone": settled.asked.timezone,
        "filter": settled.asked.query.json(),
        "narrowed": dict(settled.asked.narrowed) if settled.asked.narrowed else None,
        "withhold": settled.asked.withhold,
        "first": settled.first,
        "last": settled.last,
        "size": settled.head.seq,
        "prunedTo": settled.pruned_to,
        "root": settled.head.root,
        "rows": counts.rows(),
        "redacted": counts.redacted,
        "keys": listed,
        "files": files,
    }


def _document(value: Any) -> bytes:
    return (canonical.encode(value) + "\n").encode()

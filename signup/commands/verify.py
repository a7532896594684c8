"""`verify`: whether an audit log is whole and unaltered, or the first row that is not.

Our own log, a copy of one, a bundle, or a plain export, which can only be known or not. Exit 0 valid, 1 not, 2 nobody
can tell.
"""

import json
import zipfile
from contextlib import closing
from dataclasses import replace
from hashlib import file_digest
from pathlib import Path
from typing import Any

from signup.clock import text
from signup.commands import output
from signup.commands.exits import Exit
from signup.commands.parsing import Command, Options, Parser, key_id
from signup.commands.progress import Progress, add_progress, watched
from signup.commands.session import opened
from signup.errors import KeyLost, RecordAltered, StoreUnavailable, UsageWrong
from signup.record import keys as signing
from signup.record import outside, pins
from signup.record.checkpoint import to_stderr
from signup.record.fault import Reason
from signup.record.pins import Full, Pins
from signup.record.seal import Sealer
from signup.record.verify import Question, Report
from signup.record.verify import verify as check
from signup.services import Services
from signup.settings import Settings, load
from signup.store.sqlite_file import MAGIC, SqliteFile

ZIP = b"PK"
MANIFEST = "manifest.json"
LONGEST_MANIFEST = 2**22


def verify(options: Options) -> int:
    """Our own log, or what somebody hands us: a copy, a bundle, or a plain export."""
    path: Path | None = options.file
    with watched("Checking", options) as progress:
        if path is None:
            return _told(_own(options, progress), options)
        begins = _begin(path)
        if begins == MAGIC:
            return _copied(path, options, progress)
        if begins is None or begins.startswith(ZIP):
            return _bundle(path, options, progress)
        return _plain(path, options)


def _own(options: Options, progress: Progress) -> Report:
    """The configured database, sealed first where that can be done; what was found whole is remembered."""
    with opened() as services:
        _seal(services)
        question = _question(options, services.settings, ours=True)
        report = check(services.store, question, progress)
        _remember(services, report, options)
    return report


def _seal(services: Services) -> None:
    """A log that cannot be sealed can still be checked."""
    try:
        signing.ready(services, to_stderr)
        Sealer(services).seal()
    except (RecordAltered, KeyLost, StoreUnavailable) as error:
        output.problem(error.sentence)


def _remember(services: Services, report: Report, options: Options) -> None:
    """What a full check found; up to where the log was whole, and the keys that a person named and that hold.

    A checkpoint or key that does not fit may be a stranger's: that is no word about our log.
    """
    facts = report.facts
    if facts["logId"] is None or pins.others(services.settings, facts["logId"]):
        return
    ours_alone = report.valid or not (options.checkpoint or options.key)
    whole = ours_alone and not options.incremental
    full = Full(text(services.clock.now()), facts["head"], facts["reason"]) if whole else None
    trusted = [key for key in options.key if key in facts["keys"]]

    def further(before: Pins) -> Pins:
        after = pins.found(before, full) if full else before
        if not report.valid:
            return after
        checked = pins.later(before.checked, report.newest) if report.newest else before.checked
        return replace(after, checked=checked, keys=tuple(dict.fromkeys([*before.keys, *trusted])))

    pins.change(services.settings, facts["logId"], further)


def _copied(path: Path, options: Options, progress: Progress) -> int:
    """A SQLite file of any mode: a copy of a database, or an export of all its rows. One of some can only be known."""
    with closing(SqliteFile(path)) as source:
        report = check(source, _question(options, load()), progress)
    if report.facts["reason"] == Reason.UNREADABLE and (facts := _looked_up(path))["known"]:
        return _told_known(facts, options)
    return _told(report, options)


def _question(options: Options, settings: Settings, *, ours: bool = False) -> Question:
    given = [one for path in options.checkpoint for one in outside.read(path)]
    return Question(
        outside=given,
        keys=options.key,
        pins=lambda log_id: pins.read(settings, log_id),
        ours=ours,
        incremental=options.incremental,
        strict=options.strict,
    )


def _told(report: Report, options: Options) -> int:
    if options.json:
        output.json_line(report.facts)
    else:
        for line in _words(report.facts):
            output.line(line)
    return _exit(report.valid)


def _words(facts: dict[str, Any]) -> list[str]:
    """A report for people: the verdict first."""
    lines = [_verdict(facts)]
    if facts["detail"]:
        lines.append(f"why          {facts['detail']}")
    if facts["logId"]:
        lines.append("log          {mode} {logId}, {events:,} events, {unsealed:,} not sealed yet".format(**facts))
    if facts["redacted"] is not None:
        pruned = f", pruned up to event {facts['prunedTo']:,}" if facts["prunedTo"] else ""
        lines.append(f"rows         {facts['redacted']:,} redacted{pruned}")
    if facts["checkpoints"] is not None:
        of = facts["outside"]
        compared = "{matched:,} of your {given:,} match" if of["given"] else "none of yours to compare with"
        newer = f"{facts['afterLastCheckpoint']:,} events after the last"
        lines.append(f"checkpoints  {facts['checkpoints']:,} signed, {newer}, {compared.format(**of)}")
    if facts["keys"]:
        pinned = "key_not_pinned" not in facts["warnings"]
        said = "pinned" if pinned else "NOT PINNED: compare it with the one you were given"
        said = "has signed nothing yet" if facts["checkpoints"] == 0 and not pinned else said
        lines.append(f"key          {', '.join(facts['keys'])} {said}")
    return lines


def _verdict(facts: dict[str, Any]) -> str:
    if facts["valid"]:
        return "VALID"
    first, last = facts["firstBadSeq"], facts["lastBadSeq"]
    rows = "" if first is None else f", event {first:,}" if first == last else f", events {first:,} to {last:,}"
    return f"{'CANNOT TELL' if facts['valid'] is None else 'NOT VALID'} {facts['reason']}{rows}"


def _exit(valid: bool | None) -> Exit:
    return Exit.CANNOT if valid is None else Exit.DONE if valid else Exit.NO


def _bundle(path: Path, options: Options, progress: Progress) -> int:
    """A bundle, by the same program that its receivers run."""
    from signup.record.verifier.verify import verify as check_bundle  # here: only bundles need it
    from signup.record.verifier.verify import words

    if options.incremental:
        raise UsageWrong("A bundle is always checked as a whole: leave --incremental away.")
    known = options.key or [*_pinned_for(path)]
    facts = check_bundle(str(path), [str(given) for given in options.checkpoint], known, progress)
    if options.json:
        output.json_line(facts)
    else:
        for line in words(facts, known):
            output.line(line)
    return _exit(facts["valid"])


def _pinned_for(path: Path) -> tuple[str, ...]:
    """The keys we remember of the log that a bundle says it is of; whether it is, the check tells."""
    try:
        log_id = json.loads(_manifest(path))["logId"]
        return pins.read(load(), log_id).keys if isinstance(log_id, str) else ()
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return ()


def _manifest(path: Path) -> bytes:
    if path.is_dir():
        return (path / MANIFEST).read_bytes()
    with zipfile.ZipFile(path) as archive, archive.open(MANIFEST) as file:
        return file.read(LONGEST_MANIFEST)


def _plain(path: Path, options: Options) -> int:
    """A CSV, NDJSON or Parquet file: whether this log tells of having written it."""
    return _told_known(_looked_up(path), options)


def _looked_up(path: Path) -> dict[str, Any]:
    """What this log tells of having written a file, found by its SHA-256."""
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    with opened(seals=True) as services:
        Sealer(services).seal()
        with services.store.read() as tx:
            found = tx.one("export_with_sum", part=f'%"sha256":"{digest}"%')
    details = json.loads(found["details"]) if found else {}
    known = {"seq": found["seq"], "at": found["at"]} if found else {"seq": None, "at": None}
    facts = {"file": str(path), "sha256": digest, "known": found is not None, **known}
    return facts | {name: details.get(name) for name in ("exportId", "rows")}


def _told_known(facts: dict[str, Any], options: Options) -> int:
    if options.json:
        output.json_line(facts)
    elif facts["known"]:
        output.line("KNOWN        {file} was exported at {at}, {rows:,} rows: event {seq:,}".format(**facts))
    else:
        output.line(f"NOT KNOWN    no export of this log wrote {facts['file']}")
    return Exit.DONE if facts["known"] else Exit.NO


def _begin(path: Path) -> bytes | None:
    """As much of a file as tells what it is; None of a folder."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC))
    except IsADirectoryError:
        return None
    except OSError as error:
        raise UsageWrong(f"{path} cannot be read ({error.strerror}): name a file that exists.") from error


def _options(parser: Parser) -> None:
    parser.add_argument(
        "file", metavar="FILE", type=Path, nargs="?", help="a SQLite file, a bundle or a plain export; else our own log"
    )
    parser.add_argument(
        "--checkpoint", metavar="FILE", type=Path, action="append", default=[], help="one kept outside; repeatable"
    )
    parser.add_argument(
        "--key",
        metavar="KEYID",
        type=key_id,
        action="append",
        default=[],
        help="a key you were given, instead of those we remember; repeatable",
    )
    parser.add_argument("--incremental", action="store_true", help="only what came since the last check")
    parser.add_argument("--strict", action="store_true", help="stored details must be canonical too (slower)")
    add_progress(parser)


COMMANDS = {"verify": Command(_options, verify)}

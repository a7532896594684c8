"""Check a bundle of an audit log: is it whole, unaltered, and what it says it is?

    python -I -S verify.py BUNDLE [--checkpoint FILE]... [--key KEYID]... [--json]

BUNDLE is the zip or the folder it was unpacked into. One file, Python 3.8 or newer, nothing but its standard library:
read it from top to bottom. It came from whoever is being audited, so take it from a release or compare its SHA-256.

    manifest signed -> each file's hash -> checkpoints signed -> every row hashed into one tree -> the roots compared

Exit 0: valid. 1: not valid, `reason` says why and which rows. 2: cannot tell.

It must not import anything of the program it came with, must not write, and must not need memory for more than a row.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import itertools
import json
import re
import struct
import sys
import zipfile
import zlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Json = dict[str, Any]
    Progress = Callable[[int, int], None]
    Point = tuple[int, int, int, int]

FORMAT = "signup-audit-bundle/1"
FILES = ("README.txt", "checkpoints.json", "events.csv", "events.ndjson", "verify.py")
NAMES = ("manifest.json", "manifest.note", *FILES)
COLUMNS = b"seq,at,kind,signupId,actor,country,channel,code,ms,details\r\n"
LONGEST_TEXT = 1 << 26
LONGEST_LINE = 8192
LONGEST_DETAILS = 4096
BIGGEST = 2**53 - 1
LATE = timedelta(minutes=15)
STEP = 1000

_AT = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z"
_ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ACTOR = "[a-z]+(?::[A-Za-z0-9_-]{1,64})?"
_KIND = "[a-z]+[.][a-z]+(?:_[a-z]+)*"
_SALT = "[0-9a-f]{32}"
_HASH = "[0-9a-f]{64}"
_SEQ = "[1-9][0-9]{0,15}"
_B64 = "[A-Za-z0-9+/]+={0,2}"

SHOWN = re.compile(
    f'{{"actor":"({_ACTOR})","at":"({_AT})","details":({{.*}}),"detailsSalt":"({_SALT})",'
    f'"headerSalt":"({_SALT})","kind":"({_KIND})","seq":({_SEQ}),"signupId":(null|"{_ID}")}}'
)
LISTED = re.compile(
    f'{{"actor":"({_ACTOR})","at":"({_AT})","detailsHash":"({_HASH})",'
    f'"headerSalt":"({_SALT})","kind":"({_KIND})","seq":({_SEQ}),"signupId":(null|"{_ID}")}}'
)
STRETCH = re.compile(f'{{"first":({_SEQ}),"hash":"({_HASH})","last":({_SEQ})}}')
CHECKPOINT = re.compile(f"([^\n]+)\n(0|{_SEQ})\n({_B64})\nat ({_AT})\n")
ENDORSEMENT = re.compile(f"([^\n]+)\nkey ({_B64})\nafter ({_B64})\nat ({_AT})\n")
NOTE_LINE = re.compile(f"\u2014 ([^ \n]+) ({_B64})")
WHOLE = re.compile(rb"signup-audit/|\[\s*(?:[]{]|$)")
BLANK = b"\xef\xbb\xbf \t\r\n"


class Fault(Exception):
    """The bundle is not valid: a reason, the rows it is about where there are some, and a sentence."""

    def __init__(self, reason: str, detail: str, first: int | None = None, last: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.detail, self.first, self.last = reason, detail, first, first if last is None else last


class CannotTell(Exception):
    """There is nothing that could be checked: a reason and a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


# Ed25519 (RFC 8032), strictly: S below L, points in their one encoding, R compared as bytes.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def point(data: bytes) -> Point | None:
    """The point that 32 bytes stand for, as (x, y, z, t); None when they are not the one encoding of a point."""
    y = int.from_bytes(data, "little")
    odd, y = y >> 255, y & (2**255 - 1)
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P != u:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or v * x * x % P != u or (odd and not x):
        return None
    if x & 1 != odd:
        x = P - x
    return x, y, 1, x * y % P


def added(one: Point, other: Point) -> Point:
    """The sum of two points."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * D * one[3] * other[3] % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def doubled(one: Point) -> Point:
    """A point added to itself."""
    a, b, c = one[0] * one[0], one[1] * one[1], 2 * one[2] * one[2]
    h = a + b
    e = h - (one[0] + one[1]) ** 2
    g = a - b
    f = c + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is the key's over the message."""
    key = point(public)
    s = int.from_bytes(signature[32:], "little")
    if key is None or len(public) != 32 or len(signature) != 64 or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    base = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    assert base is not None
    minus = (P - key[0], key[1], 1, P - key[3])
    terms = (None, base, minus, added(base, minus))
    total: Point = (0, 1, 1, 0)
    for bit in range(252, -1, -1):
        total = doubled(total)
        term = terms[(s >> bit & 1) + 2 * (k >> bit & 1)]
        if term:
            total = added(total, term)
    inverse = pow(total[2], P - 2, P)
    x, y = total[0] * inverse % P, total[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


# Canonical JSON: one value, one text.


def canonical(value: Any) -> str:
    """The one text of a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def refuse(_: str) -> NoReturn:
    """There are no numbers but whole ones."""
    raise ValueError("a number that is not whole")


def whole(text: str) -> int:
    """A whole number that every program reads alike."""
    if len(text) > 17 or abs(int(text)) > BIGGEST:
        raise ValueError("a number beyond 2^53-1")
    return int(text)


DECODER = json.JSONDecoder(parse_float=refuse, parse_constant=refuse, parse_int=whole)


def parsed(text: str) -> Any:
    """The value of a canonical text. ValueError for any other text."""
    try:
        value = DECODER.decode(text)
        same = canonical(value) == text
    except RecursionError:
        same = False
    if not same:
        raise ValueError("not canonical")
    return value


def plain(value: Any, depth: int = 1) -> bool:
    """Whether a value of details is inside the rules: printable ASCII, short keys, four levels."""
    if isinstance(value, str):
        return re.fullmatch("[ -~]{0,256}", value) is not None
    if isinstance(value, dict):
        keys = all(re.fullmatch("[a-z][A-Za-z0-9]{0,39}", key) for key in value)
        return keys and depth <= 4 and all(plain(part, depth + 1) for part in value.values())
    if isinstance(value, list):
        return depth <= 4 and all(plain(part, depth + 1) for part in value)
    return True


# Signed notes, keys, checkpoints.


def unbase64(text: str) -> bytes:
    """The bytes of a base64 text in its one form. ValueError for any other."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("not base64 in its one form")
    return data


def key_id(public: bytes) -> str:
    """What a key is called."""
    return hashlib.sha256(public).hexdigest()[:32]


def signers(origin: str, note: str, keys: dict[str, bytes]) -> tuple[str, set[str]]:
    """A note's text, and which of `keys` (public by id) signed it. ValueError: a line of theirs is wrong."""
    text, gap, lines = note.rpartition("\n\n")
    if not gap or not lines.endswith("\n"):
        raise ValueError("not a signed note")
    text += "\n"
    found = set()
    for line in lines[:-1].split("\n"):
        match = NOTE_LINE.fullmatch(line)
        if match is None:
            raise ValueError("not a signed note")
        data = unbase64(match[2])
        for name, public in keys.items():
            mark = hashlib.sha256(origin.encode() + b"\n\x01" + public).digest()[:4]
            if match[1] == origin and data[:4] == mark:
                if not ed25519(public, text.encode(), data[4:]):
                    raise ValueError("a signature that does not fit")
                found.add(name)
    return text, found


class Checkpoint(NamedTuple):
    """A signed root over the rows 1 to `seq`."""

    seq: int
    root: str
    at: str
    key_id: str


class Trust:
    """The log's name, its keys, and which of them may speak for it."""

    def __init__(self, origin: str, listed: list[Json], pins: list[str]) -> None:
        self.origin = origin
        self.keys = {entry["keyId"]: unbase64(entry["publicKey"]) for entry in listed}
        self.pins = pins
        self.trusted = set(pins or [listed[0]["keyId"]])
        ties = [tie for tie in (self._tie(entry) for entry in listed) if tie]
        for _ in ties:
            for tie in ties:
                if tie & self.trusted:
                    self.trusted |= tie

    def _tie(self, entry: Json) -> set[str]:
        """The two keys that an endorsement, signed by both, ties to each other."""
        note = entry["endorsement"] or ""
        match = ENDORSEMENT.match(note)
        try:
            if match is None or match[1] != self.origin or match[2] != entry["publicKey"]:
                return set()
            both = {key_id(public): public for public in (unbase64(match[2]), unbase64(match[3]))}
            text, found = signers(self.origin, note, both)
        except ValueError:
            return set()
        return found if text == match[0] and len(found) == 2 else set()

    def text(self, note: str, forged: str) -> tuple[str, set[str]]:
        """A note's text and its signers, once a trusted key signed it. Faults: `forged`, key_not_trusted."""
        try:
            text, found = signers(self.origin, note, self.keys)
        except ValueError as error:
            raise Fault(forged, f"The signature does not hold: {error}.") from None
        if not found & self.trusted:
            if self.pins:
                raise Fault("key_not_trusted", "No key that you named signed this, nor one tied to it.")
            raise Fault("key_not_trusted", "The key that signed this is not tied to the oldest key of the log.")
        return text, found

    def checkpoint(self, entry: str | Json) -> Checkpoint:
        """A checkpoint: a note, or JSON that holds one. Only the note counts, the rest must agree."""
        note = entry if isinstance(entry, str) else entry["note"]
        match = CHECKPOINT.match(note)
        if match is None:
            raise Fault("checkpoint_forged", "A checkpoint does not have the form of one.")
        if match[1] != self.origin:
            raise Fault("log_mixed", f"A checkpoint belongs to another log: {match[1]!a}.")
        text, found = self.text(note, "checkpoint_forged")
        try:
            root = unbase64(match[3]).hex()
        except ValueError:
            root = ""
        if text != match[0] or len(root) != 64 or int(match[2]) > BIGGEST:
            raise Fault("checkpoint_forged", "A checkpoint does not have the form of one.")
        known = Checkpoint(int(match[2]), root, match[4], min(found & self.trusted))
        if isinstance(entry, str):
            return known
        known = known._replace(key_id=str(entry.get("keyId")))
        told = {"at": known.at, "keyId": known.key_id, "note": note, "root": root, "seq": known.seq}
        if known.key_id not in found or canonical(entry) != canonical(told):
            raise Fault("checkpoint_forged", f"Checkpoint {known.seq} does not say what its note says.")
        return known


def formed(note: Any) -> bool:
    """Whether a value is a signed note with a checkpoint in it, whoever signed it."""
    match = CHECKPOINT.match(note) if isinstance(note, str) else None
    if match is None:
        return False
    try:
        text, _ = signers(match[1], note, {})
        return text == match[0] and len(unbase64(match[3])) == 32 and int(match[2]) <= BIGGEST
    except ValueError:
        return False


def given_checkpoints(path: str) -> list[str | Json]:
    """The checkpoints in a file: signed notes, JSON lines (other lines of a log are passed over) or a JSON array."""
    try:
        with Path(path).open("rb") as file:
            found = kept_checkpoints(file)
    except (OSError, ValueError, RecursionError) as error:
        raise CannotTell("unreadable", f"The checkpoint file {path!a} cannot be read: {error}.") from None
    if not found:
        raise CannotTell("unreadable", f"The file {path!a} holds no checkpoint.")
    if not all(formed(entry.get("note") if isinstance(entry, dict) else entry) for entry in found):
        raise CannotTell("unreadable", f"The file {path!a} holds something that is no checkpoint.")
    return found


def kept_checkpoints(file: Any) -> list[str | Json]:
    """What a file holds, whatever became of it on its way. ValueError when it is no JSON, no text, or without end."""
    lines = lines_of(file)
    first = next((line for line in (line.lstrip(BLANK) for line in lines) if line), b"")
    if WHOLE.match(first):
        data = first + file.read(LONGEST_TEXT)
        if len(data) > LONGEST_TEXT:
            raise ValueError("it is too long")
        text = data.decode("utf-8").replace("\r\n", "\n")
        if text.startswith("["):
            return list(DECODER.decode(text))
        return [note.strip("\n\r\t ") + "\n" for note in re.split("\n(?=signup-audit/)", text)]
    kept = [line for line in itertools.chain([first], lines) if b'"note"' in line]
    return [DECODER.decode(line[line.find(b"{") : line.rfind(b"}") + 1].decode("utf-8")) for line in kept]


def lines_of(file: Any) -> Iterator[bytes]:
    """The lines of a file, as they are. ValueError for one that is too long."""
    for line in iter(lambda: file.readline(LONGEST_TEXT + 1), b""):
        if len(line) > LONGEST_TEXT:
            raise ValueError("a line is too long")
        yield line


# The bundle's files.


class Bundle:
    """A zip or a folder of exactly seven files."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._opened: list[Any] = []
        self._zip = None if Path(path).is_dir() else zipfile.ZipFile(path)

    def close(self) -> None:
        """Let go of every file."""
        for file in self._opened:
            file.close()
        if self._zip:
            self._zip.close()

    def check_names(self) -> None:
        """Faults: file_missing, file_unexpected."""
        names = (
            [entry.orig_filename for entry in self._zip.infolist()]
            if self._zip
            else [entry.name for entry in self._path.iterdir()]
        )
        missing = [name for name in NAMES if name not in names]
        if missing:
            raise Fault("file_missing", f"The bundle lacks {missing[0]}.")
        if len(names) > len(NAMES):
            extra = [name for name in names if name not in NAMES or names.count(name) > 1]
            raise Fault("file_unexpected", f"The bundle holds {extra[0]!a}, which it must not, or not twice.")

    def pieces(self, name: str) -> Iterator[bytes]:
        """A file's bytes, piece by piece. Faults: file_changed when the zip is damaged there."""
        try:
            with self._open(self._path if self._zip else self._path / name) as file:
                if self._zip:
                    yield from self._unpacked(self._zip, name, file)
                else:
                    yield from iter(lambda: file.read(1 << 16), b"")
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise Fault("file_changed", f"{name} cannot be unpacked: {error}.") from None

    def _open(self, path: Path) -> Any:
        file = path.open("rb")
        self._opened.append(file)
        return file

    def _unpacked(self, archive: zipfile.ZipFile, name: str, file: Any) -> Iterator[bytes]:
        """A member's bytes: its stream from the first to the last, which must be those that the zip declares."""
        member = archive.getinfo(name)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise CannotTell("unreadable", f"{name} is packed by a method that no bundle uses.")
        archive.open(member).close()  # its own header, too, says what the directory says
        file.seek(member.header_offset + 26)
        file.seek(sum(struct.unpack("<HH", file.read(4))), 1)
        packed = zlib.decompressobj(-15) if member.compress_type else None
        left, size, crc = member.compress_size, 0, 0
        while left:
            piece = file.read(min(left, 1 << 14))
            if not piece:
                raise EOFError("it ends early")
            left -= len(piece)
            piece = packed.decompress(piece) if packed else piece
            size, crc = size + len(piece), zlib.crc32(piece, crc)
            if size > member.file_size or (packed and packed.unused_data):
                raise zipfile.BadZipFile("it goes on behind its end")
            yield piece
        if size < member.file_size or crc != member.CRC or (packed and not packed.eof):
            raise zipfile.BadZipFile("Bad CRC-32")

    def text(self, name: str) -> str:
        """A short file as text. ValueError when it is none."""
        data = bytearray()
        for piece in self.pieces(name):
            data += piece
            if len(data) > LONGEST_TEXT:
                raise CannotTell("unreadable", f"{name} is longer than 64 MiB: no verifier reads that much.")
        return data.decode("utf-8")

    def digest(self, name: str) -> Json:
        """A file's length and SHA-256, as the manifest tells them."""
        size, sha = 0, hashlib.sha256()
        for piece in self.pieces(name):
            size += len(piece)
            sha.update(piece)
        return {"bytes": size, "sha256": sha.hexdigest()}

    def lines(self, name: str) -> Iterator[str]:
        """The lines of a file without their ends; one that is no line of ours comes as an empty text."""
        rest = b""
        for piece in self.pieces(name):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                yield line.decode("ascii") if len(line) < LONGEST_LINE and line.isascii() else ""
            if len(rest) >= LONGEST_LINE:
                break
        if rest:
            yield ""


# The manifest.


def fits(pattern: str, value: Any) -> bool:
    """Whether a value is a text that fits the whole pattern."""
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def number(value: Any, least: int = 0) -> bool:
    """Whether a value is a whole number, not below another."""
    return type(value) is int and value >= least


def shaped(value: Any, **checks: Any) -> bool:
    """Whether a value is an object of exactly these keys, each holding what its check lets through."""
    return isinstance(value, dict) and value.keys() == checks.keys() and all(checks[k](value[k]) for k in checks)


def or_null(pattern: str) -> Any:
    """A check: null, or a text that fits."""
    return lambda value: value is None or fits(pattern, value)


def is_time(value: Any) -> bool:
    """Whether a value is a moment, not too far from either end of the calendar to count from."""
    return fits(_AT, value) and later(value) != ""


def later(at: str) -> str:
    """A moment, 15 minutes on; empty when there is no such moment."""
    try:
        return (datetime.fromisoformat(at[:-1]) + LATE).isoformat(timespec="microseconds") + "Z"
    except (ValueError, OverflowError):
        return ""


def is_filter(value: Any) -> bool:
    """Whether a value says which rows were asked for."""
    return shaped(
        value,
        **{"from": lambda at: at is None or is_time(at), "to": lambda at: at is None or is_time(at)},
        kinds=lambda kinds: kinds is None or (rising(kinds, is_kind) and kinds != []),
        signupId=or_null(_ID),
        actor=or_null(_ACTOR),
    )


def is_kind(value: Any) -> bool:
    """Whether a value is a kind of event."""
    return fits(_KIND, value) and len(value) <= 40


def rising(values: Any, check: Any) -> bool:
    """Whether a value is a list of such things, each above the one before."""
    return isinstance(values, list) and all(map(check, values)) and values == sorted(set(values))


def is_key(value: Any) -> bool:
    """Whether a value is a key under its right id."""
    if not shaped(value, keyId=or_null(_SALT), publicKey=or_null(_B64), endorsement=or_null("(?s).{1,4096}")):
        return False
    try:
        public = unbase64(value["publicKey"] or "")
    except ValueError:
        return False
    return len(public) == 32 and key_id(public) == value["keyId"]


def is_manifest(value: Any) -> bool:
    """Whether a value has the form of a manifest, and its numbers fit each other."""
    digest = {"bytes": number, "sha256": lambda text: fits(_HASH, text)}
    return (
        shaped(
            value,
            format=lambda text: text == FORMAT,
            logId=lambda text: fits(_ID, text),
            mode=lambda text: text in ("sandbox", "live"),
            exportId=lambda text: fits(_ID, text),
            exportedAt=is_time,
            timezone=lambda text: fits("[ -~]{1,64}", text),
            filter=is_filter,
            narrowed=lambda more: more is None or (isinstance(more, dict) and more != {} and plain(more)),
            withhold=lambda word: word in ("details", "rows"),
            **dict.fromkeys(("first", "last", "size", "prunedTo"), number),
            root=lambda text: fits(_HASH, text),
            rows=lambda rows: shaped(rows, shown=number, listed=number, withheld=number),
            redacted=lambda rows: rising(rows, lambda row: number(row, 1)),
            keys=lambda keys: isinstance(keys, list) and keys != [] and all(map(is_key, keys)),
            files=lambda files: shaped(files, **{name: lambda file: shaped(file, **digest) for name in FILES}),
        )
        and value["prunedTo"] < value["first"] <= value["last"] + 1
        and value["last"] <= value["size"]
    )


def read_manifest(bundle: Bundle, pins: list[str]) -> tuple[Json, Trust]:
    """The manifest, once it is signed by a key that may speak for the log."""
    try:
        text, note = bundle.text("manifest.json"), bundle.text("manifest.note")
        manifest = parsed(text[:-1])
        origin = "signup-audit/{}/{}".format(manifest["mode"], manifest["logId"])
        keys = manifest["keys"]
    except (ValueError, TypeError, LookupError) as error:
        raise Fault("manifest_forged", f"The manifest cannot be read: {error}.") from None
    if not text.endswith("\n") or not isinstance(keys, list) or not keys or not all(map(is_key, keys)):
        raise Fault("manifest_forged", "The manifest names no keys that could have signed it.")
    trust = Trust(origin, keys, pins)
    signed, _ = trust.text(note, "manifest_forged")
    if signed != f"{origin}\nmanifest {hashlib.sha256(text.encode()).hexdigest()}\n":
        raise Fault("manifest_forged", "The manifest is not the one that was signed.")
    if not is_manifest(manifest):
        raise Fault("manifest_wrong", "The manifest does not have the form of one.")
    return manifest, trust


def read_checkpoints(bundle: Bundle, manifest: Json, trust: Trust) -> list[Checkpoint]:
    """The bundle's own checkpoints, rising, with all that must be among them."""
    try:
        text = bundle.text("checkpoints.json")
        entries = parsed(text[:-1])
        fine = (
            text.endswith("\n") and isinstance(entries, list) and all(isinstance(e.get("note"), str) for e in entries)
        )
    except (ValueError, AttributeError):
        fine = False
    if not fine:
        raise Fault("checkpoint_forged", "checkpoints.json does not hold checkpoints.")
    found = [trust.checkpoint(entry) for entry in entries]
    for before, after in zip(found, found[1:]):
        if before.seq >= after.seq or before.at > after.at:
            raise Fault("checkpoint_forged", f"Checkpoint {after.seq} does not come after {before.seq}.")
    known = {checkpoint.seq for checkpoint in found}
    for seq in (manifest["first"] - 1, manifest["last"], manifest["size"]):
        if seq and seq not in known:
            raise Fault("checkpoint_missing", f"There is no checkpoint at event {seq}.")
    if not found or found[-1].seq != manifest["size"] or found[-1].root != manifest["root"]:
        raise Fault("manifest_wrong", "The manifest's head is not that of the newest checkpoint.")
    return found


# The rows.


class Row(NamedTuple):
    """One line: a row with its details (shown), a row without (listed, `details` None), or many rows (a stretch)."""

    first: int
    last: int
    level: int
    hash: bytes
    at: str
    kind: str
    signup_id: str | None
    actor: str
    details: Json | None
    text: str


def read_row(line: str) -> Row | None:
    """What a line says, hashed; None when it is no line of ours."""
    match = SHOWN.fullmatch(line)
    if match:
        actor, at, text, details_salt, salt, kind, seq, signup_id = match.groups()
        details = read_details(text)
        if details is None:
            return None
        hidden = sha256(b"signup-audit/1 details\n" + bytes.fromhex(details_salt) + text.encode())
    else:
        match = LISTED.fullmatch(line)
        if not match:
            return read_stretch(line)
        actor, at, hidden_text, salt, kind, seq, signup_id = match.groups()
        details, text, hidden = None, "", bytes.fromhex(hidden_text)
    if int(seq) > BIGGEST or len(kind) > 40:
        return None
    header = f'{{"actor":"{actor}","at":"{at}","kind":"{kind}","seq":{seq},"signupId":{signup_id}}}'
    leaf = sha256(b"\0" + sha256(b"signup-audit/1 header\n" + bytes.fromhex(salt) + header.encode()) + hidden)
    whose = None if signup_id == "null" else signup_id[1:-1]
    return Row(int(seq), int(seq), 0, leaf, at, kind, whose, actor, details, text)


def read_stretch(line: str) -> Row | None:
    """One subtree: as many rows as a power of two, beginning where such a subtree begins."""
    match = STRETCH.fullmatch(line)
    if not match:
        return None
    first, last = int(match[1]), int(match[3])
    count = last - first + 1
    if last > BIGGEST or count < 1 or count & (count - 1) or (first - 1) % count:
        return None
    return Row(first, last, count.bit_length() - 1, bytes.fromhex(match[2]), "", "", None, "", None, "")


def read_details(text: str) -> Json | None:
    """The details that a canonical text holds; None when it is none."""
    try:
        value = parsed(text) if len(text) <= LONGEST_DETAILS else None
    except ValueError:
        return None
    return value if isinstance(value, dict) and plain(value) else None


def sha256(data: bytes) -> bytes:
    """32 bytes."""
    return hashlib.sha256(data).digest()


class Tree:
    """The right edge of the tree over the rows so far: (level, hash), largest first."""

    def __init__(self) -> None:
        self._edge: list[tuple[int, bytes]] = []

    def add(self, level: int, node: bytes) -> None:
        """A leaf (level 0) or a whole subtree on the right."""
        while self._edge and self._edge[-1][0] == level:
            node = sha256(b"\1" + self._edge.pop()[1] + node)
            level += 1
        self._edge.append((level, node))

    def root(self) -> str:
        """The hash over everything, in hex."""
        if not self._edge:
            return sha256(b"").hex()
        head = self._edge[-1][1]
        for _, left in self._edge[-2::-1]:
            head = sha256(b"\1" + left + head)
        return head.hex()


_CONTROLS = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029]")
_FORMULA = re.compile("[\\s\u00a0\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*['=+\\-@\uff1d\uff0b\uff0d\uff20]")


def cell(value: Any) -> str:
    """A value as it stands in the CSV: safe in a spreadsheet, and always the same bytes."""
    if value is None:
        return ""
    if type(value) is int:
        return str(value)
    text = _CONTROLS.sub(" ", value)
    return '"{}"'.format((("'" if _FORMULA.match(text) else "") + text).replace('"', '""'))


def csv_line(row: Row) -> bytes:
    """A shown row as a line of the CSV."""
    details = row.details or {}
    chosen = [details.get(name) for name in ("country", "channel", "code", "ms")]
    told = [value if isinstance(value, str) or type(value) is int else None for value in chosen]
    cells = [row.first, row.at, row.kind, row.signup_id, row.actor, *told, row.text]
    return (",".join(map(cell, cells)) + "\r\n").encode()


class Csv:
    """events.csv, held against what it must be; remembers where it first differs."""

    def __init__(self, bundle: Bundle) -> None:
        self._pieces, self._rest = bundle.pieces("events.csv"), b""
        self.fault: Fault | None = None
        self.expect(COLUMNS, None)

    def expect(self, line: bytes, seq: int | None) -> None:
        """The next bytes must be these; an empty line stands for the end."""
        if self.fault:
            return
        while len(self._rest) < max(1, len(line)):
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._rest += piece
        if not self._rest.startswith(line) or (not line and self._rest):
            where = f"at event {seq}" if seq else "in its first line or after its last"
            self.fault = Fault("csv_differs", f"events.csv does not say what events.ndjson says, {where}.", seq)
        self._rest = self._rest[len(line) :]


class Walk:
    """Every row of the bundle, once, in order; each is hashed, held against the manifest, and counted."""

    def __init__(
        self,
        bundle: Bundle,
        manifest: Json,
        listed: list[Checkpoint],
        outside: list[Checkpoint],
        progress: Progress | None,
    ) -> None:
        self.manifest = manifest
        self.counts = {"shown": 0, "listed": 0, "withheld": 0}
        self.matched = 0
        self._bundle = bundle
        self._tree, self._seq = Tree(), 0
        self._listed = {checkpoint.seq: checkpoint for checkpoint in listed}
        self._ahead = sorted(self._listed, reverse=True)
        self._outside: dict[int, list[Checkpoint]] = {}
        for checkpoint in outside:
            self._outside.setdefault(checkpoint.seq, []).append(checkpoint)
        self._fitted, self._fitted_outside = 0, 0
        self._redacted = set(manifest["redacted"])
        self._met: set[int] = set()
        self._told: set[int] = set()
        self._csv = Csv(bundle)
        self._progress, self._next = progress, STEP

    def run(self) -> None:
        """Faults: every reason that is about rows."""
        self._compare()
        for line in self._bundle.lines("events.ndjson"):
            row = read_row(line)
            self._place(row)
            assert row is not None
            if row.kind:
                self._row(row)
            else:
                self._stretch(row)
            self._tree.add(row.level, row.hash)
            self._seq = row.last
            self._compare()
            self._tell()
        self._end()

    def _tell(self) -> None:
        """Every thousand rows, and at the end, how far it is."""
        size = self.manifest["size"]
        if self._progress and (self._seq >= self._next or self._seq == size):
            self._next = self._seq + STEP
            self._progress(self._seq, size)

    def _place(self, row: Row | None) -> None:
        """A row must be the next one."""
        due, size = self._seq + 1, self.manifest["size"]
        if row is None:
            raise Fault("row_malformed", f"The line of event {due} is not one.", due)
        if row.first > due:
            raise Fault("row_missing", f"After event {self._seq} comes {row.first}.", due)
        if row.first < due:
            raise Fault("row_out_of_order", f"After event {self._seq} comes {row.first}.", row.first)
        if row.last > size:
            raise Fault("manifest_wrong", f"The manifest knows {size} events, there are more.", size + 1, row.last)

    def _row(self, row: Row) -> None:
        """A shown or listed row: where it may stand, and what it tells about others."""
        manifest, seq = self.manifest, row.first
        inside = manifest["first"] <= seq <= manifest["last"]
        chosen = inside and matches(manifest["filter"], row)
        if row.details is None:
            self.counts["listed"] += 1
            self._met |= {seq} & self._redacted
            if not inside or manifest["withhold"] == "rows":
                raise Fault("filter_violated", f"Event {seq} is listed where none is.", seq)
            if chosen and not manifest["narrowed"] and seq not in self._redacted:
                raise Fault("filter_violated", f"Event {seq} was asked for, its details are withheld.", seq)
            return
        self.counts["shown"] += 1
        self._csv.expect(csv_line(row), seq)
        about: Any = row.details.get("seq")
        tells = row.kind == "audit.redacted" and number(about) and about in self._redacted
        if tells:
            self._told.add(about)
        if not chosen and not tells:
            raise Fault("filter_violated", f"Event {seq} is shown, but was not asked for.", seq)
        if row.kind == "audit.checkpoint":
            self._told_checkpoint(row.details)

    def _told_checkpoint(self, details: Json) -> None:
        """A checkpoint that the log tells of must be there, and be the same."""
        seq: Any = details.get("seq")
        if not number(seq):
            return
        known = self._listed.get(seq)
        if known is None and self.manifest["first"] - 1 <= seq <= self.manifest["last"]:
            raise Fault("checkpoint_missing", f"The log tells of a checkpoint at event {seq}, which is not there.")
        if known and (details.get("root"), details.get("keyId")) != (known.root, known.key_id):
            raise Fault("checkpoint_missing", f"The checkpoint at event {seq} is not the one the log tells of.")

    def _stretch(self, row: Row) -> None:
        """A stretch: where it may stand."""
        self.counts["withheld"] += row.last - row.first + 1
        first, last = max(row.first, self.manifest["first"]), min(row.last, self.manifest["last"])
        if self.manifest["withhold"] == "details" and first <= last:
            raise Fault("row_withheld", "Events are withheld that should be shown or listed.", first, last)
        if self._ahead and self._ahead[-1] < row.last:
            raise Fault("row_malformed", "A checkpoint lies inside of what is withheld.", row.first, row.last)

    def _compare(self) -> None:
        """At a checkpoint, the root over the rows so far must be the signed one."""
        seq = self._seq
        outside = self._outside.get(seq, [])
        if not outside and not (self._ahead and self._ahead[-1] == seq):
            return
        root = self._tree.root()
        if self._ahead and self._ahead[-1] == seq:
            self._ahead.pop()
            if self._listed[seq].root != root:
                detail = f"The rows do not add up to the checkpoint at event {seq}."
                raise Fault("history_rewritten", detail, min(self._fitted + 1, seq), seq)
            self._fitted = seq
        for checkpoint in outside:
            if checkpoint.root != root:
                detail = f"Your checkpoint at event {seq} does not fit these rows."
                raise Fault("outside_checkpoint_contradicted", detail, min(self._fitted_outside + 1, seq), seq)
            self.matched += 1
            self._fitted_outside = seq

    def _end(self) -> None:
        """What can only be said when all rows are read."""
        size, newest = self.manifest["size"], max(self._outside, default=0)
        if self._seq < size:
            raise Fault("tail_missing", f"The rows end at event {self._seq} of {size}.", self._seq + 1, size)
        if newest > size:
            detail = f"You hold a checkpoint at event {newest}; this bundle ends at {size}."
            raise Fault("older_than_checkpoint", detail, size + 1, newest)
        for seq in sorted(self._redacted):
            if seq not in self._met:
                raise Fault("manifest_wrong", f"Event {seq} is not listed, yet called redacted.", seq)
            if seq not in self._told:
                raise Fault("redaction_untold", f"The log does not tell that event {seq} was redacted.", seq)
        if self.counts != self.manifest["rows"]:
            raise Fault("manifest_wrong", "The manifest counts other numbers of rows.")
        self._csv.expect(b"", None)
        if self._csv.fault:
            raise self._csv.fault


def matches(wanted: Json, row: Row) -> bool:
    """Whether a row is one that was asked for."""
    return (
        (wanted["from"] is None or row.at >= wanted["from"])
        and (wanted["to"] is None or row.at < wanted["to"])
        and (wanted["kinds"] is None or row.kind in wanted["kinds"])
        and wanted["signupId"] in (None, row.signup_id)
        and wanted["actor"] in (None, row.actor)
    )


# The verdict.


def incomplete(manifest: Json, listed: dict[int, Checkpoint]) -> str | None:
    """Why the bundle does not show or list everything that was recorded in its time; None when it does."""
    first, last, wanted = manifest["first"], manifest["last"], manifest["filter"]
    before, after = listed.get(first - 1), listed.get(last)
    if manifest["withhold"] == "rows":
        return "rows that were not asked for are withheld"
    if manifest["narrowed"]:
        return "the exporter chose among the rows that fit the filter"
    if wanted["from"] is None:
        whole_start = first - 1 in (0, manifest["prunedTo"])
    else:
        whole_start = first == 1 or (before is not None and before.at <= wanted["from"])
    if not whole_start:
        return f"events from before event {first} may be missing"
    ends = wanted["to"] and after and later(wanted["to"]) <= after.at <= manifest["exportedAt"]
    again = after and any(seq > last and known.at == after.at for seq, known in listed.items())
    if last != manifest["size"] and (again or not ends):  # a clock that ran ahead dates several alike, or too late
        return f"events from after event {last} may be missing"
    return None


def blank(pins: list[str], given: int) -> Json:
    """A report that knows nothing yet."""
    verdict = "valid reason firstBadSeq lastBadSeq detail"
    log = "events checkpoints head root logId mode prunedTo redacted unsealed afterLastCheckpoint"
    export = "shown listed withheld complete recordedFrom recordedTo exportedAt"
    report: Json = dict.fromkeys(f"{verdict} {log} {export}".split())
    report.update(outside={"given": given, "matched": 0}, keys=[], warnings=[])
    if not pins:
        report["warnings"].append("key_not_pinned")
    if not given:
        report["warnings"].append("no_outside_checkpoint")
    return report


def check(
    report: Json, bundle: Bundle, given: list[str | Json], pins: list[str], progress: Progress | None = None
) -> None:
    """All checks, in their order; fills the report as it goes. Faults: every reason."""
    bundle.check_names()
    manifest, trust = read_manifest(bundle, pins)
    report.update({name: manifest[name] for name in ("logId", "mode", "root", "prunedTo", "exportedAt")})
    report.update(events=manifest["size"], head=manifest["size"], redacted=len(manifest["redacted"]))
    report["keys"] = [name for name in trust.keys if name in trust.trusted]
    for name in FILES:
        if bundle.digest(name) != manifest["files"][name]:
            raise Fault("file_changed", f"{name} is not the file the manifest tells of.")
    listed = read_checkpoints(bundle, manifest, trust)
    report.update(checkpoints=len(listed), unsealed=0, afterLastCheckpoint=0)
    walk = Walk(bundle, manifest, listed, [trust.checkpoint(entry) for entry in given], progress)
    try:
        walk.run()
    finally:
        report["outside"]["matched"] = walk.matched
        report.update(walk.counts)
    at = {checkpoint.seq: checkpoint for checkpoint in listed}
    why = incomplete(manifest, at)
    report["complete"] = why is None
    report["recordedFrom"] = at[manifest["first"] - 1].at if manifest["first"] - 1 in at else None
    report["recordedTo"] = at[manifest["last"]].at if manifest["last"] in at else None
    if why:
        report["warnings"].append("not_complete")
        report["detail"] = why
    if given and not walk.matched:
        raise CannotTell("checkpoint_not_covered", "None of your checkpoints lies where it can be compared.")


def verify(path: str, checkpoints: list[str], pins: list[str], progress: Progress | None = None) -> Json:
    """The report about a bundle. `checkpoints`: files from outside; `pins`: the ids of keys known from people.

    `progress` is told, now and then, the events gone through and those there are.
    """
    report = blank(pins, len(checkpoints))
    try:
        given = [entry for file in checkpoints for entry in given_checkpoints(file)]
        report["outside"]["given"] = len(given)
        bundle = Bundle(path)
        try:
            check(report, bundle, given, pins, progress)
        finally:
            bundle.close()
        report["valid"] = True
    except Fault as fault:
        report.update(valid=False, reason=fault.reason, detail=fault.detail)
        report.update(firstBadSeq=fault.first, lastBadSeq=fault.last)
    except CannotTell as unknown:
        report.update(valid=None, reason=unknown.reason, detail=unknown.detail)
    except Exception as error:  # nothing was found out; a traceback would end with 1, which says: not valid
        report.update(valid=None, reason="unreadable", detail=f"The bundle cannot be read: {error}.")
    return report


def exit_code(report: Json) -> int:
    """0 valid, 1 not, 2 cannot tell."""
    return 2 if report["valid"] is None else int(not report["valid"])


# In words.


def words(report: Json, pins: list[str]) -> list[str]:
    """The report, line by line."""
    lines = [verdict(report)]
    if report["reason"]:
        lines.append(f"why          {report['detail']}")
    if report["logId"]:
        lines.append("log          {mode} {logId}, {events:,} events, exported {exportedAt}".format(**report))
    if report["shown"] is not None:
        counts = "{shown:,} shown, {listed:,} listed without details, {withheld:,} withheld, {redacted:,} redacted"
        lines.append("rows         " + counts.format(**report))
    if report["complete"] is not None:
        lines.append("complete     " + completeness(report))
    if report["checkpoints"] is not None:
        given = "{matched} of your {given} match" if report["outside"]["given"] else "none of yours to compare with"
        lines.append(f"checkpoints  {report['checkpoints']:,} signed, " + given.format(**report["outside"]))
    if report["keys"]:
        lines.append("key          " + trusted(report["keys"], pins))
    return lines


def verdict(report: Json) -> str:
    """The first line."""
    if report["valid"]:
        return "VALID"
    first, last = report["firstBadSeq"], report["lastBadSeq"]
    rows = "" if first is None else f", event {first}" if first == last else f", events {first} to {last}"
    return f"{'CANNOT TELL' if report['valid'] is None else 'NOT VALID'} {report['reason']}{rows}"


def completeness(report: Json) -> str:
    """Whether all that was recorded in its time is there."""
    if not report["complete"]:
        return "no" if report["reason"] else f"no: {report['detail']}"
    since = f" from {report['recordedFrom']}" if report["recordedFrom"] else ""
    return f"yes: every event recorded{since} up to {report['recordedTo']} is shown or listed"


def trusted(keys: list[str], pins: list[str]) -> str:
    """Which key all rests on."""
    known = [name for name in keys if name in pins]
    if known:
        return ", ".join(known) + " pinned"
    return keys[0] + " NOT PINNED: compare it with the one you were given"


def pin(text: str) -> str:
    """A key's id from the command line."""
    if not fits(_SALT, text.strip().lower()):
        raise argparse.ArgumentTypeError("a key's id is 32 hex digits")
    return text.strip().lower()


def main(arguments: list[str] | None = None) -> int:
    """The command line; its exit code."""
    parser = argparse.ArgumentParser(
        prog="verify.py", description="Check a bundle of an audit log.", allow_abbrev=False
    )
    parser.add_argument("bundle", metavar="BUNDLE", help="the zip, or the folder it was unpacked into")
    parser.add_argument(
        "--checkpoint", metavar="FILE", action="append", default=[], help="one from outside; repeatable"
    )
    parser.add_argument(
        "--key", metavar="KEYID", type=pin, action="append", default=[], help="known from people; repeatable"
    )
    parser.add_argument("--json", action="store_true", help="the report as one line of JSON")
    options = parser.parse_args(arguments)
    report = verify(options.bundle, options.checkpoint, options.key)
    lines = [canonical(report)] if options.json else words(report, options.key)
    sys.stdout.write("\n".join(lines) + "\n")
    return exit_code(report)


if __name__ == "__main__":
    sys.exit(main())

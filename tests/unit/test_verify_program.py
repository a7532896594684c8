"""`verify.py`, the one file in every bundle: the worked verdicts, every reason by name, any byte that was changed."""

import ast
import json
import random
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signup.record import csvfile, note, tree
from signup.record.verifier import verify
from tests.bundles import (
    BELIEVED,
    FAULTS,
    KEYS,
    ORIGIN,
    STRANGER,
    VERDICTS,
    Files,
    as_stretch,
    checkpoint,
    edited,
    kept,
    vouched,
    worked,
    zipped,
)
from tests.odd_files import ZIPS, too_long

PROGRAM = Path(verify.__file__)
OLDEST, NEWEST = KEYS[0].id, KEYS[1].id
AT = "2026-11-01T02:34:37.779000Z"
each_verdict = pytest.mark.parametrize("example", VERDICTS, ids=lambda example: example["name"])


def oldest_python() -> str:
    """The oldest there is here that `verify.py` promises to run under; without it, this one."""
    pyenv = sorted(Path("~/.pyenv/versions").expanduser().glob("3.8.*/bin/python"))
    return next(filter(None, [*map(str, pyenv), shutil.which("python3.8")]), sys.executable)


def run(*arguments: object, python: str = sys.executable) -> "subprocess.CompletedProcess[str]":
    """The program as an auditor runs it: isolated, without anything installed."""
    command = [python, "-I", "-S", str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


@pytest.fixture(autouse=True, scope="module")
def no_signature_checked_twice() -> Iterator[None]:
    """What the program finds of a signature is remembered: most of these bundles carry the same ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify, "ed25519", lru_cache(verify.ed25519))
        yield


def report(files: Files, tmp_path: Path, *checkpoints: dict[str, Any], keys: tuple[str, ...] = ()) -> dict[str, Any]:
    bundle = zipped(files, tmp_path / "bundle.zip")
    return verify.verify(str(bundle), kept(list(checkpoints), tmp_path), list(keys))


def fault(files: Files, tmp_path: Path, *checkpoints: dict[str, Any], keys: tuple[str, ...] = ()) -> tuple[Any, ...]:
    found = report(files, tmp_path, *checkpoints, keys=keys)
    assert found["valid"] is not True
    return found["reason"], found["firstBadSeq"], found["lastBadSeq"]


@each_verdict
def test_the_program_alone_gives_the_worked_verdict(example: dict[str, Any], tmp_path: Path) -> None:
    """Under the oldest Python; this one checks the same bundles in the next test."""
    changed = {name: text.encode() for name, text in example["replace"].items()}
    bundle = zipped({**worked(), **changed}, tmp_path / "bundle.zip")
    given = [word for path in kept(example["checkpoint"], tmp_path) for word in ("--checkpoint", path)]
    ran = run(bundle, *given, "--json", python=oldest_python())
    assert ran.stderr == ""
    found = json.loads(ran.stdout)
    assert ran.returncode == example["exit"]
    assert {name: found[name] for name in ("valid", "reason", "firstBadSeq")} == {
        name: example[name] for name in ("valid", "reason", "firstBadSeq")
    }


@each_verdict
def test_a_folder_is_checked_like_the_zip(example: dict[str, Any], tmp_path: Path) -> None:
    files = {**worked(), **{name: text.encode() for name, text in example["replace"].items()}}
    folder = tmp_path / "bundle"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    found = verify.verify(str(folder), kept(example["checkpoint"], tmp_path), [])
    assert found == report(files, tmp_path, *example["checkpoint"])


def test_people_read_six_lines(tmp_path: Path) -> None:
    [outside] = kept([json.loads(worked()["checkpoints.json"])[2]], tmp_path)
    ran = run(zipped(worked(), tmp_path / "bundle.zip"), "--checkpoint", outside)
    assert ran.stdout.splitlines() == [
        "VALID",
        "log          sandbox 01a19467-e800-7032-bb69-5ffb3a1890c7, 37 events, exported 2026-11-01T02:23:49.961000Z",
        "rows         9 shown, 28 listed without details, 0 withheld, 0 redacted",
        "complete     yes: every event recorded up to 2026-11-01T02:23:49.961000Z is shown or listed",
        "checkpoints  5 signed, 1 of your 1 match",
        f"key          {OLDEST} NOT PINNED: compare it with the one you were given",
    ]


def test_a_fault_names_its_rows_first(tmp_path: Path) -> None:
    files = vouched(edited(worked(), lambda rows: rows[10].update(actor="api:app")))
    ran = run(zipped(files, tmp_path / "bundle.zip"))
    assert ran.returncode == 1
    assert ran.stdout.splitlines()[:2] == [
        "NOT VALID history_rewritten, events 10 to 18",
        "why          The rows do not add up to the checkpoint at event 18.",
    ]


def test_an_untouched_bundle_reports_all_it_knows(tmp_path: Path) -> None:
    assert report(worked(), tmp_path) == {
        "valid": True,
        "reason": None,
        "firstBadSeq": None,
        "lastBadSeq": None,
        "detail": None,
        "events": 37,
        "checkpoints": 5,
        "head": 37,
        "root": "3cb091be10ed401ac0f875e34e27d194efc96b4ec69dee312bdbded9b2923582",
        "logId": "01a19467-e800-7032-bb69-5ffb3a1890c7",
        "mode": "sandbox",
        "prunedTo": 0,
        "redacted": 0,
        "unsealed": 0,
        "afterLastCheckpoint": 0,
        "outside": {"given": 0, "matched": 0},
        "keys": [OLDEST, NEWEST],
        "warnings": ["key_not_pinned", "no_outside_checkpoint"],
        "shown": 9,
        "listed": 28,
        "withheld": 0,
        "complete": True,
        "recordedFrom": None,
        "recordedTo": "2026-11-01T02:23:49.961000Z",
        "exportedAt": "2026-11-01T02:23:49.961000Z",
    }


@pytest.mark.parametrize(("files", "complete"), BELIEVED)
def test_nothing_is_complete_that_ends_at_a_checkpoint_dated_by_a_clock_that_ran_ahead(
    files: Files, complete: bool, tmp_path: Path
) -> None:
    found = report(files, tmp_path)
    assert (found["valid"], found["complete"]) == (True, complete)


@pytest.mark.parametrize("key", [OLDEST, NEWEST])
def test_a_pin_on_any_key_of_the_line_vouches_for_all(key: str, tmp_path: Path) -> None:
    found = report(worked(), tmp_path, keys=(key,))
    assert found["valid"]
    assert found["warnings"] == ["no_outside_checkpoint"]
    assert verify.words(found, [key])[-1] == f"key          {key} pinned"


def test_a_log_signed_by_no_key_that_was_named_is_not_trusted(tmp_path: Path) -> None:
    assert fault(worked(), tmp_path, keys=(STRANGER.id,)) == ("key_not_trusted", None, None)


def without_endorsement(files: Files, keys: Any = None) -> Files:
    manifest = json.loads(files["manifest.json"])
    manifest["keys"][1]["endorsement"] = None
    return vouched(files, keys=manifest["keys"])


def test_a_key_without_an_endorsement_needs_both_pins(tmp_path: Path) -> None:
    files = without_endorsement(worked())
    assert fault(files, tmp_path) == ("key_not_trusted", None, None)
    assert fault(files, tmp_path, keys=(NEWEST,)) == ("key_not_trusted", None, None)
    assert report(files, tmp_path, keys=(OLDEST, NEWEST))["valid"]


def test_an_endorsement_that_only_the_new_key_signed_ties_nothing(tmp_path: Path) -> None:
    manifest = json.loads(worked()["manifest.json"])
    text = note.read(manifest["keys"][1]["endorsement"])
    manifest["keys"][1]["endorsement"] = note.sign(ORIGIN, text, KEYS[1])
    assert fault(vouched(worked(), keys=manifest["keys"]), tmp_path) == ("key_not_trusted", None, None)


@pytest.mark.parametrize(("made", "expected"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS])
def test_a_fault_is_named_with_its_rows(made: Callable[[], Files], expected: tuple[Any, ...], tmp_path: Path) -> None:
    assert fault(made(), tmp_path) == expected


def narrowed_to_rows(first: int, last: int) -> Files:
    """The worked bundle with rows in stretches wherever none was asked for."""

    def hide(values: list[Any]) -> None:
        as_stretch(values, first, last)

    files = edited(worked(), hide)
    hidden = last - first + 1
    return vouched(files, withhold="rows", rows={"shown": 9, "listed": 28 - hidden, "withheld": hidden})


def test_under_rows_nothing_may_be_listed(tmp_path: Path) -> None:
    assert fault(narrowed_to_rows(5, 8), tmp_path) == ("filter_violated", 2, 2)


def test_a_file_that_stands_twice_is_unexpected(tmp_path: Path) -> None:
    bundle = zipped(worked(), tmp_path / "bundle.zip")
    with zipfile.ZipFile(bundle, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("events.csv", b"")
    assert verify.verify(str(bundle), [], [])["reason"] == "file_unexpected"


def test_the_log_tells_of_a_checkpoint_that_was_taken_away(tmp_path: Path) -> None:
    def show(values: list[Any]) -> None:
        details = {"keyId": OLDEST, "root": "0" * 64, "seq": 9}
        values[9].pop("detailsHash")
        values[9].update(details=details, detailsSalt="0" * 32)

    manifest = json.loads(worked()["manifest.json"])
    kinds = sorted([*manifest["filter"]["kinds"], "audit.checkpoint"])
    files = vouched(edited(worked(), show), filter={**manifest["filter"], "kinds": kinds})
    assert fault(files, tmp_path) == ("checkpoint_missing", None, None)


def test_a_checkpoint_from_outside_that_does_not_fit_contradicts(tmp_path: Path) -> None:
    fitting = json.loads(worked()["checkpoints.json"])[1]
    other = checkpoint(20, "0" * 64, AT)
    assert fault(worked(), tmp_path, fitting, other) == ("outside_checkpoint_contradicted", 19, 20)


def test_a_checkpoint_from_outside_may_be_compared_at_any_listed_row(tmp_path: Path) -> None:
    leaves = [row.hash for row in map(verify.read_row, worked()["events.ndjson"].decode().splitlines()) if row]
    root = tree.root(tree.grow((), 0, leaves[:20])).hex()
    assert report(worked(), tmp_path, checkpoint(20, root, AT))["outside"] == {"given": 1, "matched": 1}


def test_a_checkpoint_of_another_log_is_told_apart(tmp_path: Path) -> None:
    other = checkpoint(9, "0" * 64, AT, origin="signup-audit/live/01a19467-e800-7032-bb69-5ffb3a1890c7")
    assert fault(worked(), tmp_path, other) == ("log_mixed", None, None)


@pytest.mark.parametrize("form", ["note", "lines", "array"])
def test_checkpoints_are_taken_in_every_form_they_are_printed_in(form: str, tmp_path: Path) -> None:
    entries = json.loads(worked()["checkpoints.json"])
    lines = "Started.\n" + "\n".join(map(verify.canonical, entries)) + "\n"
    text = {"note": entries[0]["note"], "lines": lines, "array": worked()["checkpoints.json"].decode()}[form]
    (tmp_path / "kept").write_text(text, "utf-8")
    bundle = zipped(worked(), tmp_path / "bundle.zip")
    found = verify.verify(str(bundle), [str(tmp_path / "kept")], [])
    number = 1 if form == "note" else 5
    assert found["outside"] == {"given": number, "matched": number}
    assert found["valid"]


@pytest.mark.parametrize("text", ["", "nothing here", '{"note":1}', "[1]", '{"note"'])
def test_a_file_without_a_checkpoint_ends_with_cannot_tell(text: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text(text)
    ran = run(zipped(worked(), tmp_path / "bundle.zip"), "--checkpoint", tmp_path / "kept")
    assert ran.returncode == 2
    assert ran.stdout.startswith("CANNOT TELL unreadable\n")


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"no zip"])
def test_what_is_no_bundle_at_all_ends_with_cannot_tell(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(content)
    ran = run(tmp_path / "bundle.zip")
    assert (ran.returncode, ran.stderr) == (2, "")
    assert run(tmp_path / "nowhere.zip").returncode == 2


@pytest.mark.parametrize("name", ZIPS)
def test_a_zip_holds_what_it_says_and_nothing_else(name: str, tmp_path: Path) -> None:
    content, expected = ZIPS[name]
    (tmp_path / "bundle.zip").write_bytes(content)
    assert verify.verify(str(tmp_path / "bundle.zip"), [], [])["reason"] == expected


EACH_REASON = """
import json, runpy, sys
verify = runpy.run_path(sys.argv[1])["verify"]
print(json.dumps([verify(path, [], [])["reason"] for path in sys.argv[2:]]))
"""


def test_the_oldest_python_reads_every_zip_alike(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.zip" for number, _ in enumerate(ZIPS)]
    for path, (content, _) in zip(paths, ZIPS.values(), strict=True):
        path.write_bytes(content)
    command = [oldest_python(), "-I", "-S", "-c", EACH_REASON, str(PROGRAM), *map(str, paths)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)
    assert dict(zip(ZIPS, found, strict=True)) == {name: expected for name, (_, expected) in ZIPS.items()}


def test_a_bundle_with_more_than_is_read_is_not_called_forged(tmp_path: Path) -> None:
    for name, files in too_long():
        found = report(files, tmp_path)
        assert (found["valid"], found["reason"]) == (None, "unreadable"), name
        assert found["detail"] == f"{name} is longer than 64 MiB: no verifier reads that much."


@pytest.mark.torture
def test_a_byte_changed_anywhere_in_a_bundle_is_found(tmp_path: Path, rounds: int) -> None:
    """Half in the rows, with the manifest signed anew by the log's own key; half in any file, as a stranger could."""
    chance = random.Random(20261124)
    unseen = []
    for number in range(rounds * 30):
        name = "events.ndjson" if number % 2 else chance.choice(sorted(worked()))
        content = bytearray(worked()[name])
        place, bit = chance.randrange(len(content)), chance.randrange(1, 256)
        content[place] ^= bit
        files = {**worked(), name: bytes(content)}
        found = report(vouched(files) if number % 2 else files, tmp_path)
        if found["valid"] is not False:
            unseen.append((name, place, bit))
    assert unseen == []


def test_a_zip_with_any_byte_changed_never_ends_in_a_traceback(tmp_path: Path) -> None:
    chance = random.Random(7)
    whole = zipped(worked(), tmp_path / "bundle.zip").read_bytes()
    for _ in range(300):
        content = bytearray(whole)
        content[chance.randrange(len(content))] ^= chance.randrange(1, 256)
        (tmp_path / "bundle.zip").write_bytes(content)
        assert verify.verify(str(tmp_path / "bundle.zip"), [], [])["valid"] in (True, False, None)


def test_its_ed25519_agrees_with_the_library() -> None:
    chance = random.Random(5)
    for _ in range(20):
        private = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        public = private.public_key().public_bytes_raw()
        message = chance.randbytes(chance.randrange(200))
        signature = bytearray(private.sign(message))
        assert verify.ed25519(public, message, bytes(signature))
        assert not verify.ed25519(public, message + b"x", bytes(signature))
        signature[chance.randrange(64)] ^= 1 << chance.randrange(8)
        assert not verify.ed25519(public, message, bytes(signature))


def test_a_signature_written_in_a_second_way_is_refused() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public, signature = private.public_key().public_bytes_raw(), private.sign(b"x")
    again = (int.from_bytes(signature[32:], "little") + verify.L).to_bytes(32, "little")
    assert not verify.ed25519(public, b"x", signature[:32] + again)


@pytest.mark.parametrize("y", [verify.P, verify.P + 1, 1 + 2**255, verify.P - 1 + 2**255, 2])
def test_a_point_written_in_a_second_way_is_none(y: int) -> None:
    """Beyond the field, a negative zero, or on no point of the curve."""
    assert verify.point(y.to_bytes(32, "little")) is None


CELLS = json.loads((Path(__file__).parent.parent / "vectors/record/csv.json").read_text("utf-8"))


@pytest.mark.parametrize("example", CELLS, ids=lambda example: ascii(example["value"]))
def test_its_cells_are_those_of_the_worked_examples(example: dict[str, Any]) -> None:
    assert verify.cell(example["value"]) == example["cell"] == csvfile.cell(example["value"])


CANONICAL = json.loads((Path(__file__).parent.parent / "vectors/record/canonical.json").read_text("utf-8"))


@pytest.mark.parametrize("example", CANONICAL["canonical"], ids=lambda example: example["text"][:30])
def test_it_reads_canonical_details(example: dict[str, Any]) -> None:
    assert verify.read_details(example["text"]) == example["value"]


@pytest.mark.parametrize("example", CANONICAL["refused"], ids=lambda example: example["why"])
def test_it_refuses_other_details(example: dict[str, Any]) -> None:
    assert verify.read_details(example["text"]) is None


ROWS = json.loads((Path(__file__).parent.parent / "vectors/record/rows.json").read_text("utf-8"))


@pytest.mark.parametrize("example", ROWS, ids=lambda example: str(example["row"]["seq"]))
def test_it_hashes_a_row_as_the_worked_example_does(example: dict[str, Any]) -> None:
    shown, listed = verify.read_row(example["shownLine"]), verify.read_row(example["listedLine"])
    assert shown is not None
    assert listed is not None
    assert shown.hash.hex() == listed.hash.hex() == example["leaf"]
    assert verify.csv_line(shown) == example["csvLine"].encode()


def test_its_syntax_is_that_of_python_3_8() -> None:
    ast.parse(PROGRAM.read_text("utf-8"), feature_version=(3, 8))


def test_it_imports_nothing_but_the_standard_library() -> None:
    imported = re.findall(r"^\s*(?:from|import) ([a-z_0-9]+)", PROGRAM.read_text("utf-8"), re.MULTILINE)
    assert set(imported) <= sys.stdlib_module_names

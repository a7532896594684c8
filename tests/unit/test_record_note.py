"""Signed notes and keys, down to the byte, against the worked example."""

import json
from pathlib import Path
from typing import Any

import pytest

from signup.keys import Keyring
from signup.record import checkpoint, keys, note
from signup.record.checkpoint import Checkpoint
from signup.record.note import NoteWrong, SigningKey

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "vectors/record/checkpoint.json").read_text("utf-8")
)
KEYS = [SigningKey.of(bytes.fromhex(key["seed"])) for key in VECTOR["keys"]]
KNOWN = {key.id: key.public for key in KEYS}
ORIGIN, NOTE, TEXT = VECTOR["origin"], VECTOR["note"], VECTOR["text"]
each_key = pytest.mark.parametrize("example", VECTOR["keys"], ids=lambda example: example["keyId"][:8])


@each_key
def test_a_key_grows_from_its_master_as_in_the_worked_example(example: dict[str, str]) -> None:
    [seed] = Keyring([bytes.fromhex(example["master"])]).seeds(keys.INFO)
    assert seed.hex() == example["seed"]
    key = SigningKey.of(seed)
    assert (key.id, note.public_text(key.public)) == (example["keyId"], example["publicKey"])


def test_a_checkpoint_is_signed_as_in_the_worked_example() -> None:
    said = checkpoint.said(NOTE)
    text = checkpoint.words(ORIGIN, said.seq, bytes.fromhex(said.root), said.at)
    assert text == TEXT
    assert note.sign(ORIGIN, text, KEYS[0]) == NOTE
    assert Checkpoint(said.seq, said.at, said.root, KEYS[0].id, NOTE).line == VECTOR["line"]


def test_an_endorsement_is_signed_by_both_as_in_the_worked_example() -> None:
    made = keys.endorsement(ORIGIN, KEYS[1], KEYS[0], "2026-11-01T02:18:13.655000Z")
    assert made == VECTOR["endorsement"]
    assert note.signers(made, ORIGIN, KNOWN) == set(KNOWN)


def test_a_checkpoint_tells_who_signed_it() -> None:
    assert note.signers(NOTE, ORIGIN, KNOWN) == {KEYS[0].id}


def test_the_line_of_an_unknown_key_is_skipped() -> None:
    assert note.signers(NOTE, ORIGIN, {KEYS[1].id: KEYS[1].public}) == set()
    witness = f"— witness.example/w1 {note.sign('witness.example/w1', TEXT, KEYS[1]).split()[-1]}\n"
    assert note.signers(NOTE + witness, ORIGIN, KNOWN) == {KEYS[0].id}


def test_a_note_signed_under_another_logs_name_is_not_signed_for_this_one() -> None:
    other = note.sign(ORIGIN[:-1], TEXT, KEYS[0])
    assert note.signers(other, ORIGIN, KNOWN) == set()


def test_no_changed_letter_of_a_note_goes_unnoticed() -> None:
    for place in range(len(NOTE)):
        changed = NOTE[:place] + chr(ord(NOTE[place]) ^ 1) + NOTE[place + 1 :]
        try:
            found = note.signers(changed, ORIGIN, KNOWN)
        except NoteWrong:
            continue
        assert found == set(), place


def test_a_known_keys_line_that_does_not_fit_condemns_the_note() -> None:
    wrong = note.sign(ORIGIN, TEXT.replace("12345", "12346"), KEYS[1]).split("\n\n")[1]
    with pytest.raises(NoteWrong):
        note.signers(NOTE + wrong, ORIGIN, KNOWN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT,
        NOTE.rstrip("\n"),
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("— ", "- "),
        NOTE.removesuffix("=\n") + "\n",
        NOTE + "\n",
        NOTE.replace("A=\n", "B=\n"),
    ],
)
def test_a_text_in_another_form_is_no_note(text: str) -> None:
    with pytest.raises(NoteWrong):
        note.read(text)


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("12345", "012345"),
        TEXT.replace("12345", "-1"),
        TEXT.replace("2026-11-24T14", "2026-11-24 14"),
        TEXT + "more\n",
        TEXT.replace("at ", ""),
        TEXT.replace("vLgS", "vLg*"),
        TEXT.replace("qzs=", "qzt="),
    ],
)
def test_a_note_that_says_something_else_is_no_checkpoint(text: str) -> None:
    with pytest.raises(NoteWrong):
        checkpoint.said(note.sign(ORIGIN, text, KEYS[0]))


@pytest.mark.parametrize("text", ["", "AA==", note.public_text(b"\xff" * 32), note.public_text(KEYS[0].public)[:-1]])
def test_what_cannot_be_a_public_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"key|base64|[Pp]adding"):
        note.public_of(text)


def test_a_private_key_shows_in_no_message() -> None:
    assert "private" not in repr(KEYS[0]).lower()

"""Checkpoints that an auditor kept: `verify.py` and our own `verify` read one file alike, whatever became of it."""

import json
from pathlib import Path

import pytest

from signup.errors import UsageWrong
from signup.record import outside
from signup.record.fault import Fault
from signup.record.trust import Trust
from signup.record.verifier import verify
from tests.bundles import ORIGIN, worked, zipped
from tests.odd_files import KEPT, Verdict, long_files

KEYS = [
    {"key_id": key["keyId"], "public_key": key["publicKey"], "endorsement": key["endorsement"]}
    for key in json.loads(worked()["manifest.json"])["keys"]
]


def ours(path: Path) -> Verdict:
    """What our own check of a database makes of a file."""
    trust = Trust(ORIGIN, KEYS, [])
    try:
        return None, len([trust.checkpoint(given) for given in outside.read(path)])
    except UsageWrong:
        return "unreadable", 0
    except Fault as fault:
        return str(fault.reason), 0


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_file_counts_for_what_it_says(name: str, tmp_path: Path) -> None:
    kept, expected = KEPT[name]
    (tmp_path / "kept").write_bytes(kept)
    found = verify.verify(str(zipped(worked(), tmp_path / "bundle.zip")), [str(tmp_path / "kept")], [])
    assert (found["reason"], found["outside"]["matched"]) == expected
    assert ours(tmp_path / "kept") == expected


@pytest.mark.long
def test_a_long_file_is_read_to_its_end_or_not_at_all(tmp_path: Path) -> None:
    bundle = zipped(worked(), tmp_path / "bundle.zip")
    for name, kept, expected in long_files():
        (tmp_path / "kept").write_bytes(kept)
        found = verify.verify(str(bundle), [str(tmp_path / "kept")], [])
        assert (found["reason"], found["outside"]["matched"]) == expected, name
        assert ours(tmp_path / "kept") == expected, name

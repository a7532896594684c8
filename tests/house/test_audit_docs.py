"""What docs/audit-log.md shows is what a reader gets who does it with the files beside it."""

import re
import shlex
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from signup.record.events import Kind
from tests.machine import ROOT

PAGE = (ROOT / "docs/audit-log.md").read_text("utf-8")
STEPS = re.findall(r"^ +\$ python -I -S verify\.py (.+)\n((?: +.+\n)+)", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("words", "shown"), STEPS)
def test_each_step_prints_what_is_shown(words: str, shown: str) -> None:
    command = [sys.executable, "-I", "-S", str(ROOT / "signup/record/verifier/verify.py"), *shlex.split(words)]
    done = subprocess.run(command, cwd=ROOT / "docs/example", capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines() == [line.strip() for line in shown.splitlines()]


def test_the_steps_show_a_whole_log_and_an_altered_one() -> None:
    assert [shown.split()[0] for _, shown in STEPS] == ["VALID", "VALID", "VALID", "NOT"]


def test_every_kind_of_event_is_told() -> None:
    assert {f"`{kind}`" for kind in Kind} <= set(re.findall(r"`[a-z_.]+`", PAGE))


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="a release is made from a clone")
def test_a_release_holds_both_verifiers_beside_the_source_and_their_sums(tmp_path: Path) -> None:
    subprocess.run(["make", "release", f"DIST={tmp_path}"], cwd=ROOT, check=True, capture_output=True)
    sums = dict(line.split()[::-1] for line in (tmp_path / "SHA256SUMS").read_text().splitlines())
    assert sums.keys() == {"truecaller-sign-up.tar.gz", "verify.html", "verify.py"}
    assert all(sha256((tmp_path / name).read_bytes()).hexdigest() == known for name, known in sums.items())

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signup.record import tree

VECTORS = json.loads((Path(__file__).parent.parent / "vectors/record/tree.json").read_text("utf-8"))
LEAVES = [bytes.fromhex(leaf) for leaf in VECTORS["leaves"]]


def slow_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 as it is written: split at the largest power of two below n."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + slow_root(leaves[:half]) + slow_root(leaves[half:])).digest()


@pytest.mark.parametrize("example", VECTORS["sizes"], ids=lambda example: str(example["size"]))
def test_a_tree_of_each_size_has_the_frontier_and_root_of_the_worked_example(example: dict[str, Any]) -> None:
    frontier = tree.grow((), 0, LEAVES[: example["size"]])
    assert [part.hex() for part in frontier] == example["frontier"]
    assert tree.root(frontier).hex() == example["root"]


@given(st.integers(0, 200), st.data())
def test_a_tree_grown_in_portions_is_the_tree_grown_at_once(size: int, data: st.DataObject) -> None:
    leaves = [sha256(bytes([number])).digest() for number in range(size)]
    cut = data.draw(st.integers(0, size))
    grown = tree.grow(tree.grow((), 0, leaves[:cut]), cut, leaves[cut:])
    assert grown == tree.grow((), 0, leaves)
    assert tree.root(grown) == slow_root(leaves)


@given(st.integers(0, 200))
def test_a_frontier_is_read_back_from_its_text(size: int) -> None:
    frontier = tree.grow((), 0, [sha256(bytes([number])).digest() for number in range(size)])
    assert tree.frontier_of(tree.frontier_text(frontier), size) == frontier


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("[]", 1),
        ('["00"]', 1),
        (f'["{"0" * 64}"]', 3),
        (f'["{"0" * 64}"]', 0),
        (f'["{"A" * 64}"]', 1),
        (f'[ "{"0" * 64}"]', 1),
        (f'["{"0" * 63} "]', 1),
        ("null", 0),
        ("", 0),
    ],
)
def test_a_text_that_is_no_frontier_of_that_size_is_refused(text: str, size: int) -> None:
    with pytest.raises(ValueError, match=r"frontier|hex"):
        tree.frontier_of(text, size)

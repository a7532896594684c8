"""The hashes of the record: each event becomes a leaf, the leaves become one growing tree (RFC 6962) with one root.

Tell people "chain"; in code it is a tree, because a tree's right edge (the frontier: one hash for each 1 bit of its
size, largest subtree first) is all one needs to keep in order to grow it and to name its root.

    header ---- salt --> header hash \
                                      > leaf -> node -> ... -> root
    details --- salt --> details hash/

Pure: bytes in, bytes out. It must not read a database, a clock or a source of randomness. A byte laid out differently
here breaks every log ever written.
"""

from collections.abc import Iterable
from hashlib import sha256

from signup.record import canonical

HEADER = b"signup-audit/1 header\n"
DETAILS = b"signup-audit/1 details\n"

Frontier = tuple[bytes, ...]


def header(seq: int, at: str, kind: str, signup_id: str | None, actor: str) -> str:
    """The canonical text of everything in an event but its details."""
    return canonical.encode({"actor": actor, "at": at, "kind": kind, "seq": seq, "signupId": signup_id})


def header_hash(header: str, salt: bytes) -> bytes:
    """32 bytes that stand for a header; `salt` is 16 random bytes."""
    return sha256(HEADER + salt + header.encode()).digest()


def details_hash(details: str, salt: bytes) -> bytes:
    """32 bytes that stand for the canonical text of details; `salt` is 16 random bytes, never the header's."""
    return sha256(DETAILS + salt + details.encode()).digest()


def leaf(header_hash: bytes, details_hash: bytes) -> bytes:
    """The leaf of one event, 32 bytes."""
    return sha256(b"\x00" + header_hash + details_hash).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two neighbouring subtrees, 32 bytes."""
    return sha256(b"\x01" + left + right).digest()


def grow(frontier: Frontier, size: int, leaves: Iterable[bytes]) -> Frontier:
    """The frontier after `leaves` were added on the right of a tree that had `size` of them."""
    edge, loose, level = list(frontier), [], list(leaves)
    while level:
        if size & 1:
            level.insert(0, edge.pop())
        if len(level) & 1:
            loose.append(level.pop())
        level = [sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=True)]
        size >>= 1
    return (*edge, *reversed(loose))


def root(frontier: Frontier) -> bytes:
    """The tree's head, 32 bytes; the empty tree's is SHA-256 of nothing."""
    if not frontier:
        return sha256().digest()
    *rest, head = frontier
    for left in reversed(rest):
        head = node(left, head)
    return head


def frontier_text(frontier: Frontier) -> str:
    """A frontier as the database keeps it: a canonical array of hex."""
    return canonical.encode([part.hex() for part in frontier])


def frontier_of(text: str, size: int) -> Frontier:
    """The frontier that a text holds. ValueError when it is not the edge of a tree of `size` leaves."""
    parts = text.removeprefix('["').removesuffix('"]').split('","') if size else []
    frontier = tuple(bytes.fromhex(part) for part in parts)
    if (
        frontier_text(frontier) != text
        or len(frontier) != size.bit_count()
        or any(len(part) != 32 for part in frontier)
    ):
        raise ValueError(f"not the frontier of a tree of {size} leaves")
    return frontier

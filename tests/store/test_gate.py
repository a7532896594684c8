"""The gate: whoever waits, first for its turn and then for the database, is told in time."""

import time
from concurrent.futures import ThreadPoolExecutor

from signup.errors import StoreHeld
from signup.store.gate import PATIENCE, Gate

SPELL = PATIENCE - 0.2


class Shared:
    """A database that another program holds a spell at a time, and leaves to one of ours in between."""

    def __init__(self) -> None:
        self.commits = 0
        self._free = time.monotonic() + SPELL

    def begin(self) -> bool:
        if time.monotonic() < self._free:
            return False
        self.commits += 1
        self._free = time.monotonic() + SPELL
        return True


def test_who_waited_long_for_its_turn_does_not_wait_as_long_again_for_the_database() -> None:
    """Truecaller hangs up after three seconds."""
    database = Shared()
    gate = Gate(database.begin, lambda: database.commits)

    def enter(_: int) -> float:
        arrived = time.monotonic()
        try:
            with gate.entered():
                pass
        except StoreHeld:
            pass
        return time.monotonic() - arrived

    with ThreadPoolExecutor(8) as pool:
        waited = list(pool.map(enter, range(8)))
    assert max(waited) < PATIENCE + 0.5

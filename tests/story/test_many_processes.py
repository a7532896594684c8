"""One Truecaller request per number per five minutes, over any number of processes."""

import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from signup.errors import StoreUnavailable
from signup.flow.start import start
from signup.services import Services, open_services
from signup.settings import load
from tests.nursery import Nursery, nursery
from tests.story.truecaller import truecaller

PROCESSES = 8
NUMBERS = [f"+4670{4000000 + nth}" for nth in range(50)]


@pytest.fixture(scope="module")
def born() -> Iterator[Nursery]:
    """Where starters come from."""
    with nursery(__name__, "signup.truecaller.client") as ready:
        yield ready


def test_fifty_numbers_from_eight_processes_are_fifty_requests_and_lock_hits_are_no_errors(
    environ, store_url, born, tmp_path
):
    with truecaller() as upstream:
        chosen = environ(database_url=store_url, request_url=upstream.request_url)
        codes = started_everywhere(chosen, born, tmp_path / "told.txt")
    assert len(upstream.asked) == len(NUMBERS)
    assert {len(states) for states in upstream.asked.values()} == {1}
    assert codes.pop("refused", 0) <= PROCESSES, "hardly anybody waits for the database in vain"
    assert codes == {"None": len(NUMBERS), "locked": len(NUMBERS) * (PROCESSES - 1)}


def started_everywhere(chosen: dict[str, str], born: Nursery, told: Path) -> Counter[str]:
    """Start every number in every process at once; how often each code came back."""
    with open_services(load(chosen, None), migrate=True):
        pass
    running = [born.start(chosen, __name__, told=told) for _ in range(PROCESSES)]
    ended = [born.wait(process) for process in running]
    assert ended == [0] * PROCESSES, told.read_text()
    return Counter(told.read_text().split())


def main() -> None:
    """One process: start every number, in an order of its own, and tell the codes."""
    numbers = random.sample(NUMBERS, len(NUMBERS))
    with open_services(load(env_file=None)) as services:
        for number in numbers:
            while not (code := tried(services, number)):
                sys.stdout.write("refused\n")
            sys.stdout.write(f"{code}\n")


def tried(services: Services, number: str) -> str | None:
    """The code of a start; None when the database was held too long."""
    try:
        return str(start(services, number, channel="web", actor="cli").code)
    except StoreUnavailable:
        return None


if __name__ == "__main__":
    main()

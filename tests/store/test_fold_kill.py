"""Folders are killed in the middle of it, on both stores: what they leave is as if nobody had been."""

import random
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from signup import settings as settings_module
from signup.measure.fold import fold, rebuild
from signup.services import Services, open_services
from tests.nursery import Nursery, nursery
from tests.pages.fixtures import lives
from tests.rolls import tables

PORTION = 7


@pytest.fixture(scope="module")
def born() -> Iterator[Nursery]:
    """Where processes come from that fold for ever."""
    with nursery(__name__) as ready:
        yield ready


def seq(services: Services) -> int:
    with services.rolls.read() as tx:
        return int((tx.one("roll_position") or {})["seq"])


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_killed_folders_leave_the_tables_of_an_undisturbed_fold(
    services_on_each: Services,
    born: Nursery,
    environ: Callable[..., dict[str, str]],
    rounds: int,
    eventually: Callable[..., Any],
) -> None:
    chance, theirs = random.Random(rounds), environ(database_url=services_on_each.settings.database_url)
    now = services_on_each.clock.now()
    for number in range(rounds // 2):
        lives.write(services_on_each, lives.month(now + timedelta(days=number), days=1, a_day=60, seed=number))
        reached = seq(services_on_each)
        folders = [born.start(theirs, __name__) for _ in range(2)]
        more = chance.randrange(1, 20 * PORTION)
        eventually(lambda reached=reached, more=more: seq(services_on_each) >= reached + more, 60)
        for one in folders:
            assert born.kill(one) == -signal.SIGKILL, "it ran until then"
    assert not fold(services_on_each).behind
    found = tables(services_on_each)
    rebuild(services_on_each)
    assert tables(services_on_each) == found


def main() -> None:
    """Fold until killed."""
    with open_services(settings_module.load(env_file=None), truecaller=object()) as services:  # type: ignore[arg-type]
        while True:
            fold(services, PORTION)


if __name__ == "__main__":
    main()

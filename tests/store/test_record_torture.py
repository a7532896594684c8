"""The record under torture, on both stores: nobody who is killed leaves a gap, loses a row, or raises an alarm.

Six processes append, three seal and are killed at random, one redacts, signs and prunes, two verify all the while.
"""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signup.record import log, outside
from signup.record.log import LogQuery
from signup.record.seal import Sealer
from signup.record.verify import Question, verify
from signup.services import Services
from tests import record_processes
from tests.nursery import Nursery, nursery
from tests.record_processes import Processes, known

WRITERS, SEALERS, VERIFIERS = 6, 3, 2
Rows = dict[int, tuple[str, int | None]]


@pytest.fixture(scope="module")
def born() -> Iterator[Nursery]:
    """Where the processes come from."""
    with nursery(record_processes.__name__) as ready:
        yield ready


@pytest.fixture
def processes(
    services_on_each: Services, born: Nursery, environ: Callable[..., dict[str, str]], tmp_path: Path
) -> Iterator[Processes]:
    started = Processes(born, environ(database_url=services_on_each.settings.database_url), tmp_path)
    yield started
    for process in list(started.running):
        started.kill(process)


def was_kept(services: Services) -> bool:
    """Whether the keeper has both redacted and pruned."""
    head = log.head(services)
    return bool(head.pruned_to and head.redaction)


def every_row(services: Services, told: str) -> Rows:
    """Each row that was ever sealed: told by the keeper before it could go, or there still."""
    head = log.head(services).seq
    left = [known(row) for row in log.rows(services, LogQuery(), before=head + 1)]
    found: Rows = {seq: (actor, ms) for seq, actor, ms in left}
    return found | {seq: (actor, ms) for seq, actor, ms in map(json.loads, told.splitlines())}


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_killed_sealers_leave_no_gap_lose_nothing_write_nothing_twice_and_raise_no_alarm(
    services_on_each: Services, processes: Processes, rounds: int, eventually: Callable[..., Any]
) -> None:
    for number in range(VERIFIERS):
        processes.start("verify", f"v{number}")
    processes.start("keep", "k")
    for number in range(WRITERS):
        processes.start("append", f"w{number}")
    sealers = [processes.start("seal", f"s{number}") for number in range(SEALERS)]
    eventually(lambda: all(processes.whole_lines("append", f"w{number}") for number in range(WRITERS)), 60)
    chance = random.Random(rounds)
    for number in range(rounds):
        reached = log.head(services_on_each).seq
        eventually(lambda reached=reached: log.head(services_on_each).seq > reached + chance.randrange(40), 60)
        processes.kill(sealers.pop(chance.randrange(SEALERS)))
        sealers.append(processes.start("seal", f"s{SEALERS + number}"))
    eventually(lambda: was_kept(services_on_each), 120)
    for process in list(processes.running):
        processes.kill(process)
    Sealer(services_on_each).seal()

    rows = every_row(services_on_each, processes.whole_lines("keep", "k"))
    assert sorted(rows) == list(range(1, log.head(services_on_each).seq + 1)), "no gap"
    written = [rows[seq] for seq in sorted(rows) if rows[seq][0].startswith("api:")]
    for number in range(WRITERS):
        mine = [ms for actor, ms in written if actor == f"api:w{number}"]
        assert mine == list(range(len(mine))), "none lost, none twice, in order"
        told = [int(ms) for ms in processes.whole_lines("append", f"w{number}").split()]
        assert told
        assert told == mine[1::2][: len(told)], "what was acknowledged is there"
    for one, two in zip(written[::2], written[1::2], strict=True):
        assert (one[0], (one[1] or 0) + 1) == two, "the two rows of one transaction stand side by side"
    for number in range(SEALERS + rounds):
        assert processes.whole_lines("seal", f"s{number}") == "", "no sealer met a fault"
    verdicts = [line for n in range(VERIFIERS) for line in processes.whole_lines("verify", f"v{n}").splitlines()]
    assert set(verdicts) == {"valid"}, "no false alarm"
    assert any(actor == "cli" for actor, _ in rows.values()), "somebody redacted"
    files = (Path(services_on_each.settings.data_dir) / "checkpoints").glob("*.jsonl")
    [*_, last] = sorted(file for file in files if file.stat().st_size)  # one that was killed leaves an empty file
    newest = outside.read(last)[-1]
    facts = verify(services_on_each.store, Question(outside=[newest], strict=True)).facts
    assert (facts["valid"], facts["outside"]["matched"], facts["unsealed"]) == (True, 1, 0), facts["detail"]

"""Long work runs in a process of its own: how far it is, what came of it, and its end."""

import os
from pathlib import Path

from dashboard import jobs
from dashboard.jobs import FullCheck, Job
from signup.services import Services
from tests.machine import eventually
from tests.pages.fixtures.visits import NUMBER, completed

PATIENCE = 60


def ended(job: Job) -> Job:
    job.join(PATIENCE)
    assert not job.running
    return job


def export(street: Services, folder: Path, *hidden: str) -> Job:
    return Job("Writing", ["export", "--format", "csv", "--out", str(folder / "log.csv")], hidden)


def test_a_job_that_went_through_has_its_answer_and_says_how_far_it_came(street: Services, tmp_path: Path) -> None:
    completed(street, NUMBER)
    job = ended(export(street, tmp_path))
    assert job.answer
    assert (job.answer["rows"], job.problem, job.share) == (6, None, 1.0)
    assert job.words.startswith("Writing 6 of 6 rows · ")


def test_a_job_that_could_not_says_why(street: Services, tmp_path: Path) -> None:
    job = ended(export(street, tmp_path / "nowhere"))
    assert job.answer is None
    assert "cannot be written" in str(job.problem)


def test_hidden_words_reach_the_job_and_no_list_of_processes(street: Services, tmp_path: Path) -> None:
    completed(street, NUMBER)
    with street.store.write():
        job = export(street, tmp_path, "--kind=lock.hit")
        line = Path(f"/proc/{job.pid}/cmdline")
        shown = eventually(lambda: line.read_bytes() if line.exists() else b"/proc")
        job.stop()
    assert b"lock.hit" not in shown
    ended(job)
    again = ended(export(street, tmp_path, "--kind=lock.hit"))
    assert again.answer
    assert again.answer["rows"] == 0


def test_a_stopped_job_leaves_nothing(street: Services, tmp_path: Path) -> None:
    with street.store.write():
        job = export(street, tmp_path)
        job.stop()
        ended(job)
    assert job.answer is None
    assert not list(tmp_path.glob("*log.csv*"))


def test_the_server_takes_its_jobs_with_it(street: Services, tmp_path: Path) -> None:
    with street.store.write():
        job = export(street, tmp_path)
        jobs.end_all()
        assert not job.running
        assert not os.path.exists(f"/proc/{job.pid}")  # noqa: PTH110


def test_a_checkpoint_that_a_job_makes_leaves_by_our_stdout(street: Services, tmp_path: Path, capsys) -> None:
    completed(street, NUMBER)
    ended(Job("Writing", ["export", "--format", "bundle", "--out", str(tmp_path / "log.zip")]))
    assert '"note":"signup-audit/sandbox/' in capsys.readouterr().out


def test_a_second_visitor_joins_the_check_that_runs(street: Services) -> None:
    check = FullCheck()
    with street.store.write():
        check.begin(street.clock)
        first = check.job
        check.begin(street.clock)
        assert check.job is first
    assert first
    assert ended(first).answer
    check.begin(street.clock)
    assert check.job is not first
    assert check.job
    ended(check.job)

"""The formats of a plain export: what each makes of the rows that are put into it.

A form is entered with a Job and takes portions of rows, in `seq` order, until it is left; then the file is whole.
Libraries that only one format needs are imported when it is asked for. It must not choose rows or tell the log.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BufferedRandom

from signup.record import csvfile
from signup.record.bulk import csv_lines, ndjson_lines
from signup.record.checkpoint import origin_of
from signup.record.lines import COLUMNS
from signup.record.log import LogQuery, Raw, event, row
from signup.services import Services
from signup.store import Row


@dataclass(frozen=True)
class Job:
    """One export: what was asked for, the log's own row when it began, and the file, empty and open for both."""

    services: Services
    query: LogQuery
    head: Row
    file: BufferedRandom


Put = Callable[[Sequence[Raw]], None]
Form = Callable[[Job], AbstractContextManager[Put]]


@contextmanager
def csv(job: Job) -> Iterator[Put]:
    """For people: one line an event, safe to open in a spreadsheet."""
    job.file.write(csvfile.names(COLUMNS))
    yield lambda rows: _written(job, csv_lines(rows))


@contextmanager
def ndjson(job: Job) -> Iterator[Put]:
    """For programs: one canonical line an event, with the salts its leaf is computed from."""
    yield lambda rows: _written(job, ndjson_lines(rows))


def _written(job: Job, content: bytes) -> None:
    job.file.write(content)


@contextmanager
def parquet(job: Job) -> Iterator[Put]:
    """For analysis: typed columns, compressed, with `seq` and `leaf`."""
    from signup.record.parquet import writer

    with writer(job.file) as put:
        yield put


@contextmanager
def sqlite(job: Job) -> Iterator[Put]:
    """For SQL: the rows as they are stored; all of them are a log that can be verified."""
    from signup.record.sqlite_copy import copy

    with copy(job) as put:
        yield put


@contextmanager
def ocsf(job: Job) -> Iterator[Put]:
    """For security tools: events of the Open Cybersecurity Schema Framework."""
    from signup.record.ocsf import line

    log_id = job.head["log_id"]
    yield lambda rows: _written(job, b"".join(line(event(row(raw)), log_id) for raw in rows))


@contextmanager
def cloudevents(job: Job) -> Iterator[Put]:
    """For brokers: CloudEvents 1.0."""
    from signup.record.cloudevents import line

    origin = origin_of(job.head["mode"], job.head["log_id"])
    yield lambda rows: _written(job, b"".join(line(event(row(raw)), origin) for raw in rows))


FORMS: Mapping[str, Form] = {
    "csv": csv,
    "ndjson": ndjson,
    "parquet": parquet,
    "sqlite": sqlite,
    "ocsf": ocsf,
    "cloudevents": cloudevents,
}
"""The formats that exist."""

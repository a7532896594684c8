"""A database that many tests share, each of them undone: to make one anew costs more than most tests.

Whatever one connection does can be undone. What needs several (threads, snapshots, files), or a database that
refuses to write while it reads, needs one of its own.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from signup.clock import HandClock
from signup.services import Services
from signup.store import Store, Transaction

Opened = Callable[..., AbstractContextManager[Services]]
"""`opened(audit_keys=...)`: services over a new database."""


class UndoneError(Exception):
    """Ends what was never meant to be kept."""


class Inside:
    """A store inside one transaction of another store: each of its own is a savepoint there."""

    def __init__(self, store: Store, tx: Transaction) -> None:
        self._store, self._kind = store, type(tx)
        self._connection: Any = tx._connection  # type: ignore[attr-defined]
        self._depth = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        self._depth += 1
        name = f"inside_{id(self)}_{self._depth}"
        self._connection.execute(f"SAVEPOINT {name}")
        try:
            yield self._kind(self._connection)
        except BaseException:
            self._connection.execute(f"ROLLBACK TO SAVEPOINT {name}")
            raise
        finally:
            self._connection.execute(f"RELEASE SAVEPOINT {name}")
            self._depth -= 1

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        try:
            with self.write() as tx:
                yield tx
                raise UndoneError
        except UndoneError:
            return


@contextmanager
def undone(services: Services, folder: Path, clock: HandClock) -> Iterator[Services]:
    """The same services with a data folder and a clock of the test's own; what is done to the log is undone.

    The clock is moved to where that of the services stands.
    """
    clock.set(services.clock.now())
    shutil.copytree(services.settings.data_dir, folder, dirs_exist_ok=True)
    settings = services.settings.model_copy(update={"data_dir": folder})
    try:
        with services.store.write() as tx:
            store: Any = Inside(services.store, tx)
            nowhere: Any = None
            yield replace(services, settings=settings, store=store, rolls=nowhere, clock=clock)
            raise UndoneError
    except UndoneError:
        return

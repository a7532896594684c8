"""Programs that begin at once: each is forked from a process that has read their modules already.

For tests that start many and kill them: what reading the modules costs is paid once. What begins is what `python -m`
begins, a process of its own. `python -m tests.nursery MODULE...` is the process that they come from.
"""

import gc
import json
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parent.parent
FORKABLE = {"PGGSSENCMODE": "disable", "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"}
"""What macOS wants of a process that is forked after it has read these libraries."""


class Nursery:
    """`start` begins a program and gives its process id; `kill` and `wait` end with its exit code."""

    def __init__(self, orders: IO[str], answers: IO[str]) -> None:
        self._orders, self._answers = orders, answers

    def start(self, environ: dict[str, str], module: str, *words: str, told: Path | None = None) -> int:
        """Begin a program with these variables beside our own; what it says is added to the file `told`."""
        told = told or Path(os.devnull)
        told.touch()
        return self._ask(module=module, words=words, environ={**os.environ, **environ}, told=str(told))

    def kill(self, pid: int) -> int:
        """End one that runs, at once."""
        return self._ask(kill=pid)

    def wait(self, pid: int) -> int:
        """Wait until one has ended by itself."""
        return self._ask(wait=pid)

    def _ask(self, **order: Any) -> int:
        self._orders.write(f"{json.dumps(order)}\n")
        self._orders.flush()
        return int(self._answers.readline())


@contextmanager
def nursery(*modules: str) -> Iterator[Nursery]:
    """One that has read these modules. None of its programs outlives it."""
    command = [sys.executable, "-m", "tests.nursery", *modules]
    environ = {**os.environ, **FORKABLE}
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        yield Nursery(process.stdin, process.stdout)


def main(modules: Sequence[str]) -> None:
    """Read the modules, then do as told; a process that was forked goes on as its program."""
    for name in modules:
        import_module(name)
    gc.freeze()
    order = _follow()
    if order:
        _become(order)


def _follow() -> dict[str, Any] | None:
    """Follow orders until there are no more: None; or the order that this process was forked for."""
    born: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        if "module" in order:
            answer = os.fork()
            if answer == 0:
                return dict(order)
            born.add(answer)
        else:
            answer = _ended(order.get("wait") or _killed(order["kill"]))
            born.discard(order.get("wait") or order["kill"])
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    for pid in born:
        _ended(_killed(pid))
    return None


def _killed(pid: int) -> int:
    os.kill(pid, signal.SIGKILL)
    return pid


def _ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _become(order: dict[str, Any]) -> None:
    """Run a module as `python -m` does, with nothing on stdin."""
    os.environ.clear()
    os.environ.update(order["environ"])
    for stream, file in enumerate((os.devnull, order["told"], order["told"])):
        os.dup2(os.open(file, os.O_RDWR | os.O_APPEND), stream)
    sys.argv = [order["module"], *order["words"]]
    for name in (order["module"], f"{order['module']}.__main__"):
        if not hasattr(sys.modules.get(name), "__path__"):
            sys.modules.pop(name, None)
    runpy.run_module(order["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])

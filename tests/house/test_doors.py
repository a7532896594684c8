"""Things of which there is one door each: the clock, the environment, what visitors share, what one visitor keeps."""

import ast

import pytest

from tests.house.sources import attributes, nodes

ONE_DOOR = {
    "the machine's time": (
        {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"},
        {"signup/clock.py", "sandbox/clock.py"},  # the sandbox is another party with its own clock
    ),
    "the environment": (
        {"os.environ", "os.getenv", "os.putenv"},
        {
            "signup/settings.py",
            "sandbox/settings.py",  # another party, with its own
            "callback_server/__main__.py",  # LISTEN_FDS: systemd's word to a server, no setting of ours
        },
    ),
    "a program that is begun by its name, an arrow that import-linter does not see": (
        {"subprocess.Popen", "subprocess.run", "os.execv", "os.execve", "os.execvp", "os.posix_spawn", "os.system"},
        {
            "signup/commands/report.py",  # becomes dashboard.report
            "signup/record/nightly.py",  # the command line's verify
            "dashboard/jobs.py",  # any of its commands
            "dashboard/children.py",  # the receiver and the sandbox
        },
    ),
    "what all visitors share": ({"st.cache_resource", "streamlit.cache_resource"}, {"dashboard/shared.py"}),
    "what one visitor keeps": ({"st.session_state", "streamlit.session_state"}, {"dashboard/state.py"}),
}


@pytest.mark.parametrize("door", ONE_DOOR)
def test_there_is_one_door_to(door: str) -> None:
    words, allowed = ONE_DOOR[door]
    around = [f"{name}:{line}" for name, word, line in attributes() if word in words and name not in allowed]
    assert around == []


def test_doors_are_not_taken_off_their_hinges() -> None:
    """`from os import environ` and its like would slip past the test above."""
    import ast

    loose = {"environ", "getenv", "session_state", "cache_resource", "Popen", "execv"}
    around = [
        f"{name}:{node.lineno}"
        for name, node in nodes()
        if isinstance(node, ast.ImportFrom) and loose & {word.name for word in node.names}
    ]
    assert around == []


def test_every_csv_is_written_by_the_one_module_that_makes_cells_safe() -> None:
    """`import csv` and a data frame's `to_csv` would write a cell as it is."""
    imported = {
        f"{name}:{node.lineno}"
        for name, node in nodes()
        if isinstance(node, ast.Import) and "csv" in {word.name for word in node.names}
    }
    around = {f"{name}:{line}" for name, word, line in attributes() if word.endswith((".to_csv", "csv.writer"))}
    assert imported | around == set()

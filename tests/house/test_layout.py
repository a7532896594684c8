import ast
import json
import re
import subprocess
import sys
from pathlib import Path

from tests.house.sources import ROOT, name_of, nodes, project_files, python_files, texts, tree, walked

LONGEST_FILE = 300
LONGEST_FUNCTION = 45
ONE_FILE = ("signup/record/verifier/verify.py",)  # an auditor takes it along alone
SCRIPTS = ("__main__.py", "wsgi.py", "streamlit_app.py", "main.py")

IMPORT_QUIETLY = """
import importlib, json, sys

done, watching = [], False
def hook(event, args):
    if not watching:
        return
    if event.startswith("socket.") and event != "socket.gethostname":
        done.append(event)
    elif event in ("sqlite3.connect", "subprocess.Popen", "os.system", "os.mkdir", "os.remove", "os.rename"):
        done.append(event)
    elif event == "_thread.start_new_thread":
        done.append(event)
    elif event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        if "__pycache__" not in str(args[0]):
            done.append(f"open {args[0]}")

sys.addaudithook(hook)
for libraries, modules in json.loads(sys.argv[1]):
    watching = False
    for name in libraries:
        importlib.import_module(name)
    watching = True
    for name in modules:
        before = len(done)
        importlib.import_module(name)
        for event in done[before:]:
            print(name, event)
"""
WARM = {
    "signup": ["pydantic_settings", "phonenumbers", "requests", "aiosql"],
    "callback_server": ["flask", "waitress", "requests"],
    "sandbox": ["flask", "waitress", "requests"],
    "dashboard": ["streamlit", "altair", "pandas", "requests"],
}
"""Each room's libraries whose own imports may do something; those with the heaviest come last."""


def test_every_module_opens_by_saying_what_it_is() -> None:
    missing = [name_of(path) for path in python_files() if not ast.get_docstring(tree(path))]
    assert missing == []


def test_the_root_holds_what_a_newcomer_looks_for_and_nothing_else() -> None:
    shown = {name for path in project_files() if "/" not in (name := name_of(path)) and not name.startswith(".")}
    programs = {"streamlit_app.py", "Procfile", "Makefile", "pyproject.toml"}
    requirements = {"requirements.txt", "requirements-dev.txt", "constraints.txt"}
    assert shown == programs | requirements | {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"}


def test_no_file_is_too_long_to_be_one_subject() -> None:
    everything = python_files() + python_files("tests", "bench")
    long = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in everything}
    long = {name: lines for name, lines in long.items() if lines > LONGEST_FILE and name not in ONE_FILE}
    assert {name: lines for name, lines in long.items() if not name.startswith("tests/")} == {}


def test_no_function_is_too_long_to_read_at_once() -> None:
    long = [
        f"{name}:{node.lineno} {node.name}"
        for name, node in nodes()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


def test_whoever_catches_everything_says_why() -> None:
    silent = []
    for path in python_files():
        lines = path.read_text("utf-8").splitlines()
        for node in walked(path):
            if not isinstance(node, ast.ExceptHandler):
                continue
            broad = (
                {"Exception", "BaseException"} & {word.id for word in ast.walk(node.type) if isinstance(word, ast.Name)}
                if node.type
                else {"bare"}
            )
            if broad and (node.type is None or "#" not in lines[node.lineno - 1]):
                silent.append(f"{name_of(path)}:{node.lineno}")
    assert silent == []


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
    kinds = (".py", ".sql", ".md", ".toml", ".txt", "")
    left = [name_of(p) for p in project_files() if p.suffix in kinds and later.search(p.read_text("utf-8"))]
    assert left == []


def test_no_sql_stands_in_python() -> None:
    sql = re.compile(
        r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+(TABLE|INDEX)|ALTER\s+TABLE)\b",
        re.DOTALL,
    )
    assert [f"{name}:{line}" for name, text, line in texts() if sql.search(text)] == []


def module_name(path: Path) -> str:
    return name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def of_room(room: str) -> list[str]:
    """The modules of a room but for its scripts and pages."""
    return [
        module_name(path)
        for path in python_files(room)
        if path.name not in SCRIPTS and not name_of(path).startswith("dashboard/pages/")
    ]


def test_importing_does_nothing() -> None:
    """Neither a socket, a database, a thread, a process nor a file."""
    rooms = [(libraries, of_room(room)) for room, libraries in WARM.items()]
    assert all(modules for _, modules in rooms)
    ran = subprocess.run(
        [sys.executable, "-B", "-c", IMPORT_QUIETLY, json.dumps(rooms)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == ""


def test_apps_are_made_only_where_servers_look_for_them() -> None:
    made = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files()
        if path.name not in ("wsgi.py", "streamlit_app.py")
        for node in tree(path).body
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "app" for to in node.targets)
    ]
    assert made == []

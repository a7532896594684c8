"""The project's own files, parsed once, for tests that look at the code itself."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("signup", "callback_server", "dashboard", "sandbox", "streamlit_app.py")


@cache
def project_files() -> list[Path]:
    """Every file of the project that git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def python_files(*rooms: str) -> list[Path]:
    """The Python files of some rooms; of the whole product without a name."""
    chosen = rooms or ROOMS
    return [path for path in project_files() if path.suffix == ".py" and name_of(path).partition("/")[0] in chosen]


def name_of(path: Path) -> str:
    """A file's name from the project's root."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """A file as syntax."""
    return ast.parse(path.read_text("utf-8"), filename=str(path))


@cache
def walked(path: Path) -> tuple[ast.AST, ...]:
    """Every piece of a file's syntax."""
    return tuple(ast.walk(tree(path)))


def nodes(*rooms: str) -> Iterator[tuple[str, ast.AST]]:
    """Every piece of syntax of some rooms, with the file's name."""
    for path in python_files(*rooms):
        name = name_of(path)
        for node in walked(path):
            yield name, node


def attributes(*rooms: str) -> Iterator[tuple[str, str, int]]:
    """(file, `value.attr`, line) for each dotted name: the last two words of it."""
    for name, node in nodes(*rooms):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            yield name, f"{owner}.{node.attr}", node.lineno


def texts(*rooms: str) -> Iterator[tuple[str, str, int]]:
    """(file, text, line) for each text in code, docstrings left out."""
    for path in python_files(*rooms):
        docs = {id(node.body[0].value) for node in walked(path) if _opens_with_a_docstring(node)}
        for node in walked(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                yield name_of(path), node.value, node.lineno


def _opens_with_a_docstring(node: ast.AST) -> bool:
    holders = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return isinstance(node, holders) and ast.get_docstring(node) is not None

"""What is written down twice says the same: settings, programs, commands, requirements."""

import ast
import importlib.util
import re
import sys
from functools import cache
from importlib.metadata import packages_distributions

from sandbox.settings import Settings as SandboxSettings
from signup.settings import env_example, readme_table, table
from tests.house.sources import ROOT, nodes, project_files, python_files, walked

README = ROOT / "README.md"
OURS = {"signup", "callback_server", "dashboard", "sandbox", "streamlit_app", "tests", "bench"}


def test_env_example_is_the_settings_table() -> None:
    assert (ROOT / ".env.example").read_text("utf-8") == env_example(), "make fix writes it anew"


def test_env_example_sets_nothing() -> None:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


def test_the_readme_shows_the_settings_table() -> None:
    if README.exists():
        assert readme_table() in README.read_text("utf-8"), "put in what signup.settings.readme_table() returns"


def test_the_sandboxs_page_names_the_settings_that_it_reads() -> None:
    said = (ROOT / "docs" / "sandbox.md").read_text("utf-8").rpartition("reads five settings")[2]
    assert set(re.findall(r"SIGNUP_\w+", said)) == {f"SIGNUP_{name.upper()}" for name in SandboxSettings.model_fields}


def test_every_setting_has_a_meaning() -> None:
    assert [row.name for row in table() if not row.meaning] == []


def test_every_program_of_the_procfile_exists() -> None:
    programs = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text("utf-8").splitlines())
    assert set(programs) == {"release", "web", "callback", "watch"}
    for command in programs.values():
        python, flag, module, *_ = command.split()
        assert (python, flag) == ("python", "-m")
        assert importlib.util.find_spec(f"{module}.__main__"), command


def test_make_offers_what_the_readme_promises() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    readme = README.read_text("utf-8")
    (rest,) = re.findall(r"`make help` lists the rest: `([a-z ]+)`", readme)
    assert {*rest.split(), *re.findall(r"^    make ([a-z]+) ", readme, re.MULTILINE), "help"} == targets


def required(file: str) -> set[str]:
    lines = (ROOT / file).read_text("utf-8").splitlines()
    return {_bare(line) for line in lines if line and not line.startswith(("#", "-"))}


def _bare(line: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", line)
    assert found, line
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def test_every_requirement_has_a_reason_and_a_locked_version() -> None:
    locked = required("constraints.txt")
    for file in ("requirements.txt", "requirements-dev.txt"):
        assert required(file) <= locked
        for line in (ROOT / file).read_text("utf-8").splitlines():
            assert not line or line.startswith("-") or "#" in line, line
    lock = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert [line for line in lock if not re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[^\s;]+", line)] == []


COMES_WITH = {
    "psycopg-pool": "psycopg",
    "pydantic": "pydantic-settings",
    "werkzeug": "flask",
    "starlette": "streamlit",
    "urllib3": "requests",
}


distributions = cache(packages_distributions)


def imported(*rooms: str) -> set[str]:
    """The packages some rooms import, as pip names them."""
    words: set[str] = set()
    for _, node in nodes(*rooms):
        if isinstance(node, ast.Import):
            words |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            words.add(node.module.partition(".")[0])
    known = distributions()
    packages = {_bare(known.get(word, [word])[0]) for word in words - OURS - set(sys.stdlib_module_names)}
    return {COMES_WITH.get(package, package) for package in packages}


def test_what_the_programs_import_is_required() -> None:
    needed = imported("signup", "callback_server", "dashboard", "sandbox", "streamlit_app.py")
    assert needed - required("requirements.txt") == set()


def test_what_the_tests_import_is_required() -> None:
    assert imported("tests", "bench") - required("requirements.txt") - required("requirements-dev.txt") == set()


def test_no_file_names_a_package_registry() -> None:
    hosts = re.compile(r"[p]ypi[.]org|[p]ythonhosted|[r]egistry[.]npmjs|--(extra-)?[i]ndex-url")
    readable = {".py", ".txt", ".toml", ".md", ".yml", ""}
    named = [path.name for path in project_files() if path.suffix in readable and hosts.search(path.read_text("utf-8"))]
    assert named == []


def test_a_test_file_stands_in_a_known_folder() -> None:
    folders = {"unit", "store", "steps", "web", "pages", "story", "house"}
    elsewhere = [
        path.name
        for path in python_files("tests")
        if path.name.startswith("test_") and path.relative_to(ROOT / "tests").parts[0] not in folders
    ]
    assert elsewhere == []


def test_a_tests_name_is_a_sentence() -> None:
    short = [
        f"{path.name} {node.name}"
        for path in python_files("tests")
        for node in walked(path)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and node.name.count("_") < 3
    ]
    assert short == []

"""Where settings are written: the environment, `.env` and files named by NAME_FILE, and what is wrong with them.

`settings.py` passes the names it knows and the environment in; this module reads no variable by itself. It must
never repeat a value in a problem: it may be a secret.
"""

import difflib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from dotenv.parser import parse_stream

PREFIX = "SIGNUP_"

Source = Literal["default", "environment", "file", ".env"]
Given = dict[str, tuple[str, Source]]


def read(names: Mapping[str, bool], environ: Mapping[str, str], env_file: Path | None) -> tuple[Given, dict[str, str]]:
    """The texts given for `names` (True: NAME_FILE is allowed) with their source, and a sentence per problem.

    A real variable beats `.env`, also when one of them is a NAME_FILE.
    """
    given: Given = {}
    problems: dict[str, str] = {}
    places: list[tuple[Source, Mapping[str, str]]] = [
        (".env", _read_env_file(env_file, problems)),
        ("environment", environ),
    ]
    for place, texts in places:
        for name, text, source in _known(names, place, texts, problems):
            given[name] = text, source
    return given, problems


def _read_env_file(path: Path | None, problems: dict[str, str]) -> dict[str, str]:
    """The assignments of `.env`, taken literally (a `$` in a secret stays a `$`)."""
    if path is None or not path.exists():
        return {}
    try:
        bindings = list(parse_stream(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError) as error:
        problems[".env"] = f".env cannot be read ({getattr(error, 'strerror', None) or 'it is not UTF-8'})"
        return {}
    wrong = [str(binding.original.line) for binding in bindings if binding.error]
    if wrong:
        problems[".env"] = f".env cannot be read at line {', '.join(wrong)}: write NAME=value"
    return {binding.key: binding.value or "" for binding in bindings if binding.key}


def _known(
    names: Mapping[str, bool], place: Source, texts: Mapping[str, str], problems: dict[str, str]
) -> Iterator[tuple[str, str, Source]]:
    """The settings given in one place, with NAME_FILE read. An empty value is as good as none."""
    files = {f"{name}_FILE": name for name, may_be_a_file in names.items() if may_be_a_file}
    for name, text in texts.items():
        if not name.startswith(PREFIX) or not text.strip():
            continue
        if name in names:
            yield name, text.strip(), place
        elif name not in files:
            problems[name] = _unknown(name, [*names, *files])
        elif texts.get(files[name], "").strip():
            problems[name] = f"{name} and {files[name]} are both set: keep one"
        else:
            yield from _from_file(name, files[name], text.strip(), problems)


def _from_file(name: str, setting: str, path: str, problems: dict[str, str]) -> Iterator[tuple[str, str, Source]]:
    try:
        yield setting, Path(path).read_text(encoding="utf-8").strip(), "file"
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a path with a NUL
        why = getattr(error, "strerror", None) or "it is not text"
        problems[setting] = f"{name} names a file that cannot be read ({why})"


def _unknown(name: str, names: list[str]) -> str:
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0)
    return f"{ascii(name)[1:-1]} is unknown: did you mean {nearest[0]}?"

"""A CSV of ours, opened by a real spreadsheet: text stays text, and nothing is a formula.

Gnumeric reads the file as a person's spreadsheet would and writes it as .xlsx; there every cell says what it became.
"""

import csv
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from signup.clock import HandClock
from signup.flow import signups_file
from signup.flow.signups import Wanted
from signup.record import csvfile
from signup.services import Services
from tests.machine import lacking
from tests.steps.story import begin
from tests.steps.test_export import run, write

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
TEXT, NUMBER, FORMULA = "text", "number", "formula"
A_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T.*")

KEPT = [
    "+46701234567",
    "+46 ••• ••• 45 67",
    "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22",
    "0" * 8 + "-0000-7000-8000-" + "0" * 12,
    "12345678-1234-7234-8234-123456789012",
    "=1+1",
    "=cmd|' /C calc'!A0",
    "@SUM(1)",
    "-5+5",
    " =1+1",
    "'=1+1",
    '=HYPERLINK("http://127.0.0.1/")',
    "\uff1d1+1",
    'a"b,c',
    '{"ms":175,"status":"waiting"}',
]


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    """`opened(path)`: the rows of a CSV as (what, value) a cell; an empty cell is None."""
    program = shutil.which("ssconvert")
    if program is None:
        lacking("Gnumeric is missing: install the package gnumeric")

    def convert(path: Path) -> list[list[tuple[str, str] | None]]:
        book = tmp_path / f"{path.name}.xlsx"
        subprocess.run([program, str(path), str(book)], check=True, capture_output=True, timeout=60)
        with zipfile.ZipFile(book) as archive:
            sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
            shared = _shared(archive)
        return [_cells(row, shared) for row in sheet.iter(f"{MAIN}row")]

    return convert


def _shared(archive: zipfile.ZipFile) -> list[str]:
    """Texts that several cells have in common."""
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    found = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
    return [_text(item) for item in found.iter(f"{MAIN}si")]


def _text(element: ElementTree.Element) -> str:
    return "".join(part.text or "" for part in element.iter(f"{MAIN}t"))


def _cells(row: ElementTree.Element, shared: list[str]) -> list[tuple[str, str] | None]:
    found = {_column(cell.get("r", "")): _cell(cell, shared) for cell in row.iter(f"{MAIN}c")}
    return [found.get(number) for number in range(max(found, default=-1) + 1)]


def _column(place: str) -> int:
    return ord(place[0]) - ord("A")


def _cell(cell: ElementTree.Element, shared: list[str]) -> tuple[str, str] | None:
    if cell.find(f"{MAIN}f") is not None:
        return FORMULA, ""
    if cell.get("t") == "inlineStr":
        return TEXT, _text(cell)
    value = cell.findtext(f"{MAIN}v")
    if cell.get("t") == "s":
        return TEXT, shared[int(value or "")]
    return None if value is None else (NUMBER, value)


def written(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file, strict=True))


def test_the_spreadsheet_of_this_test_runs_formulas_that_are_not_made_safe(opened: Any, tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text('n,text\r\n1,"=1+1"\r\n2,"+46701234567"\r\n')
    assert [row[1] for row in opened(tmp_path / "raw.csv")] == [
        (TEXT, "text"),
        (FORMULA, ""),
        (NUMBER, "46701234567"),
    ]


def test_numbers_ids_and_formulas_survive_as_text(opened: Any, tmp_path: Path) -> None:
    lines = [csvfile.line([number, text]) for number, text in enumerate(KEPT)]
    (tmp_path / "kept.csv").write_bytes(csvfile.names(["n", "text"]) + b"".join(lines))
    _, *rows = opened(tmp_path / "kept.csv")
    assert [row[1] for row in rows] == [(TEXT, text) for text in KEPT]


def test_an_export_of_events_opens_with_every_text_as_text(
    opened: Any, services: Services, tmp_path: Path, clock: HandClock
) -> None:
    write(services, 20)
    for number in ("+46761234567", "+46761234567", "abc"):
        begin(services, number)
        clock.move(7)
    run(services, tmp_path / "events.csv")
    assert_the_same(opened(tmp_path / "events.csv"), written(tmp_path / "events.csv"), numbers={"seq", "ms"})


def test_an_export_of_sign_ups_opens_with_masked_numbers_as_text(
    opened: Any, services: Services, tmp_path: Path, clock: HandClock
) -> None:
    for number in ("+46761234567", "+919876543210", "+264811234567"):
        begin(services, number)
        clock.move(1)
    out = tmp_path / "signups.csv"
    signups_file.export(services, fmt="csv", out=out, wanted=Wanted(), actor="cli")
    assert_the_same(opened(out), written(out), numbers=set())
    assert [row[3] for row in opened(out)[1:]] == [
        (TEXT, "+264 ••• ••• 45 67"),
        (TEXT, "+91 ••• ••• 32 10"),
        (TEXT, "+46 ••• ••• 45 67"),
    ]


def assert_the_same(cells: list[list[tuple[str, str] | None]], rows: list[list[str]], numbers: set[str]) -> None:
    """Each cell became what it is; a moment may become one of the spreadsheet's own: a number with a format."""
    names = rows[0]
    assert len(cells) == len(rows)
    for found, row in zip(cells[1:], rows[1:], strict=True):
        for name, text, cell in zip(names, row, [*found, *[None] * len(row)], strict=False):
            if not text:
                assert cell is None
            elif name in numbers:
                assert cell == (NUMBER, text)
            elif A_DAY.fullmatch(text):
                assert cell is not None
                assert cell[0] != FORMULA
            else:
                assert cell == (TEXT, text.removeprefix("'")), name

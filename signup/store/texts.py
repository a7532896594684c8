"""The SQL, read from files: queries by name, migrations by number.

Queries stand in `sql/`, and in `sql/DIALECT/` where the tongues differ; those of the roll-ups, which are a file of
their own beside SQLite's, in `sql/rolls/` in the same way. aiosql reads them and turns `:name` into each driver's own
placeholder.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import aiosql

from signup.store.face import Dialect

HERE = Path(__file__).parent
Part = Literal["main", "rolls"]
FOLDERS: dict[Part, str] = {"main": "", "rolls": "rolls/"}
DRIVERS = {"sqlite": "sqlite3", "postgresql": "psycopg"}


@dataclass(frozen=True)
class Migration:
    """One numbered step of the schema; `name` is the file's, such as `0001_first`."""

    version: int
    name: str
    sql: str


@cache
def every_query(dialect: Dialect) -> dict[str, str]:
    """The named queries of both parts."""
    return {**queries(dialect), **queries(dialect, "rolls")}


@cache
def queries(dialect: Dialect, part: Part = "main") -> dict[str, str]:
    """Every named query of one part in the tongue of one driver."""
    found: dict[str, str] = {}
    folder = HERE / "sql" / FOLDERS[part]
    for path in sorted([*folder.glob("*.sql"), *folder.glob(f"{dialect}/*.sql")]):
        read = aiosql.from_path(path, DRIVERS[dialect], mandatory_parameters=False)
        for name in read.available_queries:
            if not name.endswith("_cursor"):
                found[name] = _literal_percent(getattr(read, name).sql, dialect)
    return found


def _literal_percent(sql: str, dialect: Dialect) -> str:
    """psycopg reads a lone % as the beginning of a placeholder."""
    return re.sub(r"%(?!\()", "%%", sql) if dialect == "postgresql" else sql


@cache
def migrations(dialect: Dialect, part: Part = "main") -> tuple[Migration, ...]:
    """Every migration of one part, lowest number first. PostgreSQL has the roll-ups among the others."""
    paths = sorted((HERE / "migrations" / FOLDERS[part]).glob("*.sql"))
    mine = [path for path in paths if path.suffixes in ([".sql"], [f".{dialect}", ".sql"])]
    return tuple(Migration(int(p.name[:4]), p.name.split(".")[0], p.read_text("utf-8")) for p in mine)

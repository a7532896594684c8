"""The one door to a SQLite library: two of them in one process silently lose commits.

`pysqlite3` bundles a current SQLite (before 3.51.3 the write-ahead log had a reset bug); where it has no wheel the
standard library's is used. Nothing else in the project imports either.
"""

try:
    import pysqlite3 as sqlite
except ImportError:
    import sqlite3 as sqlite

VERSION: str = sqlite.sqlite_version

__all__ = ["VERSION", "sqlite"]

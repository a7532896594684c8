"""What the server loads before anybody comes."""

import subprocess
import sys

from tests.machine import ROOT

PROGRAM = """
import gc, importlib, pathlib, sys
from dashboard.warm import warm
warm()
heavy = {"altair", "pandas", "pyarrow", "streamlit", "psycopg", "cryptography", "phonenumbers"}
assert gc.get_freeze_count() > 100_000, gc.get_freeze_count()
known = {name.partition(".")[0] for name in sys.modules}
for path in pathlib.Path("dashboard/parts").glob("*.py"):
    importlib.import_module(f"dashboard.parts.{path.stem}")
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules} - known))
"""


def test_no_page_brings_anything_heavy_along_and_the_collector_passes_it_over() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr

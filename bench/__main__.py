"""`python -m bench [NAME]...`: runs the benchmarks and prints a line per figure; exit 1 when a promise is broken."""

import importlib
import sys
from pathlib import Path


def main(wanted: list[str]) -> int:
    """Run the benchmarks named, or all."""
    known = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))
    unknown = set(wanted) - set(known)
    if unknown:
        print(f"there is no benchmark {', '.join(sorted(unknown))}: choose from {', '.join(known)}", file=sys.stderr)
        return 2
    broken = 0
    for name in wanted or known:
        for figure in importlib.import_module(f"bench.{name}").figures():
            promise = "" if figure.limit is None else f"at most {figure.limit:g} {figure.unit}"
            verdict = "" if figure.limit is None else "kept" if figure.kept else "BROKEN"
            print(f"{name:14} {figure.name:44} {figure.value:10.3f} {figure.unit:6} {promise:18} {verdict}", flush=True)
            broken += not figure.kept
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

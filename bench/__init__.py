"""Benchmarks: the promised figures, measured. `make bench` runs all, `make bench ARGS=command_line` some.

A module here has `figures()`, which measures and yields Figure after Figure. Nothing of the product imports from here.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measured number. `limit` is what was promised (at most); None when nothing was."""

    name: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def kept(self) -> bool:
        """Whether the promise holds."""
        return self.limit is None or self.value <= self.limit


def peak() -> float:
    """Megabytes this process had at most; not getrusage, which remembers the parent's too."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024

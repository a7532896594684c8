"""What came of a scenario: of each step, and of the whole. It must not play anything."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Played:
    """One step: its place from 1, what it is, and what came of it. `expected` is None when all was as expected."""

    place: int
    do: str
    came: str
    expected: str | None = None

    @property
    def line(self) -> str:
        """3 expect: completed"""
        told = f"{self.place} {self.do}: "
        return told + (self.came if self.expected is None else f"expected {self.expected}; came {self.came}")


@dataclass(frozen=True)
class Result:
    """How one scenario ended. `began`: by the machine's clock, not the sandbox's; `steps`: each that was played;
    `cannot`: why it was not played to its end."""

    file: str
    name: str
    began: datetime
    seconds: float
    steps: tuple[Played, ...] = ()
    cannot: str | None = None

    @property
    def differs(self) -> Played | None:
        """The step that was not as expected."""
        return next((step for step in self.steps if step.expected is not None), None)

    @property
    def end(self) -> str:
        """ok, differs or cannot"""
        return "cannot" if self.cannot else "differs" if self.differs else "ok"

    @property
    def problem(self) -> str | None:
        """What was wrong, in one line; None when all was as expected."""
        return self.cannot or (f"step {self.differs.line}" if self.differs else None)

    def json(self) -> dict[str, Any]:
        """The command line's form."""
        differs = self.differs
        return {
            "file": self.file,
            "name": self.name,
            "result": self.end,
            "steps": len(self.steps),
            "step": differs.place if differs else None,
            "expected": differs.expected if differs else None,
            "came": differs.came if differs else self.cannot,
            "seconds": round(self.seconds, 3),
        }

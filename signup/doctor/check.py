"""What a check finds, and how it is said. Beside the checks themselves; it must not look at anything."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from signup.clock import moment

Side = Literal["here", "out", "in"]
Level = Literal["problem", "look at", "fine"]
MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True)
class Finding:
    """`ok`: True fine, False a problem, None something to look at. `cure`: a sentence, None when all is fine."""

    ok: bool | None
    detail: str
    cure: str | None = None


@dataclass(frozen=True)
class Check:
    """A finding under its name. `side`: this machine (`here`), from us to Truecaller (`out`), or to us (`in`)."""

    name: str
    side: Side
    ok: bool | None
    detail: str
    cure: str | None

    @property
    def level(self) -> Level:
        """How much it matters."""
        if self.ok is None:
            return "look at"
        return "fine" if self.ok else "problem"

    def json(self) -> dict[str, Any]:
        """The command line's form."""
        return {"name": self.name, "ok": self.ok, "detail": self.detail, "cure": self.cure}


def fine(detail: str) -> Finding:
    """Nothing to do."""
    return Finding(True, detail)


def look(detail: str, cure: str) -> Finding:
    """Perhaps nothing, perhaps the beginning of something."""
    return Finding(None, detail, cure)


def wrong(detail: str, cure: str) -> Finding:
    """A problem."""
    return Finding(False, detail, cure)


def ago(at: str, now: datetime) -> str:
    """How long ago a moment (fixed-width text) was: 4 s ago, 26 min ago, 3 h ago, 2 days ago."""
    return f"{span((now - moment(at)).total_seconds())} ago"


def span(seconds: float) -> str:
    """A duration in its largest whole unit."""
    whole = max(0, int(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    return f"{whole // HOUR} h" if whole < 2 * DAY else f"{whole // DAY} days"


def several(count: int, what: str) -> str:
    """1 key, 1,234 events."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"

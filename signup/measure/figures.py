"""Figures as people read them: 12,345 · 79.8% · +0.4 pp · 175 ms · 10.5 s · 2.5 min. What is not known is a dash.

Stands beside the count: the Overview and the command line's table both write their numbers here. It must not round
what a program reads.
"""

NOTHING = "–"


def count(value: int | None) -> str:
    """A count with its thousands: 12,345."""
    return NOTHING if value is None else f"{value:,d}"


def up_to(value: int, most: int) -> str:
    """A count where nobody counts on from `most`: 935, or 10,000+."""
    return f"{count(value)}+" if value >= most else count(value)


def percent(share: float | None) -> str:
    """A fraction 0 to 1 as a percentage with one decimal: 79.8%."""
    return NOTHING if share is None else f"{share * 100:.1f}%"


def duration(seconds: float | None) -> str:
    """Seconds as whole milliseconds below a second, with one decimal below 100 s, as minutes from there."""
    if seconds is None:
        return NOTHING
    scale, digits, unit = unit_of(seconds)
    return f"{seconds * scale:.{digits}f} {unit}"


def unit_of(seconds: float) -> tuple[float, int, str]:
    """(factor, decimals, unit) in which a duration of that size is told."""
    if round(seconds * 1000) < 1000:
        return 1000, 0, "ms"
    return (1, 1, "s") if round(seconds, 1) < 100 else (1 / 60, 1, "min")


def signed(value: float, digits: int, unit: str) -> str:
    """A change with its sign: +0.4 pp, -8; one that rounds to zero is ±0.0 pp."""
    text = f"{value:+,.{digits}f}"
    if not any(digit in text for digit in "123456789"):
        text = f"±{abs(value):.{digits}f}"
    return text + unit

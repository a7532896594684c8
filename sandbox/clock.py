"""The sandbox's time: the only module here that asks the machine for it. It must not know what the time is for."""

from datetime import UTC, datetime


def now() -> datetime:
    """The wall clock, aware, UTC."""
    return datetime.now(UTC)


def text(moment: datetime) -> str:
    """A moment as fixed-width UTC text, `YYYY-MM-DDTHH:MM:SS.ffffffZ`, which sorts as it reads."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

"""Times as the viewer's clock tells them.

Stands between our aware UTC moments and the words on a page; the zone is the browser's, or UTC by the header's switch.
It must not ask what time it is: moments are handed in.
"""

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import state

UTC = "UTC"


def viewer_zone() -> str:
    """The browser's time zone by name; UTC where it tells none, or one that nobody knows."""
    name = st.context.timezone or UTC
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # the three ways zoneinfo says no: absent, malformed, a folder
        return UTC
    return name


def shown_zone() -> str:
    """The zone that this page's times are in: the viewer's, or UTC when the switch in the header says so."""
    return UTC if state.is_on(state.UTC) else viewer_zone()


def zone() -> ZoneInfo:
    """The same as a zone."""
    return ZoneInfo(shown_zone())


def wall(moment: datetime, zone: tzinfo) -> datetime:
    """The zone's wall-clock time without its zone: what a table's cell shows as it is."""
    return moment.astimezone(zone).replace(tzinfo=None)


def written(moment: datetime, zone: tzinfo) -> str:
    """The same as an address holds it, to the minute; the second of two equal hours with its offset from UTC."""
    local = moment.astimezone(zone)
    return (local if local.fold else local.replace(tzinfo=None)).isoformat(timespec="minutes")


def day(moment: datetime, zone: tzinfo) -> str:
    """24 Nov 2025"""
    return moment.astimezone(zone).strftime("%d %b %Y")


def day_and_minute(moment: datetime, zone: tzinfo) -> str:
    """24 Nov 15:32"""
    return moment.astimezone(zone).strftime("%d %b %H:%M")


def day_and_second(moment: datetime, zone: tzinfo) -> str:
    """24 Nov 15:32:02"""
    return moment.astimezone(zone).strftime("%d %b %H:%M:%S")


def between(start: datetime, end: datetime, zone: tzinfo, now: datetime | None = None) -> str:
    """02 Nov 00:00 – 29 Nov 15:32, with the years unless both are that of `now`."""
    ends = [moment.astimezone(zone) for moment in (start, end)]
    this_year = now is not None and {end.year for end in ends} == {now.astimezone(zone).year}
    return " – ".join(f"{end:%d %b %H:%M}" if this_year else f"{end:%d %b %Y %H:%M}" for end in ends)


def second(moment: datetime, zone: tzinfo) -> str:
    """15:32:02"""
    return moment.astimezone(zone).strftime("%H:%M:%S")


def lately(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """15:32, with its day when that is not today's."""
    local = moment.astimezone(zone)
    return local.strftime("%H:%M") if local.date() == now.astimezone(zone).date() else day_and_minute(moment, zone)

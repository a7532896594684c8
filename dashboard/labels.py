"""Icons and colours on top of the words of signup/words.py: one look for each outcome, status and kind of event.

Every page, badge, table and chart takes its icon and colour from here, so that a colour means the same everywhere.
Colours are names that `.streamlit/config.toml` fills in. It must not draw anything and knows no Streamlit.
"""

import re
from dataclasses import dataclass

from signup.measure.alerts import told
from signup.measure.alerts.machine import State
from signup.measure.glossary import GLOSSARY, RULES
from signup.words import MEASURES, OUTCOMES, STATUSES

_TO_TYPE = re.compile(r"(https?://\S*[^\s.,:;)]|\bSIGNUP_[A-Z_]+\b)")
_SPECIAL = re.compile(r"([!-/:-@\[-`{-~])")


@dataclass(frozen=True)
class Look:
    """What one thing looks like: `name` for people, a theme `colour`, a Material `icon`."""

    name: str
    colour: str
    icon: str

    def badge(self, text: str | None = None) -> str:
        """A badge in Streamlit's Markdown; its name unless another text is given."""
        return badge(text or self.name, self.colour, self.icon)


def badge(text: str, colour: str, icon: str) -> str:
    """Icon and words on a tint of a theme colour, in Streamlit's Markdown."""
    return f":{colour}-badge[:material/{icon}: {text}]"


def quiet(text: str) -> str:
    """Small grey text, in Streamlit's Markdown."""
    return f":small[:gray[{text}]]"


def counted(*names: str) -> str:
    """How these numbers are counted, for a help sign: the words of signup/measure/glossary.py, the name before each
    when there are several."""
    if len(names) == 1:
        return _told(names[0])
    return "\n\n".join(f"**{MEASURES.get(name, name)}**: {_told(name)}" for name in names)


def _told(name: str) -> str:
    return GLOSSARY[name].told if name in GLOSSARY else RULES[name]


def literal(text: str) -> str:
    """What a person wrote, so that Streamlit's Markdown shows it as it is: no link, no picture, no colour."""
    return _SPECIAL.sub(r"\\\1", text)


def coded(text: str) -> str:
    """The same with addresses and names of settings in code font: an address left bare would become a link."""
    return _TO_TYPE.sub(r"`\1`", text)


def icon(name: str) -> str:
    """A Material icon in Streamlit's Markdown."""
    return f":material/{name}:"


OUTCOME: dict[str, Look] = {
    "completed": Look(OUTCOMES["completed"], "green", "check_circle"),
    "declined": Look(OUTCOMES["declined"], "orange", "block"),
    "expired": Look(OUTCOMES["expired"], "gray", "timer_off"),
    "failed": Look(OUTCOMES["failed"], "red", "error"),
    "open": Look(OUTCOMES["open"], "blue", "hourglass_top"),
}
"""In the order in which they are stacked and listed."""

LOCK_HIT = Look("Lock hit", "violet", "lock")

STATUS: dict[str, Look] = {
    "requested": Look(STATUSES["requested"], "blue", "send"),
    "waiting": Look(STATUSES["waiting"], "blue", "notifications_active"),
    "approved": Look(STATUSES["approved"], "blue", "thumb_up"),
    **{status: OUTCOME[status] for status in ("completed", "declined", "expired", "failed")},
}

MODE: dict[str, Look] = {"sandbox": Look("Sandbox", "gray", "science"), "live": Look("Live", "green", "sensors")}

CLOCK = Look("Clock", "blue", "fast_forward")

ALERT: dict[str, Look] = {
    State.OK: Look(told.STATES[State.OK], "green", "check_circle"),
    State.PENDING: Look(told.STATES[State.PENDING], "orange", "hourglass_top"),
    State.ALERTING: Look(told.STATES[State.ALERTING], "red", "notification_important"),
    State.RECOVERING: Look(told.STATES[State.RECOVERING], "orange", "healing"),
    State.NO_DATA: Look(told.STATES[State.NO_DATA], "gray", "help"),
}

CHART_NAMES = (*(look.name for look in OUTCOME.values()), LOCK_HIT.name, "Accent", "Ink")
"""What a chart's colour scale is over: the theme's chartCategoricalColors stand in this order."""

CELL = {
    "green": "#0F6F6833",
    "orange": "#BD7A0033",
    "gray": "#7C849433",
    "red": "#A8260F33",
    "blue": "#4296FA44",
    "violet": "#7329B533",
    "primary": "#1F4FD833",
}
"""The tint of a coloured table cell; a table cannot name a theme's colour."""

_EVENT_COLOURS = {
    "signup.started": "blue",
    "signup.sent": "blue",
    "signup.opened": "blue",
    "signup.approved": "blue",
    "callback.received": "blue",
    "profile.fetched": "green",
    "signup.declined": "orange",
    "callback.quarantined": "orange",
    "signup.expired": "gray",
    "callback.repeated": "gray",
    "signup.failed": "red",
    "profile.failed": "red",
    "number.rejected": "red",
    "lock.hit": "violet",
}

EVENT_ICONS = {
    "signup.started": "flag",
    "signup.sent": "send",
    "signup.opened": "notifications_active",
    "signup.approved": "thumb_up",
    "signup.declined": "block",
    "signup.expired": "timer_off",
    "signup.failed": "error",
    "profile.fetched": "check_circle",
    "profile.failed": "badge",
    "profile.revealed": "visibility",
    "callback.received": "webhook",
    "callback.repeated": "content_copy",
    "callback.quarantined": "gpp_maybe",
    "lock.hit": "lock",
    "number.rejected": "phone_disabled",
    "audit.exported": "download",
    "audit.export_done": "download",
    "audit.checkpoint": "verified",
    "replay.sent": "replay",
    "alert.changed": "notification_important",
}


def event_colour(kind: str) -> str:
    """The theme colour of an event's family; administration is the accent."""
    return _EVENT_COLOURS.get(kind, "primary")


def event_icon(kind: str) -> str:
    """The Material icon of an event."""
    return EVENT_ICONS.get(kind, "settings")

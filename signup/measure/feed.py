"""Brings a history up to date with the audit log.

Stands between record/log.py and history.py. A page keeps one history per process and calls this at each tick; the
command line builds one from nothing. What is not sealed yet is not seen: seal first. It must not interpret an event.
"""

from signup.measure.history import History
from signup.record import log
from signup.services import Services

PAGE = 5_000


def catch_up(services: Services, history: History) -> None:
    """Feed `history` every sealed event it has not taken yet. Raises StoreUnavailable; what was taken stays."""
    with history.lock:
        while events := log.after(services, log.LogQuery(), history.seq, PAGE):
            for event in events:
                history.apply(event)

"""Brings a history up to date with the audit log.

Stands between record/log.py, which seals first, and history.py. A page keeps one history per process and calls this at
each tick; the command line builds one from nothing. It must not interpret an event.
"""

from signup.measure.history import History
from signup.record import log
from signup.services import Services

PAGE = 5_000


def catch_up(services: Services, history: History) -> None:
    """Feed `history` every event it has not taken yet. What was taken stays.

    Raises StoreUnavailable, RecordAltered.
    """
    with history.lock:
        page_is_full = True
        while page_is_full:
            events = log.after(services, log.LogQuery(), history.seq, PAGE)
            for event in events:
                try:
                    history.apply(event)
                except (KeyError, TypeError, ValueError) as fault:  # details that no step of ours writes
                    raise log.altered(event.seq) from fault
            page_is_full = len(events) == PAGE

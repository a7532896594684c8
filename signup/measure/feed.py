"""Brings a history up to date with the audit log.

Stands between record/log.py, which seals first, and history.py: for whoever wants the slow count. It must not interpret
an event.
"""

from itertools import takewhile

from signup.measure.history import History
from signup.record import log
from signup.services import Services

PAGE = 5_000


def catch_up(services: Services, history: History, up_to: int = log.ALL) -> None:
    """Feed `history` every event it has not taken yet, up to a number. What was taken stays.

    Raises StoreUnavailable, RecordAltered.
    """
    with history.lock:
        page_is_full = True
        while page_is_full and history.seq < up_to:
            events = log.after(services, log.LogQuery(), history.seq, PAGE)
            for event in takewhile(lambda event: (event.seq or 0) <= up_to, events):
                try:
                    history.apply(event)
                except (KeyError, TypeError, ValueError, AttributeError) as fault:  # no step of ours writes it
                    raise log.altered(event.seq) from fault
            page_is_full = len(events) == PAGE and history.seq == events[-1].seq

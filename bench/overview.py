"""What the Overview's numbers cost: CPU over the history that the first run plays, 28 days and the 28 before.

Measured in a process of its own, which runs this module as a program and finds its settings as the dashboard does.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator

from bench import Figure
from bench._street import street

RUNS = 9


def figures() -> Iterator[Figure]:
    """CPU milliseconds, medians. Nothing was promised for them yet."""
    with street() as place:
        place.run("signup", "seed")
        for name, milliseconds in json.loads(place.run("bench.overview")).items():
            yield Figure(name, milliseconds, "ms CPU")


def measured() -> dict[str, float]:
    """Every figure by its name, of the database that the environment names."""
    import streamlit as st  # here and below: heavy, and only for this process

    from dashboard import shared
    from signup.measure.feed import catch_up
    from signup.measure.history import History
    from signup.measure.question import Question

    services, question, history = shared.services(), Question(preset="28d"), History()
    catch_up(services, history)
    caught_up = median(lambda: catch_up(services, History()))
    shared.overview(question)
    cached = median(lambda: shared.overview(question))
    cold = median(lambda: shared.overview(question), before=st.cache_data.clear)
    return {
        f"catching up {history.seq:,} events": caught_up,
        f"numbers of {len(history.signups):,} sign-ups, cold": cold,
        "the same, cached": cached,
    }


def median(work: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """CPU milliseconds of a piece of work, `before` not counted."""
    times = []
    for _ in range(RUNS):
        before()
        began = time.process_time()
        work()
        times.append((time.process_time() - began) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    print(json.dumps(measured()))

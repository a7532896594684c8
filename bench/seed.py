"""How long the first run plays its made-up past."""

import json
import resource
import time
from collections.abc import Iterator

from bench import Figure
from bench._street import street

LIMIT = 15


def figures() -> Iterator[Figure]:
    """`python -m signup seed` on an empty database, as a person waits for it and as the machine works for it."""
    with street() as place:
        cpu, began = cpu_seconds(), time.perf_counter()
        told = json.loads(place.run("signup", "seed", "--json"))
        waited, used = time.perf_counter() - began, cpu_seconds() - cpu
    yield Figure(f"python -m signup seed, {told['signups']:,} sign-ups", waited, "s", LIMIT)
    yield Figure(f"of that CPU, for {told['events']:,} events", used, "s CPU")


def cpu_seconds() -> float:
    """User and system seconds of all programs run so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

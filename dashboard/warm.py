"""What every page needs, loaded before the first visitor comes, and out of the garbage collector's way.

Streamlit collects all garbage after each run of a page or of a part of it. Our modules and their libraries are 150,000
objects that never go: looking through them took 70 ms each time, at every look while a phone rings. Once frozen
they are passed over. It must not open anything.
"""

import gc
import importlib

PAGES = (
    "dashboard.parts.breakdowns",
    "dashboard.parts.drawer",
    "dashboard.parts.event_table",
    "dashboard.parts.export_drawer",
    "dashboard.parts.trends",
)
"""Between them they import everything that is heavy."""


def warm() -> None:
    """Load what is heavy, throw away what loading left, and keep the rest for good."""
    for name in PAGES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()

"""One Truecaller request per number per five minutes, over any number of processes."""

import os
import subprocess
import sys
from collections import Counter

from signup.services import open_services
from signup.settings import load
from tests.machine import ROOT
from tests.story.truecaller import truecaller

PROCESSES = 8
NUMBERS = 50
STARTER = """
import random, sys
from signup.flow.start import start
from signup.services import open_services
from signup.settings import load

numbers = [f"+4670{4000000 + nth}" for nth in range(int(sys.argv[1]))]
random.shuffle(numbers)
with open_services(load(env_file=None)) as services:
    print(",".join(str(start(services, number, channel="web", actor="cli").code) for number in numbers))
"""


def test_fifty_numbers_from_eight_processes_are_fifty_requests_and_lock_hits_are_no_errors(environ, store_url):
    with truecaller() as upstream:
        codes = started_everywhere(environ(database_url=store_url, request_url=upstream.request_url))
    assert len(upstream.asked) == NUMBERS
    assert {len(states) for states in upstream.asked.values()} == {1}
    assert codes == {"None": NUMBERS, "locked": NUMBERS * (PROCESSES - 1)}


def started_everywhere(chosen: dict[str, str]) -> Counter[str]:
    """Start every number in every process at once; how often each code came back."""
    with open_services(load(chosen, None), migrate=True):
        pass
    words = [sys.executable, "-c", STARTER, str(NUMBERS)]
    running = [
        subprocess.Popen(words, env={**os.environ, **chosen}, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    return Counter(code for process in running for code in process.communicate(timeout=100)[0].strip().split(","))

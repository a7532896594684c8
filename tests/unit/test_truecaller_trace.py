"""The veil over an exchange: no secret is left in it, and no text makes it slow."""

import json
import time

from signup.truecaller.trace import DOTS, Veil

TOKEN = "a" * 2040 + "/+"
STATE = "b" * 43


def test_a_body_full_of_what_a_token_begins_with_takes_no_longer_than_another() -> None:
    """The receiver's threads share one interpreter: what one body costs, every callback beside it waits for."""
    veil = Veil({TOKEN: DOTS, STATE: DOTS})
    body = json.dumps({"requestId": "r", "accessToken": DOTS, "state": DOTS, "pad": "a" * 14_000})
    began = time.thread_time()
    for _ in range(10):
        veil.over(body)
    assert time.thread_time() - began < 0.1, "a tenth of it on a quiet machine"


def test_the_longer_of_two_secrets_goes_first() -> None:
    veil = Veil({"secret-one": "1", "secret-one-and-more": "2"})
    assert veil.over("secret-one-and-more, secret-one") == "2, 1"

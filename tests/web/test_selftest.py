"""The doctor's self-test: known by its signature, answered like everything, good once and for a minute."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signup import selftest
from signup.clock import HandClock
from signup.flow.watch import Watcher
from signup.services import Services, open_services
from signup.settings import Settings
from tests.steps.story import begin, kinds
from tests.web.receiver_tools import GOOD, PATH, Address, post, receiving

NOTHING_SAID = b"{}"


@pytest.fixture
def receiver(tmp_path: Path, clock: HandClock) -> Iterator[tuple[Services, Address]]:
    with receiving(tmp_path, clock=clock) as both:
        yield both


def sent(header: str) -> str:
    return f"{selftest.HEADER}: {header}"


def kept(services: Services) -> object:
    """What a callback would have left."""
    with services.store.read() as tx:
        return tx.one("last_callback"), tx.all("counters"), tx.one("log_head"), tx.one("inbox_waiting")


@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
def test_it_is_answered_like_every_callback_and_leaves_its_nonce_alone(
    receiver: tuple[Services, Address], path: str
) -> None:
    services, address = receiver
    test, before = selftest.make(services), kept(services)
    assert selftest.arrived(services, test) is False
    reply = post(address, NOTHING_SAID, sent(test.header), path=path)
    assert (reply.status, reply.body) == (200, b'{"status":"ok"}')
    assert reply.headers.keys() == post(address, GOOD).headers.keys()
    assert selftest.arrived(services, test) is True
    assert selftest.arrived(services, selftest.make(services)) is False
    with services.store.read() as tx:
        assert tx.all("counters") == before[1]  # type: ignore[index]


def test_it_touches_no_callback_no_counter_and_no_event(receiver: tuple[Services, Address]) -> None:
    services, address = receiver
    before = kept(services)
    post(address, GOOD, sent(selftest.make(services).header))
    assert kept(services) == before


def test_one_that_was_used_already_is_a_callback_like_any_other(receiver: tuple[Services, Address]) -> None:
    services, address = receiver
    header = sent(selftest.make(services).header)
    assert post(address, NOTHING_SAID, header).status == 200
    assert post(address, NOTHING_SAID, header).code == "body_invalid"
    assert post(address, GOOD, header).status == 200
    assert kept(services)[0] is not None  # type: ignore[index]


@pytest.mark.parametrize("seconds", [60, -60])
def test_one_that_is_a_minute_old_or_from_the_future_is_a_callback_like_any_other(
    receiver: tuple[Services, Address], clock: HandClock, seconds: int
) -> None:
    services, address = receiver
    test = selftest.make(services)
    clock.move(seconds)
    assert post(address, NOTHING_SAID, sent(test.header)).code == "body_invalid"
    assert selftest.arrived(services, test) is False


def test_a_forged_one_is_answered_as_if_it_carried_no_header(receiver: tuple[Services, Address]) -> None:
    services, address = receiver
    test = selftest.make(services)
    at, nonce, signature = test.header.split(".")
    forged = [f"{at}.{nonce}.{'0' * 64}", f"{int(at) + 1}.{nonce}.{signature}", f"{at}.{'0' * 32}.{signature}"]
    shapeless = ["", "1", "..", f"{at}.{nonce}", f"{at}.{nonce}.{signature}.", f"-{test.header}", test.header.upper()]
    for header in [*forged, *shapeless, "9" * 300]:
        for body in (NOTHING_SAID, GOOD):
            plain = post(address, body)
            reply = post(address, body, sent(header))
            assert (reply.status, reply.body, reply.headers.keys()) == (plain.status, plain.body, plain.headers.keys())
    assert selftest.arrived(services, test) is False


def test_each_listed_key_may_sign_and_no_other(settings: Callable[..., Settings], clock: HandClock) -> None:
    old, new = "b2xk" * 10 + "b2w=", "bmV3" * 10 + "bmU="
    made = {}
    for keys in (old, f"{new},{old}"):
        with open_services(settings(keys=keys), clock=clock, migrate=True) as services:
            made[keys] = selftest.make(services)
            assert [selftest.take(services, one.header) for one in made.values()][-1] is True
    with open_services(settings(keys=f"{new},{old}"), clock=clock) as services:
        assert selftest.take(services, made[old].header) is False, "used already"
        assert selftest.arrived(services, made[old]) is True


def test_on_each_store_it_counts_once_and_is_forgotten_after_ten_minutes(
    services_on_each: Services, clock: HandClock
) -> None:
    begin(services_on_each)
    test = selftest.make(services_on_each)
    assert [selftest.take(services_on_each, test.header) for _ in range(2)] == [True, False]
    for seconds, still_there in ((599, True), (1, False)):
        clock.move(seconds)
        Watcher(services_on_each, "test").once()
        assert selftest.arrived(services_on_each, test) is still_there
    assert not any(kind.startswith("callback") for kind in kinds(services_on_each))

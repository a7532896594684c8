"""The webhooks beside what else goes on: another watcher, the rounds, a clock that ran ahead."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from signup.clock import HandClock
from signup.flow.alerting import Alerting
from signup.measure.alerts import delivery, kept
from tests.alerting import outage
from tests.upstream import Line, answer, upstream


class Faster:
    """A store on which somebody else claims a message just before us, once."""

    def __init__(self, store: Any, claim: Callable[[], object]) -> None:
        self._store, self._claims = store, [claim]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def write(self) -> Iterator[Any]:
        if self._claims:
            self._claims.pop()()
            yield Faster.Nothing()
        else:
            with self._store.write() as tx:
                yield tx

    class Nothing:
        """A transaction in which nothing was left to claim."""

        def one(self, _: str, **__: Any) -> None:
            return None


def test_a_message_that_another_watcher_claims_first_keeps_nobody_from_the_others(
    telling: Callable[..., Any], clock: HandClock
) -> None:
    with upstream(answer(200)) as server, telling(server) as services:
        outage(services, clock, 10)
        assert len(delivery.latest(services)) == 2
        slower = replace(services, store=Faster(services.store, lambda: delivery._claimed(services)))
        assert delivery.deliver(slower) == 1


def test_no_delivery_keeps_a_round_waiting(telling: Callable[..., Any], clock: HandClock) -> None:
    def slow(line: Line) -> None:
        clock.move(60)
        answer(200)(line)

    with upstream(slow, answer(200)) as server, telling(server) as services:
        outage(services, clock, 10)
        assert len(delivery.latest(services)) == 2
        alerting = Alerting(services, pytest.fail)
        alerting.look()
        assert len(server.seen) == 1
        alerting.look()
        assert len(server.seen) == 2
        assert {each.seen.minute for each in kept.watched(services) if each.seen} == {clock.now()}


def test_what_a_clock_that_ran_ahead_put_off_is_due_now(telling: Callable[..., Any], clock: HandClock) -> None:
    with upstream(answer(500), answer(200)) as server, telling(server) as services:
        outage(services, clock, 1)
        clock.move(86_400)
        assert delivery.deliver(services) == 0
        clock.move(-86_400)
        assert delivery.next_due(services) == clock.now()
        assert delivery.deliver(services) == 1

import base64
import hashlib
import hmac
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from signup.clock import HandClock
from signup.doctor import Check, examine
from signup.flow.alerting import Alerting
from signup.measure.alerts import delivery, webhook
from signup.measure.alerts.delivery import PAUSES, Delivery
from signup.services import Services, open_services
from signup.settings import Settings
from tests.alerting import CANARY, SECRET, WEBHOOK_KEY, outage, quiet
from tests.upstream import Script, Upstream, answer, raw, silence, upstream

Settle = Callable[..., Settings]


def only(services: Services) -> Delivery:
    (found,) = delivery.latest(services)
    return found


def test_the_signature_is_that_of_the_published_example() -> None:
    body = b'{"test": 2432232314}'
    made = webhook.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_arrives_is_signed_and_says_what_happened(telling: Callable[..., Any], clock: HandClock) -> None:
    with upstream(answer(204)) as server, telling(server) as services:
        outage(services, clock, 1)
        assert delivery.deliver(services) == 1
        assert delivery.deliver(services) == 0
        (seen,) = server.seen
        found = only(services)
    assert seen.method == "POST"
    signed = f"{seen.headers['webhook-id']}.{seen.headers['webhook-timestamp']}.".encode() + seen.body
    expected = base64.b64encode(hmac.new(WEBHOOK_KEY, signed, hashlib.sha256).digest()).decode()
    assert seen.headers["webhook-signature"] == f"v1,{expected}"
    assert int(seen.headers["webhook-timestamp"]) == int(clock.now().timestamp())
    assert json.loads(seen.body) == {
        "type": "alert.changed",
        "timestamp": "2026-11-24T14:01:00.000000Z",
        "data": {
            "rule": "appKey",
            "name": "App key",
            "telling": "fires",
            "from": "ok",
            "to": "alerting",
            "level": "alert",
            "value": 2.0,
            "n": 2,
            "sentence": "App key: 2. Alert: from 1 on.",
            "mode": "sandbox",
        },
    }
    assert (found.id, found.tries, found.answer, found.due, found.taken) == (
        seen.headers["webhook-id"],
        1,
        "204",
        None,
        True,
    )


def test_each_telling_is_a_message_and_no_other_change(telling: Callable[..., Any], clock: HandClock) -> None:
    with upstream(answer(200)) as server, telling(server) as services:
        outage(services, clock, 1)
        quiet(services, clock, 40)
        delivery.deliver(services)
        told = [json.loads(seen.body)["data"]["sentence"] for seen in server.seen]
    assert told == ["App key: 2. Alert: from 1 on.", "App key is back: 0."]


def test_nobody_to_tell_means_nothing_is_kept(services: Services, clock: HandClock) -> None:
    assert outage(services, clock, 1)[0].telling
    assert delivery.latest(services) == []
    assert delivery.next_due(services) is None


@pytest.mark.parametrize(("script", "said"), [(answer(500), "500"), (raw(b""), "broken"), (answer(302), "302")])
def test_a_message_that_was_not_taken_is_tried_again_later_under_the_same_id(
    telling: Callable[..., Any], clock: HandClock, script: Script, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with upstream(script, answer(200)) as server, telling(server) as services, caplog.at_level(logging.WARNING):
        outage(services, clock, 1)
        assert delivery.deliver(services) == 0
        assert (only(services).answer, only(services).taken) == (said, False)
        assert delivery.next_due(services) == clock.now() + timedelta(seconds=PAUSES[0])
        clock.move(PAUSES[0] - 1)
        assert delivery.deliver(services) == 0
        clock.move(1)
        assert delivery.deliver(services) == 1
        first, second = server.seen
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert said in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("300", 300),
        ("Tue, 24 Nov 2026 14:11:00 GMT", 600),
        ("1", PAUSES[0]),
        ("99999999", PAUSES[-1]),
        ("soon", PAUSES[0]),
    ],
)
def test_whoever_asks_for_time_gets_it_but_no_more_than_the_longest_pause(
    telling: Callable[..., Any], clock: HandClock, asked: str, seconds: int
) -> None:
    with upstream(answer(503, b"", f"Retry-After: {asked}")) as server, telling(server) as services:
        outage(services, clock, 1)
        delivery.deliver(services)
        assert delivery.next_due(services) == clock.now() + timedelta(seconds=seconds)


def sentences(server: Upstream) -> list[str]:
    return [json.loads(seen.body)["data"]["sentence"] for seen in server.seen]


def test_what_is_told_of_a_rule_arrives_in_the_order_in_which_it_happened(
    telling: Callable[..., Any], clock: HandClock
) -> None:
    fires, back = "App key: 2. Alert: from 1 on.", "App key is back: 0."
    with upstream(*[answer(503)] * 7, answer(200)) as server, telling(server) as services:
        outage(services, clock, 1)
        for pause in PAUSES[:6]:
            delivery.deliver(services)
            clock.move(pause)
        clock.move(-PAUSES[5])
        assert delivery.next_due(services) == clock.now() + timedelta(seconds=PAUSES[5])
        quiet(services, clock, 40)
        assert len(delivery.latest(services)) == 2
        assert delivery.deliver(services) == 0, "the new message makes the one before it due"
        again = clock.now() + timedelta(seconds=PAUSES[0])
        assert delivery.next_due(services) == again, "and begins its tries anew"
        assert [each.due for each in delivery.latest(services)] == [again, again], "who waits for another says so"
        clock.move(PAUSES[0])
        assert delivery.deliver(services) == 2
        assert sentences(server) == [*[fires] * 8, back]


def test_a_message_that_waits_keeps_no_other_rule_waiting(telling: Callable[..., Any], clock: HandClock) -> None:
    with upstream(*[answer(503)] * 3, answer(200)) as server, telling(server) as services:
        outage(services, clock, 10)
        for _ in range(2):
            delivery.deliver(services)
            clock.move(PAUSES[0])
        assert {each.rule_id: each.taken for each in delivery.latest(services)} == {"appKey": False, "errorRate": True}


def test_it_is_given_up_after_sixteen_hours(telling: Callable[..., Any], clock: HandClock) -> None:
    with upstream(answer(503)) as server, telling(server) as services:
        outage(services, clock, 1)
        began = clock.now()
        while due := delivery.next_due(services):
            clock.set(due)
            delivery.deliver(services)
        assert (only(services).tries, only(services).due, only(services).taken) == (10, None, False)
    assert timedelta(hours=15) < clock.now() - began < timedelta(hours=16)


def test_whoever_is_gone_is_not_asked_again(telling: Callable[..., Any], clock: HandClock) -> None:
    with upstream(answer(410)) as server, telling(server) as services:
        outage(services, clock, 1)
        delivery.deliver(services)
        assert (only(services).answer, only(services).due) == ("410", None)


def test_a_private_address_is_told_nothing_unless_that_is_allowed(
    telling: Callable[..., Any], clock: HandClock
) -> None:
    with upstream(answer(200)) as server:
        inside = server.url.replace("http://", "https://")
        with telling(server, webhook_private="false", webhook_url=inside) as services:
            outage(services, clock, 1)
            assert delivery.deliver(services) == 0
            assert only(services).answer == "private"
    assert server.connections == 0


DELIVER = """
from signup.measure.alerts import delivery
from signup.services import open_services
from signup.settings import load
with open_services(load(env_file=None)) as services:
    delivery.deliver(services)
"""


def test_a_program_killed_while_it_delivers_loses_nothing(
    telling: Callable[..., Any],
    clock: HandClock,
    environ: Callable[..., dict[str, str]],
    store_url: str,
    eventually: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with upstream(silence(), answer(200)) as server, telling(server) as services:
        clock.set(clock.now() - timedelta(days=30))
        outage(services, clock, 1)
        given = {"webhook_url": server.url, "webhook_secret": SECRET, "webhook_private": "true"}
        for name, value in environ(database_url=store_url, **given).items():
            monkeypatch.setenv(name, value)
        child = subprocess.Popen([sys.executable, "-c", DELIVER])
        eventually(lambda: server.seen, 20)
        child.kill()
        child.wait()
        due = only(services).due
        assert due is not None
        clock.set(due - timedelta(seconds=1))
        assert delivery.deliver(services) == 0
        clock.move(1)
        assert delivery.deliver(services) == 1
        first, second = server.seen
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


def test_two_watchers_deliver_a_message_once(telling: Callable[..., Any], clock: HandClock) -> None:
    with upstream(answer(200)) as server, telling(server) as services:
        outage(services, clock, 1)
        first, second = delivery._claimed(services), delivery._claimed(services)
        assert first is not None
        assert second is None
        assert delivery._try(services, first)
        clock.move(3600)
        assert delivery.deliver(services) == 0
        assert len(server.seen) == 1


def test_a_watcher_delivers_by_itself_and_comes_back_when_it_is_due(
    settings: Settle, clock: HandClock, eventually: Callable[..., Any]
) -> None:
    with upstream(answer(500), answer(200)) as server:
        chosen = settings(webhook_url=server.url, webhook_secret=SECRET, webhook_private="true")
        with open_services(chosen, clock=clock, migrate=True) as services:
            outage(services, clock, 1)
            with Alerting(services, pytest.fail):
                eventually(lambda: only(services).answer == "500", 10)
                clock.move(PAUSES[0])
                eventually(lambda: only(services).taken, 10)


def test_what_was_told_is_forgotten_after_30_days(telling: Callable[..., Any], clock: HandClock) -> None:
    with upstream(answer(200)) as server, telling(server) as services:
        outage(services, clock, 1)
        clock.move(timedelta(days=30).total_seconds() - 120)
        quiet(services, clock, 1)
        assert "fires" in [json.loads(each.body)["data"]["telling"] for each in delivery.latest(services)]
        quiet(services, clock, 2)
        assert "fires" not in [json.loads(each.body)["data"]["telling"] for each in delivery.latest(services)]


def test_the_doctor_tells_what_became_of_the_last_message(
    telling: Callable[..., Any], clock: HandClock, services: Services
) -> None:
    def finding(of: Services) -> Check | None:
        return next((check for check in examine(of).checks if check.name == "Webhook"), None)

    assert finding(services) is None
    with upstream(answer(500), answer(200)) as server, telling(server) as told:
        assert finding(told) == Check("Webhook", "here", True, "No alert was told yet.", None)
        outage(told, clock, 1)
        delivery.deliver(told)
        clock.move(5)
        broken = finding(told)
        assert broken is not None
        assert (broken.ok, broken.detail) == (None, "The last message was not taken 5 s ago (500); it is tried again.")
        delivery.deliver(told)
        assert finding(told) == Check("Webhook", "here", True, "The last message was taken 0 s ago.", None)
        with telling(server, webhook_private="false", webhook_url=server.url.replace("http:", "https:")) as outside:
            outage(outside, clock, 30)
            delivery.deliver(outside)
            refused = finding(outside)
            assert refused is not None
            assert "SIGNUP_WEBHOOK_PRIVATE=true" in (refused.cure or "")

"""Callbacks out: at their time, after the answer, and again while the receiver cannot store them."""

import queue
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.deliver import PAUSES, SECONDS, Courier, Timetable, address
from sandbox.personas import PERSONAS
from sandbox.phones import Phones, Prompt
from sandbox.truecaller import Truecaller
from tests.collector import Collector, collecting, until

BODY = {"requestId": "r-1", "accessToken": "token-1"}
QUICK = (0.01, 0.02, 0.03, 0.04)


@pytest.fixture
def receiver() -> Iterator[Collector]:
    with collecting() as receiver:
        yield receiver


@pytest.fixture
def timetable() -> Iterator[Timetable]:
    timetable = Timetable()
    yield timetable
    timetable.close()


@pytest.fixture
def courier(receiver: Collector, timetable: Timetable) -> Courier:
    return Courier(receiver.url, timetable, pauses=QUICK)


def test_truecaller_hangs_up_after_three_seconds_and_tries_five_times():
    assert (SECONDS, PAUSES) == (3.0, (1.0, 2.0, 4.0, 8.0))


def test_a_callback_answered_5xx_is_sent_again_until_it_is_stored(receiver, courier):
    receiver.statuses = [500, 503]
    sent = courier.send(BODY)
    assert [receiver.next() for _ in range(3)] == [BODY] * 3
    until(lambda: sent.tries == 3)
    assert sent.status == 200


@pytest.mark.parametrize("status", [200, 302, 400, 413])
def test_any_other_answer_ends_it(receiver, courier, status):
    receiver.statuses = [status]
    sent = courier.send(BODY)
    until(lambda: sent.tries == 1)
    assert sent.status == status
    assert receiver.next() == BODY
    assert receiver.hears_nothing(4 * QUICK[0])


def test_without_a_connection_it_gives_up_after_five_tries_and_says_so(timetable, caplog):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        nobody = f"http://127.0.0.1:{gone.getsockname()[1]}/"
    sent = Courier(nobody, timetable, pauses=QUICK).send(BODY)
    until(lambda: "given up after 5 tries" in caplog.text)
    assert (sent.tries, sent.status) == (5, None)
    assert BODY["accessToken"] not in caplog.text


def test_the_last_thousand_callbacks_are_kept(courier, timetable):
    timetable.close()  # nothing needs to leave
    for number in range(1_001):
        courier.send({"requestId": str(number)})
    assert len(courier.sent) == 1_000
    assert courier.sent[-1].body == {"requestId": "1000"}


@pytest.mark.parametrize("url", ["ftp://host/", "callback", "http://", "http://host:99999/", "http://host:0/"])
def test_a_callback_url_that_cannot_be_posted_to_is_refused(url):
    with pytest.raises(ValueError, match=r"URL|[Pp]ort"):
        address(url)


def test_a_tap_before_the_answer_waits_for_it(receiver, courier, timetable):
    phones = Phones()
    truecaller = Truecaller(phones, courier, timetable)
    prompt = truecaller.request(46761234567, "state-1")
    assert isinstance(prompt, Prompt)
    truecaller.tap(phones.ringing()[0].request_id, "approve")
    assert receiver.hears_nothing(0.05)
    truecaller.answered(prompt)
    assert receiver.next()["state"] == "state-1"


def test_the_early_callback_is_over_before_the_request_is_answered(receiver, courier, timetable):
    truecaller = Truecaller(Phones(), courier, timetable)
    receiver.gate.clear()
    asking = threading.Thread(target=truecaller.request, args=(46701740670, "state-1"))
    asking.start()
    assert receiver.next()["state"] == "state-1"  # here, and not answered yet
    asking.join(0.05)
    assert asking.is_alive()
    receiver.gate.set()
    asking.join(10)
    assert not asking.is_alive()


@pytest.mark.parametrize("persona", ["approve_after_30s", "late_token"])
def test_what_a_persona_does_before_the_clock_leapt_is_done(receiver, courier, timetable, persona):
    moment = [datetime(2026, 11, 24, 14, 0, tzinfo=UTC)]
    phones = Phones(lambda: moment[0])
    truecaller = Truecaller(phones, courier, timetable)
    prompt = truecaller.request(next(one.numbers[0] for one in PERSONAS if one.name == persona), "state-1")
    moment[0] += timedelta(minutes=11)
    assert phones.ringing() == []
    truecaller.answered(prompt)
    assert receiver.next()["state"] == "state-1"


def test_jobs_run_in_the_order_of_their_time(timetable):
    seen: queue.Queue[str] = queue.Queue()
    timetable.after(0.06, lambda: seen.put("later"))
    timetable.after(0.02, lambda: seen.put("sooner"))
    assert [seen.get(timeout=10), seen.get(timeout=10)] == ["sooner", "later"]


def test_a_failing_job_takes_no_worker_from_the_others(timetable, caplog):
    def fail() -> None:
        raise RuntimeError("a bug")

    done = threading.Event()
    for _ in range(100):
        timetable.after(0, fail)
    timetable.after(0, done.set)
    assert done.wait(10)
    assert "a job of the timetable failed" in caplog.text


def test_a_busy_worker_does_not_hold_up_what_is_due(timetable):
    release, done = threading.Event(), threading.Event()

    def be_busy() -> None:
        release.wait(10)

    timetable.after(0.02, be_busy)
    timetable.after(0.04, done.set)
    assert done.wait(5)
    release.set()


def test_a_closed_timetable_runs_nothing_more(timetable):
    ran = threading.Event()
    timetable.after(0.02, ran.set)
    timetable.close()
    assert not ran.wait(0.06)

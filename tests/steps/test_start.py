"""A number is typed, locked and sent."""

import threading
from dataclasses import replace

import pytest

from signup.errors import UsageWrong
from signup.flow import signups
from signup.model import Exchange, Status
from tests.fakes import accepted, ambiguous, refused
from tests.steps.story import NUMBER, VALUE, begin, code, details, everything, kinds, status

SPELLINGS = [
    "+46 76 123 45 67",
    "+46761234567",
    "+46 (76) 123-45-67",
    "+46.76.123.45.67",
    "+46-76-123-45-67",
    "(+46) 761234567",
    "0046761234567",
    "00 46 76 123 45 67",
    "46761234567",
    "46 76 123 45 67",
    " +46761234567 ",
    "076-123 45 67",
    "0761234567",
    "(076) 123 45 67",
    "076.123.45.67",
    "761234567",
    "+46 0761234567",
]


def test_an_accepted_request_waits_for_the_person(services_on_each, truecaller):
    result = begin(services_on_each)
    assert (result.status, result.code, result.number, result.country) == (
        Status.WAITING,
        None,
        "+46 ••• ••• 45 67",
        "SE",
    )
    assert truecaller.asked[0][0] == VALUE
    assert kinds(services_on_each, result.signup_id) == ["signup.started", "signup.sent"]


def test_the_intent_is_committed_before_anything_is_sent(services, truecaller):
    seen = []
    truecaller.during_request = lambda number, state: seen.append(signups.page(services, signups.Wanted())[0].status)
    begin(services)
    assert seen == [Status.REQUESTED]


def test_state_is_at_least_128_random_bits_url_safe_and_never_used_twice(services, truecaller):
    for last in range(10):
        begin(services, f"+4676123456{last}")
    states = [state for _, state in truecaller.asked]
    assert len(set(states)) == 10
    assert all(22 <= len(state) <= 64 and state.replace("-", "").replace("_", "").isalnum() for state in states)


def test_a_second_start_within_five_minutes_is_a_lock_hit(services_on_each, truecaller, clock):
    first = begin(services_on_each)
    clock.move(299)
    second = begin(services_on_each)
    assert (second.code, second.signup_id, second.status, second.retry_after) == ("locked", None, None, 1)
    assert second.locked_until == first.locked_until
    assert len(truecaller.asked) == 1
    assert kinds(services_on_each)[-1] == "lock.hit"


def test_a_start_after_five_minutes_is_allowed(services_on_each, truecaller, clock):
    begin(services_on_each)
    clock.move(301)
    assert begin(services_on_each).status == Status.WAITING
    assert len(truecaller.asked) == 2


def test_a_number_keeps_its_random_id_over_its_locks(services, clock):
    begin(services)
    clock.move(1)
    begin(services)
    clock.move(400)
    begin(services)
    clock.move(2)
    begin(services)
    hits = details(services, "lock.hit")
    assert hits[0]["numberId"] == hits[1]["numberId"]
    assert [hit["ms"] for hit in hits] == [1000, 2000]


def test_every_spelling_of_a_number_is_one_lock(settings, clock, truecaller):
    from signup.services import open_services

    with open_services(settings(default_region="SE"), clock=clock, truecaller=truecaller, migrate=True) as services:
        results = [begin(services, spelling) for spelling in SPELLINGS]
    assert len(SPELLINGS) == 17
    assert len(truecaller.asked) == 1
    assert [result.code for result in results[1:]] == ["locked"] * 16


@pytest.mark.parametrize(
    "failed",
    ["number_not_eligible", "bad_app_key", "rate_limited", "request_refused", "truecaller_error", "bad_answer"],
)
def test_a_refused_request_fails_and_releases_the_lock(services_on_each, truecaller, failed):
    truecaller.will_answer(refused(failed))
    result = begin(services_on_each)
    assert (result.status, result.code, result.locked_until) == (Status.FAILED, failed, None)
    assert begin(services_on_each).status == Status.WAITING
    told = details(services_on_each, "signup.failed")
    assert told == [{"status": "failed", "step": "request", "code": failed, "ms": 12}]


def test_an_unusable_answer_fails_but_keeps_the_lock(services, truecaller):
    truecaller.will_answer(refused("bad_answer", lock_kept=True))
    assert begin(services).status == Status.FAILED
    assert begin(services).code == "locked"


def test_an_ambiguous_timeout_stays_open_and_keeps_the_lock(services_on_each, truecaller):
    truecaller.will_answer(ambiguous())
    result = begin(services_on_each)
    assert (result.status, result.code) == (Status.WAITING, "timeout")
    assert begin(services_on_each).code == "locked"
    assert details(services_on_each, "signup.sent") == [
        {"status": "waiting", "accepted": False, "code": "timeout", "ms": 8000}
    ]


def test_a_rate_limit_tells_when_to_try_again(services, truecaller):
    truecaller.will_answer(refused("rate_limited", retry_after=17))
    result = begin(services)
    assert result.json()["retryAfter"] == 17


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "not_a_number"),
        ("hello", "not_a_number"),
        ("+46 76 CALL ME", "not_a_number"),
        ("+46761234567\x00", "not_a_number"),
        ("٠٧٦١٢٣٤٥٦٧", "not_a_number"),
        ("+46 76\u200b123 45 67", "not_a_number"),
        ("+46761234567;ext=1", "not_a_number"),
        ("++46761234567", "not_a_number"),
        ("+" * 100, "not_a_number"),
        ("+46 76", "too_short"),
        ("+46761234567890123", "too_long"),
        ("+999 123 456 78", "invalid"),
    ],
)
def test_a_bad_number_stops_before_any_call_or_lock(services_on_each, truecaller, typed, reason):
    result = begin(services_on_each, typed)
    assert (result.code, result.signup_id, result.number) == ("number_invalid", None, None)
    assert truecaller.asked == []
    assert details(services_on_each, "number.rejected")[0]["reason"] == reason


def test_a_bad_channel_is_a_mistake_of_the_caller(services, truecaller):
    for channel in ("", "Web", "a" * 17, "9x", "a b"):
        with pytest.raises(UsageWrong):
            begin(services, channel=channel)
    assert truecaller.asked == []


def test_the_twenty_first_channel_is_refused_and_nothing_is_sent(services, truecaller):
    for nth in range(20):
        begin(services, f"+46761234{500 + nth}", channel=f"c{nth}")
    with pytest.raises(UsageWrong):
        begin(services, channel="c20")
    assert len(truecaller.asked) == 20


def test_a_lock_under_an_older_key_still_refuses_after_a_rotation(settings, clock, truecaller):
    from base64 import b64encode

    from signup.services import open_services

    old, new = b64encode(b"o" * 32).decode(), b64encode(b"n" * 32).decode()
    with open_services(settings(keys=old), clock=clock, truecaller=truecaller, migrate=True) as services:
        begin(services)
    with open_services(settings(keys=f"{new},{old}"), clock=clock, truecaller=truecaller) as services:
        assert begin(services).code == "locked"
        assert [found.masked for found in signups.find(services, NUMBER)] == ["+46 ••• ••• 45 67"]


def test_many_threads_at_one_number_make_one_request_and_clean_lock_hits(services_on_each, truecaller):
    results = []
    threads = [threading.Thread(target=lambda: results.append(begin(services_on_each).code)) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(truecaller.asked) == 1
    assert sorted(str(result) for result in results) == ["None", *["locked"] * 29]


def test_neither_number_nor_state_stands_in_any_event(services, truecaller):
    begin(services)
    told = repr(everything(services))
    assert "761234567" not in told
    assert truecaller.asked[0][1] not in told


def test_a_failed_answer_does_not_undo_what_a_callback_proved(services, truecaller):
    from tests.steps.story import approve, watch

    def early(number, state):
        approve(services, "request-1", state)
        watch(services)

    truecaller.during_request = early
    truecaller.will_answer(refused("truecaller_error"))
    result = begin(services)
    assert result.status == Status.COMPLETED
    assert (status(services, result.signup_id), code(services, result.signup_id)) == (Status.COMPLETED, None)
    assert begin(services).code == "locked"


def test_the_tries_of_a_request_are_read_back_in_the_order_in_which_they_were_made(services, truecaller):
    tries = tuple(Exchange("POST", "https://truecaller.example", {}, "", 503, {}, "", ms=ms) for ms in range(6))
    truecaller.will_answer(replace(accepted("request-1"), exchanges=tries))
    steps = signups.exchanges(services, begin(services).signup_id)
    assert [step.exchange.ms for step in steps] == [0, 1, 2, 3, 4, 5]

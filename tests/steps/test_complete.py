"""The profile is fetched by whoever claims it first, and only the asked number in it counts."""

import threading

import pytest

from signup.flow import signups
from signup.flow.complete import claim, complete, fetch
from signup.flow.match import match
from signup.flow.receive import receive
from signup.model import Callback, Result, Status
from tests.fakes import no_profile, profile
from tests.steps.story import (
    TOKEN,
    VALUE,
    approve,
    begin,
    code,
    details,
    kinds,
    state_of,
    status,
    tokens_kept,
    watch,
)

NONEU = "https://profile4-noneu.truecaller.com/v1/default"


@pytest.fixture
def approved(services_on_each, truecaller):
    """A sign-up whose approval is matched and whose profile is due."""
    begun = begin(services_on_each)
    approve(services_on_each, "request-1", state_of(truecaller))
    match(services_on_each)
    return services_on_each, begun.signup_id


def test_a_profile_with_the_asked_number_completes(approved, truecaller):
    services, signup_id = approved
    truecaller.will_show(profile(99, VALUE, name="Ada"))
    watch(services)
    assert status(services, signup_id) == Status.COMPLETED
    found = signups.profile(services, signup_id)
    assert found is not None
    assert found.declared == {"name": "Ada"}


def test_a_profile_without_the_asked_number_fails_and_wipes_the_token(approved, truecaller):
    services, signup_id = approved
    truecaller.will_show(profile(46700000000))
    watch(services)
    assert (status(services, signup_id), code(services, signup_id)) == (Status.FAILED, "number_mismatch")
    assert details(services, "profile.failed") == [
        {"status": "failed", "step": "profile", "code": "number_mismatch", "ms": 34}
    ]
    assert tokens_kept(services) == 0
    assert signups.profile(services, signup_id) is None


def test_a_profile_without_any_number_is_a_mismatch(approved, truecaller):
    services, signup_id = approved
    truecaller.will_show(profile())
    watch(services)
    assert code(services, signup_id) == "number_mismatch"


def test_a_rejected_token_is_wiped_and_the_sign_up_stays_open_until_it_expires(approved, truecaller, clock):
    services, signup_id = approved
    truecaller.will_show(no_profile("token_rejected"))
    watch(services)
    assert status(services, signup_id) == Status.APPROVED
    assert tokens_kept(services) == 0
    clock.move(599)
    watch(services)
    assert status(services, signup_id) == Status.APPROVED
    clock.move(1)
    watch(services)
    assert (status(services, signup_id), code(services, signup_id)) == (Status.FAILED, "token_rejected")
    assert details(services, "signup.failed") == [{"status": "failed", "step": "profile", "code": "token_rejected"}]


def test_another_token_after_a_rejected_one_completes(approved, truecaller):
    services, signup_id = approved
    truecaller.will_show(no_profile("token_rejected"))
    watch(services)
    approve(services, "request-1", state_of(truecaller), token="second-token")
    watch(services)
    assert status(services, signup_id) == Status.COMPLETED


def test_a_forged_first_token_cannot_block_the_genuine_one(services, truecaller):
    begun = begin(services)
    for token in ("swapped-token-1", "swapped-token-2", "genuine-token"):
        approve(services, "request-1", state_of(truecaller), token=token)
    truecaller.will_show(profile(46700000000), profile(46700000001))
    watch(services)
    assert status(services, begun.signup_id) == Status.COMPLETED
    assert [event.get("status") for event in details(services, "profile.failed")] == [None, None]


def test_a_fourth_candidate_is_not_kept(services, truecaller):
    begin(services)
    for nth in range(5):
        approve(services, "request-1", state_of(truecaller), token=f"candidate-{nth}")
    assert tokens_kept(services) == 3


def test_a_rejection_after_a_mismatch_ends_with_the_mismatch(services, truecaller):
    begun = begin(services)
    for token in ("first-token", "second-token"):
        approve(services, "request-1", state_of(truecaller), token=token)
    truecaller.will_show(profile(46700000000), no_profile("token_rejected"))
    watch(services)
    assert code(services, begun.signup_id) == "number_mismatch"
    assert details(services, "signup.failed")[-1]["code"] == "number_mismatch"


@pytest.mark.parametrize("replay", [False, True])
def test_an_end_is_a_replays_doing_when_only_replayed_tokens_died_of_it(services, truecaller, replay):
    begin(services)
    for token, again in (("first-token", replay), ("second-token", not replay)):
        said = Callback("request-1", Result.APPROVED, token=token, state=state_of(truecaller))
        receive(services, said, None, replay=again)
    truecaller.will_show(profile(46700000000), no_profile("token_rejected"))
    watch(services)
    ended = {"status": "failed", "step": "profile", "code": "number_mismatch"}
    assert details(services, "signup.failed") == [{**ended, "replay": True} if replay else ended]
    assert [told.get("replay", False) for told in details(services, "profile.failed")] == [replay, not replay]


def test_a_replayed_token_that_grows_too_old_ends_its_sign_up_marked(approved, truecaller, clock):
    services, _ = approved
    truecaller.will_show(no_profile("token_rejected"))
    watch(services)
    clock.move(100)
    said = Callback("request-1", Result.APPROVED, token="second-token", state=state_of(truecaller))
    receive(services, said, None, replay=True)
    match(services)
    clock.move(600)
    watch(services)
    ended = {"status": "failed", "step": "token", "code": "token_expired", "replay": True}
    assert details(services, "signup.failed") == [ended]


def test_an_error_is_tried_again_with_growing_pauses(approved, truecaller, clock):
    services, signup_id = approved
    truecaller.will_show(*[no_profile() for _ in range(3)])
    tried = []
    for _ in range(20):
        watch(services)
        tried.append(len(truecaller.fetched))
        clock.move(0.5)
    assert status(services, signup_id) == Status.COMPLETED
    assert tried[:2] == [1, 1]
    assert tried[2:6] == [2, 2, 2, 2]
    assert tried[-1] == 4
    assert details(services, "profile.failed") == [{"code": "profile_error", "ms": 34}] * 3


def test_a_token_is_used_at_9_59_and_not_at_10_00(approved, truecaller, clock):
    services, signup_id = approved
    clock.move(599)
    watch(services)
    assert status(services, signup_id) == Status.COMPLETED


def test_an_untried_token_ends_at_ten_minutes_and_is_wiped(approved, truecaller, clock):
    services, signup_id = approved
    clock.move(600)
    watch(services)
    assert truecaller.fetched == []
    assert (status(services, signup_id), code(services, signup_id)) == (Status.FAILED, "token_expired")
    assert details(services, "signup.failed") == [{"status": "failed", "step": "token", "code": "token_expired"}]
    assert tokens_kept(services) == 0


def test_a_token_that_only_met_errors_ends_as_profile_error(approved, truecaller, clock):
    services, signup_id = approved
    truecaller.will_show(*[no_profile() for _ in range(100)])
    for _ in range(61):
        watch(services)
        clock.move(10)
    watch(services)
    assert (status(services, signup_id), code(services, signup_id)) == (Status.FAILED, "profile_error")
    assert details(services, "signup.failed") == [{"status": "failed", "step": "profile", "code": "profile_error"}]
    assert tokens_kept(services) == 0


def test_a_repeat_does_not_extend_a_tokens_life(services, truecaller, clock):
    begun = begin(services)
    clock.move(1)
    approve(services, "request-1", state_of(truecaller))
    clock.move(300)
    approve(services, "request-1", state_of(truecaller))
    approve(services, "request-1", state_of(truecaller), status="approved", endpoint=None)
    clock.move(300)
    watch(services)
    assert code(services, begun.signup_id) == "token_expired"


def test_a_live_token_outlives_the_sign_ups_own_end(services, truecaller, clock):
    begun = begin(services)
    clock.move(590)
    approve(services, "request-1", state_of(truecaller))
    match(services)
    clock.move(60)
    watch(services)
    assert status(services, begun.signup_id) == Status.COMPLETED


def test_a_documented_endpoint_is_used(settings, clock, truecaller):
    from signup.services import open_services

    live = settings(mode="live", app_key="k" * 20)
    with open_services(live, clock=clock, truecaller=truecaller, migrate=True) as services:
        begin(services)
        approve(services, "request-1", state_of(truecaller), endpoint=NONEU)
        watch(services)
    assert truecaller.fetched == [(TOKEN, NONEU)]


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.example/v1/default",
        "https://evil.example\\@profile4.truecaller.com/v1/default",
        "https://profile4.truecaller.com@evil.example/v1/default",
        "https://profile4.truecaller.com/v1/default/",
        "https://profile4.truecaller.com/v1/default?x=1",
        "https://PROFILE4.truecaller.com/v1/default",
        "http://profile4.truecaller.com/v1/default",
        " https://profile4.truecaller.com/v1/default",
        "//profile4.truecaller.com/v1/default",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://profile4.truecaller.com.evil.example/v1/default",
    ],
)
def test_any_other_endpoint_sends_nothing_and_fails(services, truecaller, endpoint):
    begun = begin(services)
    approve(services, "request-1", state_of(truecaller), endpoint=endpoint)
    watch(services)
    assert truecaller.fetched == []
    assert code(services, begun.signup_id) == "endpoint_refused"
    assert details(services, "profile.failed") == [{"status": "failed", "step": "profile", "code": "endpoint_refused"}]
    assert tokens_kept(services) == 0


def test_four_watchers_fetch_each_profile_once(services_on_each, truecaller):
    services = services_on_each
    for nth in range(40):
        begin(services, f"+467612345{nth:02}")
    for nth, (_, state) in enumerate(list(truecaller.asked), 1):
        approve(services, f"request-{nth}", state, token=f"token-of-{nth:04}")
    numbers = {f"token-of-{nth:04}": number for nth, (number, _) in enumerate(truecaller.asked, 1)}
    truecaller.profile = lambda token, url: (truecaller.fetched.append((token, url)), profile(numbers[token]))[1]
    threads = [threading.Thread(target=watch, args=(services,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    watch(services)
    assert sorted(token for token, _ in truecaller.fetched) == sorted(numbers)
    assert kinds(services).count("profile.fetched") == 40


def test_the_claim_of_a_killed_watcher_is_free_again_after_30_seconds(approved, truecaller, clock):
    services, signup_id = approved
    assert claim(services) is not None
    assert claim(services) is None
    clock.move(30)
    watch(services)
    assert status(services, signup_id) == Status.COMPLETED


def test_a_result_that_comes_after_its_claim_was_lost_is_not_written(approved, truecaller, clock):
    services, signup_id = approved
    slow = claim(services)
    clock.move(31)
    complete(services)
    truecaller.will_show(profile(46700000000))
    assert slow is not None
    assert fetch(services, slow) is None
    assert status(services, signup_id) == Status.COMPLETED
    assert kinds(services, signup_id).count("profile.failed") == 0


def test_a_reveal_is_told_with_its_reason_kept_sealed(approved):
    services, signup_id = approved
    watch(services)
    found = signups.reveal(services, signup_id, reason="Ada called us", actor="user:local")
    assert found is not None
    assert found.numbers == (str(VALUE),)
    assert set(details(services, "profile.revealed")[0]) == {"reasonId"}
    assert signups.masked_profile(found)["numbers"] == ["+46 ••• ••• 45 67"]

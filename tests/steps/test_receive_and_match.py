"""Callbacks come early, twice, late, forged or never."""

import pytest

from signup.flow import signups
from signup.flow.receive import receive
from signup.model import Callback, Exchange, Result, Status
from tests.fakes import ambiguous
from tests.steps.story import (
    TOKEN,
    approve,
    begin,
    code,
    details,
    everything,
    kinds,
    say,
    state_of,
    status,
    tokens_kept,
    watch,
)


def test_an_approval_completes_the_sign_up(services_on_each, truecaller, clock):
    services = services_on_each
    begun = begin(services)
    clock.move(9)
    approve(services, "request-1", state_of(truecaller))
    clock.move(1)
    assert watch(services) == {"matched": 1, "completed": 1, "failed": 0, "expired": 0}
    assert status(services, begun.signup_id) == Status.COMPLETED
    assert kinds(services, begun.signup_id) == [
        "signup.started",
        "signup.sent",
        "callback.received",
        "signup.approved",
        "profile.fetched",
    ]
    assert details(services, "signup.approved") == [{"status": "approved", "ms": 9000}]
    assert tokens_kept(services) == 0


def test_an_approval_before_the_answer_moves_the_sign_up_by_itself(services_on_each, truecaller):
    services = services_on_each

    def early(number, state):
        approve(services, "request-1", state)
        watch(services)

    truecaller.during_request = early
    begun = begin(services)
    assert begun.status == Status.COMPLETED
    assert kinds(services, begun.signup_id) == [
        "signup.started",
        "callback.received",
        "signup.sent",
        "signup.approved",
        "profile.fetched",
    ]


def test_an_approval_after_an_ambiguous_timeout_still_completes(services_on_each, truecaller):
    truecaller.will_answer(ambiguous())
    begun = begin(services_on_each)
    approve(services_on_each, "whatever-they-call-it", state_of(truecaller))
    watch(services_on_each)
    assert status(services_on_each, begun.signup_id) == Status.COMPLETED


@pytest.mark.parametrize("word", ["user_rejected", "use_another_number"])
def test_a_refusal_declines(services_on_each, word):
    begun = begin(services_on_each)
    say(services_on_each, "request-1", word)
    watch(services_on_each)
    assert (status(services_on_each, begun.signup_id), code(services_on_each, begun.signup_id)) == (
        Status.DECLINED,
        word,
    )


def test_opened_is_a_time_and_not_an_end(services_on_each):
    begun = begin(services_on_each)
    say(services_on_each, "request-1", "flow_invoked")
    say(services_on_each, "request-1", "flow_invoked")
    watch(services_on_each)
    assert status(services_on_each, begun.signup_id) == Status.WAITING
    assert kinds(services_on_each).count("signup.opened") == 1


def test_an_unknown_status_is_recorded_as_other_and_changes_nothing(services):
    begun = begin(services)
    say(services, "request-1", "<script>")
    watch(services)
    assert status(services, begun.signup_id) == Status.WAITING
    assert details(services, "callback.received") == [{"result": "other"}]


def test_a_valid_approval_overrides_a_decline_until_it_expires(services_on_each, truecaller):
    begun = begin(services_on_each)
    say(services_on_each, "request-1", "user_rejected")
    watch(services_on_each)
    approve(services_on_each, "request-1", state_of(truecaller))
    watch(services_on_each)
    assert (status(services_on_each, begun.signup_id), code(services_on_each, begun.signup_id)) == (
        Status.COMPLETED,
        None,
    )


def test_a_decline_after_an_approval_changes_nothing(services, truecaller):
    begun = begin(services)
    approve(services, "request-1", state_of(truecaller))
    say(services, "request-1", "user_rejected")
    watch(services)
    assert status(services, begun.signup_id) == Status.COMPLETED


def test_a_repeated_callback_is_told_as_repeated_and_fetched_once(services_on_each, truecaller):
    begun = begin(services_on_each)
    for _ in range(3):
        approve(services_on_each, "request-1", state_of(truecaller))
    watch(services_on_each)
    approve(services_on_each, "request-1", state_of(truecaller))
    watch(services_on_each)
    assert kinds(services_on_each, begun.signup_id).count("callback.repeated") == 3
    assert len(truecaller.fetched) == 1


@pytest.mark.parametrize("state", ["wrong", None])
def test_a_token_without_the_right_state_is_quarantined_and_a_genuine_one_still_works(
    services_on_each, truecaller, state
):
    services = services_on_each
    begun = begin(services)
    approve(services, "request-1", state, token="a-forged-token")
    watch(services)
    assert status(services, begun.signup_id) == Status.WAITING
    assert tokens_kept(services) == 0
    assert details(services, "callback.quarantined") == [{"reason": "state_mismatch" if state else "state_missing"}]
    approve(services, "request-1", state_of(truecaller))
    watch(services)
    assert status(services, begun.signup_id) == Status.COMPLETED
    assert [token for token, _ in truecaller.fetched] == [TOKEN]


def test_the_right_state_with_another_request_id_counts_as_wrong(services, truecaller):
    begun = begin(services)
    approve(services, "request-of-somebody-else", state_of(truecaller))
    watch(services)
    assert status(services, begun.signup_id) == Status.WAITING
    assert details(services, "callback.quarantined") == [{"reason": "state_mismatch"}]


def test_a_state_of_another_sign_up_does_not_approve(services, truecaller):
    begin(services)
    other = begin(services, "+46 76 123 45 68")
    approve(services, "request-2", truecaller.asked[0][1])
    watch(services)
    assert status(services, other.signup_id) == Status.WAITING


def test_a_status_with_a_wrong_state_is_quarantined(services):
    begun = begin(services)
    say(services, "request-1", "user_rejected", state="wrong")
    watch(services)
    assert status(services, begun.signup_id) == Status.WAITING


def test_a_status_that_comes_before_its_request_id_is_parked_and_joined(services_on_each, truecaller, clock):
    services = services_on_each

    def early(number, state):
        say(services, "request-1", "flow_invoked")
        watch(services)
        assert "callback.received" not in kinds(services)

    truecaller.during_request = early
    begun = begin(services)
    arrived = clock.now()
    clock.move(5)
    watch(services)
    told = [event for event in everything(services) if event.kind == "callback.received"]
    assert [event.at for event in told] == [arrived.strftime("%Y-%m-%dT%H:%M:%S.%fZ")]
    assert kinds(services, begun.signup_id)[-1] == "signup.opened"


def test_a_callback_of_nobody_is_told_after_ten_minutes_and_forgotten(services_on_each, clock):
    approve(services_on_each, "nobody", "no-state")
    watch(services_on_each)
    assert kinds(services_on_each) == []
    clock.move(601)
    watch(services_on_each)
    assert details(services_on_each, "callback.quarantined") == [{"reason": "unknown_request"}]
    with services_on_each.store.read() as tx:
        assert tx.one("apart_load")["n"] == 0


def test_strangers_fill_a_thousand_rows_and_then_only_a_counter(services, clock):
    for nth in range(1010):
        approve(services, f"nobody-{nth}", None)
    receive(services, Callback("nobody", Result.DECLINED), None, replay=True)
    with services.store.read() as tx:
        assert tx.one("apart_load")["n"] == 1000
        assert {row["name"]: row["value"] for row in tx.all("counters")} == {"callback_over_limit": 10}
    clock.move(601)
    watch(services)
    watch(services)
    watch(services)
    assert len(details(services, "callback.quarantined")) == 1000


def test_an_exchange_is_made_for_what_is_ours_and_never_for_a_strangers(services, truecaller):
    made = []

    def exchange():
        made.append(Exchange("POST", "/truecaller/callback", {}, "{}", 200, {}, "{}", 0))
        return made[-1]

    begun = begin(services)
    receive(services, Callback("nobody", Result.APPROVED, token=TOKEN, state="s" * 43), exchange)
    assert made == []
    receive(services, Callback("request-1", Result.APPROVED, token=TOKEN, state=state_of(truecaller)), exchange)
    assert len(made) == len(signups.exchanges(services, begun.signup_id)) == 1


def test_a_full_quarantine_does_not_keep_a_genuine_callback_out(services, truecaller):
    begun = begin(services)
    for nth in range(1001):
        approve(services, f"nobody-{nth}", None)
    approve(services, "request-1", state_of(truecaller))
    watch(services)
    assert status(services, begun.signup_id) == Status.COMPLETED


def test_a_hundred_events_per_sign_up_and_a_genuine_approval_after_them(services, truecaller):
    begun = begin(services)
    for nth in range(150):
        say(services, "request-1", f"noise-{nth}")
    approve(services, "request-1", state_of(truecaller))
    watch(services)
    assert status(services, begun.signup_id) == Status.COMPLETED
    callbacks = [kind for kind in kinds(services, begun.signup_id) if kind.startswith("callback.")]
    assert len(callbacks) == 100


def test_a_late_approval_is_recorded_and_its_token_is_never_stored(services_on_each, truecaller, clock):
    begun = begin(services_on_each)
    clock.move(603)
    watch(services_on_each)
    approve(services_on_each, "request-1", state_of(truecaller))
    assert tokens_kept(services_on_each) == 0
    watch(services_on_each)
    assert status(services_on_each, begun.signup_id) == Status.EXPIRED
    assert kinds(services_on_each, begun.signup_id)[-1] == "callback.received"


def test_completed_never_goes_back(services, truecaller):
    begun = begin(services)
    approve(services, "request-1", state_of(truecaller))
    watch(services)
    for word in ("user_rejected", "flow_invoked", "other"):
        say(services, "request-1", word)
    approve(services, "request-1", state_of(truecaller), token="another-token")
    watch(services)
    assert status(services, begun.signup_id) == Status.COMPLETED
    assert tokens_kept(services) == 0
    assert len(truecaller.fetched) == 1


def test_a_request_id_is_case_sensitive_and_never_decoded(services, truecaller):
    begun = begin(services)
    for other in ("REQUEST-1", "request%2D1", " request-1"):
        approve(services, other, state_of(truecaller))
    watch(services)
    assert status(services, begun.signup_id) == Status.WAITING

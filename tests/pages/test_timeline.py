"""The timeline of one sign-up: which steps there are, which exchange stands under which, and what can be copied."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from streamlit.testing.v1 import AppTest

from dashboard.parts.exchange import curl, pretty
from dashboard.parts.timeline import by_event
from signup.flow import signups
from signup.flow.receive import receive
from signup.model import Callback, Exchange, Result
from signup.services import Services
from tests.fakes import ScriptedTruecaller, accepted, no_profile, profile
from tests.pages.fixtures.visits import NUMBER, completed, said, visit
from tests.steps.story import VALUE, begin, say, state_of, watch

BLANK = Exchange("GET", "https://truecaller.example/v1", {}, "", 200, {}, "", ms=7)


def called_back(name: str) -> Exchange:
    return replace(BLANK, method="POST", url="/truecaller/callback", request_body=name)


def steps(page: AppTest) -> list[str]:
    """What the steps are called."""
    return [step.label.split("**")[1] for step in page.expander if "**" in step.label]


def under(services: Services, signup_id: str | None) -> list[tuple[str, list[str]]]:
    """Each event that tells of HTTP, with what stands under it."""
    events = signups.timeline(services, signup_id or "")
    found = by_event(events, signups.exchanges(services, signup_id or ""))
    return [(str(event.kind), bodies(found[event.seq])) for event in events if event.seq in found]


def bodies(exchanges: Sequence[Exchange]) -> list[str]:
    return [one.request_body for one in exchanges]


def test_a_sign_up_is_told_from_the_number_to_the_profile(street: Services) -> None:
    street.clock.move(240)
    page = visit("try_it", signup=completed(street, NUMBER))
    assert steps(page) == [
        "Number accepted",
        "Lock taken",
        "Request sent, Truecaller accepted it",
        "Callback stored",
        "Approved by the person",
        "Profile read, sign-up completed",
    ]
    text = said(page)
    assert "+46 ••• ••• 45 67, Sweden (number range). However it was typed" in text
    assert "Nobody can make this phone ring again until " in text
    assert "Truecaller did not say whether the prompt was opened." in text


def test_an_old_sign_up_has_the_same_steps_and_says_that_its_lock_is_over(street: Services) -> None:
    street.clock.move(-3600)
    begun = begin(street)
    street.clock.move(3)
    say(street, "request-1", "flow_invoked", state_of(street.truecaller))
    street.clock.move(4)
    say(street, "request-1", "user_rejected", state_of(street.truecaller))
    watch(street)
    page = visit("signups", signup=str(begun.signup_id))
    assert steps(page)[:2] == ["Number accepted", "Lock taken"]
    assert "It is over. This number may be tried again" in said(page)
    assert "The person declined. The prompt was opened after 3.0 s." in said(page)
    assert "No HTTP of this sign-up was kept." in said(page)


def test_what_an_open_sign_up_waits_for_is_said_in_a_sentence(street: Services) -> None:
    page = visit("try_it", signup=str(begin(street).signup_id))
    assert page.status[0].label == "**Phone is ringing**"
    assert "The number's owner has to answer; the answer comes as a callback." in said(page)


def test_each_exchange_stands_under_the_event_that_tells_of_it(
    street: Services, truecaller: ScriptedTruecaller
) -> None:
    """A refused address sends nothing, so the profile that was read belongs to the next token."""
    first, second = replace(BLANK, request_body="try 1", status=503), replace(BLANK, request_body="try 2")
    truecaller.will_answer(replace(accepted("request-1"), exchanges=(first, second)))
    failed = replace(no_profile(), exchanges=(replace(BLANK, request_body="fetch 1", status=503),))
    read = replace(profile(VALUE), exchanges=(replace(BLANK, request_body="fetch 2"),))
    truecaller.will_show(failed, read)
    begun, state = begin(street), state_of(truecaller)
    for name, token, endpoint in (("elsewhere", "token-one", "https://evil.example/"), ("ours", "token-two", None)):
        street.clock.move(1)
        said_so = Callback("request-1", Result.APPROVED, token=token, state=state, endpoint=endpoint)
        receive(street, said_so, partial(called_back, name))
    watch(street)
    street.clock.move(60)
    watch(street)
    assert under(street, begun.signup_id) == [
        ("signup.sent", ["try 1", "try 2"]),
        ("callback.received", ["elsewhere"]),
        ("callback.received", ["ours"]),
        ("profile.failed", ["fetch 1"]),
        ("profile.fetched", ["fetch 2"]),
    ]
    told = [event.details for event in signups.timeline(street, begun.signup_id or "") if "profile" in event.kind]
    assert [details and details.get("code") for details in told] == ["endpoint_refused", "profile_error", None]


def test_a_callback_that_waited_for_its_request_id_has_no_http_and_takes_nobodys(
    street: Services, truecaller: ScriptedTruecaller
) -> None:
    """Nobody's yet when it came, its exchange was kept for nobody."""

    def opened_meanwhile(number: int, state: str) -> None:
        receive(street, Callback("request-1", Result.OPENED, status="flow_invoked"), partial(called_back, "early"))
        street.clock.move(1)

    truecaller.during_request = opened_meanwhile
    begun = begin(street)
    watch(street)
    street.clock.move(1)
    approved = Callback("request-1", Result.APPROVED, token="the-token", state=state_of(truecaller))
    receive(street, approved, partial(called_back, "approved"))
    watch(street)
    assert under(street, begun.signup_id) == [("callback.received", ["approved"])]
    kinds = [event.kind for event in signups.timeline(street, begun.signup_id or "")]
    assert kinds.count("callback.received") == 2


def test_a_body_is_indented_where_it_is_json_and_shown_as_it_came_where_it_is_not() -> None:
    assert pretty('{"name":"é"}') == '{\n  "name": "é"\n}'
    assert pretty('["\\ud800"]') == '[\n  "\\ud800"\n]', "half a character, which no page can show"
    for body in ("nothing", "[" * 3000, "[" * 990 + "]" * 990):
        assert pretty(body) == body


def test_the_curl_of_a_callback_reaches_our_receiver_and_leaves_the_connections_headers_to_curl() -> None:
    headers = {"Host": "evil.example", "Content-Length": "99", "Content-Type": "application/json", "X-It": "isn't"}
    told = curl(replace(called_back("{}"), request_headers=headers), "http://127.0.0.1:8502")
    assert told.splitlines() == [
        r"curl -i -X POST 'http://127.0.0.1:8502/truecaller/callback' \ "[:-1],
        r"  -H 'Content-Type: application/json' \ "[:-1],
        r"  -H 'X-It: isn'\''t' \ "[:-1],
        "  --data-raw '{}'",
    ]

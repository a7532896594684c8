"""What a scrape of the receiver tells, over real HTTP, on both stores: right, the same from every receiver, bounded."""

import json
import random
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain_text

from callback_server.app import create_app
from callback_server.families import METRICS
from callback_server.traffic import ROUTES, STATUSES
from signup.clock import HandClock, text
from signup.measure.feed import catch_up
from signup.measure.history import History
from signup.measure.question import Question
from signup.measure.stats import stats
from signup.measure.totals import POSSIBLE
from signup.record import events
from signup.record.events import Kind
from signup.record.seal import Sealer
from signup.services import Services
from signup.store.texts import queries
from tests.fakes import ScriptedTruecaller, ambiguous, no_profile, profile, refused
from tests.steps.story import NUMBER, TOKEN, approve, begin, say, state_of, watch
from tests.web.receiver_tools import GOOD, PATH, STATE, Address, Reply, ask, head, post, serving, whole

SCRAPE = "Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
STRANGERS = ["X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "X-Real-IP: 127.0.0.1", "Via: 1.1 proxy"]
Sample = tuple[str, frozenset[tuple[str, str]]]


def scraped(address: Address, *headers: str, method: str = "GET") -> Reply:
    return ask(address, head(method, "/metrics", *headers or (SCRAPE,), "Content-Length: 0"), method)


def told(reply: Reply) -> dict[Sample, float]:
    """Every sample of a scrape as OpenMetrics."""
    assert reply.status == 200
    families = list(openmetrics(reply.body.decode()))
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def value(samples: dict[Sample, float], name: str, **labels: str) -> float | None:
    return samples.get((f"signup_{name}", frozenset(labels.items())))


@pytest.fixture
def address(services_on_each: Services) -> Iterator[Address]:
    with serving(create_app(services_on_each)) as found:
        yield found


@pytest.fixture
def receiver(services: Services) -> Iterator[Address]:
    """On SQLite alone, for what the store has no part in."""
    with serving(create_app(services)) as found:
        yield found


def live(services: Services, truecaller: ScriptedTruecaller, clock: HandClock) -> None:
    """A little of everything: one each is refused, completes, fails at its profile and declines; two are ignored."""
    truecaller.will_answer(refused("bad_app_key"))
    begin(services, "+46 76 000 00 01")
    for number in range(2, 7):
        clock.move(1)
        truecaller.will_answer(*[ambiguous()] * (number == 6))
        begin(services, f"+46 76 000 00 0{number}")
    states = [state_of(truecaller, nth) for nth in range(1, 6)]
    for _ in range(3):
        begin(services, "+46 76 000 00 02")
    begin(services, "+46 1")
    clock.move(5)
    say(services, "request-2", "flow_invoked", states[0])
    approve(services, "request-2", states[0], token=f"{TOKEN}-a")
    approve(services, "request-2", states[0], token=f"{TOKEN}-a")
    approve(services, "request-3", states[1], token=f"{TOKEN}-b")
    truecaller.will_show(profile(46760000002), no_profile("token_rejected"))
    watch(services)
    say(services, "request-4", "user_rejected", states[2])
    approve(services, "request-4", "a wrong state", token=f"{TOKEN}-c")
    watch(services)
    clock.move(700)
    watch(services)


def test_the_totals_are_those_of_the_overview(
    services_on_each: Services, truecaller: ScriptedTruecaller, clock: HandClock, address: Address
) -> None:
    live(services_on_each, truecaller, clock)
    history = History()
    catch_up(services_on_each, history)
    counted = stats(history, Question(), clock.now())
    samples = told(scraped(address))

    assert counted["started"] == value(samples, "started_total") == 6
    for outcome in ("completed", "declined", "expired", "failed"):
        assert value(samples, "finished_total", outcome=outcome) == counted[outcome] > 0
    assert value(samples, "lock_hits_total") == counted["lockHits"] == 3
    assert value(samples, "rejected_numbers_total", reason="too_short") == counted["rejectedNumbers"] == 1
    assert value(samples, "approved_total") == counted["approved"]
    for row in counted["errors"]:
        labels = {"step": row["step"], "code": row["code"], "in_error_rate": str(row["inErrorRate"]).lower()}
        assert value(samples, "errors_total", **labels) == row["count"], labels
    ended = [n for (name, labels), n in samples.items() if "errors" in name and ("in_error_rate", "true") in labels]
    assert sum(ended) == counted["failed"]
    assert value(samples, "sent_total", result="timeout") == 1
    assert value(samples, "callbacks_total", result="opened") == 1
    assert value(samples, "repeated_callbacks_total", result="approved") == 1
    assert value(samples, "quarantined_callbacks_total", reason="state_mismatch") == 1


def test_how_things_stand_is_told_with_its_age(services_on_each: Services, clock: HandClock, address: Address) -> None:
    samples = told(scraped(address))
    assert value(samples, "last_callback_age_seconds") is None
    assert value(samples, "watchers") == value(samples, "oldest_unsealed_age_seconds") == 0
    begin(services_on_each)
    post(address, json.dumps({"requestId": "nobody", "status": "user_rejected"}).encode())
    with services_on_each.store.write() as tx:
        tx.run("see_watcher", id="w", host="h", pid=1, mode="watch", seen_at=text(clock.now()))
    clock.move(20)
    samples = told(scraped(address))
    assert value(samples, "database_up") == value(samples, "mode", mode="sandbox") == 1
    assert value(samples, "open", status="waiting") == value(samples, "parked_callbacks") == 1
    assert value(samples, "watchers") == 1
    assert value(samples, "unsealed_events") == 2
    assert value(samples, "oldest_unsealed_age_seconds") == value(samples, "last_callback_age_seconds") == 20
    clock.move(20)
    watch(services_on_each)
    clock.move(3600)
    samples = told(scraped(address))
    assert value(samples, "watchers") == value(samples, "unsealed_events") == 0
    assert value(samples, "audit_log_events") == 2
    assert value(samples, "last_checkpoint_age_seconds") == 3640


def test_two_receivers_tell_the_same_of_the_installation_and_their_own_of_themselves(
    services_on_each: Services, truecaller: ScriptedTruecaller, clock: HandClock, address: Address
) -> None:
    live(services_on_each, truecaller, clock)
    own = {described.name for described in METRICS if described.of == "process"}
    with ExitStack() as stack:
        other = stack.enter_context(serving(create_app(services_on_each)))
        post(other, b"{")
        clock.move(2)
        post(other, GOOD)
        mine, theirs = told(scraped(address)), told(scraped(other))

    def shared(samples: dict[Sample, float]) -> dict[Sample, float]:
        return {one: n for one, n in samples.items() if not one[0].startswith((*own, "process_"))}

    assert shared(mine) == shared(theirs)
    assert len(shared(mine)) > 50
    answered = {"route": "callback", "status": "400"}
    assert (
        value(mine, "receiver_requests_total", **answered),
        value(theirs, "receiver_requests_total", **answered),
    ) == (
        0,
        1,
    )


def test_every_name_and_label_is_one_of_the_table(receiver: Address) -> None:
    post(receiver, GOOD)
    found = {family.name: family for family in openmetrics(scraped(receiver).body.decode())}
    ours = {name: family for name, family in found.items() if not name.startswith("process_")}
    described = {one.name.removesuffix("_total"): one for one in METRICS}
    assert ours.keys() == described.keys()
    for name, family in ours.items():
        assert (family.type, family.documentation) == (described[name].kind, described[name].meaning)
        assert {tuple(sorted(set(one.labels) - {"le"})) for one in family.samples} == {
            tuple(sorted(described[name].labels))
        }


@pytest.mark.parametrize("accept", ["Accept:", "Accept: */*", "Accept: text/plain;version=0.0.4"])
def test_an_older_scraper_gets_the_text_it_knows(receiver: Address, accept: str) -> None:
    reply = scraped(receiver, accept)
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "signup_started" in {family.name for family in plain_text(reply.body.decode())}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "OPTIONS"])
@pytest.mark.parametrize("header", STRANGERS)
def test_whoever_comes_through_a_proxy_finds_nothing_here(receiver: Address, method: str, header: str) -> None:
    elsewhere = ask(receiver, head(method, "/elsewhere", header, "Content-Length: 0"), method)
    here = scraped(receiver, SCRAPE, header, method=method)
    for reply in (elsewhere, here):
        reply.headers.pop("date")
    assert here == elsewhere
    assert here.status == 404


def test_a_scrape_only_reads(receiver: Address) -> None:
    reply = scraped(receiver, method="POST")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


def test_nothing_that_strangers_send_makes_a_new_label(services_on_each: Services, address: Address) -> None:
    chance = random.Random(5)
    words = [f"{chance.randrange(10**9):x}" for _ in range(40)]
    for word in words:
        ask(address, whole(b"", path=f"/{word}", method=chance.choice(["GET", "POST", "BREW", word.upper()])))
        post(address, json.dumps({"requestId": word, "status": word}).encode())
        ask(address, f"{word}\r\n\r\n".encode())
    with services_on_each.store.write() as tx:
        for word in words:
            at = "2026-11-24T14:00:00.000000Z"
            for kind, details in (
                (Kind.SIGNUP_FAILED, {"status": "failed", "step": "request", "code": f"c{word}"}),
                (Kind.PROFILE_FAILED, {"code": f"c{word}"}),
            ):
                events.append(tx, at=at, kind=kind, actor="cli", details=details, signup_id=id_of(word))
            tx.run("append_event", at=at, kind=word, signup_id=None, actor="cli", details="{}")
    Sealer(services_on_each).seal()
    reply = scraped(address)
    series = told(reply)
    most = sum(map(len, POSSIBLE.values())) + (len(ROUTES) + 1) * (len(STATUSES) + 1) + 60
    assert len(series) < most
    assert [word for word in words if word in reply.body.decode()] == []
    other = {"code": "other", "in_error_rate": "true", "step": "request"}
    assert value(series, "errors_total", **other) == len(words)


def id_of(word: str) -> str:
    return f"019d5c0e-7d3e-7f6a-9b1c-{int(word, 16):012x}"


def test_no_token_number_or_id_stands_in_a_scrape(
    services_on_each: Services, truecaller: ScriptedTruecaller, clock: HandClock, address: Address
) -> None:
    live(services_on_each, truecaller, clock)
    post(address, GOOD)
    post(address, GOOD, path=f"{PATH}?token=CANARY")
    body = "".join(line for line in scraped(address).body.decode().splitlines(True) if "process_" not in line)
    secrets = [TOKEN, STATE, NUMBER, "CANARY", "request-2", "92849748hueh9", "4676", "SE", "web"]
    assert [secret for secret in secrets if secret in body] == []
    assert re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}", body) == []


PLANS = {"event_totals", "open_now", "log_extent", "checkpoint_state", "apart_now", "watchers", "counters"}


@pytest.mark.parametrize("query", sorted(PLANS))
def test_a_scrape_walks_no_table_that_grows(services: Services, query: str) -> None:
    with services.store.read() as tx:
        connection: Any = tx._connection  # type: ignore[attr-defined]
        plan = [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {queries('sqlite')[query]}")]
    walked = [
        step for step in plan if re.search(r"SCAN (events|events_inbox|signups|callbacks)\b(?!.*(_apart|_open))", step)
    ]
    assert walked == [], plan


@pytest.mark.parametrize("query", ["inbox_waiting", "last_callback"])
def test_what_a_scrape_takes_from_the_end_of_a_table_costs_the_same_however_long_it_is(
    services: Services, query: str
) -> None:
    """Their plans say SCAN, and end at the first row, or walk no more than what waits: so the steps are counted."""
    at = "2026-11-24T14:00:00.000000Z"
    row = dict.fromkeys(
        ("signup_id", "status", "reason", "token", "token_hash", "token_until", "endpoint", "replay")
    ) | {"at": at, "place": "matched", "result": "opened", "replay": 0}
    costs = []
    for size in (3, 300):
        with services.store.write() as tx:
            for nth in range(size):
                tx.run("append_event", at=at, kind="number.rejected", signup_id=None, actor="cli", details="{}")
                tx.one("add_callback", **row, digest=f"{size} {nth}", request_id="r")
        Sealer(services).seal()
        costs.append(steps(services, query))
    assert costs[0] == costs[1] > 0


def steps(services: Services, query: str) -> int:
    """How many instructions SQLite needs to answer."""
    taken: list[None] = []
    with services.store.read() as tx:
        connection: Any = tx._connection  # type: ignore[attr-defined]
        connection.set_progress_handler(lambda: taken.append(None), 1)
        try:
            connection.execute(queries("sqlite")[query]).fetchall()
        finally:
            connection.set_progress_handler(None, 0)
    return len(taken)

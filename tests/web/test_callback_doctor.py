"""Why does no callback come? Each known cause made for real, over real HTTP and TLS: the first one named is right.

A live installation stands on loopback: its receiver, a Truecaller that answers, a sign-up that was sent 40 seconds ago.
"""

import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime
from itertools import count
from pathlib import Path
from ssl import SSLContext
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from callback_server.app import create_app
from signup.clock import HandClock, text
from signup.doctor import Examined, examine
from signup.doctor.reach import SECONDS
from signup.services import Services, open_services
from signup.settings import Settings
from tests import tls
from tests.steps.story import begin, status, watch
from tests.upstream import Line, Script, Upstream, answer, nobody, raw, silence, upstream
from tests.web.receiver_tools import PATH, Address, Reply, post, serving

KEYS = "b2xk" * 10 + "b2w="
OTHER_KEYS = "bmV3" * 10 + "bmU="
ACCEPTED = b'{"requestId":"request-1"}'
PATIENCE = 0.4
"""For the slow ones alone: where an answer comes, a machine under load may take its time."""


@dataclass
class House:
    """One installation: its services, and the address of its receiver."""

    services: Services
    receiver: Address
    truecaller: Upstream

    @property
    def url(self) -> str:
        return f"http://{self.receiver[0]}:{self.receiver[1]}{PATH}"

    def examined(self, url: str | None = "", seconds: float = SECONDS) -> Examined:
        """What the doctor finds while the settings name this callback URL: that of the receiver, or none (None)."""
        given = {"public_callback_url": self.url if url == "" else url, "callback_port": self.receiver[1]}
        settings = self.services.settings.model_copy(update=given)
        return examine(replace(self.services, settings=settings), seconds)

    def causes(self, url: str = "", seconds: float = SECONDS) -> list[str]:
        return [cause.code for cause in self.examined(url, seconds).causes]

    @contextmanager
    def behind_a_proxy(self, replies: Callable[[Reply], Script], tls: SSLContext | None = None) -> Iterator[str]:
        """A proxy that passes every POST on to the receiver, and answers what it makes of the reply: its address."""
        each = count()

        def pass_on(line: Line) -> None:
            asked = proxy.seen[next(each)]
            reply = post(self.receiver, asked.body, f"Signup-Selftest: {asked.headers['signup-selftest']}")
            replies(reply)(line)

        with upstream(pass_on, tls=tls) as proxy:
            yield proxy.url

    def another_signs_up(self) -> None:
        """A second person starts, now; it is request-2."""
        self.truecaller.scripts[:] = [answer(200, b'{"requestId":"request-2"}')]
        begin(self.services, "+46 76 123 45 68")

    def calls_back(self, **said: str) -> Reply:
        """Truecaller posts a callback to the receiver, with the state it was sent unless another is given."""
        state = json.loads(self.truecaller.seen[-1].body)["state"]
        body = {"requestId": "request-1", "accessToken": "the-access-token", "state": state, **said}
        return post(self.receiver, json.dumps(body).encode())


Build = Callable[..., Any]


@pytest.fixture
def build(settings: Callable[..., Settings], clock: HandClock) -> Build:
    """`with build(ahead=300) as house`: a sign-up was sent, and nothing was heard of it."""

    @contextmanager
    def standing(
        code: int = 200, body: bytes = ACCEPTED, ahead: float = 0, watched: bool = True, **given: object
    ) -> Iterator[House]:
        dated = f"Date: {format_datetime(clock.now() - timedelta(seconds=ahead), usegmt=True)}"
        with upstream(answer(code, body, dated)) as truecaller:
            live = {"mode": "live", "app_key": "a-key", "keys": KEYS}
            live |= {"request_url": truecaller.url, "profile_urls": truecaller.url, **given}
            with open_services(settings(**live), clock=clock, migrate=True) as wired:
                begin(wired)
                clock.move(40)
                if watched:
                    a_watcher_is_seen(wired)
                with serving(create_app(wired)) as address:
                    yield House(wired, address, truecaller)

    return standing


def a_watcher_is_seen(services: Services) -> None:
    with services.store.write() as tx:
        tx.run("see_watcher", id="w", host="here", pid=7, mode="watch", seen_at=text(services.clock.now()))


@pytest.fixture
def house(build: Build) -> Iterator[House]:
    with build() as standing:
        yield standing


def test_on_a_healthy_set_up_no_cause_is_named_before_the_callback_and_after_it(house: House) -> None:
    before = house.examined()
    assert before.causes == []
    assert {check.name: check.ok for check in before.checks if check.name in ("Answer", "Self-test", "Clock")} == {
        "Answer": True,
        "Self-test": True,
        "Clock": True,
    }
    house.calls_back()
    watch(house.services)
    a_watcher_is_seen(house.services)
    assert house.causes() == []


def test_a_wrong_path_is_named(house: House) -> None:
    wrong = house.url.replace(PATH, "/callback")
    found = house.examined(wrong)
    assert [cause.code for cause in found.causes] == ["wrong_path"]
    assert f"Enter {house.url} in the portal" in found.causes[0].cure
    assert found.ok is False


def test_another_program_that_answers_everything_is_a_wrong_path_too(house: House) -> None:
    with upstream(answer(200, b"<html>Welcome</html>")) as server:
        assert house.causes(server.url) == ["wrong_path"]


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_proxy_that_redirects_is_named(house: House, code: int) -> None:
    with upstream(answer(code, b"", f"Location: {house.url}")) as server:
        assert house.causes(server.url) == ["redirect"]
        assert {seen.path for seen in server.seen} == {"/v1", "/v1/"}


def test_a_redirect_to_the_same_address_with_a_slash_is_told_as_one(house: House) -> None:
    with upstream(answer(308, b"", "Location: /v1/")) as server:
        assert "but for the slash at its end" in house.examined(server.url).causes[0].detail


def test_a_certificate_signed_by_itself_is_named(house: House, tmp_path: Path) -> None:
    with upstream(answer(200), tls=tls.server(tls.self_signed(tmp_path))) as server:
        found = house.examined(server.url)
        assert server.seen == []
    assert [cause.code for cause in found.causes] == ["untrusted_certificate"]
    assert "signed by itself" in found.causes[0].detail


def test_a_trusted_proxy_that_passes_the_callback_on_is_healthy(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = tls.self_signed(tmp_path)
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(certificate))

    def unchanged(reply: Reply) -> Script:
        return answer(reply.status, reply.body, "Content-Type: application/json")

    with house.behind_a_proxy(unchanged, tls.server(certificate)) as url:
        found = house.examined(url)
    assert found.causes == []
    assert {check.name for check in found.checks if check.ok} >= {"Connection", "Certificate", "Answer", "Self-test"}


def test_a_proxy_that_puts_words_of_its_own_into_a_200_is_healthy(house: House) -> None:
    with house.behind_a_proxy(lambda _: answer(200, b"<html>Thank you</html>")) as url:
        assert house.examined(url).causes == []


def test_a_proxy_that_passes_the_callback_on_and_answers_otherwise_is_named(house: House) -> None:
    with house.behind_a_proxy(lambda _: answer(403, b"Forbidden")) as url:
        (cause,) = house.examined(url).causes
    assert (cause.code, "stored here" in cause.detail, "403" in cause.detail) == ("changed_answer", True, True)


def test_a_wrong_state_is_named(house: House) -> None:
    assert house.calls_back(state="s" * 43).status == 200
    assert house.causes() == ["wrong_state"]
    house.calls_back()
    watch(house.services)
    a_watcher_is_seen(house.services)
    assert house.causes() == [], "the genuine one came after it"


def test_no_state_at_all_is_a_wrong_one(house: House) -> None:
    post(house.receiver, json.dumps({"requestId": "request-1", "accessToken": "the-access-token"}).encode())
    assert house.causes() == ["wrong_state"]


@pytest.mark.parametrize(
    "script",
    [answer(404), answer(200, b"<html>Welcome</html>"), answer(302, b"", "Location: /login"), answer(502), raw(b"SSH")],
    ids=["404", "200", "302", "502", "no HTTP"],
)
def test_another_program_on_the_receivers_port_is_named(house: House, script: Script) -> None:
    with upstream(script) as server:
        port = urlsplit(server.url).port
        settings = house.services.settings.model_copy(update={"callback_port": port})
        found = examine(replace(house.services, settings=settings))
    assert [cause.code for cause in found.causes] == ["other_program", "url_not_set"]
    assert (found.causes[0].check, "SIGNUP_CALLBACK_PORT" in found.causes[0].cure) == ("Receiver", True)
    told = {check.name: check for check in found.checks}
    assert told["Receiver"].ok is False
    assert "Answer" not in told


def test_a_callback_url_with_a_path_before_ours_is_healthy_where_the_proxy_takes_that_off(house: House) -> None:
    with house.behind_a_proxy(lambda reply: answer(reply.status, reply.body)) as url:
        prefixed = url.replace("/v1", f"/hooks{PATH}")
        assert house.causes(prefixed) == []
    found = house.examined(house.url.replace(PATH, f"/hooks{PATH}"))
    assert [cause.code for cause in found.causes] == ["wrong_path"]
    assert "take /hooks off" in found.causes[0].cure


def test_a_receiver_that_is_reached_by_ipv6_alone_is_healthy(house: House) -> None:
    with serving(create_app(house.services), host="::1") as (_, port):
        found = house.examined(f"http://[::1]:{port}{PATH}")
        untold = house.services.settings.model_copy(update={"callback_port": port, "callback_bind": "::"})
        beside = examine(replace(house.services, settings=untold))
    assert found.causes == []
    assert {check.name: check.ok for check in found.checks}["Connection"] is True
    assert [cause.code for cause in beside.causes] == ["url_not_set"], "and the receiver on this machine is found there"


@pytest.mark.parametrize("keys", [KEYS, OTHER_KEYS])
def test_a_receiver_on_a_second_database_is_named(
    house: House, settings: Callable[..., Settings], clock: HandClock, tmp_path: Path, keys: str
) -> None:
    chosen = settings(database_url=f"sqlite:///{tmp_path}/second.db", keys=keys, mode="live", app_key="a-key")
    with open_services(chosen, clock=clock, migrate=True) as second, serving(create_app(second)) as (host, port):
        found = house.examined(f"http://{host}:{port}{PATH}")
        with second.store.read() as tx:
            assert tx.one("last_callback") is None, "nothing was left there but a nonce or a count"
    assert [cause.code for cause in found.causes] == ["other_database"]
    assert "SIGNUP_DATABASE_URL" in found.causes[0].cure


def test_what_strangers_post_beside_a_waiting_sign_up_is_worth_a_look_and_no_cause(house: House) -> None:
    for number in range(5):
        house.calls_back(requestId=f"of-a-stranger-{number}", state="s" * 43)
    found = house.examined()
    assert found.causes == [], "it came in, so ours would have come in too"
    assert {check.level for check in found.checks if check.name in ("Waiting", "Matching nothing")} == {"look at"}
    assert found.ok is True


def test_a_strangers_callback_is_none_of_ours_so_a_callback_url_nobody_told_stays_the_cause(house: House) -> None:
    def told() -> dict[str, str]:
        return {check.name: check.detail for check in house.examined(None).checks}

    house.calls_back(requestId="of-a-stranger", state="s" * 43)
    assert [cause.code for cause in house.examined(None).causes] == ["url_not_set"]
    assert told()["Last callback"] == "None of ours has ever come."
    house.calls_back()
    assert house.examined(None).causes == []
    assert told()["Last callback"] == "0 s ago: approved."


def test_a_forged_state_is_only_worth_a_look_once_a_later_sign_up_was_approved(house: House) -> None:
    house.calls_back(state="s" * 43)
    house.another_signs_up()
    post(house.receiver, json.dumps({"requestId": "request-2", "status": "flow_invoked"}).encode())
    watch(house.services)
    a_watcher_is_seen(house.services)
    assert house.causes() == ["wrong_state"], "a status proves no state"
    house.calls_back(requestId="request-2")
    watch(house.services)
    a_watcher_is_seen(house.services)
    found = house.examined()
    assert found.causes == []
    assert [check.level for check in found.checks if check.name == "Matching nothing"] == ["look at"]


def test_a_closed_port_is_named(house: House) -> None:
    with nobody() as url:
        assert house.causes(url) == ["closed_port"]


def test_name_servers_that_take_all_the_time_are_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    known, over = socket.getaddrinfo, Event()

    def slow(host: str, *told: Any, **more: Any) -> Any:
        if host == "signup.example.com":
            over.wait(10)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return known(host, *told, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    (cause,) = house.examined(f"https://signup.example.com{PATH}", PATIENCE).causes
    over.set()
    assert (cause.code, cause.check) == ("unknown_name", "Name")
    assert "name servers say nothing about signup.example.com within 3 s" in cause.detail


def test_a_slow_answer_is_named_and_the_round_does_not_wait_for_it(house: House) -> None:
    began = time.monotonic()
    with upstream(silence()) as server:
        assert house.causes(server.url, PATIENCE) == ["slow_answer"]
        assert time.monotonic() - began < PATIENCE + 1


def test_a_body_that_never_ends_is_a_slow_answer_too(house: House) -> None:
    def dawdle(line: Line) -> None:
        line.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n")
        line.over.wait(5)

    with upstream(dawdle) as server:
        assert house.causes(server.url, PATIENCE) == ["slow_answer"]


@pytest.mark.parametrize(("ahead", "way"), [(300, "ahead of"), (-300, "behind")])
def test_a_skewed_clock_is_named(build: Build, ahead: float, way: str) -> None:
    with build(ahead=ahead) as house:
        found = house.examined()
    assert [cause.code for cause in found.causes] == ["skewed_clock"]
    assert re.match(r"This machine's clock is [45] min (.+) Truecaller's\.", found.causes[0].detail)[1] == way


@pytest.mark.parametrize(("ahead", "level"), [(0, "fine"), (4, "fine"), (20, "look at")])
def test_a_clock_that_is_a_little_off_is_no_cause(build: Build, ahead: float, level: str) -> None:
    with build(ahead=ahead) as house:
        found = house.examined()
    assert found.causes == []
    assert [check.level for check in found.checks if check.name == "Clock"] == [level]


def test_a_clock_that_was_set_right_is_no_cause_any_more_nor_hides_what_was_answered_since(
    build: Build, clock: HandClock
) -> None:
    with build(404, b"{}", ahead=300) as house:
        assert house.causes() == ["wrong_app_key", "skewed_clock"]
        clock.move(-300)
        assert "skewed_clock" not in house.causes(), "what was seen then lies in the future now"
        house.truecaller.scripts[:] = [answer(200, ACCEPTED, f"Date: {format_datetime(clock.now(), usegmt=True)}")]
        begin(house.services, "+46 76 123 45 68")
        a_watcher_is_seen(house.services)
        assert house.causes() == []


def test_a_watcher_last_seen_in_the_future_is_not_known_to_live(build: Build, clock: HandClock) -> None:
    with build() as house:
        clock.move(-300)
        assert house.causes() == ["no_watcher"]


def test_no_watcher_is_named(build: Build) -> None:
    with build(watched=False) as house:
        house.calls_back()
        assert house.causes() == ["no_watcher"]


def test_a_wrong_app_key_is_named(build: Build) -> None:
    with build(404, b'{"code":404,"message":"Invalid partner credentials."}') as house:
        assert house.causes() == ["wrong_app_key"]


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (answer(502, b"Bad gateway"), "failing_proxy"),
        (answer(500, b'{"code":"store_unavailable"}'), "cannot_store"),
        (answer(403), "refused_post"),
        (raw(b""), "broken_answer"),
    ],
    ids=["failing", "full", "forbidden", "broken"],
)
def test_other_answers_that_keep_a_callback_away_are_named(house: House, script: Script, code: str) -> None:
    with upstream(script) as server:
        assert house.causes(server.url) == [code]


def test_several_causes_are_named_in_the_order_of_the_chain(build: Build) -> None:
    with build(404, b"{}", ahead=300, watched=False) as house:
        wrong = house.url.replace(PATH, "/callback")
        assert house.causes(wrong) == ["wrong_app_key", "wrong_path", "no_watcher", "skewed_clock"]


KEEPS_AWAY: dict[str, Script] = {
    "redirect": answer(302, b"", "Location: /elsewhere"),
    "wrong_path": answer(404),
    "refused_post": answer(401),
    "failing_proxy": answer(502),
    "cannot_store": answer(500, b'{"code":"store_unavailable"}'),
    "broken_answer": raw(b""),
}


@pytest.mark.parametrize("beside", ["wrong_app_key", "wrong_state", "no_watcher", "skewed_clock"])
@pytest.mark.parametrize("broken", KEEPS_AWAY)
def test_of_two_causes_both_are_named_and_the_cured_one_is_gone_at_the_next_look(
    build: Build, broken: str, beside: str
) -> None:
    refused = (404, b"{}") if beside == "wrong_app_key" else ()
    ahead = 300 if beside == "skewed_clock" else 0
    with (
        build(*refused, ahead=ahead, watched=beside != "no_watcher") as house,
        upstream(KEEPS_AWAY[broken]) as server,
    ):
        if beside == "wrong_state":
            house.calls_back(state="s" * 43)
        both = [beside, broken] if refused else [broken, beside]
        assert house.causes(server.url) == both
        assert house.causes() == [beside]


def test_each_cause_is_a_problem_among_the_checks_with_the_same_cure(build: Build) -> None:
    with build(404, b"{}", ahead=300, watched=False) as house:
        house.calls_back(state="s" * 43, requestId="of-another")
        found = house.examined(house.url.replace(PATH, "/callback"))
    problems = {check.name: check.cure for check in found.checks if check.level == "problem"}
    assert problems.items() >= {cause.check: cause.cure for cause in found.causes}.items()
    assert found.ok is False


def test_a_callback_set_aside_for_its_state_is_a_problem_while_its_sign_up_waits(house: House) -> None:
    house.calls_back(state="s" * 43)
    found = house.examined()
    assert [check.name for check in found.checks if check.level == "problem"] == ["Matching nothing"]
    assert found.ok is False


def test_it_changes_nothing_but_its_own_nonces(house: House) -> None:
    def kept() -> list[Any]:
        with house.services.store.read() as tx:
            names = ("last_callback", "inbox_waiting", "log_head")
            return [*(tx.one(name) for name in names), [row for row in tx.all("counters") if row["name"] != "ready"]]

    before = kept()
    house.examined()
    assert kept() == before


def test_the_sign_up_goes_on_as_if_nobody_had_looked(house: House) -> None:
    with house.services.store.read() as tx:
        (waiting,) = tx.all("unanswered", before="9999")
    house.examined()
    assert status(house.services, waiting["id"]) == "waiting"

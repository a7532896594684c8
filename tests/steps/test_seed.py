"""The made-up past: believable, whole, over by now, and played through the real steps."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from signup import words
from signup.clock import HandClock, text
from signup.errors import UsageWrong
from signup.flow import signups
from signup.flow.expire import GRACE_SECONDS
from signup.flow.signups import Wanted
from signup.measure.feed import catch_up
from signup.measure.history import History
from signup.measure.question import question
from signup.measure.stats import stats
from signup.model import OPEN, Event, Status
from signup.record import log
from signup.seed import seed
from signup.seed.fates import SHARES, Draw, ignored
from signup.seed.plan import COUNTRIES, Life, Plan
from signup.seed.play import Player
from signup.services import Services, open_services
from signup.settings import load
from signup.store import Store, Transaction
from tests.conftest import START

SIGNUPS, DAYS = 700, 56
AFTER_ALL = {"before_at": "9999", "before_id": ""}


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A database with 700 sign-ups over 56 days, up to START."""
    folder = tmp_path_factory.mktemp("past")
    with opened(folder) as services:
        seed(services, signups=SIGNUPS, days=DAYS, chance=0)
        yield services


@contextmanager
def opened(folder: Path, **given: str) -> Iterator[Services]:
    place = {"SIGNUP_DATABASE_URL": f"sqlite:///{folder}/signup.db", "SIGNUP_DATA_DIR": str(folder)}
    with open_services(load(place | given, env_file=None), clock=HandClock(START), migrate=True) as services:
        yield services


@pytest.fixture(scope="module")
def events(past: Services) -> list[Event]:
    """Everything in its log."""
    return log.after(past, log.LogQuery(), 0, 100_000)


@pytest.fixture(scope="module")
def numbers(past: Services) -> dict[str, Any]:
    """What the Overview shows of the whole of it."""
    history = History()
    catch_up(past, history)
    return stats(history, question(from_=text(START - timedelta(days=DAYS, hours=1))), START)


def rows(services: Services) -> list[Any]:
    return signups.page(services, Wanted(), limit=10_000)


def asked(services: Services, query: str) -> list[Any]:
    with services.store.read() as tx:
        return tx.all(query)


def test_there_are_exactly_as_many_sign_ups_as_asked_for(past: Services, numbers: dict[str, Any]) -> None:
    assert len(rows(past)) == SIGNUPS
    assert numbers["started"] == SIGNUPS


def test_every_way_to_end_occurs(past: Services) -> None:
    ends = {(one.status, one.code) for one in rows(past)}
    failures = {code for step, code in words.CURES if step in ("request", "profile", "token")} - {"timeout"}
    assert ends == {
        (Status.COMPLETED, None),
        (Status.EXPIRED, None),
        (Status.DECLINED, "user_rejected"),
        (Status.DECLINED, "use_another_number"),
        *((Status.FAILED, code) for code in failures),
    }


def test_every_kind_of_event_of_a_sign_up_occurs(events: list[Event]) -> None:
    families = ("signup.", "profile.", "callback.", "lock.", "number.")
    expected = {kind for kind in words.EVENTS if kind.startswith(families)} - {"profile.revealed"}
    assert {event.kind for event in events} == expected


def test_every_reason_to_quarantine_occurs(events: list[Event]) -> None:
    reasons = {event.details["reason"] for event in events if event.kind == "callback.quarantined" and event.details}
    assert reasons == {"state_mismatch", "state_missing", "unknown_request"}


def test_lost_answers_end_both_ways(past: Services, events: list[Event]) -> None:
    lost = {e.signup_id for e in events if e.kind == "signup.sent" and e.details and not e.details["accepted"]}
    ends = {one.status for one in rows(past) if one.id in lost}
    assert ends == {Status.COMPLETED, Status.EXPIRED}


def test_nothing_of_it_is_open(past: Services) -> None:
    assert [one for one in rows(past) if one.status in OPEN] == []
    assert asked(past, "inbox_waiting")[0]["unsealed"] == 0
    assert asked(past, "apart_now") == [{"parked": 0, "quarantined": 0, "last": None}]
    assert {row["at"] for row in asked(past, "next_due")} == {None}


def test_it_is_over_by_now_and_reaches_up_to_now(events: list[Event]) -> None:
    last = max(event.at for event in events)
    assert text(START - timedelta(minutes=1)) < last <= text(START)


def test_it_begins_as_many_days_ago_as_asked_for(past: Services) -> None:
    first = min(one.started_at for one in rows(past))
    assert START - timedelta(days=DAYS) <= first <= START - timedelta(days=DAYS - 2)


def test_the_numbers_are_believable(numbers: dict[str, Any]) -> None:
    assert 0.72 < numbers["successRate"] < 0.86
    assert 0.01 < numbers["errorRate"] < 0.08
    assert 0.08 < numbers["lockHitRate"] < 0.30
    assert 7 < numbers["decisionSeconds"]["p50"] < 14
    assert 0.14 < numbers["requestSeconds"]["p50"] < 0.22
    assert 15 < numbers["retrySeconds"]["p50"] < 90
    assert 0 < numbers["hitsBeforeDecision"] < numbers["lockHits"]
    assert [row["country"] for row in numbers["byCountry"]][:2] == ["IN", "SE"]
    assert len(numbers["byCountry"]) >= 6


def test_people_come_by_day_and_more_of_them_every_week(past: Services) -> None:
    started = [one.started_at for one in rows(past)]
    hours = Counter(at.hour for at in started)
    night, day = sum(hours[hour] for hour in range(20, 24)), sum(hours[hour] for hour in range(12, 16))
    assert night * 2 < day
    middle = START - timedelta(days=DAYS / 2)
    assert sum(at > middle for at in started) > sum(at <= middle for at in started)


def test_truecaller_had_one_bad_hour(past: Services) -> None:
    down = [one.started_at for one in rows(past) if one.code == "truecaller_error"]
    assert START - timedelta(days=15) < middle_of(down) < START - timedelta(days=13)


def middle_of(moments: list[datetime]) -> datetime:
    return sorted(moments)[len(moments) // 2]


def test_lock_hits_stay_inside_their_lock(events: list[Event]) -> None:
    waits = [event.details["ms"] for event in events if event.kind == "lock.hit" and event.details]
    assert max(waits) < 300_000


def test_the_same_number_makes_the_same_past_and_another_one_another(tmp_path: Path) -> None:
    def lived(name: str, chance: int) -> list[Any]:
        with opened(tmp_path / name) as services:
            seed(services, signups=60, days=3, chance=chance)
            return [(one.started_at, one.masked, one.channel, one.status, one.code) for one in rows(services)]

    first = lived("first", 5)
    assert lived("again", 5) == first
    assert lived("other", 6) != first


class Watched:
    """A store that looks, after each commit, at what a watcher in another process would meet."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.dialect = store.dialect
        self.read = store.read
        self.met: list[tuple[int, set[str], set[str]]] = []

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with self._store.write() as tx:
            yield tx
        with self._store.read() as tx:
            found = tx.all("list_signups", **AFTER_ALL, **Wanted().params(), limit=10_000)
            waits = {row["what"] for row in tx.all("next_due") if row["at"]}
        days = {row["started_at"][:10] for row in found}
        self.met.append((len(days), {row["status"] for row in found if row["status"] in OPEN}, waits))


def test_a_day_is_one_transaction_and_no_watcher_meets_an_open_sign_up(tmp_path: Path) -> None:
    with opened(tmp_path) as services:
        watched = Watched(services.store)
        seed(replace(services, store=watched), signups=120, days=6, chance=0)  # type: ignore[arg-type]
        assert all(opened == set() == waits for _, opened, waits in watched.met)
        days = [days for days, _, _ in watched.met]
        assert set(days) == set(range(1, max(days) + 1))
        assert len(rows(services)) == 120


def test_a_life_across_midnight_is_over_when_its_day_commits(tmp_path: Path, settings: Any) -> None:
    midnight = START.replace(hour=0)
    fate = ignored(Draw(random.Random(0), settings()))
    evening = Life(midnight - timedelta(minutes=2), "SE", 46701234567, "web", fate)
    night = Life(midnight + timedelta(minutes=2), "SE", 46701234568, "web", fate)
    with opened(tmp_path) as services:
        player = Player(services, Plan([evening, night], [], [], pause=(midnight, midnight)))
        ends = [[(one.status, one.finished_at) for one in rows(services)] for _ in player.days()]
    first = (Status.EXPIRED, evening.start + timedelta(minutes=10, seconds=GRACE_SECONDS))
    assert ends == [[first], [(Status.EXPIRED, night.start + timedelta(minutes=10, seconds=GRACE_SECONDS)), first]]


def test_short_durations_change_nothing_about_that(tmp_path: Path) -> None:
    short = {"ANSWER_SECONDS": "4", "TOKEN_SECONDS": "0.5", "LOCK_SECONDS": "1", "UPSTREAM_SECONDS": "0.2"}
    with opened(tmp_path, **{f"SIGNUP_{name}": value for name, value in short.items()}) as services:
        assert seed(services, signups=200, days=10, chance=0)["signups"] == 200
        assert [one for one in rows(services) if one.status in OPEN] == []
        assert max(event.at for event in log.after(services, log.LogQuery(), 0, 100_000)) <= text(START)


def test_it_is_played_on_each_store(services_on_each: Services) -> None:
    done = seed(services_on_each, signups=60, days=3, chance=0)
    assert done["signups"] == len(rows(services_on_each)) == 60
    assert done["events"] == log.head(services_on_each).seq
    assert [one for one in rows(services_on_each) if one.status in OPEN] == []


def test_a_database_with_sign_ups_is_left_alone(past: Services) -> None:
    before = log.head(past).seq
    with pytest.raises(UsageWrong):
        seed(past, signups=1, days=1, chance=0)
    assert log.head(past).seq == before


def test_of_two_seeds_at_once_one_is_refused_and_has_written_nothing(services_on_each: Services) -> None:
    both = threading.Barrier(2)

    def played(chance: int) -> bool:
        both.wait()
        try:
            return bool(seed(services_on_each, signups=60, days=3, chance=chance))
        except UsageWrong:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(played, (1, 2))) == [False, True]
    assert len(rows(services_on_each)) == 60


def test_in_live_mode_nothing_is_made_up(tmp_path: Path) -> None:
    with opened(tmp_path, SIGNUP_MODE="live", SIGNUP_APP_KEY="a-key") as services, pytest.raises(UsageWrong):
        seed(services, signups=1, days=1, chance=0)


def test_the_shares_leave_most_sign_ups_completed() -> None:
    assert 2000 < sum(share for share, _ in SHARES) < 2500


def test_every_number_is_one_of_a_country_we_chose(past: Services) -> None:
    assert {one.country for one in rows(past)} <= set(COUNTRIES)
    assert all(one.masked for one in rows(past))

import csv
import json
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.downloads import DOWNLOADS
from dashboard.jobs import Job
from dashboard.parts import seal
from dashboard.parts.pager import PAGE
from signup.record import keys, log
from signup.record.checkpoint import Clerk
from signup.record.pins import Full
from signup.record.redact import redact
from signup.record.verifier.verify import verify as check_bundle
from signup.services import Services
from signup.store.driver import sqlite
from tests.machine import eventually
from tests.pages.fixtures.visits import NUMBER, OTHER, completed, declined, numbered, said, table, visit
from tests.steps.story import begin, everything

A_SIGN_UP = ["profile.fetched", "signup.approved", "callback.received", "signup.sent", "signup.started"]


def kinds(page: AppTest) -> list[str]:
    return [cell[0] for cell in table(page, "Seq")["Event"]]


def test_the_card_tells_how_far_the_log_is_sealed_and_its_head(street: Services) -> None:
    completed(street, NUMBER)
    page = visit("audit")
    head = log.head(street)
    assert f"**5 events, sealed** · head `{head.root[:4]} {head.root[4:8]} … {head.root[-4:]}`" in said(page)
    assert head.root in [code.value for code in page.code]


def test_events_stand_newest_first_with_their_details_in_words(street: Services) -> None:
    found = completed(street, NUMBER)
    page = visit("audit")
    rows = table(page, "Seq")
    assert list(rows["Seq"]) == [5, 4, 3, 2, 1]
    assert kinds(page) == A_SIGN_UP
    assert list(rows["Details"])[-1] == "Sweden · channel web"
    assert set(rows["Sign-up"]) == {found[:13]}
    assert list(rows["Actor"]) == ["watcher", "watcher", "callback", "cli", "cli"]
    assert "5 of 5 events match · 1–5" in said(page)


def test_times_are_the_viewers_to_the_millisecond(street: Services) -> None:
    begin(street, NUMBER)
    at = street.clock.now()
    shown = table(visit("audit"), "Seq")["Time"][0]
    assert shown.isoformat(timespec="milliseconds") == at.replace(tzinfo=None).isoformat(timespec="milliseconds")


@pytest.mark.parametrize(
    ("address", "left"),
    [
        ({"kind": "profile.*"}, ["profile.fetched"]),
        ({"kind": ["signup.started", "lock.hit"]}, ["lock.hit", "signup.started", "signup.started"]),
        ({"actor": "callback"}, ["callback.received", "callback.received"]),
        ({"kind": "signup.declined", "actor": "cli"}, []),
    ],
)
def test_the_address_chooses_which_events(street: Services, address: dict[str, str], left: list[str]) -> None:
    completed(street, NUMBER)
    declined(street, OTHER)
    begin(street, OTHER)
    page = visit("audit", **address)
    assert (kinds(page) if left else []) == left
    assert f"{len(left)} of 10 events match" in said(page)


def test_one_sign_up_can_be_followed_through_the_log(street: Services) -> None:
    completed(street, NUMBER)
    other = declined(street, OTHER)
    page = visit("audit", about=other)
    assert set(table(page, "Seq")["Sign-up"]) == {other[:13]}
    page.text_input(key="about").set_value("").run()
    assert len(table(page, "Seq")) == 9


def test_an_address_that_makes_no_sense_shows_everything(street: Services) -> None:
    completed(street, NUMBER)
    page = visit("audit", kind="no.such", actor="NOBODY@", about="not-an-id", range="100y")
    assert kinds(page) == A_SIGN_UP


def test_no_match_says_so_and_offers_the_way_out(street: Services) -> None:
    completed(street, NUMBER)
    page = visit("audit", kind="lock.hit")
    assert "No events match in this range." in said(page)
    assert "0 of 5 events match · :material/pause:" in said(page)
    page.button(key="clear_filters").click().run()
    assert len(table(page, "Seq")) == 5


def test_an_empty_log_says_what_will_come(street: Services) -> None:
    page = visit("audit")
    assert "**0 events, sealed**" in said(page)
    assert "The first sign-up writes the first ones." in said(page)


def test_new_events_are_only_counted_until_somebody_asks_for_them(street: Services) -> None:
    begin(street, NUMBER)
    page = visit("audit")
    assert page.button(key="events_fresh").label == "No new events"
    declined(street, OTHER)
    page.run()
    assert len(table(page, "Seq")) == 2
    assert page.button(key="events_fresh").label == "4 new events"
    page.button(key="events_fresh").click().run()
    assert len(table(page, "Seq")) == 6
    assert "new events are only counted" in said(page)


def test_who_follows_sees_new_events_as_they_come(street: Services) -> None:
    begin(street, NUMBER)
    page = visit("audit")
    page.toggle(key="follow").set_value(True).run()
    assert "following" in said(page)
    declined(street, OTHER)
    assert kinds(page.run())[0] == "signup.declined"


def test_an_open_sign_up_holds_the_table_of_one_who_follows(street: Services) -> None:
    found = begin(street, NUMBER)
    page = visit("audit", signup=found.signup_id)
    page.toggle(key="follow").set_value(True).run()
    declined(street, OTHER)
    page.run()
    assert page.button(key="events_fresh").label == "4 new events"
    assert "standing still" in said(page)


def test_an_empty_table_fills_by_itself_for_nothing_in_it_can_move(street: Services) -> None:
    page = visit("audit")
    assert "0 of 0 events match" in said(page)
    begin(street, NUMBER)
    assert list(table(page.run(), "Seq")["Seq"]) == [2, 1]


def test_words_are_searched_for_and_never_get_into_the_address(street: Services) -> None:
    completed(street, NUMBER)
    declined(street, OTHER)
    page = visit("audit", kind="signup.*")
    page.text_input(key="search_events").set_value("declined user_rej").run()
    assert kinds(page) == ["signup.declined"]
    assert "1 of 9 events match" in said(page)
    assert "declin" not in str(page.query_params)
    page.text_input(key="search_events").set_value("xylophone").run()
    assert "No events match in this range." in said(page)
    page.button(key="clear_filters").click().run()
    assert len(table(page, "Seq")) == 9


def test_an_export_of_a_search_holds_what_was_found_and_hides_its_words(street: Services) -> None:
    completed(street, NUMBER)
    declined(street, OTHER)
    page = visit("audit")
    page.text_input(key="search_events").set_value("user_rejected").run()
    page.button(key="export").click().run()
    assert "**1** of 9" in said(page)
    assert "the log does not tell which" in said(page)
    rows = list(csv.DictReader(exported(page).read_text().splitlines()))
    assert [row["kind"] for row in rows] == ["signup.declined"]
    assert [event.details["text"] for event in everything(street) if event.kind == "audit.exported"] == [True]


def test_older_pages_are_cut_by_number_and_stand_still(street: Services) -> None:
    for nth in range(PAGE // 2 + 2):
        begin(street, numbered(nth))
    page = visit("audit")
    assert list(table(page, "Seq")["Seq"])[-1] == 5
    page.button(key="events_older").click().run()
    begin(street, OTHER)
    page.run()
    assert list(table(page, "Seq")["Seq"]) == [4, 3, 2, 1]
    assert page.button(key="events_fresh").label == "2 new events"
    page.button(key="events_newer").click().run()
    assert table(page, "Seq")["Seq"][0] == 204
    page.button(key="events_fresh").click().run()
    assert table(page, "Seq")["Seq"][0] == 206


def test_an_older_page_has_an_address_that_shows_it_to_anybody(street: Services) -> None:
    for nth in range(PAGE // 2 + 2):
        begin(street, numbered(nth))
    page = visit("audit")
    page.button(key="events_older").click().run()
    assert page.query_params["before"] == "5"
    fresh = visit("audit", before="5")
    assert list(table(fresh, "Seq")["Seq"]) == [4, 3, 2, 1]
    assert "4 older ones" in said(fresh)
    fresh.button(key="events_newer").click().run()
    assert "before" not in fresh.query_params
    assert table(fresh, "Seq")["Seq"][0] == 204


@pytest.mark.parametrize("before", ["nonsense", "0", "-5", "9" * 40])
def test_a_place_in_the_log_that_makes_no_sense_is_its_top(street: Services, before: str) -> None:
    begin(street, NUMBER)
    assert list(table(visit("audit", before=before), "Seq")["Seq"]) == [2, 1]


def test_another_question_begins_at_the_top(street: Services) -> None:
    begin(street, NUMBER)
    page = visit("audit", before="2")
    assert kinds(page) == ["signup.started"]
    page.multiselect(key="kind").set_value(["signup.sent"]).run()
    assert "before" not in page.query_params
    assert kinds(page) == ["signup.sent"]


def test_a_sign_up_opens_beside_the_log(street: Services) -> None:
    found = completed(street, NUMBER)
    assert "All 5 events are sealed" in said(visit("audit", signup=found))


def exported(page: AppTest, fmt: str = "csv") -> Path:
    """Export from an open drawer, in a format; the file behind its link, which is then used up."""
    page.get_by_key("export_format").set_value(fmt).run()
    page.button(key="start_export").click().run()
    eventually(lambda: page.run().link_button, seconds=30)
    assert not page.exception
    (link,) = page.link_button
    offer = DOWNLOADS.take(link.proto.url.rpartition("/")[2])
    assert offer
    return offer.path


def opened(**address: str | list[str]) -> AppTest:
    """The page with its drawer open."""
    page = visit("audit", **address)
    return page.button(key="export").click().run()


def test_an_export_holds_what_the_screen_shows(street: Services) -> None:
    completed(street, NUMBER)
    declined(street, OTHER)
    page = opened(kind="signup.*", actor="watcher")
    assert "**2** of 9" in said(page)
    rows = list(csv.DictReader(exported(page).read_text().splitlines()))
    assert [row["kind"] for row in rows] == ["signup.approved", "signup.declined"]


def test_an_export_is_told_before_and_after_by_the_one_local_user(street: Services) -> None:
    completed(street, NUMBER)
    page = opened()
    exported(page)
    before, after = everything(street)[-2:]
    assert [before.kind, after.kind] == ["audit.exported", "audit.export_done"]
    assert {before.actor, after.actor} == {"user:local"}
    assert after.details["sha256"] in [code.value for code in page.code]


def test_a_reason_is_kept_sealed_and_the_log_holds_its_id(street: Services) -> None:
    completed(street, NUMBER)
    page = opened()
    page.text_input(key="export_reason").set_value("asked by the\nauditor =1+1").run()
    exported(page)
    told = everything(street)[-2].details or {}
    with street.store.read() as tx:
        row = tx.one("reason", id=told["reasonId"])
    assert row
    assert street.keyring.open("reasons", "reason", told["reasonId"], row["reason"]) == b"asked by the auditor =1+1"


def test_ndjson_is_one_event_a_line(street: Services) -> None:
    completed(street, NUMBER)
    lines = exported(opened(), "ndjson").read_text().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [1, 2, 3, 4, 5, 6]


def test_a_bundle_from_the_page_satisfies_its_own_verifier_and_withholds_what_was_asked(street: Services) -> None:
    completed(street, NUMBER)
    page = opened(kind="signup.*")
    page.toggle(key="export_hide").set_value(True).run()
    assert "only sealed stretches" in said(page)
    facts = check_bundle(str(exported(page, "bundle")), [], [])
    assert (facts["valid"], facts["shown"], facts["listed"]) == (True, 3, 0)


def test_an_export_that_cannot_be_written_says_why_in_a_sentence(street: Services) -> None:
    completed(street, NUMBER)
    (Path(street.settings.data_dir) / "exports").write_text("in the way")
    page = opened()
    page.button(key="start_export").click().run()
    eventually(lambda: page.run().error, seconds=30)
    assert not page.exception
    assert "The file cannot be written" in page.error[0].value
    assert not page.link_button


def test_an_export_that_was_cancelled_leaves_nothing_and_lets_another_begin(street: Services) -> None:
    completed(street, NUMBER)
    page = opened()
    with street.store.write():  # it waits for the database, so it cannot be too fast for us
        page.button(key="start_export").click().run()
        page.button(key="cancel_export_work").click().run()
        eventually(lambda: not page.run().button(key="start_export").disabled)
    assert list((Path(street.settings.data_dir) / "exports").iterdir()) == []
    assert exported(page).exists()


def test_a_check_of_the_whole_log_from_the_page_says_when_it_ended_and_what_it_found(street: Services) -> None:
    completed(street, NUMBER)
    page = visit("audit")
    assert "No full check yet" in said(page)
    page.button(key="verify").click().run()
    eventually(lambda: "every event in its place" in said(page.run()), seconds=30)
    assert [button.key for button in page.button if button.key in ("verify", "verify_stop")] == ["verify"]


def test_a_log_that_was_altered_is_told_in_red_with_the_event(street: Services) -> None:
    completed(street, NUMBER)
    with closing(sqlite.connect(str(street.store.path), isolation_level=None)) as database:
        database.execute("DROP TRIGGER events_stay")
        database.execute("UPDATE events SET details = '{}' WHERE seq = 3")
    page = visit("audit")
    page.button(key="verify").click().run()
    eventually(lambda: "An event was changed." in said(page.run()), seconds=30)
    assert "gpp_bad" in said(page)
    assert not any("An event was changed" in caption.value for caption in page.caption)  # Streamlit pales them
    assert list(table(page, "Seq")["Details"])[2] == "not what was ever written here: verify the log"


def test_the_card_shows_what_to_keep_elsewhere_and_says_what_it_proves(street: Services) -> None:
    completed(street, NUMBER)
    log.seal_first(street)
    made = Clerk(street, keys.ready(street, str), actor="cli", say=str).make()
    page = visit("audit")
    codes = [code.value for code in page.code]
    assert made.line in codes
    assert made.key_id in codes
    assert "last checkpoint" in said(page)
    assert "Not that it is true" in said(page)


def test_redacted_details_leave_a_page_that_stands_still(street: Services) -> None:
    completed(street, NUMBER)
    page = visit("audit")
    page.toggle(key="follow").set_value(False).run()
    assert "Sweden · channel web" in list(table(page, "Seq")["Details"])
    redact(street, 1, reason="a test", actor="cli")
    assert "Sweden · channel web" not in list(table(page.run(), "Seq")["Details"])


@pytest.mark.parametrize(
    ("answer", "stopped", "told"),
    [
        ({"valid": None, "detail": "The database cannot be used."}, False, "did not end: The database cannot be used."),
        (None, False, "did not end: why"),
        (None, True, "No full check yet"),
        ({"valid": True, "detail": None}, False, "No full check yet"),
    ],
)
def test_a_check_without_a_verdict_is_told_until_a_newer_one(answer: object, stopped: bool, told: str) -> None:
    job = SimpleNamespace(running=False, answer=answer, problem="why", stopped=stopped, ended_at="2026-11-24T14")
    job.trouble = Job.trouble.fget(job)
    assert told in seal.checked(job, None, "")
    assert "every event in its place" in seal.checked(job, Full("2026-11-24T15", 5, None), "15:00")


@pytest.mark.parametrize(("reason", "told"), [("unreadable", "could not be read"), ("not_ended", "did not end")])
def test_a_full_check_that_could_not_tell_is_not_told_as_one_that_found_all_well(reason: str, told: str) -> None:
    line = seal.checked(None, Full("2026-11-24T15", 5, reason), "15:00")
    assert told in line
    assert line.startswith(":orange[")

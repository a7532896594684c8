"""This machine: settings, keys, the database and its disk, the watcher, the audit log. One check a function.

It must not write, but for what proves that a real write would succeed and leaves nothing.
"""

import re
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile

from signup import words
from signup.clock import moment, text
from signup.doctor.check import DAY, Finding, ago, fine, look, several, span, wrong
from signup.errors import StoreUnavailable
from signup.keys import FILE
from signup.model import WATCHER_SEEN_SECONDS
from signup.record import checkpoint, log, pins
from signup.record.seal import only
from signup.services import Services
from signup.store import Row
from signup.words import size

UNSEALED_SECONDS = 60
OVERDUE_SECONDS = 60
UNLOOKED_SECONDS = 180
UNCHECKED_SECONDS = 2 * DAY
AHEAD_SECONDS = 300
LITTLE_DISK = 1_000_000_000
NO_DISK = 100_000_000
LONG_WAL = 2 * 67_108_864
"""Twice of what is left of it once it was emptied."""

SOUND_SQLITE = (3, 51, 3)
OTHERS = 0o077


def settings(services: Services) -> Finding:
    """The mode. Wrong settings never come this far."""
    chosen = sum(row.source != "default" for row in services.settings.describe())
    told = f"{chosen} of them set" if chosen else "all of them defaults"
    if services.settings.mode == "sandbox":
        return fine(f"Sandbox mode, no request leaves this machine; {told}.")
    return fine(f"Live mode, app key set; {told}.")


def keys(services: Services) -> Finding:
    """Whether everything in the database can be read, and nobody else can read the key file."""
    with services.store.read() as tx:
        written_under = {row["key_id"] for row in tx.all("known_keys")}
    lost = sorted(written_under - set(services.keyring.ids))
    if lost:
        return look(f"Rows written under {', '.join(lost)} cannot be read.", "Put the old key back into SIGNUP_KEYS.")
    told = f"{several(len(services.keyring.ids), 'key')}, the current one is {services.keyring.ids[0]}"
    if services.settings.keys:
        return fine(f"{told}, from SIGNUP_KEYS.")
    path = Path(services.settings.data_dir) / "keys" / FILE
    if not path.exists():
        return wrong(
            f"{path} is gone.",
            "Put it back from the backup before you stop anything: the running programs still hold its keys.",
        )
    if path.stat().st_mode & OTHERS:
        return wrong(f"Others on this machine may read {path}.", f"Run: chmod 600 {path}")
    return fine(f"{told}, kept in {path}: back it up, apart from the database.")


def readable(services: Services) -> None:
    """Asked first. Raises StoreUnavailable."""
    with services.store.read() as tx:
        only(tx, "log_identity")


def away(error: StoreUnavailable) -> Finding:
    """The one finding about a database that cannot be read: each other check would only wait for it too."""
    return wrong("It cannot be read, so nothing that is kept in it is checked here.", error.sentence)


def database(services: Services) -> Finding:
    """Whether it can be written now, and how safely it keeps what is written."""
    try:
        with services.store.write() as tx:
            tx.run("drop_selftests", before="")  # none is that old; SQLite begins also what it cannot write
    except StoreUnavailable as error:
        return wrong("It cannot be written, so no callback can be stored.", error.sentence)
    about = services.store.about()
    told = f"{about['library']}, {about['durability']}"
    if "bytes" in about:
        told += f"; {size(about['bytes'])}, write-ahead log {size(about['walBytes'])}"
    if int(about.get("walBytes", 0)) > LONG_WAL:
        return look(f"{told}.", "Something reads the database without a pause, so the log cannot be emptied: end it.")
    number = re.fullmatch(r"SQLite (\d+)\.(\d+)\.(\d+)", about["library"])
    if number and tuple(map(int, number.groups())) < SOUND_SQLITE:
        return look(f"{told}.", "SQLite before 3.51.3 can damage its write-ahead log: pip install 'pysqlite3>=0.6.1'.")
    return fine(f"{told}.")


def disk(services: Services) -> Finding | None:
    """Room for what is still to be written; nothing when the database keeps its files elsewhere."""
    free = services.store.about().get("freeBytes")
    if free is None:
        return None
    told = f"{size(free)} free beside the database."
    if int(free) < NO_DISK:
        return wrong(told, "Make room now: a full disk stops every callback.")
    return look(told, "Make room before the disk is full.") if int(free) < LITTLE_DISK else fine(told)


def folder(services: Services) -> Finding | None:
    """Whether exports and checkpoints can be kept; nothing before there is a folder for them."""
    above = Path(services.settings.data_dir)
    for place in filter(Path.exists, (above, above / "checkpoints", above / "exports")):
        try:
            with TemporaryFile(dir=place):
                pass
        except OSError as error:
            told = f"Nothing can be written into {place} ({error.strerror}), so no checkpoint or export is kept."
            return wrong(told, "Check its rights and its disk.")
    return fine(f"{above} can be written.") if above.exists() else None


def watcher(services: Services) -> Finding:
    """Whether anybody matches callbacks and fetches profiles."""
    now = services.clock.now()
    with services.store.read() as tx:
        known = tx.all("watchers")
    living = alive(known, now)
    if not living:
        last = f"The last one was seen {ago(known[0]['seen_at'], now)}." if known else "None was ever seen."
        return wrong(
            f"No watcher runs, so no callback is acted on. {last}",
            "Start the dashboard, or python -m signup watch.",
        )
    return fine("; ".join(f"{row['mode']} on {row['host']}, process {row['pid']}" for row in living) + ".")


def alive(known: list[Row], now: datetime) -> list[Row]:
    """Those that have shown themselves within half a minute. Who is from the future wrote by a clock that was wrong."""
    return [row for row in known if abs(now - moment(row["seen_at"])) < timedelta(seconds=WATCHER_SEEN_SECONDS)]


def alerts(services: Services) -> Finding | None:
    """Whether the rules are looked at each minute; nothing without a watcher, which is a finding of its own."""
    now = services.clock.now()
    with services.store.read() as tx:
        living = alive(tx.all("watchers"), now)
        row = tx.one("last_look_at_alerts") or {}
    if not living:
        return None
    cure = "See what the watcher's log says. Where it says nothing, wait: every event is counted first."
    if not row["minute"]:
        return look("The rules were not looked at yet.", cure)
    told = f"The rules were last looked at {ago(row['minute'], now)}."
    late = now - moment(row["minute"]) > timedelta(seconds=UNLOOKED_SECONDS)
    return wrong(f"{told} No alert is told meanwhile.", cure) if late else fine(told)


def sealing(services: Services) -> Finding:
    """Whether events get their place in the log in time."""
    head = log.head(services)
    if ours := pins.others(services.settings, head.log_id):
        return wrong(
            f"The log {head.log_id} is not the one that is remembered here ({ours[-1]}): nothing is sealed or signed.",
            "Put the right database back, or accept this one: python -m signup keys --accept-restore",
        )
    oldest = head.oldest_unsealed_at
    age = (services.clock.now() - moment(oldest)).total_seconds() if oldest else 0.0
    if age > UNSEALED_SECONDS:
        return wrong(
            f"{several(head.unsealed, 'event')} not yet sealed, the oldest for {span(age)}.",
            "See that a watcher runs; python -m signup events seals too, and tells what stops it.",
        )
    signed = checkpoint.newest(services)
    if signed and moment(signed.at) - services.clock.now() > timedelta(seconds=AHEAD_SECONDS):
        return look(
            f"The last checkpoint was signed while the clock ran ahead: it is dated {signed.at}.",
            "See that the clock is right. Checkpoints go on, with that time until it has come: it never goes back.",
        )
    return fine(f"{several(head.seq, 'event')}, sealed.")


def checked(services: Services) -> Finding:
    """What the last full check of the audit log found, and how long ago."""
    now = services.clock.now()
    with services.store.read() as tx:
        identity = only(tx, "log_identity")
    full = pins.read(services.settings, identity["log_id"]).full
    if full and full.reason and full.undecided:
        why = words.VERDICTS[full.reason]
        return wrong(
            f"The last one {ago(full.at, now)} came to no verdict: {why}",
            "Run python -m signup verify, which says why.",
        )
    if full and full.reason:
        return wrong(
            f"The last one {ago(full.at, now)} found that the log was altered. {words.VERDICTS[full.reason]}",
            "Run python -m signup verify, which names the first bad event, and compare with the last backup.",
        )
    if full and moment(full.at) - now > timedelta(seconds=AHEAD_SECONDS):
        return look(
            f"The last one was made while the clock ran ahead: it is dated {full.at}.",
            "See that the clock is right; python -m signup verify checks now.",
        )
    since = full.at if full else identity["created_at"]
    told = f"The last one {ago(since, now)} found every event in its place." if full else "None has been made yet."
    if now - moment(since) > timedelta(seconds=UNCHECKED_SECONDS):
        return look(told, "See that a watcher runs: it checks every night; python -m signup verify checks now.")
    return fine(told if full else f"{told} One runs every night.")


def overdue(services: Services) -> Finding:
    """Sign-ups that should have ended: still counted as open, because nobody ended them."""
    now = services.clock.now()
    with services.store.read() as tx:
        row = tx.one("past_their_end", before=text(now - timedelta(seconds=OVERDUE_SECONDS))) or {}
    if row["n"]:
        late = several(row["n"], "sign-up")
        return wrong(
            f"{late} past the end and still open; the oldest should have ended {ago(row['oldest'], now)}.",
            "Start a watcher (python -m signup watch --once is enough): it ends them.",
        )
    return fine("No sign-up is open past its end.")


def webhook(services: Services) -> Finding | None:
    """Whether what alerts tell is taken; nothing where nobody is told."""
    if not services.settings.webhook_url:
        return None
    with services.store.read() as tx:
        row = tx.one("last_webhook")
    if row is None:
        return fine("No alert was told yet.")
    when = ago(row["tried_at"], services.clock.now())
    if row["taken"]:
        return fine(f"The last message was taken {when}.")
    if row["answer"] == "private":
        told = "Set SIGNUP_WEBHOOK_PRIVATE=true if it is meant to stay inside."
        return look(f"SIGNUP_WEBHOOK_URL leads into a private network, so nothing was told {when}.", told)
    answer = row["answer"] or "no answer yet"
    again = "it is tried again" if row["due_at"] else "it was given up"
    return look(
        f"The last message was not taken {when} ({answer}); {again}.",
        "Compare SIGNUP_WEBHOOK_URL with whoever receives it, and see the page Alerts.",
    )

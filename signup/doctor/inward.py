"""From Truecaller to us: is the receiver there, what came last, who waits for one, what belongs to nobody.

One check a function. It must not show what a stranger sent.
"""

from datetime import timedelta

from signup import words
from signup.clock import moment, text
from signup.doctor import reach
from signup.doctor.check import DAY, Finding, ago, fine, look, span, wrong
from signup.outbound import OutboundFailed, send
from signup.services import Services

PROBE_SECONDS = 3.0
LONG_SECONDS = 30
OK, UNAVAILABLE = 200, 503
REFUSED = {"callback_rejected": "could not be read", "callback_over_limit": "came beyond the limit"}


def receiver(services: Services) -> Finding:
    """Whether the receiver listens and could store a callback now."""
    port = services.settings.callback_port
    try:
        reply = send("GET", f"{services.settings.receiver_url}/readyz", {}, seconds=PROBE_SECONDS)
    except OutboundFailed:
        return wrong(
            f"Nothing answers on port {port}, so no callback can arrive.",
            "Run python -m callback_server; where the dashboard started it, it starts again by itself within 10 s.",
        )
    said = reach.word(reply)
    if reply.status == OK and said == reach.STORED:
        return fine(f"Answers on port {port} in {reply.ms} ms and could store a callback.")
    bare = reply.status == UNAVAILABLE and not reply.body  # what it says to all but loopback
    if bare or said in (reach.NOT_STORED, reach.BROKEN):
        return wrong("It answers and cannot store a callback.", "See that the database can be written.")
    return wrong(f"Something else answers on port {port}.", "Stop it, or set SIGNUP_CALLBACK_PORT to a free port.")


def last_callback(services: Services) -> Finding:
    """When a callback of ours last came; strangers' prove nothing."""
    with services.store.read() as tx:
        row = tx.one("last_of_ours")
    if row:
        return fine(f"{ago(row['at'], services.clock.now())}: {words.RESULTS[row['result']]}.")
    if services.settings.mode == "sandbox":
        return fine("None has come yet.")
    return look(
        "None of ours has ever come.", "Compare the callback URL in Truecaller's portal with where the receiver is."
    )


def waiting(services: Services) -> Finding:
    """Sign-ups whose prompt is out for a while and of which nothing was heard."""
    now = services.clock.now()
    with services.store.read() as tx:
        row = tx.one("unanswered_for_long", before=text(now - timedelta(seconds=LONG_SECONDS))) or {}
    if not row["n"]:
        return fine(f"No sign-up waits longer than {LONG_SECONDS} s without a callback.")
    oldest = span((now - moment(row["oldest"])).total_seconds())
    return look(
        f"{row['n']:,} sent over {LONG_SECONDS} s ago without a callback, the oldest for {oldest}.",
        "People may take their time. If no callback comes at all, compare the callback URL in the portal.",
    )


def apart(services: Services) -> Finding:
    """Callbacks of the last ten minutes that no sign-up knows."""
    with services.store.read() as tx:
        row = tx.one("apart_now") or {}
    if not row["last"]:
        return fine("No callback of the last 10 minutes belongs to nobody.")
    return look(
        f"{row['parked']:,} parked and {row['quarantined']:,} quarantined in the last 10 minutes, "
        f"the last one {ago(row['last'], services.clock.now())}.",
        words.cure("callback", "unknown_request"),
    )


def unreadable(services: Services) -> Finding:
    """What was refused at the door: only counted, nothing of it is kept."""
    now = services.clock.now()
    with services.store.read() as tx:
        counted = [row for row in tx.all("counters") if row["name"] in REFUSED]
    if not counted:
        return fine("Every callback could be read.")
    told = "; ".join(f"{row['value']:,} {REFUSED[row['name']]}, the last one {ago(row['at'], now)}" for row in counted)
    if now - max(moment(row["at"]) for row in counted) > timedelta(seconds=DAY):
        return fine(f"{told}.")
    return look(f"{told}.", "A few are nothing; many mean that a stranger has found the callback URL.")

"""What people read for the codes of this project: outcomes, statuses, steps, events, reasons and their cures.

Stands under everything that speaks to a person: the pages, the command line's tables, the doctor. A code is stable
for ever, a sentence here may be bettered. It must not decide anything, and holds no colour and no icon (those are in
dashboard/labels.py).
"""

from collections.abc import Mapping
from typing import Any

OUTCOMES = {
    "completed": "Completed",
    "declined": "Declined",
    "expired": "Ignored",
    "failed": "Failed",
    "open": "Open",
}

STATUSES = {
    "requested": "Requested",
    "waiting": "Waiting for an answer",
    "approved": "Approved, profile not read yet",
    "completed": "Completed",
    "declined": "Declined",
    "expired": "Ignored",
    "failed": "Failed",
}

FUNNEL = {
    "started": "Started",
    "sent": "Sent",
    "opened": "Opened",
    "approved": "Approved",
    "completed": "Completed",
}

STEPS = {
    "request": "Asking Truecaller",
    "profile": "Reading the profile",
    "token": "Keeping the token",
    "callback": "Taking the callback",
}

DIFFER = {
    False: "Count everything anew with python -m signup stats --rebuild.",
    True: "An event was redacted since it was counted, which alone may be why. To count without it: "
    "python -m signup stats --rebuild.",
}
"""What to do about roll-ups that differ from the log, by whether it tells of a redaction."""

VERDICTS = {
    "row_missing": "An event is missing.",
    "row_changed": "An event was changed.",
    "row_malformed": "An event is not in the form of one.",
    "row_out_of_order": "An event does not stand in its place.",
    "history_rewritten": "Events were rewritten: they do not fit a signed checkpoint.",
    "outside_checkpoint_contradicted": "Events were rewritten: they do not fit a checkpoint kept outside.",
    "tail_missing": "The newest events are gone.",
    "head_wrong": "The head does not fit the events.",
    "prune_untold": "Events are gone and nothing tells of it.",
    "redaction_untold": "Details are gone and nothing tells of it.",
    "checkpoint_missing": "A signed checkpoint is gone.",
    "checkpoint_forged": "A checkpoint was changed.",
    "key_not_trusted": "A checkpoint is signed with a key that nothing vouches for.",
    "log_mixed": "A checkpoint belongs to another log.",
    "checkpoint_not_covered": "It could not tell whether the log is whole: no given checkpoint could be compared.",
    "unreadable": "It could not tell whether the log is whole: the log could not be read.",
    "not_ended": "It did not end, so nobody can tell whether the log is whole.",
}
"""What a check of the audit log found, by its reason; of the last three, why it found nothing."""

RESULTS = {
    "approved": "approved",
    "declined": "declined",
    "opened": "opened the prompt",
    "other": "said something we do not know",
}

MEASURES = {
    "started": "Started",
    "sent": "Sent",
    "opened": "Opened",
    "approved": "Approved",
    "completed": "Completed",
    "declined": "Declined",
    "expired": "Ignored",
    "failed": "Failed",
    "open": "Open",
    "successRate": "Success rate",
    "errorRate": "Error rate",
    "lockHits": "Lock hits",
    "lockHitRate": "Lock hit rate",
    "lockedNumbers": "Numbers behind the lock hits",
    "callsSaved": "Calls saved",
    "hitsBeforeDecision": "Lock hits before a decision",
    "rejectedNumbers": "Rejected numbers",
    "requestSeconds": "Truecaller accepts the request",
    "approveSeconds": "Time to approve",
    "decisionSeconds": "Person decides",
    "profileSeconds": "Profile is read",
    "retrySeconds": "Trying again after",
    "series": "Over time",
    "latency": "Durations over time",
    "funnel": "Funnel",
    "errors": "Errors",
    "byCountry": "By country",
}

EVENTS = {
    "signup.started": "Sign-up started, number locked",
    "signup.sent": "Request sent, Truecaller accepted it",
    "signup.failed": "Sign-up failed",
    "signup.opened": "Prompt opened on the phone",
    "signup.approved": "Approved by the person",
    "signup.declined": "Declined by the person",
    "signup.expired": "Nobody answered in time",
    "profile.fetched": "Profile read, sign-up completed",
    "profile.failed": "Profile could not be read",
    "profile.revealed": "Profile shown unmasked",
    "callback.received": "Callback stored",
    "callback.repeated": "Callback came again",
    "callback.quarantined": "Callback set aside",
    "lock.hit": "Refused by the lock, nothing sent",
    "number.rejected": "Number rejected, nothing sent",
    "audit.checkpoint": "Audit log signed",
    "audit.exported": "Export begun",
    "audit.export_done": "Export finished",
    "audit.pruned": "Old events removed",
    "audit.redacted": "Details of one event removed",
    "audit.key_added": "Signing key added",
    "audit.erased": "A person's data erased",
    "audit.restored": "Restored backup accepted",
    "settings.changed": "Setting changed",
    "view.saved": "Saved view changed",
    "replay.sent": "Callback sent again by hand",
    "alert.changed": "Alert changed",
}
SENT_WITHOUT_ANSWER = "Request sent, no answer in time: the prompt may be out"

CODES = {
    "bad_app_key": "Truecaller does not know the app key",
    "number_not_eligible": "This number cannot use Truecaller",
    "truecaller_error": "Truecaller answered 5xx or could not be reached",
    "bad_answer": "Truecaller's answer could not be used",
    "request_refused": "Truecaller refused the request",
    "rate_limited": "Truecaller asks to slow down",
    "timeout": "No answer in time; the prompt may be out",
    "number_mismatch": "The profile belongs to another number",
    "endpoint_refused": "The callback named an address that is not allowed",
    "token_rejected": "Truecaller refused the access token",
    "profile_error": "The profile could not be read in time",
    "token_expired": "The access token ran out before the profile was read",
    "user_rejected": "The person declined",
    "use_another_number": "The person wants to use another number",
    "state_mismatch": "The callback carried a wrong state",
    "state_missing": "The callback carried no state",
    "unknown_request": "The callback belongs to no request of ours",
    "locked": "This number was tried a moment ago; wait for the lock to end",
    "number_invalid": "This is not a phone number that can be used",
}

NOTHING_SENT = "Nothing is sent and no lock is taken."
REJECTS = {
    "not_a_number": "This is not a phone number: type digits, with + and the country code in front.",
    "too_short": "This number is too short: check for missing digits.",
    "too_long": "This number is too long: check for extra digits.",
    "invalid": "No such number exists: check the country code and the digits.",
}

_QUARANTINED = (
    "A callback did not belong to any of our requests and was quarantined: if many, someone has found the callback "
    "URL, or two installations share one app key."
)

CURES = {
    ("request", "bad_app_key"): "Truecaller does not know the app key: compare SIGNUP_APP_KEY with the portal.",
    ("request", "number_not_eligible"): ("This number cannot use Truecaller: offer your own verification at once."),
    ("request", "truecaller_error"): (
        "Truecaller answered 5xx or could not be reached: nothing to change here; tell Truecaller if it lasts over "
        "15 minutes."
    ),
    ("request", "bad_answer"): (
        "Truecaller's answer could not be used: keep the answer shown in the timeline and report it to Truecaller."
    ),
    ("request", "request_refused"): (
        "Truecaller refused this request (4xx): open one of these sign-ups and read its answer."
    ),
    ("request", "rate_limited"): ("Truecaller asks to slow down: look for one number or client starting too often."),
    ("request", "timeout"): (
        "The prompt may have gone out: wait for the callback; if many, look at the network to api4.truecaller.com."
    ),
    ("profile", "number_mismatch"): (
        "The profile was another person's: treat it as an attempt to deceive and do not sign this person up."
    ),
    ("profile", "endpoint_refused"): (
        "The callback named an address outside SIGNUP_PROFILE_URLS: no request left; add it only if Truecaller "
        "documents it."
    ),
    ("profile", "token_rejected"): (
        "Truecaller answered 401: the token was old or used; see how long callbacks wait before the fetch."
    ),
    ("profile", "profile_error"): (
        "The profile could not be read in time: look at profile p95 and the network to profile4.truecaller.com."
    ),
    ("token", "token_expired"): (
        "The approval came, the profile was not fetched before the token ran out: check that a watcher is running."
    ),
    ("callback", "state_mismatch"): _QUARANTINED,
    ("callback", "state_missing"): _QUARANTINED,
    ("callback", "unknown_request"): _QUARANTINED,
}
SANDBOX_CURES = {
    ("request", "truecaller_error"): (
        "Truecaller answered 5xx or could not be reached: see that the sandbox runs (python -m signup doctor)."
    ),
}
UNKNOWN_CURE = "Open one of these sign-ups and read the answer Truecaller gave."


def cure(step: str, code: str, mode: str = "live") -> str:
    """One sentence: what happened and what to do about this code of this step. `mode`: who plays Truecaller."""
    known = CURES | SANDBOX_CURES if mode == "sandbox" else CURES
    return known.get((step, code), UNKNOWN_CURE)


def event(kind: str, details: Mapping[str, Any] | None = None) -> str:
    """An event in a few words for a timeline; an unknown kind is told by its own name."""
    if kind == "signup.sent" and details and details.get("accepted") is False:
        return SENT_WITHOUT_ANSWER
    return EVENTS.get(kind, kind)


def size(text: str) -> str:
    """A number of bytes for people: 2.1 MB."""
    amount = float(text)
    for unit in ("B", "KB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"

"""How each number is counted: one sentence for people, and where there is one, the formula over the other numbers.

The Overview's help, the report and docs/numbers.md all say it from here, and the formulas are computed again in a test.
The names are those of `stats --json`. It must not count.
"""

from dataclasses import dataclass

from signup.words import MEASURES


@dataclass(frozen=True)
class Entry:
    """`told`: how it is counted, in a sentence or two. `formula`: the same over other names, Python's arithmetic."""

    told: str
    formula: str | None = None


GLOSSARY: dict[str, Entry] = {
    "started": Entry(
        "Sign-ups begun in this range. A lock hit begins none.", "completed + declined + expired + failed + open"
    ),
    "sent": Entry("Sign-ups whose request Truecaller accepted, or that came further than that."),
    "opened": Entry(
        "Sign-ups whose prompt was opened. Who decides has opened it, whether or not Truecaller said so before."
    ),
    "approved": Entry("Sign-ups that the person approved, whatever came of the profile afterwards."),
    "completed": Entry("Approved by the person, profile read, number proved."),
    "declined": Entry("The person said no, or wanted to use another number."),
    "expired": Entry("Nobody answered until the time was over."),
    "failed": Entry("An error ended it: of the request, of the token or of the profile."),
    "open": Entry("Started, and neither finished nor given up yet. Never counted as failed."),
    "successRate": Entry(
        "Completed of those that are finished. Open ones stand beside it, never inside.", "completed / (started - open)"
    ),
    "errorRate": Entry(
        "Failed of all started. Declined and ignored are people's answers, not errors.", "failed / started"
    ),
    "lockHits": Entry("Starts refused because the number was asked less than a lock's time ago. Nothing was sent."),
    "lockHitRate": Entry(
        "Starts that the lock refused, of all tries. Nothing was sent for them; they are no errors.",
        "lockHits / (lockHits + started)",
    ),
    "lockedNumbers": Entry("How many different numbers the lock hits were for."),
    "callsSaved": Entry("Requests that were not made, because the lock refused them.", "lockHits"),
    "hitsBeforeDecision": Entry("Lock hits while the first try was open and neither approved nor declined."),
    "rejectedNumbers": Entry("Submitted texts that are no phone number. Nothing was sent and no lock was taken."),
    "requestSeconds": Entry("How long the request to Truecaller took, as the caller waited, a second try included."),
    "approveSeconds": Entry("From the start to the arrival of the approval; half of the people are quicker than p50."),
    "decisionSeconds": Entry("From the start to the arrival of the person's answer, be it yes or no."),
    "profileSeconds": Entry("How long the last reading of the profile took."),
    "retrySeconds": Entry("From the start to the first refused try under each lock. A robot counts once."),
    "series": Entry(
        "Sign-ups by the time of their start: every stretch of the viewer's calendar that meets the range, cut to it. "
        "Together they are the totals. A stretch that is not over is pale and says so."
    ),
    "latency": Entry(
        "p50, p95 and p99 of each stretch: those of the range up to 7 days, UTC days up to 92 days, UTC months beyond."
    ),
    "funnel": Entry(
        "Who got to each step, and beside it what became of those who did not: together they are the step above. Open "
        "ones are not lost. Lock hits are in no step."
    ),
    "errors": Entry(
        "Sign-ups by step and code, each once. Those that ended a sign-up add up to the failed ones; a warning did not "
        "end it. Quarantined callbacks stand at their own time, and only while nothing is filtered."
    ),
    "byCountry": Entry(
        "By the country of the number's range, which is not always the carrier's of today. The most started first."
    ),
}
"""In the order of words.MEASURES, and no name of it is missing."""

RULES = {
    "Which time": "A sign-up belongs to the time of its start, lock hits, rejected numbers and quarantined callbacks "
    "to their own. One begun at 09:59 and completed at 10:07 is counted in the quarter from 09:45.",
    "Rates": "A rate with nothing below the line is unknown and shown as a dash, never as 0. Below 30, or where its "
    "95 % interval is wider than ten points to each side, it is grey and its interval stands beside it.",
    "Period before": "Ranges under 7 days are compared with the time just before; longer ones with as many whole weeks "
    "earlier, so that the same weekdays stand side by side. A year before means 52 weeks, for the same reason.",
    "Clear changes": "A change has a colour only when it is more than noise: for rates when the 95 % interval of the "
    "difference leaves out zero.",
    "Percentiles": "p95 is the time within which 95 of 100 were done, counted in steps of 4 % and so right within 2 %. "
    "Buckets with fewer than 5 are left out.",
    "What moved": "Named is the one country, channel, stretch of hours or ending that explains at least half of a sure "
    "change, and much more of it than its share of the sign-ups. Else nothing is said.",
    "With an outcome chosen": "The filter chooses what is drawn and listed. Rates and lock figures need everybody, "
    "and stay as they are on the page and in the report; the command stats leaves them out.",
    "Replays": "A callback that was replayed by hand is not counted, nor is a sign-up whose status it changed.",
    "Erased people": "Their events stay, without anything that leads to them, and so they stay counted.",
}
"""What holds for all of them."""


def markdown() -> str:
    """The tables of docs/numbers.md."""
    rows = [
        f"| {MEASURES[name]} | `{name}` | {entry.told} | {f'`{entry.formula}`' if entry.formula else ''} |"
        for name, entry in GLOSSARY.items()
    ]
    rules = [f"| {name} | {told} |" for name, told in RULES.items()]
    head = ["| Number | In `stats --json` | How it is counted | Formula |", "|---|---|---|---|"]
    return "\n".join([*head, *rows, "", "| What holds for all | |", "|---|---|", *rules]) + "\n"

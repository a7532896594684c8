"""Which sign-ups stand behind a number that only the events know: those that met an error and went on.

Beside the count (tally.py), whose warnings these are one by one. It must not count.
"""

from signup.measure.history import History
from signup.measure.question import SettledQuestion
from signup.measure.selection import select


def warned(history: History, question: SettledQuestion, step: str, code: str) -> list[str]:
    """The ids of the question's sign-ups that met this error and were not ended by it, the newest first."""
    with history.lock:
        chosen = {id(signup) for signup in select(history, question).signups}
        return [
            signup_id
            for signup_id, signup in reversed(list(history.by_id.items()))
            if id(signup) in chosen
            and (step, code) in signup.warnings
            and not (signup.outcome == "failed" and signup.error == (step, code))
        ]

"""Verify a log from its database: is it whole and unaltered, and if not, which is the first row that is not right.

The verdict and its report; the work is in check.py. Exit codes follow `valid`: true 0, false 1, null (nobody can
tell) 2. A check never seals, and never writes to what it checks. When the log was pruned or a row redacted while it
was read, the check starts over.
"""

from dataclasses import dataclass
from typing import Any

from signup.errors import DatabaseUnusable, StoreUnavailable
from signup.record.check import Check, Progress, Question, Source
from signup.record.fault import UNDECIDED, Fault, Reason
from signup.record.pins import Point

AGAIN = 3
"""How often a check may start over."""

__all__ = ["Progress", "Question", "Report", "Source", "verify"]

_FACTS = (
    "valid reason firstBadSeq lastBadSeq detail events checkpoints head root logId mode prunedTo redacted unsealed "
    "afterLastCheckpoint"
)


@dataclass(frozen=True)
class Report:
    """`facts` is the report as it is printed. `newest`: the last checkpoint of a valid log, to be remembered."""

    facts: dict[str, Any]
    newest: Point | None = None

    @property
    def valid(self) -> bool | None:
        """None: nobody can tell."""
        valid: bool | None = self.facts["valid"]
        return valid


def verify(source: Source, question: Question, progress: Progress | None = None) -> Report:
    """Check a log. `progress` is told rows checked and rows to check, after each page."""
    facts: dict[str, Any] = dict.fromkeys(_FACTS.split())
    facts.update(outside={"given": len(question.outside), "matched": 0}, keys=[], warnings=[])
    check = None
    try:
        check = _checked(source, question, facts, progress)
    except Fault as fault:
        verdict = {"valid": None if fault.reason in UNDECIDED else False, "reason": str(fault.reason)}
        facts.update(verdict, detail=fault.detail, firstBadSeq=fault.first, lastBadSeq=fault.last)
    except (DatabaseUnusable, StoreUnavailable) as error:
        facts.update(reason=str(Reason.UNREADABLE), detail=error.sentence)
    else:
        facts["valid"] = True
    if not question.outside:
        facts["warnings"].append("no_outside_checkpoint")
    return Report(facts, check.newest if check else None)


def _checked(source: Source, question: Question, facts: dict[str, Any], progress: Progress | None) -> Check:
    """The check that went through. Raises Fault, the last time it is met."""
    for left in reversed(range(AGAIN + 1)):
        check = Check(source, question, facts, progress)
        try:
            check.run()
        except Fault as fault:
            if not left or not check.may_be_late(fault):
                raise
        else:
            break
    return check

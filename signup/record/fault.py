"""What a check of the record can find: a fault, with its reason and the rows it is about.

The reasons are promised to scripts (record/verify.py), so they stand in one place.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a log is not valid, or why nobody can tell."""

    ROW_MISSING = "row_missing"
    ROW_CHANGED = "row_changed"
    ROW_MALFORMED = "row_malformed"
    ROW_OUT_OF_ORDER = "row_out_of_order"
    HISTORY_REWRITTEN = "history_rewritten"
    OUTSIDE_CHECKPOINT_CONTRADICTED = "outside_checkpoint_contradicted"
    TAIL_MISSING = "tail_missing"
    HEAD_WRONG = "head_wrong"
    PRUNE_UNTOLD = "prune_untold"
    REDACTION_UNTOLD = "redaction_untold"
    CHECKPOINT_MISSING = "checkpoint_missing"
    CHECKPOINT_FORGED = "checkpoint_forged"
    KEY_NOT_TRUSTED = "key_not_trusted"
    LOG_MIXED = "log_mixed"
    CHECKPOINT_NOT_COVERED = "checkpoint_not_covered"
    UNREADABLE = "unreadable"


UNDECIDED = (Reason.CHECKPOINT_NOT_COVERED, Reason.UNREADABLE)
"""With these a check cannot tell whether the log is whole."""


class Fault(Exception):
    """`first` and `last`: the rows it is about, where there are some; `detail` is one sentence."""

    def __init__(self, reason: Reason, detail: str, first: int | None = None, last: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.first = first
        self.last = first if last is None else last

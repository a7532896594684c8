"""The roots that were signed, by their number: what the rows of a log must add up to on the way.

Pure. It must not know who signed them: only trusted ones are put in (trust.py).
"""

from bisect import bisect_right
from dataclasses import dataclass, field

from signup.record import tree
from signup.record.fault import Fault, Reason
from signup.record.pins import Point


@dataclass(frozen=True)
class _Mark:
    """`inside`: it stands in the database itself; `given`: somebody brought it along to be compared."""

    root: str
    inside: bool = False
    given: bool = False


@dataclass
class Marks:
    """`given` and `matched` count those from outside; `last` is the highest number that was signed."""

    given: int = 0
    matched: int = 0
    last: int = 0
    _at: dict[int, list[_Mark]] = field(default_factory=dict)
    _stops: list[int] = field(default_factory=list)
    _fitted: int = 0
    _fitted_outside: int = 0

    def add(self, seq: int, root: str) -> None:
        """One of the database's own."""
        self._put(seq, _Mark(root, inside=True))

    def give(self, seq: int, root: str) -> None:
        """One from outside."""
        self.given += 1
        self._put(seq, _Mark(root, given=True))

    @property
    def signed(self) -> bool:
        """Whether there is one over any row."""
        return self.last > 0

    def remember(self, *points: Point | None) -> None:
        """Those we know ourselves."""
        for point in points:
            if point:
                self._put(point.seq, _Mark(point.root))

    def begin(self, seq: int, frontier: tree.Frontier) -> None:
        """Where a walk begins; what lies before it is not compared. Raises Fault."""
        self._fitted = self._fitted_outside = seq
        self._stops = sorted(self._at)
        self.compare(seq, frontier)

    def between(self, after: int, before: int) -> list[int]:
        """The numbers at which to compare, neither end included."""
        stops = self._stops[bisect_right(self._stops, after) : bisect_right(self._stops, before)]
        return [seq for seq in stops if seq != before]

    def compare(self, seq: int, frontier: tree.Frontier) -> None:
        """The root over `seq` rows must be each of those signed here, the database's own first. Raises Fault."""
        marks = self._at.get(seq)
        if not marks:
            return
        root = tree.root(frontier).hex()
        for mark in sorted(marks, key=lambda one: not one.inside):
            if mark.root != root:
                raise self._contradiction(seq, mark)
            self.matched += mark.given
            if mark.inside:
                self._fitted = seq
            else:
                self._fitted_outside = seq

    def _contradiction(self, seq: int, mark: _Mark) -> Fault:
        if mark.inside:
            detail = f"The rows do not add up to the checkpoint at event {seq}."
            return Fault(Reason.HISTORY_REWRITTEN, detail, min(self._fitted + 1, seq), seq)
        detail = f"The checkpoint kept outside at event {seq} does not fit these rows."
        return Fault(Reason.OUTSIDE_CHECKPOINT_CONTRADICTED, detail, min(self._fitted_outside + 1, seq), seq)

    def _put(self, seq: int, mark: _Mark) -> None:
        self._at.setdefault(seq, []).append(mark)
        self.last = max(self.last, seq)

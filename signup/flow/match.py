"""Match: a stored callback is joined to its sign-up and moves it; a parked one waits until its request id is known.

The sign-up's row is locked before its callback is taken, in every step in this order, so any number of processes may
match at once and none waits for another in a ring.
"""

from signup.clock import milliseconds, moment
from signup.flow.steps import MOST_EVENTS, listed, move, one_by_one, replayed, tell
from signup.model import OPEN, Result, Status
from signup.record.events import Kind
from signup.services import Services
from signup.store import Row, Transaction

OPENABLE = (*OPEN, Status.DECLINED)


def match(services: Services) -> int:
    """Act on every callback that arrived, and on parked ones whose request id is known now; how many."""
    with services.store.read() as tx:
        arrived, parked = tx.all("arrived_callbacks"), tx.all("parked_callbacks")
    done = one_by_one(arrived, lambda row: _match_one(services, row))
    return done + one_by_one(parked, lambda row: _join_one(services, row))


def _match_one(services: Services, arrived: Row) -> bool:
    with services.store.write() as tx:
        signup = tx.one("signup_by_id", id=arrived["signup_id"])
        taken = tx.one("take_callback", id=arrived["id"], signup_id=None, from_place="arrived")
        if taken:
            _act(tx, taken, signup)
    return taken is not None


def _join_one(services: Services, parked: Row) -> bool:
    """A callback that was here before its request id: its events carry the time it arrived."""
    with services.store.write() as tx:
        signup = tx.one("signup_by_id", id=parked["signup_id"])
        taken = tx.one("take_callback", id=parked["id"], signup_id=parked["signup_id"], from_place="parked")
        if taken is None or signup is None:
            return False
        for nth in range(min(1 + taken["repeats"], MOST_EVENTS - signup["callbacks"])):
            tx.run("count_callback", id=signup["id"])
            _tell_joined(tx, taken, repeated=nth > 0)
        if not taken["reason"]:
            _act(tx, taken, signup)
    return True


def _tell_joined(tx: Transaction, taken: Row, *, repeated: bool) -> None:
    details = {"reason": taken["reason"]} if taken["reason"] else {"result": taken["result"]}
    kind = Kind.CALLBACK_REPEATED if repeated else Kind.CALLBACK_RECEIVED
    kind = Kind.CALLBACK_QUARANTINED if taken["reason"] else kind
    tell(tx, taken["at"], kind, taken["signup_id"], replayed(details, taken["replay"]), actor="callback")


def _act(tx: Transaction, callback: Row, signup: Row | None) -> None:
    """What a callback does to its sign-up: a late one nothing."""
    if signup is None or callback["at"] >= signup["expires_at"]:
        tx.run("kill_token", id=callback["id"], dead="late", tried=0)
        return
    _prove_sent(tx, callback, signup)
    if callback["result"] == Result.APPROVED:
        _approve(tx, callback, signup)
    elif callback["result"] == Result.DECLINED:
        _decline(tx, callback, signup)
    elif callback["result"] == Result.OPENED:
        _open(tx, callback, signup)


def _age(callback: Row, signup: Row) -> int:
    """Milliseconds from the start to the callback's arrival."""
    return milliseconds((moment(callback["at"]) - moment(signup["started_at"])).total_seconds())


def _prove_sent(tx: Transaction, callback: Row, signup: Row) -> None:
    """A callback with the right state proves that Truecaller accepted, whatever the request's answer will say."""
    if move(tx, signup["id"], Status.WAITING, callback["at"]):
        details = {"status": Status.WAITING, "accepted": True, "ms": _age(callback, signup)}
        tell(tx, callback["at"], Kind.SIGNUP_SENT, signup["id"], replayed(details, callback["replay"]))
    tx.run("set_request_id", id=signup["id"], request_id=callback["request_id"])


def _approve(tx: Transaction, callback: Row, signup: Row) -> None:
    if callback["token"] is None:
        return
    if move(tx, signup["id"], Status.APPROVED, callback["at"]):
        details = {"status": Status.APPROVED, "ms": _age(callback, signup)}
        tell(tx, callback["at"], Kind.SIGNUP_APPROVED, signup["id"], replayed(details, callback["replay"]))
    elif signup["status"] != Status.APPROVED:
        tx.run("kill_token", id=callback["id"], dead="late", tried=0)


def _decline(tx: Transaction, callback: Row, signup: Row) -> None:
    reason = callback["status"]
    if move(tx, signup["id"], Status.DECLINED, callback["at"], code=reason):
        details = {"status": Status.DECLINED, "reason": reason, "ms": _age(callback, signup)}
        tell(tx, callback["at"], Kind.SIGNUP_DECLINED, signup["id"], replayed(details, callback["replay"]))


def _open(tx: Transaction, callback: Row, signup: Row) -> None:
    if tx.one("set_opened", id=signup["id"], opened_at=callback["at"], allowed=listed(OPENABLE)):
        tell(tx, callback["at"], Kind.SIGNUP_OPENED, signup["id"], replayed({}, callback["replay"]))

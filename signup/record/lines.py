"""A row of the log as a line of text: of `events.csv`, and of NDJSON with the salts its leaf is computed from.

Exports and bundles write these lines, byte for byte the same. It must not know what file they go into.
"""

from signup.record import canonical, csvfile, log
from signup.store import Row

COLUMNS = ("seq", "at", "kind", "signupId", "actor", "country", "channel", "code", "ms", "details")
FROM_DETAILS = COLUMNS[5:9]


def csv_line(row: Row) -> bytes:
    """A row of the log as a line of `events.csv`."""
    event = log.event(row)
    details = event.details or {}
    values = (details.get(name) for name in FROM_DETAILS)
    shown = [value if isinstance(value, str) or type(value) is int else None for value in values]
    whole = None if event.details is None else canonical.encode(details)
    return csvfile.line([event.seq, event.at, event.kind, event.signup_id, event.actor, *shown, whole])


def ndjson_line(row: Row) -> bytes:
    """A row of the log as one canonical line with its salts: its leaf can be computed from it."""
    event = log.event(row)
    line = {**event.json(), "headerSalt": row["header_salt"]}
    if event.details is None:
        del line["details"]
        line["detailsHash"] = row["details_hash"]
    else:
        line["detailsSalt"] = row["details_salt"]
    return (canonical.encode(line) + "\n").encode()

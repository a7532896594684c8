-- The inbox without AUTOINCREMENT, whose counter is one more page that every event would put on the disk.
-- One writer at a time, and the newest row is never the first to go: ids rise among what waits, which is all they are for.

CREATE TABLE inbox_anew (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    signup_id TEXT,
    actor TEXT NOT NULL,
    details TEXT NOT NULL
) STRICT;
INSERT INTO inbox_anew (id, at, kind, signup_id, actor, details)
SELECT id, at, kind, signup_id, actor, details FROM events_inbox;
DROP TABLE events_inbox;
ALTER TABLE inbox_anew RENAME TO events_inbox;

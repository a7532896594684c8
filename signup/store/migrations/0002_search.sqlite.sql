-- Finding things in a log of any size: its words, the numbers between which a time lies, one actor's events of a kind.

-- As sqlite-utils makes it, so that `sqlite-utils search` knows it. An update is a redaction: what was taken out of the
-- event goes out of its words too.
CREATE VIRTUAL TABLE "events_fts" USING FTS5 (
    "kind", "signup_id", "actor", "details",
    content="events"
);
INSERT INTO events_fts (events_fts) VALUES ('rebuild');
CREATE TRIGGER "events_ai" AFTER INSERT ON "events" BEGIN
  INSERT INTO "events_fts" (rowid, "kind", "signup_id", "actor", "details") VALUES (new.rowid, new."kind", new."signup_id", new."actor", new."details");
END;
CREATE TRIGGER "events_ad" AFTER DELETE ON "events" BEGIN
  INSERT INTO "events_fts" ("events_fts", rowid, "kind", "signup_id", "actor", "details") VALUES('delete', old.rowid, old."kind", old."signup_id", old."actor", old."details");
END;
CREATE TRIGGER "events_au" AFTER UPDATE ON "events" BEGIN
  INSERT INTO "events_fts" ("events_fts", rowid, "kind", "signup_id", "actor", "details") VALUES('delete', old.rowid, old."kind", old."signup_id", old."actor", old."details");
  INSERT INTO "events_fts" (rowid, "kind", "signup_id", "actor", "details") VALUES (new.rowid, new."kind", new."signup_id", new."actor", new."details");
END;

-- Words are overwritten where they stood, but not a whole pruned segment's: that is 0.5 ms a row, seconds in which nobody
-- else can write. Those are found no more, and go when the index merges its parts. (Before SQLite 3.42 nothing is.)
INSERT INTO events_fts (events_fts, rank) SELECT 'secure-delete', 1 WHERE sqlite_version() >= '3.42';
CREATE TRIGGER events_overwrite BEFORE UPDATE ON events WHEN sqlite_version() >= '3.42'
BEGIN
    INSERT INTO events_fts (events_fts, rank) VALUES ('secure-delete', 1);
END;
CREATE TRIGGER events_leave AFTER UPDATE OF pruned_to ON audit_log WHEN sqlite_version() >= '3.42'
BEGIN
    INSERT INTO events_fts (events_fts, rank) VALUES ('secure-delete', 0);
END;

-- Times do not always rise with seq: from when to when the events of each thousand are.
CREATE TABLE events_spans (
    thousand INTEGER NOT NULL PRIMARY KEY,
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL
) STRICT;
INSERT INTO events_spans (thousand, first_at, last_at)
SELECT seq / 1000, MIN(at), MAX(at) FROM events GROUP BY seq / 1000;

CREATE INDEX events_by_actor_kind ON events (actor, kind, seq);

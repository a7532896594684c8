-- Finding things in a log of any size: its words, the numbers between which a time lies, one actor's events of a kind.

-- The words of an event: runs of letters and digits, the same that SQLite's index finds. Each gets an x in front, for
-- PostgreSQL would read 21e6a46f as the number 21e6 and the word a46f.
-- What it costs is said because the planner cannot see it, and would read the whole log by number instead.
CREATE FUNCTION events_words(kind TEXT, signup_id TEXT, actor TEXT, details TEXT) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000 AS $$
BEGIN
    RETURN to_tsvector(
        'pg_catalog.simple'::regconfig,
        regexp_replace(
            ' ' || kind || ' ' || COALESCE(signup_id, '') || ' ' || actor || ' ' || COALESCE(details, ''),
            '[^A-Za-z0-9]+(?=[A-Za-z0-9])', ' x', 'g'
        )
    );
END;
$$;
CREATE INDEX events_by_words ON events USING GIN (events_words(kind, signup_id, actor, details));

-- Times do not always rise with seq: from when to when the events of each thousand are.
CREATE TABLE events_spans (
    thousand BIGINT NOT NULL PRIMARY KEY,
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL
);
INSERT INTO events_spans (thousand, first_at, last_at)
SELECT seq / 1000, MIN(at), MAX(at) FROM events GROUP BY seq / 1000;

CREATE INDEX events_by_actor_kind ON events (actor, kind, seq);

-- The way through the log along found words. `match` (record/search.py) asks for kind, actor and sign-up too, so that the
-- index alone narrows; only what it finds is looked up, in the order of the index.

-- name: events_found_newest
-- Where words were found, newest first.
SELECT events.seq, events.at, events.kind, events.signup_id, events.actor, events.details, events.header_salt, events.details_salt, events.details_hash, events.leaf
FROM events_fts CROSS JOIN events ON events.seq = events_fts.rowid
WHERE events_fts MATCH :match AND events_fts.rowid > :after AND events_fts.rowid < :before
    AND (CAST(:start AS TEXT) IS NULL OR events.at >= :start) AND (CAST(:end AS TEXT) IS NULL OR events.at < :end)
    AND (CAST(:kind AS TEXT) IS NULL OR events.kind = :kind)
    AND (CAST(:actor AS TEXT) IS NULL OR events.actor = :actor)
    AND (CAST(:signup_id AS TEXT) IS NULL OR events.signup_id = :signup_id)
ORDER BY events_fts.rowid DESC LIMIT :size;

-- name: events_found_oldest
-- Where words were found, oldest first.
SELECT events.seq, events.at, events.kind, events.signup_id, events.actor, events.details, events.header_salt, events.details_salt, events.details_hash, events.leaf
FROM events_fts CROSS JOIN events ON events.seq = events_fts.rowid
WHERE events_fts MATCH :match AND events_fts.rowid > :after AND events_fts.rowid < :before
    AND (CAST(:start AS TEXT) IS NULL OR events.at >= :start) AND (CAST(:end AS TEXT) IS NULL OR events.at < :end)
    AND (CAST(:kind AS TEXT) IS NULL OR events.kind = :kind)
    AND (CAST(:actor AS TEXT) IS NULL OR events.actor = :actor)
    AND (CAST(:signup_id AS TEXT) IS NULL OR events.signup_id = :signup_id)
ORDER BY events_fts.rowid LIMIT :size;

-- name: count_events_found
-- So many were found; nobody counts beyond `most`.
SELECT COUNT(*) AS n FROM (
    SELECT events.seq
    FROM events_fts CROSS JOIN events ON events.seq = events_fts.rowid
    WHERE events_fts MATCH :match AND events_fts.rowid > :after AND events_fts.rowid < :before
        AND (CAST(:start AS TEXT) IS NULL OR events.at >= :start) AND (CAST(:end AS TEXT) IS NULL OR events.at < :end)
        AND (CAST(:kind AS TEXT) IS NULL OR events.kind = :kind)
        AND (CAST(:actor AS TEXT) IS NULL OR events.actor = :actor)
        AND (CAST(:signup_id AS TEXT) IS NULL OR events.signup_id = :signup_id)
    LIMIT :most
) AS counted;

-- INDEXED BY: without statistics the planner takes the index of actors and looks at each of one's events.

-- name: events_of_actor_kind_newest
-- One actor's events of one kind, newest first.
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events INDEXED BY events_by_actor_kind
WHERE actor = :actor AND kind = :kind AND seq > :after AND seq < :before
    AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
ORDER BY seq DESC LIMIT :size;

-- name: events_of_actor_kind_oldest
-- One actor's events of one kind, oldest first.
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events INDEXED BY events_by_actor_kind
WHERE actor = :actor AND kind = :kind AND seq > :after AND seq < :before
    AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
ORDER BY seq LIMIT :size;

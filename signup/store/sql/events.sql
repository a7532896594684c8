-- The audit log: appended to an inbox, sealed into `events`, read by number. Nothing here changes a sealed row.

-- name: append_event!
-- One INSERT in the step's own transaction: no hash, no head row, nobody waits for anybody.
INSERT INTO events_inbox (at, kind, signup_id, actor, details)
VALUES (:at, :kind, :signup_id, :actor, :details);

-- name: log_head
-- Who the log is, how far it is sealed and what still waits, in one snapshot.
SELECT log_id, mode, seq, frontier, pruned_to,
    (SELECT MAX(id) FROM events_inbox) AS newest_waiting,
    (SELECT MAX(seq) FROM events WHERE kind = 'audit.redacted') AS redaction
FROM audit_log WHERE id = 1;

-- name: inbox_waiting
-- How much waits to be sealed, and since when: the doctor turns red at a minute.
SELECT COUNT(*) AS unsealed,
    (SELECT at FROM events_inbox ORDER BY id LIMIT 1) AS oldest_unsealed_at
FROM events_inbox;

-- name: oldest_waiting
-- Whether a sealer has come as far as the newest id it saw when it began.
SELECT MIN(id) AS id FROM events_inbox;

-- name: newest_sealed
-- The last row there is: it must be the one the head names.
SELECT MAX(seq) AS seq FROM events;

-- name: leaves_from
-- What was sealed since a sealer looked last, its own last row first.
SELECT seq, leaf FROM events WHERE seq >= :first ORDER BY seq LIMIT :size;

-- name: seal_event!
-- A row at its place for ever.
INSERT INTO events (seq, at, kind, signup_id, actor, details, header_salt, details_salt, leaf)
VALUES (:seq, :at, :kind, :signup_id, :actor, :details, :header_salt, :details_salt, :leaf);

-- name: move_head!
-- In the transaction that sealed the rows: the head and the rows are never apart.
UPDATE audit_log SET seq = :seq, frontier = :frontier WHERE id = 1;

-- name: widen_spans!
-- In the transaction that sealed the rows: from when to when the events of each thousand are, the new ones counted in.
INSERT INTO events_spans (thousand, first_at, last_at)
SELECT seq / 1000, MIN(at), MAX(at) FROM events WHERE seq > :after AND seq <= :up_to GROUP BY seq / 1000
ON CONFLICT (thousand) DO UPDATE SET
    first_at = CASE WHEN excluded.first_at < events_spans.first_at THEN excluded.first_at ELSE events_spans.first_at END,
    last_at = CASE WHEN excluded.last_at > events_spans.last_at THEN excluded.last_at ELSE events_spans.last_at END;

-- name: stretches_between
-- The rows of a span of time lie in these stretches, to the thousand. Times do not always rise with seq: a clock that once
-- went wrong makes two of one, not one over all that lies between.
SELECT MIN(thousand) * 1000 AS first, MAX(thousand) * 1000 + 999 AS last FROM (
    SELECT thousand, thousand - ROW_NUMBER() OVER (ORDER BY thousand) AS stretch FROM events_spans
    WHERE last_at >= COALESCE(:start, '') AND first_at < COALESCE(:end, '9999')
) AS found
GROUP BY stretch ORDER BY first;

-- The ways through the log: along everything, one kind, one actor, one actor's events of a kind or one sign-up, each with
-- its own index, each newest or oldest first. Several kinds are walked side by side and merged (record/log.py). What is
-- not asked for is null, and then costs no look at the row itself. Two ways stand in sql/sqlite and sql/postgresql: one
-- actor's events of a kind, and along found words.

-- name: events_newest
-- Along everything, newest first.
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events
WHERE seq > :after AND seq < :before
    AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
ORDER BY seq DESC LIMIT :size;

-- name: events_oldest
-- Along everything, oldest first.
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events
WHERE seq > :after AND seq < :before
    AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
ORDER BY seq LIMIT :size;

-- name: events_of_kind_newest
-- One kind, newest first.
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events
WHERE kind = :kind AND seq > :after AND seq < :before
    AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
ORDER BY seq DESC LIMIT :size;

-- name: events_of_kind_oldest
-- One kind, oldest first.
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events
WHERE kind = :kind AND seq > :after AND seq < :before
    AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
ORDER BY seq LIMIT :size;

-- name: events_of_actor_newest
-- One actor, newest first.
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events
WHERE actor = :actor AND seq > :after AND seq < :before
    AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
ORDER BY seq DESC LIMIT :size;

-- name: events_of_actor_oldest
-- One actor, oldest first.
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events
WHERE actor = :actor AND seq > :after AND seq < :before
    AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
ORDER BY seq LIMIT :size;

-- name: events_of_signup_newest
-- One sign-up, newest first.
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events
WHERE signup_id = :signup_id AND seq > :after AND seq < :before
    AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
    AND (CAST(:actor AS TEXT) IS NULL OR actor = :actor)
    AND (CAST(:kind AS TEXT) IS NULL OR kind = :kind)
ORDER BY seq DESC LIMIT :size;

-- name: events_of_signup_oldest
-- One sign-up's timeline.
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events
WHERE signup_id = :signup_id AND seq > :after AND seq < :before
    AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
    AND (CAST(:actor AS TEXT) IS NULL OR actor = :actor)
    AND (CAST(:kind AS TEXT) IS NULL OR kind = :kind)
ORDER BY seq LIMIT :size;

-- name: count_events
-- All between two numbers, in a span of time; nobody counts beyond `most`.
SELECT COUNT(*) AS n FROM (
    SELECT seq FROM events WHERE seq > :after AND seq < :before
        AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
    LIMIT :most
) AS counted;

-- name: count_events_of_kind
-- One kind's.
SELECT COUNT(*) AS n FROM (
    SELECT seq FROM events WHERE kind = :kind AND seq > :after AND seq < :before
        AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
    LIMIT :most
) AS counted;

-- name: count_events_of_actor
-- One actor's.
SELECT COUNT(*) AS n FROM (
    SELECT seq FROM events WHERE actor = :actor AND seq > :after AND seq < :before
        AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
    LIMIT :most
) AS counted;

-- name: count_events_of_actor_kind
-- One actor's of one kind.
SELECT COUNT(*) AS n FROM (
    SELECT seq FROM events WHERE actor = :actor AND kind = :kind AND seq > :after AND seq < :before
        AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
    LIMIT :most
) AS counted;

-- name: count_events_of_signup
-- One sign-up's.
SELECT COUNT(*) AS n FROM (
    SELECT seq FROM events WHERE signup_id = :signup_id AND seq > :after AND seq < :before
        AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
        AND (CAST(:actor AS TEXT) IS NULL OR actor = :actor)
        AND (CAST(:kind AS TEXT) IS NULL OR kind = :kind)
    LIMIT :most
) AS counted;

-- name: events_to_fold
-- What the numbers are made of, in order; details of nothing else are read.
SELECT seq, at, kind, signup_id, details FROM events WHERE seq > :after ORDER BY seq LIMIT :size;

-- The way through the log along found words (record/search.py makes `match`). The planner cannot tell a rare word from a
-- common one, so both ways are gone: of a common word enough is found among the nearest rows, read by number; only if not,
-- the rest comes from the index of words, all of it, and is sorted (seq + 0: never by number).

-- name: events_found_newest
-- Where words were found, newest first.
WITH near AS MATERIALIZED (
    SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events
    WHERE events_words(kind, signup_id, actor, details) @@ CAST(:match AS tsquery)
        AND seq > :after AND seq < :before AND seq >= :before - 20 * :size
        AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
        AND (CAST(:kind AS TEXT) IS NULL OR kind = :kind)
        AND (CAST(:actor AS TEXT) IS NULL OR actor = :actor)
        AND (CAST(:signup_id AS TEXT) IS NULL OR signup_id = :signup_id)
    ORDER BY seq DESC LIMIT :size
), far AS (
    SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events
    WHERE events_words(kind, signup_id, actor, details) @@ CAST(:match AS tsquery)
        AND seq > :after AND seq < :before AND seq < :before - 20 * :size AND (SELECT COUNT(*) FROM near) < :size
        AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
        AND (CAST(:kind AS TEXT) IS NULL OR kind = :kind)
        AND (CAST(:actor AS TEXT) IS NULL OR actor = :actor)
        AND (CAST(:signup_id AS TEXT) IS NULL OR signup_id = :signup_id)
    ORDER BY seq + 0 DESC LIMIT :size
)
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM near
UNION ALL
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM far
ORDER BY seq DESC LIMIT :size;

-- name: events_found_oldest
-- Where words were found, oldest first.
WITH near AS MATERIALIZED (
    SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events
    WHERE events_words(kind, signup_id, actor, details) @@ CAST(:match AS tsquery)
        AND seq > :after AND seq < :before AND seq <= :after + 20 * :size
        AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
        AND (CAST(:kind AS TEXT) IS NULL OR kind = :kind)
        AND (CAST(:actor AS TEXT) IS NULL OR actor = :actor)
        AND (CAST(:signup_id AS TEXT) IS NULL OR signup_id = :signup_id)
    ORDER BY seq LIMIT :size
), far AS (
    SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events
    WHERE events_words(kind, signup_id, actor, details) @@ CAST(:match AS tsquery)
        AND seq > :after AND seq < :before AND seq > :after + 20 * :size AND (SELECT COUNT(*) FROM near) < :size
        AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
        AND (CAST(:kind AS TEXT) IS NULL OR kind = :kind)
        AND (CAST(:actor AS TEXT) IS NULL OR actor = :actor)
        AND (CAST(:signup_id AS TEXT) IS NULL OR signup_id = :signup_id)
    ORDER BY seq + 0 LIMIT :size
)
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM near
UNION ALL
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM far
ORDER BY seq LIMIT :size;

-- name: count_events_found
-- So many were found; nobody counts beyond `most`.
SELECT COUNT(*) AS n FROM (
    SELECT seq FROM events
    WHERE events_words(kind, signup_id, actor, details) @@ CAST(:match AS tsquery) AND seq > :after AND seq < :before
        AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
        AND (CAST(:kind AS TEXT) IS NULL OR kind = :kind)
        AND (CAST(:actor AS TEXT) IS NULL OR actor = :actor)
        AND (CAST(:signup_id AS TEXT) IS NULL OR signup_id = :signup_id)
    LIMIT :most
) AS counted;

-- name: events_of_actor_kind_newest
-- One actor's events of one kind, newest first.
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events
WHERE actor = :actor AND kind = :kind AND seq > :after AND seq < :before
    AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
ORDER BY seq DESC LIMIT :size;

-- name: events_of_actor_kind_oldest
-- One actor's events of one kind, oldest first.
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events
WHERE actor = :actor AND kind = :kind AND seq > :after AND seq < :before
    AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
ORDER BY seq LIMIT :size;

-- The way through the log along found words (record/search.py makes `match`). A rare word is looked up in the index of
-- words; for a common one the planner reads the newest rows until enough have it.

-- name: events_found_newest
-- Where words were found, newest first.
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events
WHERE events_words(kind, signup_id, actor, details) @@ CAST(:match AS tsquery) AND seq > :after AND seq < :before
    AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
    AND (CAST(:kind AS TEXT) IS NULL OR kind = :kind)
    AND (CAST(:actor AS TEXT) IS NULL OR actor = :actor)
    AND (CAST(:signup_id AS TEXT) IS NULL OR signup_id = :signup_id)
ORDER BY seq DESC LIMIT :size;

-- name: events_found_oldest
-- Where words were found, oldest first.
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events
WHERE events_words(kind, signup_id, actor, details) @@ CAST(:match AS tsquery) AND seq > :after AND seq < :before
    AND (CAST(:start AS TEXT) IS NULL OR at >= :start) AND (CAST(:end AS TEXT) IS NULL OR at < :end)
    AND (CAST(:kind AS TEXT) IS NULL OR kind = :kind)
    AND (CAST(:actor AS TEXT) IS NULL OR actor = :actor)
    AND (CAST(:signup_id AS TEXT) IS NULL OR signup_id = :signup_id)
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

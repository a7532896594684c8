-- What the Overview reads beside the roll-ups themselves: open sign-ups, refused numbers, which countries and channels there
-- are. Times are microseconds; a list is a text with commas around each value, empty for all.

-- name: rolled_countries
-- Every country among what counts, each found by one step along the key.
WITH RECURSIVE found (country) AS (
    SELECT MIN(country) FROM roll_cells WHERE span = 86400
    UNION ALL
    SELECT (SELECT MIN(roll_cells.country) FROM roll_cells WHERE span = 86400 AND roll_cells.country > found.country)
    FROM found WHERE found.country IS NOT NULL
)
SELECT country FROM found WHERE country <> '*'
UNION
SELECT country FROM roll_signups
WHERE status IN ('requested', 'waiting', 'approved') AND replayed = 0 AND at >= :start
ORDER BY country;

-- name: rolled_channels
-- The same for channels.
WITH RECURSIVE found (channel) AS (
    SELECT MIN(channel) FROM roll_cells WHERE span = 86400 AND country = '*'
    UNION ALL
    SELECT (SELECT MIN(roll_cells.channel) FROM roll_cells
        WHERE span = 86400 AND country = '*' AND roll_cells.channel > found.channel)
    FROM found WHERE found.channel IS NOT NULL
)
SELECT channel FROM found WHERE channel <> '*'
UNION
SELECT channel FROM roll_signups
WHERE status IN ('requested', 'waiting', 'approved') AND replayed = 0 AND at >= :start
ORDER BY channel;

-- name: rolled_anything
-- Whether there was ever a sign-up or a lock hit.
SELECT 1 AS found FROM roll_cells
WHERE span = 86400 AND country = '*' AND channel = '*'
    AND completed + declined + expired_0 + expired_1 + expired_2 + failed_0 + failed_1 + failed_2 + failed_3
        + lock_hits > 0
UNION ALL
SELECT 1 FROM roll_signups WHERE status IN ('requested', 'waiting', 'approved') AND replayed = 0 AND at >= :start
LIMIT 1;

-- name: rolled_first
-- The first day of which anything is known, found at the end of the key.
SELECT MIN(bucket) AS at FROM roll_cells WHERE span = 86400 AND country = '*' AND channel = '*';

-- name: rolled_newest
-- Until when anything happened that took a time.
SELECT MAX(at) AS at FROM (
    SELECT MAX(at) AS at FROM roll_signups UNION ALL SELECT MAX(at) FROM roll_marks WHERE kind = 'hit'
) AS newest;

-- name: open_signups
-- Who has not finished: counted from the rows, about ten minutes' worth.
SELECT at, country, channel, 'open' AS outcome, step, error_step, error_code, warnings,
    request_ms, approve_ms, decline_ms, profile_ms
FROM roll_signups
WHERE status IN ('requested', 'waiting', 'approved') AND replayed = 0 AND at >= :start AND at < :end
    AND (:countries = '' OR :countries LIKE '%,' || country || ',%')
    AND (:channels = '' OR :channels LIKE '%,' || channel || ',%');

-- name: warned_signups
-- Who met an error, whether it ended the sign-up or not; newest first.
SELECT seq, signup_id, status, error_step, error_code, warnings FROM roll_signups
WHERE warnings <> '' AND replayed = 0 AND at >= :start AND at < :end
    AND (:countries = '' OR :countries LIKE '%,' || country || ',%')
    AND (:channels = '' OR :channels LIKE '%,' || channel || ',%')
ORDER BY seq DESC;

-- name: hits_again
-- Hits of a number that was refused in the range before: all but the first of each, found without the first ones.
SELECT COUNT(*) AS n FROM roll_marks
WHERE prev >= :start AND at < :end
    AND (:countries = '' OR :countries LIKE '%,' || country || ',%');

-- name: hits_again_by_channel
-- The same for one channel.
SELECT COUNT(*) AS n FROM roll_marks
WHERE channel = :channel AND prev_same_channel >= :start AND at < :end
    AND (:countries = '' OR :countries LIKE '%,' || country || ',%');

-- name: locked_numbers_by_channels
-- For several channels they are told apart one by one.
SELECT COUNT(DISTINCT number_id) AS n FROM roll_marks
WHERE kind = 'hit' AND at >= :start AND at < :end
    AND :channels LIKE '%,' || channel || ',%'
    AND (:countries = '' OR :countries LIKE '%,' || country || ',%');

-- The fold's own bookkeeping: where it stands, and what it takes back or clears. What is read and written by lists stands
-- in sqlite/ and postgresql/.

-- name: roll_position
-- How far the log is folded, and how often anew; log_id is empty in a new file.
SELECT log_id, seq, leaf, rebuilds FROM roll_cursor WHERE id = 1;

-- name: move_rolls!
-- First in the writing transaction: whoever finds it moved has lost and gives up.
UPDATE roll_cursor SET log_id = :log_id, seq = :seq, leaf = :leaf, rebuilds = :rebuilds
WHERE id = 1 AND seq = :from_seq AND leaf = :from_leaf AND log_id = :from_log AND rebuilds = :from_rebuilds;

-- name: clear_roll_signups!
-- What the log still has is counted again from it; what it no longer has stays.
DELETE FROM roll_signups WHERE seq > :kept;

-- name: clear_roll_marks!
-- The same for what counts by itself.
DELETE FROM roll_marks WHERE seq > :kept;

-- name: clear_roll_cells!
-- A rebuild adds everything up again.
DELETE FROM roll_cells;

-- name: clear_roll_hist!
-- A rebuild adds everything up again.
DELETE FROM roll_hist;

-- name: clear_roll_errors!
-- A rebuild adds everything up again.
DELETE FROM roll_errors;

-- name: kept_signups
-- A page of those whose beginning the log no longer has.
SELECT seq, signup_id, at, country, channel, status, step, request_ms, approve_ms, decline_ms, profile_ms, error_step,
    error_code, warnings, hit, replayed
FROM roll_signups WHERE seq > :after AND seq <= :kept ORDER BY seq LIMIT :size;

-- name: kept_marks
-- A page of those that the log no longer has.
SELECT seq, kind, at, country, channel, number_id, gap, early, reason
FROM roll_marks WHERE seq > :after AND seq <= :kept ORDER BY seq LIMIT :size;

-- name: drop_empty_cell!
-- A decline that was approved later left its cell: one that counts nothing must not name a country.
DELETE FROM roll_cells
WHERE span = :span AND country = :country AND channel = :channel AND bucket = :bucket
    AND completed = 0 AND declined = 0 AND expired_0 = 0 AND expired_1 = 0 AND expired_2 = 0
    AND failed_0 = 0 AND failed_1 = 0 AND failed_2 = 0 AND failed_3 = 0
    AND lock_hits = 0 AND early_hits = 0 AND rejected = 0;

-- name: drop_histogram!
-- The same for a duration that is counted elsewhere now.
DELETE FROM roll_hist
WHERE span = :span AND metric = :metric AND country = :country AND channel = :channel AND bucket = :bucket
    AND outcome = :outcome;

-- name: drop_empty_error!
-- The same for an error.
DELETE FROM roll_errors
WHERE span = :span AND country = :country AND channel = :channel AND bucket = :bucket
    AND outcome = :outcome AND step = :step AND code = :code AND fatal = :fatal AND n = 0;

-- name: kept_until
-- The newest of what the log no longer has.
SELECT MAX(at) AS at FROM (
    SELECT at FROM roll_signups WHERE seq <= :kept UNION ALL SELECT at FROM roll_marks WHERE seq <= :kept
) AS kept;

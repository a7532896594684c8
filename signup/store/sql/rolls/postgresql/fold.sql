-- What the fold reads and writes by lists. A list is JSON: an array of arrays, in the order of the columns.

-- name: put_roll_signups!
-- Each as it is now.
INSERT INTO roll_signups (
    seq, signup_id, at, country, channel, status, step, request_ms, approve_ms, decline_ms, profile_ms,
    error_step, error_code, warnings, hit, replayed
)
SELECT
    CAST(value ->> 0 AS BIGINT), value ->> 1, CAST(value ->> 2 AS BIGINT), value ->> 3, value ->> 4,
    value ->> 5, CAST(value ->> 6 AS BIGINT), CAST(value ->> 7 AS BIGINT), CAST(value ->> 8 AS BIGINT),
    CAST(value ->> 9 AS BIGINT), CAST(value ->> 10 AS BIGINT), value ->> 11, value ->> 12, value ->> 13,
    CAST(value ->> 14 AS BIGINT), CAST(value ->> 15 AS BIGINT)
FROM jsonb_array_elements(CAST(:rows AS JSONB)) AS told (value)
ON CONFLICT (seq) DO UPDATE SET
    at = excluded.at, country = excluded.country, channel = excluded.channel, status = excluded.status,
    step = excluded.step, request_ms = excluded.request_ms, approve_ms = excluded.approve_ms,
    decline_ms = excluded.decline_ms, profile_ms = excluded.profile_ms, error_step = excluded.error_step,
    error_code = excluded.error_code, warnings = excluded.warnings, hit = excluded.hit,
    replayed = excluded.replayed;

-- name: add_roll_marks!
-- A mark never changes but for the hits before it.
INSERT INTO roll_marks (
    seq, kind, at, country, channel, number_id, prev, prev_same_channel, gap, early, reason
)
SELECT
    CAST(value ->> 0 AS BIGINT), value ->> 1, CAST(value ->> 2 AS BIGINT), value ->> 3, value ->> 4,
    value ->> 5, CAST(value ->> 6 AS BIGINT), CAST(value ->> 7 AS BIGINT), CAST(value ->> 8 AS BIGINT),
    CAST(value ->> 9 AS BIGINT), value ->> 10
FROM jsonb_array_elements(CAST(:rows AS JSONB)) AS told (value)
ON CONFLICT (seq) DO UPDATE SET prev = excluded.prev, prev_same_channel = excluded.prev_same_channel;

-- name: add_to_roll_cells!
-- Merged deltas, so each key is there once.
INSERT INTO roll_cells (
    span, country, channel, bucket, completed, declined, expired_0, expired_1, expired_2, failed_0, failed_1,
    failed_2, failed_3, lock_hits, early_hits, rejected
)
SELECT
    CAST(value ->> 0 AS BIGINT), value ->> 1, value ->> 2, CAST(value ->> 3 AS BIGINT),
    CAST(value ->> 4 AS BIGINT), CAST(value ->> 5 AS BIGINT), CAST(value ->> 6 AS BIGINT),
    CAST(value ->> 7 AS BIGINT), CAST(value ->> 8 AS BIGINT), CAST(value ->> 9 AS BIGINT),
    CAST(value ->> 10 AS BIGINT), CAST(value ->> 11 AS BIGINT), CAST(value ->> 12 AS BIGINT),
    CAST(value ->> 13 AS BIGINT), CAST(value ->> 14 AS BIGINT), CAST(value ->> 15 AS BIGINT)
FROM jsonb_array_elements(CAST(:rows AS JSONB)) AS told (value)
ON CONFLICT (span, country, channel, bucket) DO UPDATE SET
    completed = roll_cells.completed + excluded.completed, declined = roll_cells.declined + excluded.declined,
    expired_0 = roll_cells.expired_0 + excluded.expired_0,
    expired_1 = roll_cells.expired_1 + excluded.expired_1,
    expired_2 = roll_cells.expired_2 + excluded.expired_2, failed_0 = roll_cells.failed_0 + excluded.failed_0,
    failed_1 = roll_cells.failed_1 + excluded.failed_1, failed_2 = roll_cells.failed_2 + excluded.failed_2,
    failed_3 = roll_cells.failed_3 + excluded.failed_3, lock_hits = roll_cells.lock_hits + excluded.lock_hits,
    early_hits = roll_cells.early_hits + excluded.early_hits,
    rejected = roll_cells.rejected + excluded.rejected;

-- name: stored_histograms
-- What is there already of those that change. Each is [place, key].
SELECT CAST(told.value ->> 0 AS BIGINT) AS place, counts
FROM jsonb_array_elements(CAST(:rows AS JSONB)) AS told (value)
JOIN roll_hist ON roll_hist.span = told.value ->> 1 AND roll_hist.metric = told.value ->> 2
    AND roll_hist.country = told.value ->> 3 AND roll_hist.channel = told.value ->> 4
    AND roll_hist.bucket = CAST(told.value ->> 5 AS BIGINT) AND roll_hist.outcome = told.value ->> 6;

-- name: put_histograms!
-- Each as it is now, packed by signup/measure/bins.py.
INSERT INTO roll_hist (
    span, metric, country, channel, bucket, outcome, counts
)
SELECT
    value ->> 0, value ->> 1, value ->> 2, value ->> 3, CAST(value ->> 4 AS BIGINT), value ->> 5, value ->> 6
FROM jsonb_array_elements(CAST(:rows AS JSONB)) AS told (value)
ON CONFLICT (span, metric, country, channel, bucket, outcome) DO UPDATE SET counts = excluded.counts;

-- name: add_to_roll_errors!
-- Merged deltas, so each key is there once.
INSERT INTO roll_errors (
    span, country, channel, bucket, outcome, step, code, fatal, n
)
SELECT
    CAST(value ->> 0 AS BIGINT), value ->> 1, value ->> 2, CAST(value ->> 3 AS BIGINT), value ->> 4,
    value ->> 5, value ->> 6, CAST(value ->> 7 AS BIGINT), CAST(value ->> 8 AS BIGINT)
FROM jsonb_array_elements(CAST(:rows AS JSONB)) AS told (value)
ON CONFLICT (span, country, channel, bucket, outcome, step, code, fatal) DO UPDATE SET
    n = roll_errors.n + excluded.n;

-- name: rolled_signups
-- The rows of the sign-ups that a portion of the log names; `kept`: those that began no later count as unknown.
SELECT
    seq, signup_id, at, country, channel, status, step, request_ms, approve_ms, decline_ms, profile_ms, error_step,
    error_code, warnings, hit, replayed
FROM roll_signups
WHERE signup_id = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(:ids AS JSONB)))) AND seq > :kept;

-- name: hits_before
-- For each number and channel with a new hit: the number's last hit before a time, and its last one by that channel.
SELECT value ->> 0 AS number_id, value ->> 1 AS channel,
    (SELECT MAX(at) FROM roll_marks
        WHERE number_id = value ->> 0 AND at < CAST(value ->> 2 AS BIGINT)) AS prev,
    (SELECT MAX(at) FROM roll_marks
        WHERE number_id = value ->> 0 AND channel = value ->> 1
            AND at < CAST(value ->> 2 AS BIGINT)) AS prev_same_channel
FROM jsonb_array_elements(CAST(:rows AS JSONB)) AS told (value);

-- name: hits_from
-- A number's hits at and after a time: only when one arrives late are there any.
SELECT seq, at, country, channel, number_id, prev, prev_same_channel, gap, early
FROM jsonb_array_elements(CAST(:rows AS JSONB)) AS told (value) JOIN roll_marks
    ON roll_marks.number_id = value ->> 0 AND roll_marks.at >= CAST(value ->> 1 AS BIGINT);

-- What the fold reads and writes by lists. A list is JSON: an array of arrays, in the order of the columns.

-- name: put_roll_signups!
-- Each as it is now.
INSERT INTO roll_signups (
    seq, signup_id, at, country, channel, status, step, request_ms, approve_ms, decline_ms, profile_ms,
    error_step, error_code, warnings, hit, replayed
)
SELECT
    json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
    json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
    json_extract(value, '$[6]'), json_extract(value, '$[7]'), json_extract(value, '$[8]'),
    json_extract(value, '$[9]'), json_extract(value, '$[10]'), json_extract(value, '$[11]'),
    json_extract(value, '$[12]'), json_extract(value, '$[13]'), json_extract(value, '$[14]'),
    json_extract(value, '$[15]')
FROM json_each(:rows) WHERE TRUE
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
    json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
    json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
    json_extract(value, '$[6]'), json_extract(value, '$[7]'), json_extract(value, '$[8]'),
    json_extract(value, '$[9]'), json_extract(value, '$[10]')
FROM json_each(:rows) WHERE TRUE
ON CONFLICT (seq) DO UPDATE SET prev = excluded.prev, prev_same_channel = excluded.prev_same_channel;

-- name: add_to_roll_cells!
-- Merged deltas, so each key is there once.
INSERT INTO roll_cells (
    span, country, channel, bucket, completed, declined, expired_0, expired_1, expired_2, failed_0, failed_1,
    failed_2, failed_3, lock_hits, early_hits, rejected
)
SELECT
    json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
    json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
    json_extract(value, '$[6]'), json_extract(value, '$[7]'), json_extract(value, '$[8]'),
    json_extract(value, '$[9]'), json_extract(value, '$[10]'), json_extract(value, '$[11]'),
    json_extract(value, '$[12]'), json_extract(value, '$[13]'), json_extract(value, '$[14]'),
    json_extract(value, '$[15]')
FROM json_each(:rows) WHERE TRUE
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
SELECT json_extract(told.value, '$[0]') AS place, counts
FROM json_each(:rows) AS told
CROSS JOIN roll_hist ON roll_hist.span = json_extract(told.value, '$[1]')
    AND roll_hist.metric = json_extract(told.value, '$[2]')
    AND roll_hist.country = json_extract(told.value, '$[3]') AND roll_hist.channel = json_extract(told.value, '$[4]')
    AND roll_hist.bucket = json_extract(told.value, '$[5]') AND roll_hist.outcome = json_extract(told.value, '$[6]');

-- name: put_histograms!
-- Each as it is now, packed by signup/measure/bins.py.
INSERT INTO roll_hist (
    span, metric, country, channel, bucket, outcome, counts
)
SELECT
    json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
    json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
    json_extract(value, '$[6]')
FROM json_each(:rows) WHERE TRUE
ON CONFLICT (span, metric, country, channel, bucket, outcome) DO UPDATE SET counts = excluded.counts;

-- name: add_to_roll_errors!
-- Merged deltas, so each key is there once.
INSERT INTO roll_errors (
    span, country, channel, bucket, outcome, step, code, fatal, n
)
SELECT
    json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
    json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
    json_extract(value, '$[6]'), json_extract(value, '$[7]'), json_extract(value, '$[8]')
FROM json_each(:rows) WHERE TRUE
ON CONFLICT (span, country, channel, bucket, outcome, step, code, fatal) DO UPDATE SET
    n = roll_errors.n + excluded.n;

-- name: rolled_signups
-- The rows of the sign-ups that a portion of the log names; `kept`: those that began no later count as unknown.
SELECT
    seq, signup_id, at, country, channel, status, step, request_ms, approve_ms, decline_ms, profile_ms, error_step,
    error_code, warnings, hit, replayed
FROM json_each(:ids) AS told CROSS JOIN roll_signups ON roll_signups.signup_id = told.value
WHERE roll_signups.seq > :kept;

-- name: hits_before
-- For each number and channel with a new hit: the number's last hit before a time, and its last one by that channel.
SELECT json_extract(value, '$[0]') AS number_id, json_extract(value, '$[1]') AS channel,
    (SELECT MAX(at) FROM roll_marks
        WHERE number_id = json_extract(told.value, '$[0]') AND at < json_extract(told.value, '$[2]')) AS prev,
    (SELECT MAX(at) FROM roll_marks
        WHERE number_id = json_extract(told.value, '$[0]') AND channel = json_extract(told.value, '$[1]')
            AND at < json_extract(told.value, '$[2]')) AS prev_same_channel
FROM json_each(:rows) AS told;

-- name: hits_from
-- A number's hits at and after a time: only when one arrives late are there any.
SELECT seq, at, country, channel, number_id, prev, prev_same_channel, gap, early
FROM json_each(:rows) AS told CROSS JOIN roll_marks
    ON roll_marks.number_id = json_extract(told.value, '$[0]') AND roll_marks.at >= json_extract(told.value, '$[1]');

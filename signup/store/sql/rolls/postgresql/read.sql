-- The roll-ups over pieces of a range, each [place, span, low, high]: which bucket of the answer it belongs to, and the
-- cells between two times. Lists are JSON; a country or channel of * is all of them.

-- name: rolled_cells
-- The series: counts of each place.
SELECT CAST(piece.value ->> 0 AS BIGINT) AS place,
    CAST(SUM(completed) AS BIGINT), CAST(SUM(declined) AS BIGINT), CAST(SUM(expired_0) AS BIGINT),
    CAST(SUM(expired_1) AS BIGINT), CAST(SUM(expired_2) AS BIGINT), CAST(SUM(failed_0) AS BIGINT),
    CAST(SUM(failed_1) AS BIGINT), CAST(SUM(failed_2) AS BIGINT), CAST(SUM(failed_3) AS BIGINT),
    CAST(SUM(lock_hits) AS BIGINT), CAST(SUM(early_hits) AS BIGINT), CAST(SUM(rejected) AS BIGINT)
FROM jsonb_array_elements(CAST(:pieces AS JSONB)) AS piece (value)
CROSS JOIN jsonb_array_elements_text(CAST(:countries AS JSONB)) AS c (value)
CROSS JOIN jsonb_array_elements_text(CAST(:channels AS JSONB)) AS h (value)
JOIN roll_cells ON roll_cells.span = CAST(piece.value ->> 1 AS BIGINT)
    AND roll_cells.country = c.value AND roll_cells.channel = h.value
    AND roll_cells.bucket >= CAST(piece.value ->> 2 AS BIGINT) AND roll_cells.bucket < CAST(piece.value ->> 3 AS BIGINT)
GROUP BY 1;

-- name: rolled_cells_by_country
-- Counts of each country.
SELECT roll_cells.country,
    CAST(SUM(completed) AS BIGINT), CAST(SUM(declined) AS BIGINT), CAST(SUM(expired_0) AS BIGINT),
    CAST(SUM(expired_1) AS BIGINT), CAST(SUM(expired_2) AS BIGINT), CAST(SUM(failed_0) AS BIGINT),
    CAST(SUM(failed_1) AS BIGINT), CAST(SUM(failed_2) AS BIGINT), CAST(SUM(failed_3) AS BIGINT),
    CAST(SUM(lock_hits) AS BIGINT), CAST(SUM(early_hits) AS BIGINT), CAST(SUM(rejected) AS BIGINT)
FROM jsonb_array_elements(CAST(:pieces AS JSONB)) AS piece (value)
CROSS JOIN jsonb_array_elements_text(CAST(:countries AS JSONB)) AS c (value)
CROSS JOIN jsonb_array_elements_text(CAST(:channels AS JSONB)) AS h (value)
JOIN roll_cells ON roll_cells.span = CAST(piece.value ->> 1 AS BIGINT)
    AND roll_cells.country = c.value AND roll_cells.channel = h.value
    AND roll_cells.bucket >= CAST(piece.value ->> 2 AS BIGINT) AND roll_cells.bucket < CAST(piece.value ->> 3 AS BIGINT)
GROUP BY 1;

-- name: rolled_errors
-- Errors and warnings.
SELECT step, code, fatal, CAST(SUM(n) AS BIGINT) AS n
FROM jsonb_array_elements(CAST(:pieces AS JSONB)) AS piece (value)
CROSS JOIN jsonb_array_elements_text(CAST(:countries AS JSONB)) AS c (value)
CROSS JOIN jsonb_array_elements_text(CAST(:channels AS JSONB)) AS h (value)
JOIN roll_errors ON roll_errors.span = CAST(piece.value ->> 1 AS BIGINT)
    AND roll_errors.country = c.value AND roll_errors.channel = h.value
    AND roll_errors.bucket >= CAST(piece.value ->> 2 AS BIGINT)
    AND roll_errors.bucket < CAST(piece.value ->> 3 AS BIGINT)
WHERE (:outcomes = '' OR :outcomes LIKE '%,' || outcome || ',%')
GROUP BY step, code, fatal;

-- name: rolled_hist
-- Histograms of each place, to be added up by who asks.
SELECT CAST(piece.value ->> 0 AS BIGINT) AS place, metric, counts
FROM jsonb_array_elements(CAST(:pieces AS JSONB)) AS piece (value)
CROSS JOIN jsonb_array_elements_text(CAST(:metrics AS JSONB)) AS m (value)
CROSS JOIN jsonb_array_elements_text(CAST(:countries AS JSONB)) AS c (value)
CROSS JOIN jsonb_array_elements_text(CAST(:channels AS JSONB)) AS h (value)
JOIN roll_hist ON roll_hist.span = piece.value ->> 1
    AND roll_hist.metric = m.value
    AND roll_hist.country = c.value AND roll_hist.channel = h.value
    AND roll_hist.bucket >= CAST(piece.value ->> 2 AS BIGINT) AND roll_hist.bucket < CAST(piece.value ->> 3 AS BIGINT)
WHERE (:outcomes = '' OR :outcomes LIKE '%,' || outcome || ',%');

-- name: rolled_hist_by_country
-- Histograms of each country.
SELECT roll_hist.country, metric, counts
FROM jsonb_array_elements(CAST(:pieces AS JSONB)) AS piece (value)
CROSS JOIN jsonb_array_elements_text(CAST(:metrics AS JSONB)) AS m (value)
CROSS JOIN jsonb_array_elements_text(CAST(:countries AS JSONB)) AS c (value)
CROSS JOIN jsonb_array_elements_text(CAST(:channels AS JSONB)) AS h (value)
JOIN roll_hist ON roll_hist.span = piece.value ->> 1
    AND roll_hist.metric = m.value
    AND roll_hist.country = c.value AND roll_hist.channel = h.value
    AND roll_hist.bucket >= CAST(piece.value ->> 2 AS BIGINT) AND roll_hist.bucket < CAST(piece.value ->> 3 AS BIGINT)
WHERE (:outcomes = '' OR :outcomes LIKE '%,' || outcome || ',%');

-- name: finished_signups
-- Finished sign-ups of stretches that no cell covers.
SELECT at, country, channel, status AS outcome, step, error_step, error_code, warnings,
    request_ms, approve_ms, decline_ms, profile_ms
FROM jsonb_array_elements(CAST(:stretches AS JSONB)) AS stretch (value)
JOIN roll_signups ON roll_signups.at >= CAST(stretch.value ->> 0 AS BIGINT)
    AND roll_signups.at < CAST(stretch.value ->> 1 AS BIGINT)
WHERE status IN ('completed', 'declined', 'expired', 'failed') AND replayed = 0
    AND (:countries = '' OR :countries LIKE '%,' || country || ',%')
    AND (:channels = '' OR :channels LIKE '%,' || channel || ',%');

-- name: finished_times
-- How long those of a stretch took of which histograms say nothing, or too much. Each is [place, low, high].
SELECT CAST(stretch.value ->> 0 AS BIGINT) AS place, country, status AS outcome,
    request_ms, approve_ms, decline_ms, profile_ms
FROM jsonb_array_elements(CAST(:stretches AS JSONB)) AS stretch (value)
JOIN roll_signups ON roll_signups.at >= CAST(stretch.value ->> 1 AS BIGINT)
    AND roll_signups.at < CAST(stretch.value ->> 2 AS BIGINT)
WHERE status IN ('completed', 'declined', 'expired', 'failed') AND replayed = 0
    AND (:countries = '' OR :countries LIKE '%,' || country || ',%')
    AND (:channels = '' OR :channels LIKE '%,' || channel || ',%');

-- name: marks_between
-- Marks of stretches that no cell covers.
SELECT kind, at, early, reason
FROM jsonb_array_elements(CAST(:stretches AS JSONB)) AS stretch (value)
JOIN roll_marks ON roll_marks.at >= CAST(stretch.value ->> 0 AS BIGINT)
    AND roll_marks.at < CAST(stretch.value ->> 1 AS BIGINT)
WHERE kind = :kind
    AND (:countries = '' OR :countries LIKE '%,' || country || ',%')
    AND (:channels = '' OR :channels LIKE '%,' || channel || ',%');

-- name: retries_between
-- How soon people tried again, in the same stretches.
SELECT gap
FROM jsonb_array_elements(CAST(:stretches AS JSONB)) AS stretch (value)
JOIN roll_marks ON roll_marks.at >= CAST(stretch.value ->> 1 AS BIGINT)
    AND roll_marks.at < CAST(stretch.value ->> 2 AS BIGINT)
WHERE kind = 'hit' AND gap IS NOT NULL
    AND (:countries = '' OR :countries LIKE '%,' || country || ',%')
    AND (:channels = '' OR :channels LIKE '%,' || channel || ',%');

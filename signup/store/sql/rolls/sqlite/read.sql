-- The roll-ups over pieces of a range, each [place, span, low, high]: which bucket of the answer it belongs to, and the
-- cells between two times. Lists are JSON; a country or channel of * is all of them.

-- name: rolled_cells
-- The series: counts of each place.
SELECT json_extract(piece.value, '$[0]') AS place,
    SUM(completed), SUM(declined), SUM(expired_0), SUM(expired_1), SUM(expired_2), SUM(failed_0), SUM(failed_1),
    SUM(failed_2), SUM(failed_3), SUM(lock_hits), SUM(early_hits), SUM(rejected)
FROM json_each(:pieces) AS piece
CROSS JOIN json_each(:countries) AS c CROSS JOIN json_each(:channels) AS h
CROSS JOIN roll_cells ON roll_cells.span = json_extract(piece.value, '$[1]')
    AND roll_cells.country = c.value AND roll_cells.channel = h.value
    AND roll_cells.bucket >= json_extract(piece.value, '$[2]') AND roll_cells.bucket < json_extract(piece.value, '$[3]')
GROUP BY 1;

-- name: rolled_cells_by_country
-- Counts of each country.
SELECT roll_cells.country,
    SUM(completed), SUM(declined), SUM(expired_0), SUM(expired_1), SUM(expired_2), SUM(failed_0), SUM(failed_1),
    SUM(failed_2), SUM(failed_3), SUM(lock_hits), SUM(early_hits), SUM(rejected)
FROM json_each(:pieces) AS piece
CROSS JOIN json_each(:countries) AS c CROSS JOIN json_each(:channels) AS h
CROSS JOIN roll_cells ON roll_cells.span = json_extract(piece.value, '$[1]')
    AND roll_cells.country = c.value AND roll_cells.channel = h.value
    AND roll_cells.bucket >= json_extract(piece.value, '$[2]') AND roll_cells.bucket < json_extract(piece.value, '$[3]')
GROUP BY 1;

-- name: rolled_errors
-- Errors and warnings.
SELECT step, code, fatal, SUM(n) AS n
FROM json_each(:pieces) AS piece
CROSS JOIN json_each(:countries) AS c CROSS JOIN json_each(:channels) AS h
CROSS JOIN roll_errors ON roll_errors.span = json_extract(piece.value, '$[1]')
    AND roll_errors.country = c.value AND roll_errors.channel = h.value
    AND roll_errors.bucket >= json_extract(piece.value, '$[2]')
    AND roll_errors.bucket < json_extract(piece.value, '$[3]')
WHERE (:outcomes = '' OR :outcomes LIKE '%,' || outcome || ',%')
GROUP BY step, code, fatal;

-- name: rolled_hist
-- Histograms of each place, to be added up by who asks.
SELECT json_extract(piece.value, '$[0]') AS place, metric, counts
FROM json_each(:pieces) AS piece
CROSS JOIN json_each(:metrics) AS m
CROSS JOIN json_each(:countries) AS c CROSS JOIN json_each(:channels) AS h
CROSS JOIN roll_hist ON roll_hist.span = json_extract(piece.value, '$[1]')
    AND roll_hist.metric = m.value
    AND roll_hist.country = c.value AND roll_hist.channel = h.value
    AND roll_hist.bucket >= json_extract(piece.value, '$[2]') AND roll_hist.bucket < json_extract(piece.value, '$[3]')
WHERE (:outcomes = '' OR :outcomes LIKE '%,' || outcome || ',%');

-- name: rolled_hist_by_country
-- Histograms of each country.
SELECT roll_hist.country, metric, counts
FROM json_each(:pieces) AS piece
CROSS JOIN json_each(:metrics) AS m
CROSS JOIN json_each(:countries) AS c CROSS JOIN json_each(:channels) AS h
CROSS JOIN roll_hist ON roll_hist.span = json_extract(piece.value, '$[1]')
    AND roll_hist.metric = m.value
    AND roll_hist.country = c.value AND roll_hist.channel = h.value
    AND roll_hist.bucket >= json_extract(piece.value, '$[2]') AND roll_hist.bucket < json_extract(piece.value, '$[3]')
WHERE (:outcomes = '' OR :outcomes LIKE '%,' || outcome || ',%');

-- name: finished_signups
-- Finished sign-ups of stretches that no cell covers.
SELECT at, country, channel, status AS outcome, step, error_step, error_code, warnings,
    request_ms, approve_ms, decline_ms, profile_ms
FROM json_each(:stretches) AS stretch
CROSS JOIN roll_signups ON roll_signups.at >= json_extract(stretch.value, '$[0]')
    AND roll_signups.at < json_extract(stretch.value, '$[1]')
WHERE status IN ('completed', 'declined', 'expired', 'failed') AND replayed = 0
    AND (:countries = '' OR :countries LIKE '%,' || country || ',%')
    AND (:channels = '' OR :channels LIKE '%,' || channel || ',%');

-- name: finished_times
-- How long those of a stretch took of which histograms say nothing, or too much. Each is [place, low, high].
SELECT json_extract(stretch.value, '$[0]') AS place, country, status AS outcome,
    request_ms, approve_ms, decline_ms, profile_ms
FROM json_each(:stretches) AS stretch
CROSS JOIN roll_signups ON roll_signups.at >= json_extract(stretch.value, '$[1]')
    AND roll_signups.at < json_extract(stretch.value, '$[2]')
WHERE status IN ('completed', 'declined', 'expired', 'failed') AND replayed = 0
    AND (:countries = '' OR :countries LIKE '%,' || country || ',%')
    AND (:channels = '' OR :channels LIKE '%,' || channel || ',%');

-- name: marks_between
-- Marks of stretches that no cell covers.
SELECT kind, at, early, reason
FROM json_each(:stretches) AS stretch
CROSS JOIN roll_marks ON roll_marks.at >= json_extract(stretch.value, '$[0]')
    AND roll_marks.at < json_extract(stretch.value, '$[1]')
WHERE kind = :kind
    AND (:countries = '' OR :countries LIKE '%,' || country || ',%')
    AND (:channels = '' OR :channels LIKE '%,' || channel || ',%');

-- name: retries_between
-- How soon people tried again, in the same stretches.
SELECT gap
FROM json_each(:stretches) AS stretch
CROSS JOIN roll_marks ON roll_marks.at >= json_extract(stretch.value, '$[1]')
    AND roll_marks.at < json_extract(stretch.value, '$[2]')
WHERE kind = 'hit' AND gap IS NOT NULL
    AND (:countries = '' OR :countries LIKE '%,' || country || ',%')
    AND (:channels = '' OR :channels LIKE '%,' || channel || ',%');

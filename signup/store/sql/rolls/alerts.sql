-- What the alert rules look at: counts of each minute. A minute is a number, since 1970.

-- name: started_by_minute
-- Sign-ups by the minute of their start, told apart by what the rules ask of them.
SELECT at / 60000000 AS minute, status, step,
    CASE WHEN error_step = 'request' AND error_code = 'bad_app_key' THEN 1 ELSE 0 END AS bad_app_key, COUNT(*) AS n
FROM roll_signups
WHERE at >= :start AND at < :end AND replayed = 0
GROUP BY 1, 2, 3, 4;

-- name: hits_by_minute
-- Lock hits by their own minute.
SELECT at / 60000000 AS minute, COUNT(*) AS n FROM roll_marks
WHERE kind = 'hit' AND at >= :start AND at < :end
GROUP BY 1;

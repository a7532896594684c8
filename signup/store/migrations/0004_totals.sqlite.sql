-- How often each thing was told, so that a scrape need not count the log: see signup/record/totals.py.
CREATE TABLE event_totals (
    kind TEXT NOT NULL,
    word TEXT NOT NULL,
    second TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (kind, word, second)
) STRICT, WITHOUT ROWID;
-- Details that an altered row holds, and that nobody can read, count by their kind alone.
INSERT INTO event_totals (kind, word, second, n)
SELECT kind,
    CASE WHEN json_type(told, word) = 'text' THEN json_extract(told, word) ELSE '' END,
    CASE WHEN json_type(told, second) = 'text' THEN json_extract(told, second) ELSE '' END,
    COUNT(*)
FROM (
    SELECT kind,
        CASE WHEN json_valid(details) THEN details ELSE '{}' END AS told,
        CASE kind
            WHEN 'signup.sent' THEN '$.code'
            WHEN 'signup.failed' THEN '$.step'
            WHEN 'signup.declined' THEN '$.reason'
            WHEN 'profile.failed' THEN '$.status'
            WHEN 'callback.received' THEN '$.result'
            WHEN 'callback.repeated' THEN '$.result'
            WHEN 'callback.quarantined' THEN '$.reason'
            WHEN 'number.rejected' THEN '$.reason'
        END AS word,
        CASE WHEN kind IN ('signup.failed', 'profile.failed') THEN '$.code' END AS second
    FROM events
    WHERE details IS NOT NULL
) AS sealed
WHERE json_type(told, '$.replay') IS NULL
GROUP BY 1, 2, 3;

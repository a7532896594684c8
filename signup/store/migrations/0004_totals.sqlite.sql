-- How often each thing was told, so that a scrape need not count the log: see signup/record/totals.py.
CREATE TABLE event_totals (
    kind TEXT NOT NULL,
    word TEXT NOT NULL,
    second TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (kind, word, second)
) STRICT, WITHOUT ROWID;
INSERT INTO event_totals (kind, word, second, n)
SELECT kind,
    COALESCE(json_extract(details, CASE kind
        WHEN 'signup.sent' THEN '$.code'
        WHEN 'signup.failed' THEN '$.step'
        WHEN 'signup.declined' THEN '$.reason'
        WHEN 'profile.failed' THEN '$.status'
        WHEN 'callback.received' THEN '$.result'
        WHEN 'callback.repeated' THEN '$.result'
        WHEN 'callback.quarantined' THEN '$.reason'
        WHEN 'number.rejected' THEN '$.reason'
    END), '') AS word,
    COALESCE(json_extract(details, CASE WHEN kind IN ('signup.failed', 'profile.failed') THEN '$.code' END), '') AS second,
    COUNT(*)
FROM events
WHERE details IS NOT NULL AND json_extract(details, '$.replay') IS NULL
GROUP BY 1, 2, 3;

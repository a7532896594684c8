-- How often each thing was told, so that a scrape need not count the log: see signup/record/totals.py.
CREATE TABLE event_totals (
    kind TEXT NOT NULL,
    word TEXT NOT NULL,
    second TEXT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (kind, word, second)
);
-- Details that an altered row holds, and that nobody can read, count by their kind alone.
CREATE FUNCTION told_in(details TEXT, first_key TEXT, second_key TEXT, OUT word TEXT, OUT second TEXT, OUT again BOOLEAN)
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    told JSON;
BEGIN
    told := details;
    word := CASE WHEN json_typeof(told -> first_key) = 'string' THEN told ->> first_key ELSE '' END;
    second := CASE WHEN json_typeof(told -> second_key) = 'string' THEN told ->> second_key ELSE '' END;
    again := told -> 'replay' IS NOT NULL;
EXCEPTION WHEN data_exception OR statement_too_complex THEN
    word := '';
    second := '';
    again := FALSE;
END $$;
INSERT INTO event_totals (kind, word, second, n)
SELECT kind, told.word, told.second, COUNT(*)
FROM events CROSS JOIN LATERAL told_in(
    details,
    CASE kind
        WHEN 'signup.sent' THEN 'code'
        WHEN 'signup.failed' THEN 'step'
        WHEN 'signup.declined' THEN 'reason'
        WHEN 'profile.failed' THEN 'status'
        WHEN 'callback.received' THEN 'result'
        WHEN 'callback.repeated' THEN 'result'
        WHEN 'callback.quarantined' THEN 'reason'
        WHEN 'number.rejected' THEN 'reason'
    END,
    CASE WHEN kind IN ('signup.failed', 'profile.failed') THEN 'code' END
) AS told
WHERE details IS NOT NULL AND NOT told.again
GROUP BY 1, 2, 3;
DROP FUNCTION told_in(TEXT, TEXT, TEXT);

-- How many took how long, a histogram in each row instead of a bin: what is read of a range no longer grows with how much
-- happens in it. By month, day and six hours.
DROP TABLE roll_hist;
CREATE TABLE roll_hist (
    span TEXT NOT NULL CHECK (span IN ('month', 'day', '6h')),
    metric TEXT NOT NULL,
    country TEXT NOT NULL,
    channel TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    counts TEXT NOT NULL,
    PRIMARY KEY (span, metric, country, channel, bucket, outcome)
) STRICT, WITHOUT ROWID;

-- Which numbers were refused again within a range is found by when they were refused before. The marks of a stretch need
-- not know it.
CREATE INDEX roll_marks_repeated ON roll_marks (prev, at, country) WHERE prev IS NOT NULL;
CREATE INDEX roll_marks_repeated_by_channel ON roll_marks (channel, prev_same_channel, at, country)
WHERE prev_same_channel IS NOT NULL;
DROP INDEX roll_marks_by_time;
CREATE INDEX roll_marks_by_time ON roll_marks (kind, at, country, channel, gap, early, number_id);

-- On no event of any log: everything is folded anew, but for what the log no longer has.
UPDATE roll_cursor SET leaf = '';

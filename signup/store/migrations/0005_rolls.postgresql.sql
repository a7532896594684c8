-- The roll-ups: numbers counted from sealed events, up to one of them. Times are microseconds since 1970, UTC. Nobody's
-- name or number is here, and nothing that could not be counted again.

-- How far the log is folded: the last event's number and leaf, and which log it is. rebuilds: how often it was folded
-- anew, for whoever read rows before one and comes to write after it finds the cursor where it was.
CREATE TABLE roll_cursor (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    log_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    leaf TEXT NOT NULL,
    rebuilds BIGINT NOT NULL
);
INSERT INTO roll_cursor (id, log_id, seq, leaf, rebuilds) VALUES (1, '', 0, '', 0);

-- One narrow row for each sign-up. seq: the event that began it. warnings: `step code` pairs, sorted, a comma between.
CREATE TABLE roll_signups (
    seq BIGINT NOT NULL PRIMARY KEY,
    signup_id TEXT NOT NULL UNIQUE,
    at BIGINT NOT NULL,
    country TEXT NOT NULL,
    channel TEXT NOT NULL,
    status TEXT NOT NULL,
    step BIGINT NOT NULL,
    request_ms BIGINT,
    approve_ms BIGINT,
    decline_ms BIGINT,
    profile_ms BIGINT,
    error_step TEXT,
    error_code TEXT,
    warnings TEXT NOT NULL,
    hit BIGINT NOT NULL,
    replayed BIGINT NOT NULL
);
CREATE INDEX roll_signups_by_time ON roll_signups (at);
CREATE INDEX roll_signups_open ON roll_signups (at) WHERE status IN ('requested', 'waiting', 'approved');
CREATE INDEX roll_signups_warned ON roll_signups (at) WHERE warnings <> '';

-- What counts by itself, at its own time. Hits: prev and prev_same_channel are the times of the same number's hit before
-- this one, gap the milliseconds since the lock was taken (the first hit of a lock only).
CREATE TABLE roll_marks (
    seq BIGINT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('hit', 'rejected', 'quarantined')),
    at BIGINT NOT NULL,
    country TEXT,
    channel TEXT,
    number_id TEXT,
    prev BIGINT,
    prev_same_channel BIGINT,
    gap BIGINT,
    early BIGINT,
    reason TEXT
);
CREATE INDEX roll_marks_by_time ON roll_marks (kind, at, prev, prev_same_channel, country, channel, gap, early, number_id);
CREATE INDEX roll_marks_of_number ON roll_marks (number_id, at, seq) WHERE number_id IS NOT NULL;
CREATE INDEX roll_marks_of_channel ON roll_marks (number_id, channel, at) WHERE number_id IS NOT NULL;

-- Counts by seconds of span, country, channel (* is all of them) and the bucket's first microsecond.
CREATE TABLE roll_cells (
    span BIGINT NOT NULL,
    country TEXT NOT NULL,
    channel TEXT NOT NULL,
    bucket BIGINT NOT NULL,
    completed BIGINT NOT NULL,
    declined BIGINT NOT NULL,
    expired_0 BIGINT NOT NULL,
    expired_1 BIGINT NOT NULL,
    expired_2 BIGINT NOT NULL,
    failed_0 BIGINT NOT NULL,
    failed_1 BIGINT NOT NULL,
    failed_2 BIGINT NOT NULL,
    failed_3 BIGINT NOT NULL,
    lock_hits BIGINT NOT NULL,
    early_hits BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    PRIMARY KEY (span, country, channel, bucket)
);

-- How many took how long: by day or month, in the bins of signup/measure/bins.py.
CREATE TABLE roll_hist (
    span TEXT NOT NULL CHECK (span IN ('day', 'month')),
    metric TEXT NOT NULL,
    country TEXT NOT NULL,
    channel TEXT NOT NULL,
    bucket BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    bin BIGINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (span, metric, country, channel, bucket, outcome, bin)
);

-- Errors and warnings; fatal: it ended the sign-up. Quarantined callbacks have no outcome, country or channel.
CREATE TABLE roll_errors (
    span BIGINT NOT NULL,
    country TEXT NOT NULL,
    channel TEXT NOT NULL,
    bucket BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    step TEXT NOT NULL,
    code TEXT NOT NULL,
    fatal BIGINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (span, country, channel, bucket, outcome, step, code, fatal)
);

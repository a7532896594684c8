-- The first schema. Names, numbers and tokens live in tables that can be wiped; the audit log holds none of them.

-- Sign-ups: one row per try. number (sealed), fingerprint, request_id and state_hash go when the person is wiped.
CREATE TABLE signups (
    id TEXT NOT NULL PRIMARY KEY,
    status TEXT NOT NULL CHECK (status IN ('requested', 'waiting', 'approved', 'completed', 'declined', 'expired', 'failed')),
    code TEXT,
    country TEXT NOT NULL,
    channel TEXT NOT NULL,
    started_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    opened_at TEXT,
    decided_at TEXT,
    finished_at TEXT,
    number TEXT,
    fingerprint TEXT,
    request_id TEXT,
    state_hash TEXT,
    callbacks BIGINT NOT NULL DEFAULT 0,
    claim TEXT,
    claim_until TEXT
);
CREATE UNIQUE INDEX signups_by_state ON signups (state_hash) WHERE state_hash IS NOT NULL;
CREATE INDEX signups_by_request ON signups (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX signups_by_fingerprint ON signups (fingerprint) WHERE fingerprint IS NOT NULL;
CREATE INDEX signups_by_start ON signups (started_at, id);
CREATE INDEX signups_by_status ON signups (status, started_at, id);
CREATE INDEX signups_open ON signups (expires_at) WHERE status IN ('requested', 'waiting', 'approved');

-- Channels in use: at most twenty, so that no chart grows without end.
CREATE TABLE channels (
    name TEXT NOT NULL PRIMARY KEY
);

-- Locks: one row per number; number_id is random and stays with the row.
CREATE TABLE locks (
    fingerprint TEXT NOT NULL PRIMARY KEY,
    number_id TEXT NOT NULL,
    signup_id TEXT NOT NULL,
    taken_at TEXT NOT NULL,
    until TEXT NOT NULL
);
CREATE INDEX locks_by_signup ON locks (signup_id);

-- Callbacks: what strangers posted. token is sealed and goes after use, failure and expiry.
CREATE TABLE callbacks (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL,
    place TEXT NOT NULL CHECK (place IN ('arrived', 'matched', 'parked', 'quarantined')),
    signup_id TEXT,
    request_id TEXT NOT NULL,
    result TEXT NOT NULL CHECK (result IN ('approved', 'declined', 'opened', 'other')),
    status TEXT,
    reason TEXT,
    token TEXT,
    token_hash TEXT,
    token_until TEXT,
    endpoint TEXT,
    tries BIGINT NOT NULL DEFAULT 0,
    next_try_at TEXT,
    dead TEXT,
    repeats BIGINT NOT NULL DEFAULT 0,
    replay BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX callbacks_arrived ON callbacks (signup_id, id) WHERE place = 'arrived';
CREATE INDEX callbacks_apart ON callbacks (at, repeats) WHERE place IN ('parked', 'quarantined');
CREATE INDEX callbacks_by_signup ON callbacks (signup_id, id) WHERE signup_id IS NOT NULL;
CREATE INDEX callbacks_live ON callbacks (next_try_at, signup_id) WHERE token IS NOT NULL;

-- Profiles, sealed.
CREATE TABLE profiles (
    signup_id TEXT NOT NULL PRIMARY KEY,
    at TEXT NOT NULL,
    profile TEXT NOT NULL
);

-- Traces: HTTP exchanges for the timeline, dotted, then sealed.
CREATE TABLE traces (
    id TEXT NOT NULL PRIMARY KEY,
    signup_id TEXT NOT NULL,
    step TEXT NOT NULL CHECK (step IN ('request', 'callback', 'profile')),
    at TEXT NOT NULL,
    exchange TEXT NOT NULL
);
CREATE INDEX traces_by_signup ON traces (signup_id, at, id);
CREATE INDEX traces_by_step ON traces (step, id);

-- Why an operator looked, in their words, sealed.
CREATE TABLE reasons (
    id TEXT NOT NULL PRIMARY KEY,
    at TEXT NOT NULL,
    reason TEXT NOT NULL
);

-- Watchers that live: for the doctor.
CREATE TABLE watchers (
    id TEXT NOT NULL PRIMARY KEY,
    host TEXT NOT NULL,
    pid BIGINT NOT NULL,
    mode TEXT NOT NULL,
    seen_at TEXT NOT NULL
);

-- What is only counted.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL,
    at TEXT NOT NULL
);

-- Which keys this database was written under: a lost one is noticed, never replaced in silence.
CREATE TABLE known_keys (
    key_id TEXT NOT NULL PRIMARY KEY,
    at TEXT NOT NULL
);

-- The audit log (record version 1).
CREATE TABLE audit_log (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    log_id TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('sandbox', 'live')),
    created_at TEXT NOT NULL,
    seq BIGINT NOT NULL,
    frontier TEXT NOT NULL,
    pruned_to BIGINT NOT NULL
);
CREATE TABLE events_inbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    signup_id TEXT,
    actor TEXT NOT NULL,
    details TEXT NOT NULL
);
CREATE TABLE events (
    seq BIGINT NOT NULL PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    signup_id TEXT,
    actor TEXT NOT NULL,
    details TEXT,
    header_salt TEXT NOT NULL,
    details_salt TEXT,
    details_hash TEXT,
    leaf TEXT NOT NULL
);
CREATE INDEX events_by_signup ON events (signup_id, seq) WHERE signup_id IS NOT NULL;
CREATE INDEX events_by_kind ON events (kind, seq);
CREATE INDEX events_by_actor ON events (actor, seq);
CREATE INDEX events_by_time ON events (at, seq);
CREATE TABLE audit_checkpoints (
    seq BIGINT NOT NULL PRIMARY KEY,
    at TEXT NOT NULL,
    root TEXT NOT NULL,
    key_id TEXT NOT NULL,
    note TEXT NOT NULL,
    frontier TEXT NOT NULL
);
CREATE TABLE audit_keys (
    key_id TEXT NOT NULL PRIMARY KEY,
    public_key TEXT NOT NULL,
    added_at TEXT NOT NULL,
    endorsement TEXT
);

-- A speed bump, not the proof: the log refuses to forget what was not pruned, and changes nothing but by redaction.
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log does not change';
END;
$$;
CREATE FUNCTION audit_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.seq >= (SELECT pruned_to + TG_ARGV[0]::BIGINT FROM audit_log WHERE id = 1) THEN
        RAISE EXCEPTION 'the audit log keeps this row';
    END IF;
    RETURN OLD;
END;
$$;
CREATE TRIGGER events_keep BEFORE DELETE ON events FOR EACH ROW EXECUTE FUNCTION audit_keep(1);
CREATE TRIGGER events_stay BEFORE UPDATE ON events FOR EACH ROW
WHEN (NOT (
    OLD.details IS NOT NULL AND NEW.details IS NULL AND NEW.details_salt IS NULL AND NEW.details_hash IS NOT NULL
    AND NEW.seq = OLD.seq AND NEW.at = OLD.at AND NEW.kind = OLD.kind AND NEW.signup_id IS NOT DISTINCT FROM OLD.signup_id
    AND NEW.actor = OLD.actor AND NEW.header_salt = OLD.header_salt AND NEW.leaf = OLD.leaf
))
EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER checkpoints_stay BEFORE UPDATE ON audit_checkpoints FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER checkpoints_keep BEFORE DELETE ON audit_checkpoints FOR EACH ROW EXECUTE FUNCTION audit_keep(0);

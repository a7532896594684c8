-- Alerts: the rules that people changed, where each rule stands, and what is told by webhook.

-- Which minute was looked at last: whoever moves it on looks at that minute, and nobody else does.
CREATE TABLE alert_rounds (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    minute TEXT NOT NULL
) STRICT;
INSERT INTO alert_rounds (id, minute) VALUES (1, '');

-- Rules that differ from the defaults, as JSON.
CREATE TABLE alert_rules (
    rule TEXT NOT NULL PRIMARY KEY,
    wanted TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;

-- Where each rule stands since when, and what its last minute showed.
CREATE TABLE alert_states (
    rule TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('ok', 'pending', 'alerting', 'recovering', 'no-data')),
    since TEXT NOT NULL,
    severity TEXT,
    told TEXT,
    bad_since TEXT,
    none_since TEXT,
    minute TEXT NOT NULL,
    level TEXT NOT NULL,
    part INTEGER NOT NULL,
    whole INTEGER NOT NULL,
    n INTEGER NOT NULL
) STRICT;

-- Webhooks: what is to be told. due_at is empty once it was taken or given up; answer is an HTTP status or one word.
CREATE TABLE webhooks (
    id TEXT NOT NULL PRIMARY KEY,
    at TEXT NOT NULL,
    rule TEXT NOT NULL,
    body TEXT NOT NULL,
    due_at TEXT,
    claim TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    tried_at TEXT,
    answer TEXT,
    taken INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX webhooks_due ON webhooks (due_at) WHERE due_at IS NOT NULL;

-- What grows old is found by age, however much there is.

-- Sign-ups that still hold what makes them a person's.
CREATE INDEX signups_kept ON signups (started_at) WHERE fingerprint IS NOT NULL;

CREATE INDEX locks_by_use ON locks (taken_at);

CREATE INDEX reasons_by_time ON reasons (at);

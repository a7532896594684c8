-- One order of locks for every step: the sign-up's row first, its callbacks after it. A writer of SQLite is alone anyway.

-- name: signup_by_state
-- The callback's proof: the state we sent, kept as a hash.
SELECT id, status, request_id, state_hash, started_at, expires_at, callbacks FROM signups WHERE state_hash = :state_hash;

-- name: signup_by_request
-- Whom a request id belongs to.
SELECT id, status, request_id, state_hash, started_at, expires_at, callbacks FROM signups WHERE request_id = :request_id
ORDER BY id LIMIT 1;

-- name: signup_by_id
-- The first thing a step does that changes a sign-up.
SELECT id, status, request_id, state_hash, started_at, expires_at, callbacks FROM signups WHERE id = :id;

-- name: signups_of_number
-- All that is kept under one fingerprint of a number, held until the erasure commits.
SELECT id, number, fingerprint, request_id, state_hash FROM signups WHERE fingerprint = :fingerprint ORDER BY id;

-- name: signups_to_forget
-- Finished ones whose time to be a person's is over, held until they are wiped. The status is hidden from its index,
-- along which every finished sign-up of 400 days would be looked at.
SELECT id, request_id FROM signups
WHERE fingerprint IS NOT NULL AND started_at < :before
    AND COALESCE(status, '') IN ('completed', 'declined', 'expired', 'failed')
ORDER BY started_at LIMIT :size;

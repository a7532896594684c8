-- Forgetting: what the record lets go of, and what a person or time takes away.

-- name: reason
-- What somebody gave as their reason, sealed; nothing once it was wiped.
SELECT reason FROM reasons WHERE id = :id;

-- name: event_details
-- What a redaction would take.
SELECT kind, details, details_salt FROM events WHERE seq = :seq;

-- name: redact_event!
-- The details go, and with their salt every way to guess them; their hash stays, and so does the leaf.
UPDATE events SET details = NULL, details_salt = NULL, details_hash = :details_hash
WHERE seq = :seq AND details IS NOT NULL;

-- name: drop_reason!
-- An operator's words go.
DELETE FROM reasons WHERE id = :id;

-- name: checkpoint_after
-- Where the next whole segment of the log ends.
SELECT seq, frontier FROM audit_checkpoints WHERE seq > :seq ORDER BY seq LIMIT 1;

-- name: set_pruned!
-- While the head is locked, before the rows go: up to here the log lets go of them.
UPDATE audit_log SET pruned_to = :seq WHERE id = 1;

-- name: drop_pruned_events!
-- All rows of whole segments; the checkpoint at their end vouches for what follows.
DELETE FROM events WHERE seq <= :seq;

-- name: drop_pruned_checkpoints!
-- Those inside the pruned part have nothing left to be compared with.
DELETE FROM audit_checkpoints WHERE seq < :seq;

-- name: open_until
-- Whether a sign-up of a number is still open, and when it has ended at the latest.
SELECT COUNT(*) AS n,
    MAX(CASE WHEN callbacks.token_until > signups.expires_at THEN callbacks.token_until ELSE signups.expires_at END) AS at
FROM signups LEFT JOIN callbacks ON callbacks.signup_id = signups.id AND callbacks.token IS NOT NULL
WHERE signups.fingerprint = :fingerprint AND signups.status IN ('requested', 'waiting', 'approved');

-- name: unlink_lock!
-- A running lock stays until it ends, but belongs to nobody: new number_id, no sign-up.
UPDATE locks SET number_id = :number_id, signup_id = '' WHERE fingerprint = :fingerprint AND until > :now;

-- name: drop_lock!
-- One that ended goes with the person.
DELETE FROM locks WHERE fingerprint = :fingerprint AND until <= :now;

-- name: unname_lock!
-- A month later the number keeps its number_id, but its ended lock leads to no sign-up: not by its id, nor by its time,
-- of which the day is left. (No id at all would mean an erased person's.)
UPDATE locks
SET signup_id = 'forgotten',
    taken_at = substr(taken_at, 1, 10) || 'T00:00:00.000000Z',
    until = substr(until, 1, 10) || 'T00:00:00.000000Z'
WHERE signup_id = :id AND until <= :now;

-- name: forget_signup!
-- What made it a person's: without these its id belongs to nobody.
UPDATE signups
SET number = NULL, fingerprint = NULL, request_id = NULL, state_hash = NULL, claim = NULL, claim_until = NULL
WHERE id = :id;

-- name: forget_callbacks!
-- What was posted about it.
DELETE FROM callbacks WHERE signup_id = :id;

-- name: forget_apart!
-- What was posted under its request id and belongs to no sign-up.
DELETE FROM callbacks WHERE place IN ('parked', 'quarantined') AND request_id = :request_id;

-- name: forget_traces!
-- Its HTTP exchanges.
DELETE FROM traces WHERE signup_id = :id;

-- name: forget_profile!
-- What Truecaller told of the person.
DELETE FROM profiles WHERE signup_id = :id;

-- name: reveals_of
-- Which reasons were kept about a sign-up, sealed or still waiting to be.
SELECT details FROM events WHERE signup_id = :id AND kind = 'profile.revealed' AND details IS NOT NULL
UNION ALL SELECT details FROM events_inbox WHERE signup_id = :id AND kind = 'profile.revealed';

-- name: exports_of_one
-- Exports of one sign-up's events that were given a reason, sealed or still waiting to be (`signup` and `reason` are how
-- their details hold that): of thousands of exports these are few.
SELECT details FROM events WHERE kind = 'audit.exported' AND details LIKE :signup AND details LIKE :reason
UNION ALL SELECT details FROM events_inbox
WHERE kind = 'audit.exported' AND details LIKE :signup AND details LIKE :reason;

-- name: redacted_of
-- Which events of a sign-up lost their details: the reasons for that were kept too.
SELECT seq FROM events WHERE signup_id = :id AND details IS NULL;

-- name: drop_signups!
-- What was wiped before and is now too old altogether.
DELETE FROM signups WHERE id IN (
    SELECT id FROM signups
    WHERE started_at < :before AND fingerprint IS NULL
        AND COALESCE(status, '') IN ('completed', 'declined', 'expired', 'failed')
    ORDER BY started_at, id LIMIT :size
);

-- name: drop_locks!
-- Numbers that nobody has tried for so long; one that is taken again meanwhile stays.
DELETE FROM locks WHERE until <= :now AND fingerprint IN (
    SELECT fingerprint FROM locks WHERE taken_at < :before AND until <= :now ORDER BY taken_at LIMIT :size
);

-- name: drop_erased_locks
-- Locks of erased people stay until they end, and no longer.
DELETE FROM locks WHERE signup_id = '' AND until <= :now RETURNING fingerprint;

-- name: drop_reasons!
-- Operators' words that are too old.
DELETE FROM reasons WHERE id IN (SELECT id FROM reasons WHERE at < :before ORDER BY at LIMIT :size);

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

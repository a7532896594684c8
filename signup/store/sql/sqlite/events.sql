-- The two moments of sealing for which the databases have different tongues.

-- name: lock_head
-- BEGIN IMMEDIATE holds the one write lock already.
SELECT log_id, mode, seq, frontier, pruned_to FROM audit_log WHERE id = 1;

-- name: take_waiting
-- One writer at a time: ids rise by transaction, so id order keeps the rows of one together.
DELETE FROM events_inbox WHERE id IN (SELECT id FROM events_inbox ORDER BY id LIMIT :size)
RETURNING id, at, kind, signup_id, actor, details, 0 AS xid;

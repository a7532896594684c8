-- The two moments of sealing for which the databases have different tongues.

-- name: lock_head
-- Sealers queue here, and nobody else does: a frozen one delays no append.
SELECT log_id, mode, seq, frontier, pruned_to FROM audit_log WHERE id = 1 FOR UPDATE;

-- name: take_waiting
-- Ids of transactions that ran side by side are interleaved. So one with rows beyond this portion (looked for twenty
-- portions far, that the cost has a bound) waits for the next, unless nothing else is left to take. xid tells which
-- rows belong together.
WITH portion AS (
    SELECT id, CAST(xmin AS TEXT) AS xid FROM events_inbox ORDER BY id LIMIT :size
), beyond AS (
    SELECT CAST(xmin AS TEXT) AS xid FROM events_inbox
    WHERE id > (SELECT MAX(id) FROM portion) ORDER BY id LIMIT 20 * :size
), whole AS (
    SELECT id FROM portion WHERE xid NOT IN (SELECT xid FROM beyond)
), taken AS (
    SELECT id FROM whole UNION ALL SELECT id FROM portion WHERE NOT EXISTS (SELECT id FROM whole)
)
DELETE FROM events_inbox WHERE id IN (SELECT id FROM taken)
RETURNING id, at, kind, signup_id, actor, details, CAST(xmin AS TEXT) AS xid;

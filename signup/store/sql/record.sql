-- The record's proof: checkpoints, the keys that sign them, and how both are checked against the log.

-- name: newest_checkpoint
-- The last one signed: the next one's number and time rise from it.
SELECT seq, at, root, key_id, note FROM audit_checkpoints ORDER BY seq DESC LIMIT 1;

-- name: checkpoint_state
-- How far the log is sealed and how far it is signed; before the first checkpoint time counts from the log's creation.
SELECT audit_log.seq, COALESCE(newest.seq, -1) AS signed_seq, COALESCE(newest.at, audit_log.created_at) AS signed_at
FROM audit_log LEFT JOIN audit_checkpoints AS newest ON newest.seq = (SELECT MAX(seq) FROM audit_checkpoints)
WHERE audit_log.id = 1;

-- name: add_checkpoint!
-- While the head is locked; its event waits in the inbox, so that one removed later is missed.
INSERT INTO audit_checkpoints (seq, at, root, key_id, note, frontier)
VALUES (:seq, :at, :root, :key_id, :note, :frontier);

-- name: audit_keys
-- Every key that ever signed here, oldest first.
SELECT key_id, public_key, added_at, endorsement FROM audit_keys ORDER BY added_at, key_id;

-- name: add_audit_key!
-- A key is told once, before it signs.
INSERT INTO audit_keys (key_id, public_key, added_at, endorsement) VALUES (:key_id, :public_key, :at, :endorsement);

-- name: audit_checkpoints
-- Every checkpoint, with the tree's edge at its place.
SELECT seq, at, root, key_id, note, frontier FROM audit_checkpoints ORDER BY seq;

-- name: checkpoint_edge
-- The tree's edge at a checkpoint: where the log goes on from once what lies before it was pruned.
SELECT frontier FROM audit_checkpoints WHERE seq = :seq;

-- name: log_to_verify
-- What the log says of itself, and how far its rows really reach: read in one snapshot with keys and checkpoints.
SELECT log_id, mode, seq, frontier, pruned_to,
    (SELECT MIN(seq) FROM events) AS lowest,
    (SELECT MAX(seq) FROM events) AS highest,
    (SELECT COUNT(*) FROM events_inbox) AS unsealed
FROM audit_log WHERE id = 1;

-- name: log_to_copy
-- The log's own row, all of it: an export of all rows is itself a log.
SELECT id, log_id, mode, created_at, seq, frontier, pruned_to FROM audit_log WHERE id = 1;

-- name: rows_to_verify
-- A page of the log with all that its leaves are made of.
SELECT seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf FROM events
WHERE seq > :after AND seq <= :up_to ORDER BY seq LIMIT :size;

-- name: told_in_the_log
-- What sealed events of a kind tell.
SELECT seq, details FROM events
WHERE kind = :kind AND seq > :after AND seq <= :up_to ORDER BY seq LIMIT :size;

-- name: told_in_the_inbox
-- What an event of a kind tells that waits to be sealed.
SELECT details FROM events_inbox WHERE kind = :kind ORDER BY id;

-- name: export_with_sum
-- The export that wrote a file with this SHA-256 (`part` is how its details hold it).
SELECT seq, at, details FROM events
WHERE kind = 'audit.export_done' AND details LIKE :part ORDER BY seq LIMIT 1;

-- What a bundle needs to know of the record before its first row is read.

-- name: bundle_span
-- The checkpoints that enclose a span of time, if there are any: every event recorded in it lies between them. A clock
-- that ran ahead gives several the same time, which is true of the last of them; one later than now is not true yet.
SELECT
    (SELECT MAX(seq) FROM audit_checkpoints WHERE seq <= :size AND at <= :start) AS before_start,
    (SELECT MAX(seq) FROM audit_checkpoints WHERE seq <= :size AND at = (
        SELECT MIN(at) FROM audit_checkpoints WHERE seq <= :size AND at >= :end AND at <= :now
    )) AS after_end;

-- name: checkpoints_between
-- The signed roots that a bundle's rows must meet.
SELECT seq, at, root, key_id, note FROM audit_checkpoints WHERE seq >= :first AND seq <= :last ORDER BY seq;

-- name: checkpoint_at
-- One that was asked for, or that with which the log begins since it was pruned.
SELECT seq, at, root, key_id, note, frontier FROM audit_checkpoints WHERE seq = :seq;

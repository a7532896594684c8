-- What the doctor asks beyond what the steps ask themselves.

-- name: unanswered_for_long
-- Started before a moment, still open, and no callback has come: how many, and since when the oldest waits.
SELECT COUNT(*) AS n, MIN(started_at) AS oldest FROM signups
WHERE status IN ('requested', 'waiting') AND started_at <= :before AND callbacks = 0;

-- name: past_their_end
-- Still open long after their time was over: nobody watches.
SELECT COUNT(*) AS n, MIN(expires_at) AS oldest FROM signups
WHERE status IN ('requested', 'waiting') AND expires_at < :before;

-- name: apart_now
-- Callbacks of the last ten minutes that belong to no request of ours, or only claim to; replays are nobody's.
SELECT COALESCE(SUM(CASE WHEN place = 'parked' THEN 1 ELSE 0 END), 0) AS parked,
    COALESCE(SUM(CASE WHEN place = 'quarantined' THEN 1 ELSE 0 END), 0) AS quarantined,
    MAX(at) AS last
FROM callbacks WHERE place IN ('parked', 'quarantined') AND replay = 0;

-- name: wrong_state_of_open
-- Set aside in the last ten minutes although they name a sign-up that still waits: its state was wrong, or missing.
-- How many, and since when the oldest of those waits. Both places are named as their index names them.
SELECT COUNT(*) AS n, MIN(signups.started_at) AS oldest FROM callbacks JOIN signups ON signups.id = callbacks.signup_id
WHERE callbacks.place IN ('parked', 'quarantined') AND callbacks.place = 'quarantined'
  AND callbacks.replay = 0 AND signups.status IN ('requested', 'waiting');

-- name: last_of_ours
-- The newest callback that a sign-up took. At most a thousand of strangers lie above it.
SELECT at, result FROM callbacks WHERE place IN ('arrived', 'matched') ORDER BY id DESC LIMIT 1;

-- name: approved_since
-- Whether anybody who started since a moment was approved, whatever came of it: a right state came through.
SELECT id FROM signups
WHERE status IN ('approved', 'completed', 'failed') AND started_at >= :since AND decided_at IS NOT NULL LIMIT 1;

-- name: late_callbacks
-- Of those who ran out of time lately: callbacks that came all the same, too late.
SELECT COUNT(*) AS n, MAX(callbacks.at) AS last FROM signups JOIN callbacks ON callbacks.signup_id = signups.id
WHERE signups.status = 'expired' AND signups.started_at >= :since AND callbacks.at >= signups.expires_at
  AND callbacks.replay = 0;

-- name: last_webhook
-- What became of the message that was tried last.
SELECT tried_at, answer, taken, due_at FROM webhooks WHERE tried_at IS NOT NULL ORDER BY tried_at DESC, id DESC LIMIT 1;

-- name: last_look_at_alerts
-- The last minute at which the rules were looked at to the end; a round that failed leaves none.
SELECT MAX(minute) AS minute FROM alert_states;

-- name: any_completed
-- Whether anybody has ever signed up here.
SELECT id FROM signups WHERE status = 'completed' LIMIT 1;

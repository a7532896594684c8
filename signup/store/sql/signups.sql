-- name: add_channel!
-- A channel is made by its first sign-up; beyond the limit none is added.
INSERT INTO channels (name)
SELECT CAST(:name AS TEXT) WHERE (SELECT COUNT(*) FROM channels) < :most
ON CONFLICT (name) DO NOTHING;

-- name: has_channel
-- Whether a channel is in use.
SELECT name FROM channels WHERE name = :name;

-- name: channels
-- For filters.
SELECT name FROM channels ORDER BY name;

-- name: add_signup!
-- The intent, committed before anything is sent.
INSERT INTO signups (id, status, country, channel, started_at, expires_at, number, fingerprint, state_hash)
VALUES (:id, 'requested', :country, :channel, :started_at, :expires_at, :number, :fingerprint, :state_hash);

-- name: move_signup
-- The only way a status changes: compare and set. No row back: somebody else was first.
UPDATE signups
SET status = :status, code = :code,
    decided_at = COALESCE(CAST(:decided_at AS TEXT), decided_at),
    finished_at = CAST(:finished_at AS TEXT)
WHERE id = :id AND :allowed LIKE '%,' || status || ',%'
RETURNING id, started_at;

-- name: set_request_id!
-- Known once Truecaller answered, or once a callback with the right state named it.
UPDATE signups SET request_id = :request_id WHERE id = :id AND request_id IS NULL;

-- name: set_opened
-- The first time the prompt was seen open.
UPDATE signups SET opened_at = :opened_at WHERE id = :id AND opened_at IS NULL AND :allowed LIKE '%,' || status || ',%'
RETURNING id;

-- name: count_callback!
-- How many callbacks named this sign-up.
UPDATE signups SET callbacks = callbacks + 1 WHERE id = :id;

-- name: claim_signup
-- Whoever gets the row back fetches the profile; a killed one's claim is free again later.
UPDATE signups SET claim = :claim, claim_until = :until
WHERE id = (
    SELECT callbacks.signup_id FROM callbacks JOIN signups AS s ON s.id = callbacks.signup_id
    WHERE callbacks.token IS NOT NULL AND callbacks.next_try_at <= :due AND callbacks.place = 'matched'
      AND callbacks.token_until > :now AND s.status = 'approved' AND (s.claim_until IS NULL OR s.claim_until <= :now)
    ORDER BY callbacks.next_try_at, callbacks.signup_id LIMIT 1
) AND status = 'approved' AND (claim_until IS NULL OR claim_until <= :now)
RETURNING id, number;

-- name: end_claim!
-- Only by whom it belongs to; no row changed: it was lost, and its result is not ours to write.
UPDATE signups SET claim = NULL, claim_until = NULL WHERE id = :id AND claim = :claim;

-- name: lost_starts
-- Started long ago and still not told to be sent: its starter was killed.
SELECT id, started_at FROM signups WHERE status = 'requested' AND started_at <= :before ORDER BY started_at LIMIT 500;

-- name: unanswered
-- Waiting past their end, with nothing that has arrived and is not yet matched.
SELECT id FROM signups
WHERE status = 'waiting' AND expires_at <= :before
  AND NOT EXISTS (SELECT 1 FROM callbacks WHERE callbacks.signup_id = signups.id AND callbacks.place = 'arrived')
ORDER BY expires_at LIMIT 500;

-- name: approved_without_token
-- Approved past their end with no token left to try.
SELECT id FROM signups
WHERE status = 'approved' AND expires_at <= :now
  AND NOT EXISTS (SELECT 1 FROM callbacks WHERE callbacks.signup_id = signups.id AND callbacks.token IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM callbacks WHERE callbacks.signup_id = signups.id AND callbacks.place = 'arrived')
ORDER BY expires_at LIMIT 500;

-- name: next_due
-- When a watcher must look again although nothing happens: each kind of end, the earliest first. A token that was
-- never tried has no such time: its arrival woke everybody.
SELECT 'expires' AS what, MIN(expires_at) AS at FROM signups WHERE status IN ('waiting', 'approved')
UNION ALL SELECT 'requested', MIN(started_at) FROM signups WHERE status = 'requested'
UNION ALL SELECT 'try', MIN(next_try_at) FROM callbacks WHERE token IS NOT NULL AND next_try_at <> ''
UNION ALL SELECT 'token', MIN(token_until) FROM callbacks WHERE token IS NOT NULL
UNION ALL SELECT 'claim', MIN(claim_until) FROM signups WHERE status = 'approved'
UNION ALL SELECT 'apart', MIN(at) FROM callbacks WHERE place IN ('parked', 'quarantined');

-- name: list_signups
-- Newest first, by cursor (the last row's started_at and id). Empty text: no such filter.
SELECT id, status, code, country, channel, started_at, expires_at, opened_at, decided_at, finished_at, number
FROM signups
WHERE (started_at < :before_at OR (started_at = :before_at AND id < :before_id))
  AND started_at >= :since AND started_at < :until
  AND (:statuses = '' OR :statuses LIKE '%,' || status || ',%')
  AND (:countries = '' OR :countries LIKE '%,' || country || ',%')
  AND (:channels = '' OR :channels LIKE '%,' || channel || ',%')
  AND (:codes = '' OR :codes LIKE '%,' || code || ',%')
ORDER BY started_at DESC, id DESC LIMIT :limit;

-- name: find_signups
-- The search box: a number (its fingerprints), our id, or their request id.
SELECT id, status, code, country, channel, started_at, expires_at, opened_at, decided_at, finished_at, number
FROM signups
WHERE id = :text OR request_id = :text OR fingerprint = :fingerprint
ORDER BY started_at DESC, id DESC LIMIT :limit;

-- name: one_signup
-- One sign-up as people see it.
SELECT id, status, code, country, channel, started_at, expires_at, opened_at, decided_at, finished_at, number, request_id
FROM signups WHERE id = :id;

-- name: count_signups
-- How many the list's filters leave, counted to a limit.
SELECT COUNT(*) AS n FROM (
    SELECT 1 AS one FROM signups
    WHERE started_at >= :since AND started_at < :until
      AND (:statuses = '' OR :statuses LIKE '%,' || status || ',%')
      AND (:countries = '' OR :countries LIKE '%,' || country || ',%')
      AND (:channels = '' OR :channels LIKE '%,' || channel || ',%')
      AND (:codes = '' OR :codes LIKE '%,' || code || ',%')
    LIMIT :most
) AS found;

-- name: add_profile!
-- Once per sign-up.
INSERT INTO profiles (signup_id, at, profile) VALUES (:signup_id, :at, :profile) ON CONFLICT (signup_id) DO NOTHING;

-- name: profile_of
-- Sealed.
SELECT profile, at FROM profiles WHERE signup_id = :signup_id;

-- name: add_reason!
-- An operator's words, sealed; the log holds only the id.
INSERT INTO reasons (id, at, reason) VALUES (:id, :at, :reason);

-- name: add_trace!
-- One HTTP exchange, dotted and sealed.
INSERT INTO traces (id, signup_id, step, at, exchange) VALUES (:id, :signup_id, :step, :at, :exchange);

-- name: traces_of
-- A timeline's exchanges, in order.
SELECT id, step, at, exchange FROM traces WHERE signup_id = :signup_id ORDER BY at, id;

-- name: last_trace
-- What the last exchange of one step told: for the Health page. Ids go by time, so what a clock that ran ahead wrote lies
-- behind those before a moment.
SELECT id, step, at, exchange FROM traces WHERE step = :step AND id < :before ORDER BY id DESC LIMIT 1;

-- name: add_callback
-- Stored before it is answered; the same one again only counts. repeats > 0 in what comes back: it was known.
-- Its token may be tried at once, whatever the clock will say then: hence an empty next_try_at.
INSERT INTO callbacks (digest, at, place, signup_id, request_id, result, status, reason,
                       token, token_hash, token_until, endpoint, next_try_at, replay)
VALUES (:digest, :at, :place, :signup_id, :request_id, :result, :status, :reason,
        :token, :token_hash, :token_until, :endpoint, '', :replay)
ON CONFLICT (digest) DO UPDATE SET repeats = callbacks.repeats + 1
RETURNING id, repeats, signup_id, place;

-- name: tokens_of
-- Candidate tokens a sign-up ever had, live or dead.
SELECT token_hash FROM callbacks WHERE signup_id = :signup_id AND token_hash IS NOT NULL;

-- name: apart_load
-- What strangers' callbacks cost at the moment, in rows and repeats.
SELECT COALESCE(SUM(1 + repeats), 0) AS n FROM callbacks WHERE place IN ('parked', 'quarantined');

-- name: arrived_callbacks
-- Stored, known, not yet acted on. In the order of their index, so that no other row is looked at.
SELECT id, signup_id FROM callbacks WHERE place = 'arrived' ORDER BY signup_id, id LIMIT 500;

-- name: parked_callbacks
-- Came before we knew their request id, and now we know it. Both places are named as their index names them.
SELECT callbacks.id, signups.id AS signup_id FROM callbacks JOIN signups ON signups.request_id = callbacks.request_id
WHERE callbacks.place IN ('parked', 'quarantined') AND callbacks.place = 'parked' ORDER BY callbacks.at LIMIT 500;

-- name: take_callback
-- Whoever gets the row acts on it. A parked one that never showed a state goes to quarantine when it carries a token.
UPDATE callbacks
SET place = CASE WHEN reason IS NULL THEN 'matched' ELSE 'quarantined' END,
    signup_id = COALESCE(signup_id, CAST(:signup_id AS TEXT))
WHERE id = :id AND place = :from_place
RETURNING id, at, signup_id, request_id, result, status, reason, token, repeats, replay;

-- name: unmatched_callbacks
-- Parked for longer than a token lives: nobody's.
SELECT id FROM callbacks WHERE place IN ('parked', 'quarantined') AND at <= :before ORDER BY at LIMIT 500;

-- name: drop_callback
-- A stranger's callback goes once its time is over.
DELETE FROM callbacks WHERE id = :id AND place IN ('parked', 'quarantined') RETURNING place, replay;

-- name: next_candidate
-- The token whose turn it is.
SELECT id, token, digest, endpoint, tries, replay FROM callbacks
WHERE signup_id = :signup_id AND token IS NOT NULL AND next_try_at <= :due AND token_until > :now AND place = 'matched'
ORDER BY tries, id LIMIT 1;

-- name: try_again!
-- After an error that may pass.
UPDATE callbacks SET tries = tries + 1, next_try_at = :next_try_at WHERE id = :id;

-- name: kill_token!
-- Refused, used up or too old: wiped, with the reason kept.
UPDATE callbacks SET token = NULL, dead = :dead, tries = tries + :tried WHERE id = :id AND token IS NOT NULL;

-- name: wipe_tokens!
-- The sign-up is decided: no token of it is kept.
UPDATE callbacks SET token = NULL WHERE signup_id = :signup_id AND token IS NOT NULL;

-- name: old_tokens
-- Past their life; a claimed one is left to whoever holds the claim.
SELECT callbacks.id, callbacks.signup_id, callbacks.tries FROM callbacks JOIN signups ON signups.id = callbacks.signup_id
WHERE callbacks.token IS NOT NULL AND callbacks.token_until <= :now AND callbacks.place = 'matched'
  AND (signups.claim_until IS NULL OR signups.claim_until <= :now)
ORDER BY callbacks.next_try_at LIMIT 500;

-- name: candidates_left
-- Live tokens of a sign-up, and why the others died; replay: whether all of them were replayed.
SELECT dead, COUNT(token) AS live, MIN(replay) AS replay FROM callbacks
WHERE signup_id = :signup_id AND token_hash IS NOT NULL GROUP BY dead;

-- name: last_callback
-- For the Health page.
SELECT at, result, place FROM callbacks ORDER BY id DESC LIMIT 1;

-- name: see_watcher!
-- A watcher says that it lives.
INSERT INTO watchers (id, host, pid, mode, seen_at) VALUES (:id, :host, :pid, :mode, :seen_at)
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at;

-- name: forget_watchers!
-- One that stopped, and those that were killed long ago.
DELETE FROM watchers WHERE id = :id OR seen_at < :before;

-- name: watchers
-- For the Health page.
SELECT id, host, pid, mode, seen_at FROM watchers ORDER BY seen_at DESC;

-- name: due_token
-- Whether any token waits to be tried.
SELECT callbacks.id FROM callbacks JOIN signups ON signups.id = callbacks.signup_id
WHERE callbacks.token IS NOT NULL AND callbacks.next_try_at <= :due AND callbacks.place = 'matched'
  AND callbacks.token_until > :now AND signups.status = 'approved'
  AND (signups.claim_until IS NULL OR signups.claim_until <= :now)
LIMIT 1;

-- name: arrived_for
-- Whether something of a sign-up has arrived and is not yet matched.
SELECT id FROM callbacks WHERE signup_id = :signup_id AND place = 'arrived' LIMIT 1;

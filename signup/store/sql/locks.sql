-- name: take_lock
-- One statement takes the lock or refuses it, over any number of processes. A refused one returns no row.
-- A lock taken later than ours would end was written under a clock that was wrong by far: it is not believed.
-- number_id is minted with the number's first lock and stays with its row.
INSERT INTO locks (fingerprint, number_id, signup_id, taken_at, until)
VALUES (:fingerprint, :number_id, :signup_id, :taken_at, :until)
ON CONFLICT (fingerprint) DO UPDATE
SET signup_id = excluded.signup_id, taken_at = excluded.taken_at, until = excluded.until
WHERE locks.until <= excluded.taken_at OR locks.taken_at > excluded.until
RETURNING number_id;

-- name: adopt_lock!
-- After a rotation: a lock kept under an older key's fingerprint is moved under the current one before it is asked.
UPDATE locks SET fingerprint = :current
WHERE fingerprint = :older AND NOT EXISTS (SELECT 1 FROM locks AS own WHERE own.fingerprint = :current);

-- name: lock_of
-- Who holds the lock that just refused.
SELECT number_id, signup_id, taken_at, until FROM locks WHERE fingerprint = :fingerprint;

-- name: lock_held_by
-- Until when the number of a sign-up is locked by it.
SELECT until FROM locks WHERE signup_id = :signup_id;

-- name: release_lock!
-- Truecaller refused or was never reached: the person may try again at once.
UPDATE locks SET until = :now WHERE signup_id = :signup_id AND until > :now;

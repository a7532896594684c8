-- name: add_selftest!
-- Each nonce once: the same header again changes nothing, and is no self-test.
INSERT INTO selftests (nonce, at) VALUES (:nonce, :at) ON CONFLICT (nonce) DO NOTHING;

-- name: selftest
-- Whether a self-test of ours has arrived in this database.
SELECT nonce FROM selftests WHERE nonce = :nonce;

-- name: old_selftest
-- Whether there is anything to forget; nothing is written for nothing.
SELECT nonce FROM selftests WHERE at <= :before LIMIT 1;

-- name: drop_selftests!
-- After ten minutes nobody looks for them, and their header is long out of date.
DELETE FROM selftests WHERE at <= :before;

-- name: create_schema_versions!
-- Which migrations this database has had.
CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, at TEXT NOT NULL);

-- name: schema_versions
-- Read by the migration runner and by programs that only check.
SELECT version, name FROM schema_versions ORDER BY version;

-- name: add_schema_version!
-- In the same transaction as the migration itself.
INSERT INTO schema_versions (version, name, at) VALUES (:version, :name, :at);

-- name: log_identity
-- Which log this is and in which mode it was made.
SELECT log_id, mode, created_at FROM audit_log WHERE id = 1;

-- name: create_log!
-- Fixed at creation; of eight processes one wins.
INSERT INTO audit_log (id, log_id, mode, created_at, seq, frontier, pruned_to)
VALUES (1, :log_id, :mode, :at, 0, '[]', 0)
ON CONFLICT (id) DO NOTHING;

-- name: known_keys
-- The keys under which something may have been written.
SELECT key_id FROM known_keys;

-- name: add_known_key!
-- A key is told once, before anything is written under it.
INSERT INTO known_keys (key_id, at) VALUES (:key_id, :at) ON CONFLICT (key_id) DO NOTHING;

-- name: forget_key!
-- Nothing is kept under it any more.
DELETE FROM known_keys WHERE key_id = :key_id;

-- name: cells_under_key
-- Whether anything is still sealed with a key (`prefix` is its id with a colon and %).
SELECT 1 AS found FROM signups WHERE number LIKE :prefix
UNION ALL SELECT 1 FROM callbacks WHERE token LIKE :prefix
UNION ALL SELECT 1 FROM profiles WHERE profile LIKE :prefix
UNION ALL SELECT 1 FROM traces WHERE exchange LIKE :prefix
UNION ALL SELECT 1 FROM reasons WHERE reason LIKE :prefix
LIMIT 1;

-- name: add_to_counter!
-- What is only counted: callbacks that could not be read, callbacks over the limit.
INSERT INTO counters (name, value, at) VALUES (:name, :amount, :at)
ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value, at = excluded.at;

-- name: counters
-- For the Health page.
SELECT name, value, at FROM counters;

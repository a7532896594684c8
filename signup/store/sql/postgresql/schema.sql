-- name: has_schema_versions
-- Whether any migration ever ran here.
SELECT table_name AS name FROM information_schema.tables
WHERE table_schema = current_schema() AND table_name = 'schema_versions';

-- name: migration_lock
-- One migrating process at a time; the others may wait longer than a callback may.
SELECT set_config('lock_timeout', '30s', TRUE) AS patience, CAST(pg_advisory_xact_lock(7217411) AS TEXT) AS locked;

-- name: newest_ids
-- What a watcher compares every 50 ms: has anything arrived.
SELECT (SELECT MAX(id) FROM callbacks) AS callback, (SELECT MAX(id) FROM events_inbox) AS event;

-- name: server_version
-- For the Health page.
SELECT current_setting('server_version') AS version;

-- name: has_schema_versions
-- Whether any migration ever ran here.
SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'schema_versions';

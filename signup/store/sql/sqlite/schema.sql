-- name: has_schema_versions
-- Whether any migration ever ran here.
SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'schema_versions';

-- name: table_names
-- Whose file it is shows in what is in it.
SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite|_%' ESCAPE '|';

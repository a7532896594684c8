-- Saved views: the filters of a page under a name.

-- name: take_view_turn!
-- First in every transaction that changes a view: the next one waits here, and then sees what this one did.
UPDATE saved_view_turn SET at = :at WHERE id = 1;

-- name: saved_views
-- All of them: there are never more than fifty, and Python sorts them, for the stores sort letters differently.
SELECT id, name, folded, page, address FROM saved_views;

-- name: add_saved_view!
-- A new one; its name was found to be free.
INSERT INTO saved_views (id, name, folded, page, address, at) VALUES (:id, :name, :folded, :page, :address, :at);

-- name: rename_saved_view!
-- Only the name.
UPDATE saved_views SET name = :name, folded = :folded WHERE id = :id;

-- name: remove_saved_view!
-- It is gone for everybody.
DELETE FROM saved_views WHERE id = :id;

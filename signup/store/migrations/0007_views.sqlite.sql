-- Saved views: the filters of a page under a name, for everybody who uses the dashboard.

-- Who writes this row has the turn: names stay unique and their number small, however many save at once.
CREATE TABLE saved_view_turn (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    at TEXT NOT NULL
) STRICT;
INSERT INTO saved_view_turn (id, at) VALUES (1, '');

-- folded is the name without its capitals: two that differ by nothing else are one. address is a query string.
CREATE TABLE saved_views (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,
    page TEXT NOT NULL CHECK (page IN ('overview', 'signups')),
    address TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;

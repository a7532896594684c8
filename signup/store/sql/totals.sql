-- What a scrape of the receiver's /metrics asks: answered by a few rows or by an index, however long the log is.

-- name: add_to_event_totals!
-- In the transaction that seals the events counted: each one counts once.
INSERT INTO event_totals (kind, word, second, n) VALUES (:kind, :word, :second, :n)
ON CONFLICT (kind, word, second) DO UPDATE SET n = event_totals.n + excluded.n;

-- name: event_totals
-- How often each thing was told since the log began.
SELECT kind, word, second, n FROM event_totals ORDER BY kind, word, second;

-- name: open_now
-- Sign-ups that have not ended, by where they stand: about ten minutes' worth.
SELECT status, COUNT(*) AS n FROM signups WHERE status IN ('requested', 'waiting', 'approved') GROUP BY status;

-- name: log_extent
-- How many events were ever sealed, and how many of them were pruned.
SELECT seq, pruned_to FROM audit_log WHERE id = 1;

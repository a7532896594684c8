-- Alerts: whose minute it is, the rules, where they stand.

-- name: claim_alert_round!
-- The minute belongs to whoever moves it on. One far ahead is of a clock that went wrong.
UPDATE alert_rounds SET minute = :minute WHERE id = 1 AND (minute < :minute OR minute > :ahead);

-- name: hold_alert_round!
-- First in the writing transaction: whoever was overtaken while reading has lost, and nobody overtakes after it.
UPDATE alert_rounds SET minute = :minute WHERE id = 1 AND minute = :minute;

-- name: alert_rules
-- Those that differ from the defaults.
SELECT rule, wanted FROM alert_rules ORDER BY rule;

-- name: keep_alert_rule!
-- A rule as somebody wants it.
INSERT INTO alert_rules (rule, wanted, at) VALUES (:rule, :wanted, :at)
ON CONFLICT (rule) DO UPDATE SET wanted = excluded.wanted, at = excluded.at;

-- name: forget_alert_rule!
-- Back to the default.
DELETE FROM alert_rules WHERE rule = :rule;

-- name: alert_states
-- Where every rule stands that was ever looked at.
SELECT rule, state, since, severity, told, bad_since, none_since, minute, level, part, whole, n
FROM alert_states ORDER BY rule;

-- name: put_alert_state!
-- After a round.
INSERT INTO alert_states (rule, state, since, severity, told, bad_since, none_since, minute, level, part, whole, n)
VALUES (:rule, :state, :since, :severity, :told, :bad_since, :none_since, :minute, :level, :part, :whole, :n)
ON CONFLICT (rule) DO UPDATE SET state = excluded.state, since = excluded.since, severity = excluded.severity,
    told = excluded.told, bad_since = excluded.bad_since, none_since = excluded.none_since, minute = excluded.minute,
    level = excluded.level, part = excluded.part, whole = excluded.whole, n = excluded.n;

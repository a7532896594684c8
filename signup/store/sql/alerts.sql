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

-- name: add_webhook!
-- In the transaction of the change that it tells; due at once.
INSERT INTO webhooks (id, at, rule, body, due_at) VALUES (:id, :at, :rule, :body, :at);

-- name: hurry_webhooks!
-- What waits of the same rule goes before it, so that is due too, and its tries begin anew. One under way stays so.
UPDATE webhooks SET due_at = CASE WHEN claim IS NULL THEN CAST(:at AS TEXT) ELSE due_at END, tries = 0
WHERE rule = :rule AND due_at IS NOT NULL;

-- name: forget_webhooks!
-- What is old, taken or not.
DELETE FROM webhooks WHERE at < :before;

-- name: webhook_due
-- When the next one is to be tried, of each rule the oldest. What is due far ahead was put there by a clock that went
-- wrong: it is due now.
SELECT MIN(CASE WHEN due_at > :ahead THEN :now ELSE due_at END) AS at FROM webhooks
WHERE due_at IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM webhooks AS older
    WHERE older.rule = webhooks.rule AND older.due_at IS NOT NULL AND older.id < webhooks.id
);

-- name: claim_webhook
-- Whoever moves its due time on may try it; should they die, it is due again then. Of each rule only the oldest that
-- waits, so that what is told of it arrives in order.
UPDATE webhooks SET due_at = :until, claim = :claim, tries = tries + 1, tried_at = :now
WHERE (due_at <= :now OR due_at > :ahead)
    AND id = (
        SELECT id FROM webhooks AS first
        WHERE due_at IS NOT NULL AND (due_at <= :now OR due_at > :ahead) AND NOT EXISTS (
            SELECT 1 FROM webhooks AS older
            WHERE older.rule = first.rule AND older.due_at IS NOT NULL AND older.id < first.id
        )
        ORDER BY due_at, id LIMIT 1
    )
RETURNING id, claim, body, tries;

-- name: webhook_tries
-- How often it was tried, since the newest message of its rule was written down.
SELECT tries FROM webhooks WHERE id = :id;

-- name: end_webhook_try!
-- Only by whom the claim still belongs to.
UPDATE webhooks SET due_at = :due_at, claim = NULL, answer = :answer, taken = :taken WHERE id = :id AND claim = :claim;

-- name: latest_webhooks
-- For the page, the newest first.
SELECT id, at, rule, body, due_at, tries, tried_at, answer, taken FROM webhooks ORDER BY id DESC LIMIT :size;

-- What every sender did on every day in UTC, kept in the transaction of the message that it counts; and the way to
-- a sender's latest messages, for their latency.

-- No foreign key to senders: every message has one already, and checking it here would lock the sender's row late,
-- behind the counters.
CREATE TABLE daily_counters (
    day date NOT NULL,
    sender_id uuid NOT NULL,
    messages_1_sent bigint NOT NULL DEFAULT 0,
    messages_2_sent bigint NOT NULL DEFAULT 0,
    failures bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (day, sender_id)
);
COMMENT ON COLUMN daily_counters.day IS
    'In UTC: of the acceptance for messages that were sent, of the failure for those that failed';

CREATE INDEX messages_by_sender ON messages (sender_id, accepted_at) WHERE accepted_at IS NOT NULL;

-- As in 0002, a message counts as sent from the provider's acceptance on, and it is born pending, so that only
-- updates count. One that stops being failed takes its failure back, on the day on which that was counted.
CREATE FUNCTION count_messages_by_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO daily_counters AS c (day, sender_id, messages_1_sent, messages_2_sent, failures)
    SELECT day, sender_id, messages_1_sent, messages_2_sent, failures FROM (
        SELECT day, sender_id,
            coalesce(sum(n) FILTER (WHERE kind = 'message_1'), 0) AS messages_1_sent,
            coalesce(sum(n) FILTER (WHERE kind = 'message_2'), 0) AS messages_2_sent,
            coalesce(sum(n) FILTER (WHERE kind = 'failure'), 0) AS failures
        FROM (
            SELECT (accepted_at AT TIME ZONE 'UTC')::date AS day, sender_id, message_type AS kind, 1 AS n
            FROM new_rows WHERE accepted_at IS NOT NULL
            UNION ALL
            SELECT (accepted_at AT TIME ZONE 'UTC')::date, sender_id, message_type, -1
            FROM old_rows WHERE accepted_at IS NOT NULL
            UNION ALL
            SELECT (failed_at AT TIME ZONE 'UTC')::date, sender_id, 'failure', 1
            FROM new_rows WHERE status = 'failed' AND failed_at IS NOT NULL
            UNION ALL
            SELECT (failed_at AT TIME ZONE 'UTC')::date, sender_id, 'failure', -1
            FROM old_rows WHERE status = 'failed' AND failed_at IS NOT NULL
        ) changes
        GROUP BY day, sender_id
    ) d
    WHERE (d.messages_1_sent, d.messages_2_sent, d.failures) <> (0, 0, 0)
    -- The same order for everybody: whoever changes several rows cannot deadlock with another.
    ORDER BY sender_id, day
    ON CONFLICT (day, sender_id) DO UPDATE SET
        messages_1_sent = c.messages_1_sent + excluded.messages_1_sent,
        messages_2_sent = c.messages_2_sent + excluded.messages_2_sent,
        failures = c.failures + excluded.failures;
    RETURN NULL;
END $$;

-- Triggers fire in the order of their names: the campaign's counters are locked first, then the day's.
CREATE TRIGGER count_messages_by_day AFTER UPDATE ON messages
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_messages_by_day();

-- What was sent before. Creating the trigger has locked out writers until this commits, so nothing counts twice.
INSERT INTO daily_counters (day, sender_id, messages_1_sent, messages_2_sent, failures)
SELECT day, sender_id,
    count(*) FILTER (WHERE kind = 'message_1'),
    count(*) FILTER (WHERE kind = 'message_2'),
    count(*) FILTER (WHERE kind = 'failure')
FROM (
    SELECT (accepted_at AT TIME ZONE 'UTC')::date AS day, sender_id, message_type AS kind
    FROM messages WHERE accepted_at IS NOT NULL
    UNION ALL
    SELECT (failed_at AT TIME ZONE 'UTC')::date, sender_id, 'failure'
    FROM messages WHERE status = 'failed' AND failed_at IS NOT NULL
) counted
GROUP BY day, sender_id;

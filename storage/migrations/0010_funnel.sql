-- How far Message 1 alone got. The counters had delivered and read messages of both kinds together, of which no part
-- of the contacts can be taken.
-- Lock order: as before; the same row changes in the same statement.

ALTER TABLE campaign_counters
    ADD COLUMN messages_1_delivered bigint NOT NULL DEFAULT 0,
    ADD COLUMN messages_1_read bigint NOT NULL DEFAULT 0;

CREATE OR REPLACE FUNCTION count_message_statuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE campaign_counters c
    SET messages_1_sent = c.messages_1_sent + d.messages_1_sent,
        messages_2_sent = c.messages_2_sent + d.messages_2_sent,
        messages_1_delivered = c.messages_1_delivered + d.delivered_1,
        messages_1_read = c.messages_1_read + d.read_1,
        messages_delivered = c.messages_delivered + d.delivered,
        messages_read = c.messages_read + d.read,
        failures = c.failures + d.failures
    FROM (
        SELECT campaign_id,
            coalesce(sum(n) FILTER (WHERE message_type = 'message_1' AND sent), 0) AS messages_1_sent,
            coalesce(sum(n) FILTER (WHERE message_type = 'message_2' AND sent), 0) AS messages_2_sent,
            coalesce(sum(n) FILTER (WHERE message_type = 'message_1' AND status IN ('delivered', 'read')), 0)
                AS delivered_1,
            coalesce(sum(n) FILTER (WHERE message_type = 'message_1' AND status = 'read'), 0) AS read_1,
            coalesce(sum(n) FILTER (WHERE status IN ('delivered', 'read')), 0) AS delivered,
            coalesce(sum(n) FILTER (WHERE status = 'read'), 0) AS read,
            coalesce(sum(n) FILTER (WHERE status = 'failed'), 0) AS failures
        FROM (
            SELECT campaign_id, message_type, status, accepted_at IS NOT NULL AS sent, 1 AS n FROM new_rows
            UNION ALL
            SELECT campaign_id, message_type, status, accepted_at IS NOT NULL, -1 FROM old_rows
        ) changes
        GROUP BY campaign_id
    ) d
    WHERE c.campaign_id = d.campaign_id
        AND (d.messages_1_sent, d.messages_2_sent, d.delivered_1, d.read_1, d.delivered, d.read, d.failures)
            <> (0, 0, 0, 0, 0, 0, 0);
    RETURN NULL;
END $$;

-- What was sent before. A report takes the numbers of now: those of its closing were never counted.
WITH counted AS (
    SELECT campaign_id, count(*) FILTER (WHERE status IN ('delivered', 'read')) AS delivered,
        count(*) FILTER (WHERE status = 'read') AS read
    FROM messages WHERE message_type = 'message_1' GROUP BY campaign_id
)
UPDATE campaign_counters c SET messages_1_delivered = m.delivered, messages_1_read = m.read
FROM counted m WHERE m.campaign_id = c.campaign_id;

UPDATE campaigns c SET report = jsonb_set(c.report, '{counters}', c.report -> 'counters' || jsonb_build_object(
    'messages_1_delivered', k.messages_1_delivered, 'messages_1_read', k.messages_1_read))
FROM campaign_counters k WHERE k.campaign_id = c.id AND c.report IS NOT NULL;

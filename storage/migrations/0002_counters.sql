-- Counters change in the transaction of the row that they count, whoever writes that row; and a contact moves
-- only along contact_state_transitions.

CREATE FUNCTION check_contact_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM contact_state_transitions WHERE from_state = OLD.state AND to_state = NEW.state
    ) THEN
        RAISE EXCEPTION 'contact % of campaign % cannot go from % to %',
            OLD.contact_id, OLD.campaign_id, OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER check_contact_transition BEFORE UPDATE OF state ON campaign_contacts
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_contact_transition();

CREATE FUNCTION count_new_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE campaign_counters c
    SET total_contacts = c.total_contacts + d.n, pending = c.pending + d.n
    FROM (SELECT campaign_id, count(*) AS n FROM new_rows GROUP BY campaign_id) d
    WHERE c.campaign_id = d.campaign_id;
    RETURN NULL;
END $$;

CREATE TRIGGER count_new_contacts AFTER INSERT ON campaign_contacts
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_new_contacts();

CREATE FUNCTION count_contact_states() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE campaign_counters c
    SET pending = c.pending + d.pending,
        message_1_sent = c.message_1_sent + d.message_1_sent,
        message_2_sent = c.message_2_sent + d.message_2_sent,
        no_interaction = c.no_interaction + d.no_interaction,
        late_interaction = c.late_interaction + d.late_interaction,
        failed = c.failed + d.failed,
        opted_out = c.opted_out + d.opted_out,
        cancelled = c.cancelled + d.cancelled,
        expired = c.expired + d.expired
    FROM (
        SELECT campaign_id,
            coalesce(sum(n) FILTER (WHERE state = 'pending'), 0) AS pending,
            coalesce(sum(n) FILTER (WHERE state = 'message_1_sent'), 0) AS message_1_sent,
            coalesce(sum(n) FILTER (WHERE state = 'message_2_sent'), 0) AS message_2_sent,
            coalesce(sum(n) FILTER (WHERE state = 'no_interaction'), 0) AS no_interaction,
            coalesce(sum(n) FILTER (WHERE state = 'late_interaction'), 0) AS late_interaction,
            coalesce(sum(n) FILTER (WHERE state = 'failed'), 0) AS failed,
            coalesce(sum(n) FILTER (WHERE state = 'opted_out'), 0) AS opted_out,
            coalesce(sum(n) FILTER (WHERE state = 'cancelled'), 0) AS cancelled,
            coalesce(sum(n) FILTER (WHERE state = 'expired'), 0) AS expired
        FROM (
            SELECT campaign_id, state, 1 AS n FROM new_rows
            UNION ALL SELECT campaign_id, state, -1 FROM old_rows
        ) changes
        GROUP BY campaign_id
    ) d
    WHERE c.campaign_id = d.campaign_id;
    RETURN NULL;
END $$;

CREATE TRIGGER count_contact_states AFTER UPDATE ON campaign_contacts
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_contact_states();

-- A message counts as sent from the provider's acceptance on, and as delivered once it was read.
CREATE FUNCTION count_message_statuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE campaign_counters c
    SET messages_1_sent = c.messages_1_sent + d.messages_1_sent,
        messages_2_sent = c.messages_2_sent + d.messages_2_sent,
        messages_delivered = c.messages_delivered + d.delivered,
        messages_read = c.messages_read + d.read,
        failures = c.failures + d.failures
    FROM (
        SELECT campaign_id,
            coalesce(sum(n) FILTER (WHERE message_type = 'message_1' AND sent), 0) AS messages_1_sent,
            coalesce(sum(n) FILTER (WHERE message_type = 'message_2' AND sent), 0) AS messages_2_sent,
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
        AND (d.messages_1_sent, d.messages_2_sent, d.delivered, d.read, d.failures) <> (0, 0, 0, 0, 0);
    RETURN NULL;
END $$;

CREATE TRIGGER count_message_statuses AFTER UPDATE ON messages
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_message_statuses();

CREATE FUNCTION count_interactions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE campaign_counters c
    SET interactions = c.interactions + d.n, suppressed_duplicates = c.suppressed_duplicates + d.duplicates
    FROM (
        SELECT campaign_id, count(*) AS n, count(*) FILTER (WHERE suppressed_duplicate) AS duplicates
        FROM new_rows GROUP BY campaign_id
    ) d
    WHERE c.campaign_id = d.campaign_id;
    RETURN NULL;
END $$;

CREATE TRIGGER count_interactions AFTER INSERT ON interactions
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_interactions();

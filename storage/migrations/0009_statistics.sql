-- Statistics that are read and never counted: reply times and days of every campaign, the number of contacts; and
-- what monitoring looks at. All of it changes in the transaction of the row that it counts.
-- Lock order: as in 0002 and 0005, then campaign_days and campaign_reply_times. Their rows belong to one campaign and
-- change only together with its row in campaign_counters, which is locked first: they can add no deadlock.

-- The first stored reaction of a contact knows how long it took; the later ones do not.
ALTER TABLE interactions ADD COLUMN reply_after_s double precision;
COMMENT ON COLUMN interactions.reply_after_s IS
    'Time from Message 1 to the contact''s first stored reaction, as known when it was stored; null for later ones';

CREATE FUNCTION time_first_reply() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM interactions WHERE campaign_id = NEW.campaign_id AND contact_id = NEW.contact_id
    ) THEN
        NEW.reply_after_s := greatest(0, extract(epoch FROM NEW.occurred_at - coalesce(
            (SELECT sent_at FROM messages WHERE campaign_id = NEW.campaign_id
                AND contact_id = NEW.contact_id AND message_type = 'message_1'),
            NEW.occurred_at)));
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER time_first_reply BEFORE INSERT ON interactions
    FOR EACH ROW EXECUTE FUNCTION time_first_reply();

-- A table of its own, not columns of campaign_counters: most changes of those counters are no replies.
CREATE TABLE campaign_reply_times (
    campaign_id uuid PRIMARY KEY REFERENCES campaigns ON DELETE CASCADE,
    under_1_min bigint NOT NULL DEFAULT 0,
    under_5_min bigint NOT NULL DEFAULT 0,
    under_30_min bigint NOT NULL DEFAULT 0,
    under_1_h bigint NOT NULL DEFAULT 0,
    under_6_h bigint NOT NULL DEFAULT 0,
    under_24_h bigint NOT NULL DEFAULT 0,
    later bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE campaign_reply_times IS
    'Contacts by the time to their first reaction; each is in one column, the first whose limit it is under';

CREATE FUNCTION count_replies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaign_reply_times AS r (campaign_id, under_1_min, under_5_min, under_30_min, under_1_h,
        under_6_h, under_24_h, later)
    SELECT campaign_id,
        count(*) FILTER (WHERE reply_after_s < 60),
        count(*) FILTER (WHERE reply_after_s >= 60 AND reply_after_s < 300),
        count(*) FILTER (WHERE reply_after_s >= 300 AND reply_after_s < 1800),
        count(*) FILTER (WHERE reply_after_s >= 1800 AND reply_after_s < 3600),
        count(*) FILTER (WHERE reply_after_s >= 3600 AND reply_after_s < 21600),
        count(*) FILTER (WHERE reply_after_s >= 21600 AND reply_after_s < 86400),
        count(*) FILTER (WHERE reply_after_s >= 86400)
    FROM new_rows WHERE reply_after_s IS NOT NULL
    GROUP BY campaign_id ORDER BY campaign_id
    ON CONFLICT (campaign_id) DO UPDATE SET
        under_1_min = r.under_1_min + excluded.under_1_min,
        under_5_min = r.under_5_min + excluded.under_5_min,
        under_30_min = r.under_30_min + excluded.under_30_min,
        under_1_h = r.under_1_h + excluded.under_1_h,
        under_6_h = r.under_6_h + excluded.under_6_h,
        under_24_h = r.under_24_h + excluded.under_24_h,
        later = r.later + excluded.later;
    RETURN NULL;
END $$;

-- Triggers fire in the order of their names: count_interactions has locked the campaign's counters before.
CREATE TRIGGER count_replies AFTER INSERT ON interactions
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_replies();

CREATE TABLE campaign_days (
    campaign_id uuid NOT NULL REFERENCES campaigns ON DELETE CASCADE,
    day date NOT NULL,
    messages_1_sent bigint NOT NULL DEFAULT 0,
    messages_2_sent bigint NOT NULL DEFAULT 0,
    messages_delivered bigint NOT NULL DEFAULT 0,
    messages_read bigint NOT NULL DEFAULT 0,
    failures bigint NOT NULL DEFAULT 0,
    interactions bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (campaign_id, day)
) WITH (fillfactor = 50);  -- room for updates in place
CREATE INDEX campaign_days_by_day ON campaign_days (day);
COMMENT ON COLUMN campaign_days.day IS 'In UTC: of the acceptance, delivery, reading, failure or reaction itself';

CREATE FUNCTION count_messages_of_campaigns_by_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaign_days AS c
        (campaign_id, day, messages_1_sent, messages_2_sent, messages_delivered, messages_read, failures)
    SELECT campaign_id, day, messages_1_sent, messages_2_sent, delivered, read, failures FROM (
        SELECT campaign_id, day,
            coalesce(sum(n) FILTER (WHERE kind = 'message_1'), 0) AS messages_1_sent,
            coalesce(sum(n) FILTER (WHERE kind = 'message_2'), 0) AS messages_2_sent,
            coalesce(sum(n) FILTER (WHERE kind = 'delivered'), 0) AS delivered,
            coalesce(sum(n) FILTER (WHERE kind = 'read'), 0) AS read,
            coalesce(sum(n) FILTER (WHERE kind = 'failure'), 0) AS failures
        FROM (
            SELECT m.campaign_id, (moment.at AT TIME ZONE 'UTC')::date AS day, moment.kind, m.n
            FROM (
                SELECT *, 1 AS n FROM new_rows UNION ALL SELECT *, -1 FROM old_rows
            ) m CROSS JOIN LATERAL (VALUES
                (m.message_type, m.accepted_at),
                ('delivered', CASE WHEN m.status IN ('delivered', 'read') THEN m.delivered_at END),
                ('read', CASE WHEN m.status = 'read' THEN m.read_at END),
                ('failure', CASE WHEN m.status = 'failed' THEN m.failed_at END)
            ) AS moment (kind, at)
            WHERE moment.at IS NOT NULL
        ) changes
        GROUP BY campaign_id, day
    ) d
    WHERE (d.messages_1_sent, d.messages_2_sent, d.delivered, d.read, d.failures) <> (0, 0, 0, 0, 0)
    ORDER BY campaign_id, day
    ON CONFLICT (campaign_id, day) DO UPDATE SET
        messages_1_sent = c.messages_1_sent + excluded.messages_1_sent,
        messages_2_sent = c.messages_2_sent + excluded.messages_2_sent,
        messages_delivered = c.messages_delivered + excluded.messages_delivered,
        messages_read = c.messages_read + excluded.messages_read,
        failures = c.failures + excluded.failures;
    RETURN NULL;
END $$;

CREATE TRIGGER count_messages_of_campaigns_by_day AFTER UPDATE ON messages
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_messages_of_campaigns_by_day();

CREATE FUNCTION count_interactions_by_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaign_days AS c (campaign_id, day, interactions)
    SELECT campaign_id, (occurred_at AT TIME ZONE 'UTC')::date AS day, count(*)
    FROM new_rows GROUP BY campaign_id, day ORDER BY campaign_id, day
    ON CONFLICT (campaign_id, day) DO UPDATE SET interactions = c.interactions + excluded.interactions;
    RETURN NULL;
END $$;

CREATE TRIGGER count_interactions_by_day AFTER INSERT ON interactions
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_interactions_by_day();

-- How many contacts there are is the sum of this log. One counter would make every import wait for every other, and
-- an opt-out that holds it would wait for campaign_contacts; rows that are only added make nobody wait. A worker
-- folds them into one now and then.
CREATE TABLE contact_count_changes (
    contacts bigint NOT NULL,
    opted_out bigint NOT NULL
);

CREATE FUNCTION count_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    added bigint := 0;
    suppressed bigint := 0;
BEGIN
    IF TG_OP <> 'DELETE' THEN
        SELECT count(*), count(opted_out_at) INTO added, suppressed FROM new_rows WHERE erased_at IS NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        SELECT added - count(*), suppressed - count(opted_out_at) INTO added, suppressed
        FROM old_rows WHERE erased_at IS NULL;
    END IF;
    IF added <> 0 OR suppressed <> 0 THEN
        INSERT INTO contact_count_changes VALUES (added, suppressed);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER count_added_contacts AFTER INSERT ON contacts
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_contacts();
CREATE TRIGGER count_changed_contacts AFTER UPDATE ON contacts
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_contacts();
CREATE TRIGGER count_deleted_contacts AFTER DELETE ON contacts
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION count_contacts();

-- The report freezes the reply times together with the counters.
CREATE FUNCTION reply_times_of(campaign uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT to_jsonb(r) - 'campaign_id' FROM campaign_reply_times r WHERE campaign_id = campaign), '{}')
$$;

CREATE FUNCTION freeze_reply_times() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.report := NEW.report || jsonb_build_object('reply_times', reply_times_of(NEW.id));
    RETURN NEW;
END $$;

CREATE TRIGGER freeze_reply_times BEFORE UPDATE OF report ON campaigns
    FOR EACH ROW WHEN (OLD.report IS NULL AND NEW.report IS NOT NULL) EXECUTE FUNCTION freeze_reply_times();

-- One row per worker process, renewed every few seconds for as long as it lives.
CREATE TABLE worker_heartbeats (
    worker_id uuid PRIMARY KEY DEFAULT uuidv7(),
    host text NOT NULL,
    process_id integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    beat_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The latest failures, of messages for good and of single attempts.
CREATE INDEX messages_latest_failures ON messages (failed_at DESC) WHERE status = 'failed';
CREATE INDEX sends_latest_failures ON sends (started_at DESC) WHERE outcome IN ('unknown', 'not_sent', 'rejected');
-- Which campaigns are under way, without reading those that have ended.
CREATE INDEX campaigns_under_way ON campaigns (id) WHERE status IN ('scheduled', 'running', 'paused');
CREATE INDEX campaigns_by_closing ON campaigns (closed_at DESC) WHERE closed_at IS NOT NULL;

-- What there was before. Creating the triggers has locked out writers until this commits, so nothing counts twice.
UPDATE interactions i SET reply_after_s = greatest(0, extract(epoch FROM i.occurred_at - coalesce(m.sent_at, i.occurred_at)))
FROM (
    SELECT DISTINCT ON (campaign_id, contact_id) id, campaign_id, contact_id FROM interactions
    ORDER BY campaign_id, contact_id, id
) first
LEFT JOIN messages m ON m.campaign_id = first.campaign_id AND m.contact_id = first.contact_id
    AND m.message_type = 'message_1'
WHERE i.id = first.id;

INSERT INTO campaign_reply_times
SELECT campaign_id,
    count(*) FILTER (WHERE reply_after_s < 60),
    count(*) FILTER (WHERE reply_after_s >= 60 AND reply_after_s < 300),
    count(*) FILTER (WHERE reply_after_s >= 300 AND reply_after_s < 1800),
    count(*) FILTER (WHERE reply_after_s >= 1800 AND reply_after_s < 3600),
    count(*) FILTER (WHERE reply_after_s >= 3600 AND reply_after_s < 21600),
    count(*) FILTER (WHERE reply_after_s >= 21600 AND reply_after_s < 86400),
    count(*) FILTER (WHERE reply_after_s >= 86400)
FROM interactions WHERE reply_after_s IS NOT NULL GROUP BY campaign_id;

INSERT INTO campaign_days
SELECT campaign_id, day,
    count(*) FILTER (WHERE kind = 'message_1'),
    count(*) FILTER (WHERE kind = 'message_2'),
    count(*) FILTER (WHERE kind = 'delivered'),
    count(*) FILTER (WHERE kind = 'read'),
    count(*) FILTER (WHERE kind = 'failure'),
    count(*) FILTER (WHERE kind = 'interaction')
FROM (
    SELECT m.campaign_id, (moment.at AT TIME ZONE 'UTC')::date AS day, moment.kind
    FROM messages m CROSS JOIN LATERAL (VALUES
        (m.message_type, m.accepted_at),
        ('delivered', CASE WHEN m.status IN ('delivered', 'read') THEN m.delivered_at END),
        ('read', CASE WHEN m.status = 'read' THEN m.read_at END),
        ('failure', CASE WHEN m.status = 'failed' THEN m.failed_at END)
    ) AS moment (kind, at)
    WHERE moment.at IS NOT NULL
    UNION ALL
    SELECT campaign_id, (occurred_at AT TIME ZONE 'UTC')::date, 'interaction' FROM interactions
) counted
GROUP BY campaign_id, day;

INSERT INTO contact_count_changes SELECT count(*), count(opted_out_at) FROM contacts WHERE erased_at IS NULL;

UPDATE campaigns SET report = report || jsonb_build_object('reply_times', reply_times_of(id)) WHERE report IS NOT NULL;

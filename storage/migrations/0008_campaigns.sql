-- Scheduled starts, test messages, senders that are removed, and the way of each list.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

ALTER TABLE campaigns
    DROP CONSTRAINT campaigns_status_check,
    ADD CONSTRAINT campaigns_status_check
        CHECK (status IN ('draft', 'scheduled', 'running', 'paused', 'completed', 'cancelled')),
    ADD COLUMN start_at timestamptz,
    ADD COLUMN start_problem text,
    ADD COLUMN start_problem_at timestamptz,
    ADD CONSTRAINT campaigns_scheduled_has_start CHECK (status <> 'scheduled' OR start_at IS NOT NULL),
    ADD CONSTRAINT campaigns_problem_has_time CHECK ((start_problem IS NULL) = (start_problem_at IS NULL));
COMMENT ON COLUMN campaigns.start_at IS 'When a scheduled campaign starts; moving it is enough to move the start';
COMMENT ON COLUMN campaigns.start_problem IS 'Why a scheduled start did not happen; a person has to look at it';
CREATE INDEX campaigns_scheduled ON campaigns (start_at) WHERE status = 'scheduled';
CREATE INDEX campaigns_by_name ON campaigns (lower(name), id);
CREATE INDEX campaigns_by_start ON campaigns (coalesce(started_at, 'epoch'), id);
CREATE INDEX campaign_senders_by_sender ON campaign_senders (sender_id, campaign_id);
CREATE INDEX campaign_categories_by_category ON campaign_categories (category_id, campaign_id);

-- What the snapshot gave to each lane: counting a million contacts for every look takes too long.
ALTER TABLE campaign_senders
    ADD COLUMN contacts integer NOT NULL DEFAULT 0,
    ADD COLUMN batches integer NOT NULL DEFAULT 0;
UPDATE campaign_senders s SET contacts = counted.contacts, batches = counted.batches
FROM (
    SELECT campaign_id, sender_id, count(*) AS contacts, count(DISTINCT batch) AS batches
    FROM campaign_contacts GROUP BY campaign_id, sender_id
) counted
WHERE counted.campaign_id = s.campaign_id AND counted.sender_id = s.sender_id;
CREATE INDEX campaign_batches_by_sender ON campaign_batches (campaign_id, sender_id, batch);

-- A sender that has sent something stays, because its messages name it.
ALTER TABLE senders ADD COLUMN removed_at timestamptz;

-- Messages of a campaign that somebody sends to one number beforehand. They are no part of its results.
CREATE TABLE test_sends (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    campaign_id uuid NOT NULL REFERENCES campaigns ON DELETE CASCADE,
    sender_id uuid NOT NULL REFERENCES senders,
    message_type text NOT NULL CHECK (message_type IN ('message_1', 'message_2')),
    phone text NOT NULL CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    body text NOT NULL,
    -- The same request again is the same message.
    request_key text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN (
        'pending', 'accepted', 'sent', 'delivered', 'read', 'failed', 'refused')),
    reason text,
    provider_id text,
    wa_id text,
    accepted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (campaign_id, request_key, message_type)
);
CREATE INDEX test_sends_by_campaign ON test_sends (campaign_id, id);
CREATE INDEX test_sends_by_provider_id ON test_sends (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX test_sends_by_wa_id ON test_sends (wa_id) WHERE wa_id IS NOT NULL;

-- Their attempts count for quota and gap as all others do.
ALTER TABLE sends
    ALTER COLUMN message_id DROP NOT NULL,
    ALTER COLUMN contact_id DROP NOT NULL,
    ADD COLUMN test_send_id uuid REFERENCES test_sends ON DELETE SET NULL,
    ADD CONSTRAINT sends_of_one_message CHECK (message_id IS NULL OR test_send_id IS NULL);
CREATE UNIQUE INDEX sends_by_test ON sends (test_send_id, attempt) WHERE test_send_id IS NOT NULL;

-- Lists. Ids grow with time, so the newest rows are the end of each part of an index.
CREATE INDEX campaign_contacts_by_state ON campaign_contacts (campaign_id, state, contact_id);
CREATE INDEX messages_of_campaign ON messages (campaign_id, id);
CREATE INDEX messages_of_lane ON messages (campaign_id, sender_id, message_type, status, id);
CREATE INDEX messages_of_sender ON messages (sender_id, message_type, status, id);
CREATE INDEX messages_by_status ON messages (message_type, status, id);
CREATE INDEX messages_by_sending ON messages (message_type, status, sent_at, id) WHERE sent_at IS NOT NULL;
CREATE INDEX messages_of_lane_by_sending ON messages (campaign_id, sender_id, message_type, status, sent_at, id)
    WHERE sent_at IS NOT NULL;
CREATE INDEX messages_by_body ON messages USING gin (body gin_trgm_ops) WHERE body IS NOT NULL;
CREATE INDEX interactions_of_campaign ON interactions (campaign_id, interaction_type, within_24h, id);
CREATE INDEX interactions_by_type ON interactions (interaction_type, within_24h, id);
CREATE INDEX interactions_of_contact ON interactions (contact_id, id);

-- Those whom no campaign reaches.
CREATE INDEX contacts_left_out ON contacts (id)
    WHERE phone IS NULL OR opted_out_at IS NOT NULL OR whatsapp = 'no';

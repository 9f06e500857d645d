-- Pacing: who may send now, how fast, and why.
-- Lock order: campaign_contacts row, then the sender_paces row (its reservation), then messages, then counters.

ALTER TABLE senders
    DROP CONSTRAINT senders_status_check,
    ADD CONSTRAINT senders_status_check CHECK (status IN ('active', 'paused', 'stopped')),
    ADD COLUMN pause_scope text CHECK (pause_scope IN ('message_1', 'all')),
    ADD COLUMN maturity text CHECK (maturity IN ('young', 'established', 'mature')),
    ADD COLUMN account_since date NOT NULL DEFAULT current_date,
    ADD COLUMN resumed_at timestamptz,
    ADD CONSTRAINT senders_pause_has_scope CHECK ((status = 'paused') = (pause_scope IS NOT NULL));
COMMENT ON COLUMN senders.maturity IS 'Set by a person instead of the detected one';
COMMENT ON COLUMN senders.account_since IS 'Since when the account exists, as far as we know';

ALTER TABLE campaigns
    DROP CONSTRAINT campaigns_status_check,
    ADD CONSTRAINT campaigns_status_check
        CHECK (status IN ('draft', 'running', 'paused', 'completed', 'cancelled')),
    ALTER COLUMN batch_pause_s DROP NOT NULL,
    ADD COLUMN pause_scope text CHECK (pause_scope IN ('message_1', 'all')),
    ADD CONSTRAINT campaigns_pause_has_scope CHECK ((status = 'paused') = (pause_scope IS NOT NULL));

-- The settings with which a batch was started: later changes do not touch it (P11).
CREATE TABLE campaign_batches (
    campaign_id uuid NOT NULL REFERENCES campaigns ON DELETE CASCADE,
    batch integer NOT NULL,
    sender_id uuid NOT NULL REFERENCES senders,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    settings jsonb NOT NULL,
    PRIMARY KEY (campaign_id, batch)
);

-- One row per sender. Whoever wants to send locks it: that makes quota and gap exact for any number of workers.
CREATE TABLE sender_paces (
    sender_id uuid PRIMARY KEY REFERENCES senders ON DELETE CASCADE,
    -- What the sender's workflow found at its last evaluation.
    settings jsonb,
    maturity text NOT NULL DEFAULT 'young',
    profile text NOT NULL DEFAULT 'careful',
    quota integer,
    expected_replies double precision NOT NULL DEFAULT 0,
    reply_rate double precision NOT NULL DEFAULT 0,
    error_factor double precision NOT NULL DEFAULT 1,
    error_rate double precision NOT NULL DEFAULT 0,
    delay_s double precision,
    state text NOT NULL DEFAULT 'new',
    reason text,
    opens_at timestamptz,
    errors_counted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    evaluated_at timestamptz,
    -- Where it stands in its rhythm; every reservation moves it on.
    slot_at timestamptz NOT NULL DEFAULT 'epoch',
    message_1_at timestamptz NOT NULL DEFAULT 'epoch',
    message_2_at timestamptz NOT NULL DEFAULT 'epoch',
    last_message_1_at timestamptz NOT NULL DEFAULT 'epoch',
    rest_until timestamptz NOT NULL DEFAULT 'epoch',
    in_a_row integer NOT NULL DEFAULT 0,
    min_gap_s double precision NOT NULL DEFAULT 0
);
INSERT INTO sender_paces (sender_id) SELECT id FROM senders;

CREATE FUNCTION add_sender_pace() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sender_paces (sender_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER add_sender_pace AFTER INSERT ON senders FOR EACH ROW EXECUTE FUNCTION add_sender_pace();

-- Every change of a sender's pace, with its reason (P6).
CREATE TABLE pacing_changes (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    sender_id uuid NOT NULL REFERENCES senders ON DELETE CASCADE,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state text NOT NULL,
    reason text NOT NULL,
    profile text NOT NULL,
    maturity text NOT NULL,
    delay_s double precision NOT NULL,
    error_factor double precision NOT NULL,
    error_rate double precision NOT NULL,
    quota integer NOT NULL,
    message_1_queue_per_s double precision NOT NULL,
    message_2_queue_per_s double precision NOT NULL
);
CREATE INDEX pacing_changes_by_sender ON pacing_changes (sender_id, id DESC);

-- Counting what was sent in the last 24 hours needs nothing but this index.
CREATE INDEX sends_by_sender ON sends (sender_id, started_at) INCLUDE (outcome);
CREATE INDEX messages_failed ON messages (sender_id, failed_at) WHERE failed_at IS NOT NULL;
CREATE INDEX campaign_contacts_waiting ON campaign_contacts (sender_id, campaign_id)
    WHERE state = 'message_1_sent';
CREATE INDEX campaign_contacts_pending_by_sender ON campaign_contacts (sender_id, campaign_id)
    WHERE state = 'pending';

-- A message that was refused because somebody paused: it is woken when they resume.
ALTER TABLE messages ADD COLUMN held_at timestamptz;
CREATE INDEX messages_held ON messages (sender_id) WHERE held_at IS NOT NULL;

-- Upkeep runs and what they found; how far the gateway's history was read; and what a restored installation has to
-- know of the world that went on without it.

CREATE TABLE upkeep_runs (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    reason text NOT NULL CHECK (reason IN ('schedule', 'person', 'restore')),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    looked jsonb NOT NULL DEFAULT '[]'
);
CREATE INDEX upkeep_runs_by_start ON upkeep_runs (started_at DESC);
COMMENT ON COLUMN upkeep_runs.looked IS 'Each part of the run: how much it looked at, what it found and what it fixed';

ALTER TABLE senders ADD COLUMN history_read_until timestamptz;
COMMENT ON COLUMN senders.history_read_until IS 'By the gateway''s time: replies until then are in webhook_events';

-- Attempts that nobody knows the end of: few at any time.
CREATE INDEX sends_unresolved ON sends (started_at) WHERE outcome IS NULL OR outcome = 'unknown';

-- One row. Workers write the same moment here and into Temporal, again and again: when the two differ, one of them
-- comes from a backup. What holds an installation keeps every message back until a person lets it go.
CREATE TABLE installation (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    id uuid NOT NULL DEFAULT uuidv7(),
    beat_at timestamptz,
    held_since timestamptz,
    hold_reason text,
    unknown_since timestamptz,
    confirmed_at timestamptz,
    confirmed_by text,
    CONSTRAINT held_for_a_reason CHECK ((held_since IS NULL) = (hold_reason IS NULL))
);
INSERT INTO installation DEFAULT VALUES;
COMMENT ON COLUMN installation.unknown_since IS 'What the gateway took since then may not be stored here';
COMMENT ON COLUMN installation.confirmed_at IS 'A person has let it go; nothing leaves before the gateway was asked';

-- Messages that the gateway took, with a reference of ours that no row here has: they were sent by what this database
-- was before it was restored. A message that is due again takes the place of the one that it was.
CREATE TABLE lost_sends (
    provider_id text PRIMARY KEY,
    sender_id uuid NOT NULL REFERENCES senders,
    reference uuid NOT NULL,
    phone text NOT NULL,
    body text NOT NULL,
    wa_id text,
    accepted_at timestamptz NOT NULL,
    sent_at timestamptz,
    send_id uuid NOT NULL REFERENCES sends,
    found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    message_id uuid REFERENCES messages
);
CREATE INDEX lost_sends_by_phone ON lost_sends (phone, accepted_at) WHERE message_id IS NULL;

-- A send of which nothing else is known counts for the quota all the same.
ALTER TABLE sends ALTER COLUMN campaign_id DROP NOT NULL;

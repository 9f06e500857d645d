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

-- One row per alert from its beginning to its end; while it lasts there is one per kind and subject.
CREATE TABLE alerts (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    kind text NOT NULL,
    subject text NOT NULL DEFAULT '',
    facts jsonb NOT NULL DEFAULT '{}',
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    told_at timestamptz NOT NULL DEFAULT clock_timestamp(), -- when the latest notice, a reminder too, was written
    resolved_at timestamptz
);
CREATE UNIQUE INDEX alerts_open ON alerts (kind, subject) WHERE resolved_at IS NULL;

-- What people are still to be told. Whichever process claims a notice delivers it; no other does meanwhile.
CREATE TABLE alert_notices (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    alert_id uuid NOT NULL REFERENCES alerts ON DELETE CASCADE,
    stage text NOT NULL CHECK (stage IN ('raised', 'reminder', 'resolved')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(), -- while it is claimed: when the claim ends
    tries integer NOT NULL DEFAULT 0,
    reached text[] NOT NULL DEFAULT '{}', -- destinations, by a hash of their addresses
    ended_at timestamptz,
    delivered boolean NOT NULL DEFAULT false
);
CREATE INDEX alert_notices_waiting ON alert_notices (alert_id, id) WHERE ended_at IS NULL;
CREATE INDEX alert_notices_of_alert ON alert_notices (alert_id);

-- One process at a time looks whether anything is wrong.
CREATE TABLE alert_looks (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    looked_at timestamptz NOT NULL
);
INSERT INTO alert_looks (looked_at) VALUES ('-infinity');

-- When what was up, as one process has seen it without a gap: a row is renewed with every look.
CREATE TABLE uptime_spans (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    component text NOT NULL,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    stopped boolean NOT NULL DEFAULT false, -- by somebody, in an orderly way
    CHECK (began_at <= seen_at)
);
CREATE INDEX uptime_spans_by_component ON uptime_spans (component, seen_at);

-- The latest webhook, without reading all of them.
CREATE INDEX webhook_events_latest ON webhook_events (received_at DESC);
-- And the first message accepted since then.
CREATE INDEX sends_accepted ON sends (finished_at) WHERE outcome = 'accepted';

-- The tables of document 003, with what its texts need besides.
CREATE TABLE devices (
    id text PRIMARY KEY,
    rate_per_s float NOT NULL,
    quota int NOT NULL,
    paused text
);
CREATE TABLE campaigns (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    status text NOT NULL DEFAULT 'draft',
    paused text,
    window_s float NOT NULL,
    grace_s float NOT NULL,
    max_age_s float NOT NULL,
    batch_size int NOT NULL,
    batch_pause_s float NOT NULL,
    started_at timestamptz,
    completed_at timestamptz,
    close_reason text,
    stats jsonb
);
CREATE TABLE campaign_contacts (
    campaign_id uuid NOT NULL REFERENCES campaigns,
    phone text NOT NULL,
    position int NOT NULL,
    device_id text NOT NULL REFERENCES devices,
    state text NOT NULL DEFAULT 'pending',
    PRIMARY KEY (campaign_id, phone)
);
CREATE INDEX ON campaign_contacts (phone);
CREATE TABLE messages (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    campaign_id uuid NOT NULL REFERENCES campaigns,
    phone text NOT NULL,
    device_id text NOT NULL REFERENCES devices,
    message_type text NOT NULL,
    status text NOT NULL DEFAULT 'pending',
    attempts int NOT NULL DEFAULT 0,
    batch int NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (campaign_id, phone, message_type)
);
CREATE INDEX ON messages (due_at) WHERE status = 'pending';
CREATE TABLE interactions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    event_key text NOT NULL UNIQUE,
    campaign_id uuid NOT NULL REFERENCES campaigns,
    phone text NOT NULL,
    interaction_type text NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    within_24h boolean NOT NULL
);
CREATE INDEX ON interactions (campaign_id, phone);
CREATE TABLE opt_outs (phone text PRIMARY KEY);

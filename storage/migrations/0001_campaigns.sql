-- Contacts, campaigns, and everything that a running campaign writes.
-- Lock order, for every transaction: first the campaign_contacts row, then messages, then counters (by trigger).

CREATE TABLE senders (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL,
    phone text NOT NULL UNIQUE CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    device_id text NOT NULL UNIQUE,
    gateway text NOT NULL DEFAULT 'wassenger' CHECK (gateway IN ('wassenger')),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'stopped')),
    status_reason text,
    held_until timestamptz,
    message_1_rate_per_s double precision CHECK (message_1_rate_per_s > 0),
    message_2_rate_per_s double precision CHECK (message_2_rate_per_s > 0),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE contacts (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    phone text NOT NULL UNIQUE CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    name text,
    variables jsonb NOT NULL DEFAULT '{}',
    whatsapp text NOT NULL DEFAULT 'unknown' CHECK (whatsapp IN ('yes', 'no', 'unknown')),
    opted_out_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE categories (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL UNIQUE CHECK (name <> ''),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE contact_categories (
    contact_id uuid NOT NULL REFERENCES contacts ON DELETE CASCADE,
    category_id uuid NOT NULL REFERENCES categories ON DELETE CASCADE,
    PRIMARY KEY (category_id, contact_id)
);
CREATE INDEX contact_categories_by_contact ON contact_categories (contact_id);

CREATE TABLE campaigns (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL CHECK (name <> ''),
    message_1 text NOT NULL CHECK (message_1 <> ''),
    message_2 text NOT NULL CHECK (message_2 <> ''),
    everyone boolean NOT NULL DEFAULT false,
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'running', 'completed', 'cancelled')),
    window_s double precision NOT NULL CHECK (window_s > 0),
    grace_s double precision NOT NULL CHECK (grace_s >= 0),
    max_age_s double precision NOT NULL CHECK (max_age_s > 0),
    batch_size integer NOT NULL CHECK (batch_size BETWEEN 25 AND 100),
    batch_pause_s double precision NOT NULL CHECK (batch_pause_s >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    opened_at timestamptz,
    closed_at timestamptz,
    close_reason text CHECK (close_reason IN ('all_final', 'max_age', 'cancelled')),
    report jsonb
);

CREATE TABLE campaign_categories (
    campaign_id uuid NOT NULL REFERENCES campaigns ON DELETE CASCADE,
    category_id uuid NOT NULL REFERENCES categories,
    PRIMARY KEY (campaign_id, category_id)
);

CREATE TABLE campaign_senders (
    campaign_id uuid NOT NULL REFERENCES campaigns ON DELETE CASCADE,
    sender_id uuid NOT NULL REFERENCES senders,
    lane integer NOT NULL,
    PRIMARY KEY (campaign_id, lane),
    UNIQUE (campaign_id, sender_id)
);

CREATE TABLE contact_state_transitions (
    from_state text NOT NULL,
    to_state text NOT NULL,
    PRIMARY KEY (from_state, to_state)
);
INSERT INTO contact_state_transitions VALUES
    ('pending', 'message_1_sent'),
    ('pending', 'failed'),
    ('pending', 'opted_out'),
    ('pending', 'cancelled'),
    ('pending', 'expired'),
    ('message_1_sent', 'message_2_sent'),
    ('message_1_sent', 'no_interaction'),
    ('message_1_sent', 'late_interaction'),
    ('message_1_sent', 'failed'),
    ('message_1_sent', 'opted_out'),
    ('message_1_sent', 'cancelled'),
    ('message_1_sent', 'expired'),
    ('no_interaction', 'late_interaction');

CREATE TABLE campaign_contacts (
    campaign_id uuid NOT NULL REFERENCES campaigns,
    contact_id uuid NOT NULL REFERENCES contacts,
    sender_id uuid NOT NULL REFERENCES senders,
    batch integer NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN (
        'pending', 'message_1_sent', 'message_2_sent', 'no_interaction', 'late_interaction',
        'failed', 'opted_out', 'cancelled', 'expired')),
    reason text,
    state_changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (campaign_id, contact_id)
);
CREATE INDEX campaign_contacts_by_batch ON campaign_contacts (campaign_id, batch, contact_id);
CREATE INDEX campaign_contacts_pending ON campaign_contacts (campaign_id, batch) WHERE state = 'pending';
CREATE INDEX campaign_contacts_by_contact ON campaign_contacts (contact_id);

CREATE TABLE messages (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    campaign_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    sender_id uuid NOT NULL REFERENCES senders,
    message_type text NOT NULL CHECK (message_type IN ('message_1', 'message_2')),
    status text NOT NULL DEFAULT 'pending' CHECK (status IN (
        'pending', 'accepted', 'sent', 'delivered', 'read', 'failed', 'cancelled')),
    body text,
    attempts integer NOT NULL DEFAULT 0,
    provider_id text,
    wa_id text,
    accepted_at timestamptz,
    sent_at timestamptz,
    delivered_at timestamptz,
    read_at timestamptz,
    failed_at timestamptz,
    failure_reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (campaign_id, contact_id, message_type),
    FOREIGN KEY (campaign_id, contact_id) REFERENCES campaign_contacts,
    CHECK (status NOT IN ('accepted', 'sent', 'delivered', 'read') OR sent_at IS NOT NULL)
);
CREATE INDEX messages_by_contact ON messages (contact_id, sent_at DESC);
CREATE INDEX messages_by_provider_id ON messages (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX messages_by_wa_id ON messages (wa_id) WHERE wa_id IS NOT NULL;

-- Every attempt to hand a message to the provider (E3). The newest row of a message without an outcome, or
-- with the outcome 'unknown', means: look it up by reference before sending again.
CREATE TABLE sends (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    message_id uuid NOT NULL REFERENCES messages,
    campaign_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    sender_id uuid NOT NULL,
    attempt integer NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    outcome text CHECK (outcome IN ('accepted', 'unknown', 'not_sent', 'rejected')),
    code text,
    detail text,
    UNIQUE (message_id, attempt)
);

CREATE TABLE webhook_events (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    key text NOT NULL UNIQUE,
    event text NOT NULL,
    payload jsonb,
    raw bytea,
    copies integer NOT NULL DEFAULT 1,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    status text NOT NULL DEFAULT 'received' CHECK (status IN ('received', 'parked', 'processed', 'rejected')),
    outcome text,
    tries integer NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    processed_at timestamptz
);
CREATE INDEX webhook_events_open ON webhook_events (next_try_at) WHERE status IN ('received', 'parked');

CREATE TABLE interactions (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    webhook_event_id uuid NOT NULL UNIQUE REFERENCES webhook_events,
    campaign_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    interaction_type text NOT NULL,
    text text,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    within_24h boolean NOT NULL,
    suppressed_duplicate boolean NOT NULL,
    FOREIGN KEY (campaign_id, contact_id) REFERENCES campaign_contacts
);
CREATE INDEX interactions_by_contact ON interactions (campaign_id, contact_id, occurred_at);
COMMENT ON COLUMN interactions.within_24h IS
    'Inside the campaign''s window, which is 24 h unless the campaign says otherwise';
COMMENT ON COLUMN interactions.suppressed_duplicate IS
    'An earlier interaction already earned Message 2, so this one sends nothing (E11)';

CREATE TABLE campaign_counters (
    campaign_id uuid PRIMARY KEY REFERENCES campaigns ON DELETE CASCADE,
    total_contacts bigint NOT NULL DEFAULT 0,
    pending bigint NOT NULL DEFAULT 0,
    message_1_sent bigint NOT NULL DEFAULT 0,
    message_2_sent bigint NOT NULL DEFAULT 0,
    no_interaction bigint NOT NULL DEFAULT 0,
    late_interaction bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    opted_out bigint NOT NULL DEFAULT 0,
    cancelled bigint NOT NULL DEFAULT 0,
    expired bigint NOT NULL DEFAULT 0,
    messages_1_sent bigint NOT NULL DEFAULT 0,
    messages_2_sent bigint NOT NULL DEFAULT 0,
    messages_delivered bigint NOT NULL DEFAULT 0,
    messages_read bigint NOT NULL DEFAULT 0,
    failures bigint NOT NULL DEFAULT 0,
    interactions bigint NOT NULL DEFAULT 0,
    suppressed_duplicates bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN campaign_counters.message_1_sent IS 'Contacts in that state now: waiting for a reaction';
COMMENT ON COLUMN campaign_counters.messages_1_sent IS 'Messages 1 that the provider accepted, ever';

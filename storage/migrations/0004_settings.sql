-- Settings that people override while Relance runs, and the log of what people changed.

CREATE TABLE settings (
    name text NOT NULL CHECK (name <> ''),
    scope text NOT NULL CHECK (scope IN ('global', 'sender', 'campaign')),
    sender_id uuid REFERENCES senders,
    campaign_id uuid REFERENCES campaigns ON DELETE CASCADE,
    value jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by text NOT NULL CHECK (updated_by <> ''),
    CHECK ((scope = 'sender') = (sender_id IS NOT NULL)),
    CHECK ((scope = 'campaign') = (campaign_id IS NOT NULL)),
    -- The ids say the scope. The name comes last, because a batch reads all settings of its campaign and sender.
    UNIQUE NULLS NOT DISTINCT (campaign_id, sender_id, name)
);

CREATE TABLE audit_log (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL CHECK (actor <> ''),
    action text NOT NULL CHECK (action <> ''),
    subject_type text NOT NULL,
    subject_id text NOT NULL,
    before jsonb,
    after jsonb
);
-- Ids grow with time, so the newest entries of a subject are the end of its part of the index.
CREATE INDEX audit_log_by_subject ON audit_log (subject_type, subject_id, id);

CREATE FUNCTION refuse_change_of_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER refuse_change_of_audit_log BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_log();

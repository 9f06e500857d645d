-- What is kept of people, and for how long: opt-outs of the erased as keyed hashes, erasures that are worked off in
-- the background, and raw data that ends.

-- HMAC-SHA256 by its definition, for the key whose two paddings the connection was opened with. The key itself is
-- never in the database: a copy of it does not tell whose numbers these are. NULL without a key.
CREATE FUNCTION suppression_hash(phone text) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE RETURN
    sha256(
        decode(nullif(current_setting('relance.suppression_outer', true), ''), 'hex')
        || sha256(
            decode(nullif(current_setting('relance.suppression_inner', true), ''), 'hex')
            || convert_to(phone, 'UTF8')));

ALTER TABLE suppressions
    ALTER COLUMN phone DROP NOT NULL,
    ADD COLUMN phone_hash bytea UNIQUE CHECK (octet_length(phone_hash) = 32),
    ADD COLUMN erased_at timestamptz,
    ADD CONSTRAINT suppressions_phone_or_hash CHECK (
        (phone IS NULL) = (phone_hash IS NOT NULL) AND (phone IS NULL) = (erased_at IS NOT NULL));
COMMENT ON COLUMN suppressions.phone_hash IS 'Of somebody who was erased: the number itself is gone';

-- One row, once there is a hash: by it a process knows before its first message whether its key is the right one.
CREATE TABLE suppression_key (
    id boolean PRIMARY KEY DEFAULT true CHECK (id),
    fingerprint bytea NOT NULL
);

-- With hashes there, nobody comes in past them: better an error than a message to whoever said no.
CREATE FUNCTION need_suppression_key() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM suppressions WHERE phone_hash IS NOT NULL) THEN
        RETURN false;
    END IF;
    IF suppression_hash('relance') IS DISTINCT FROM (SELECT fingerprint FROM suppression_key) THEN
        RAISE EXCEPTION 'opt-outs of erased people are kept under a key that this connection does not have'
            USING HINT = 'Set RELANCE_SUPPRESSION_KEY to the key that they were stored with.';
    END IF;
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION suppress_opted_out() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    hashes boolean;
BEGIN
    IF TG_OP = 'UPDATE' AND NOT EXISTS (
        SELECT FROM new_rows WHERE opted_out_at IS NOT NULL AND phone IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    hashes := need_suppression_key();
    IF hashes THEN  -- the number of somebody who was erased does not come back to the list
        INSERT INTO suppressions (phone, opted_out_at)
        SELECT n.phone, n.opted_out_at FROM new_rows n
        WHERE n.opted_out_at IS NOT NULL AND n.phone IS NOT NULL
            AND NOT EXISTS (SELECT FROM suppressions s WHERE s.phone_hash = suppression_hash(n.phone))
        ORDER BY n.phone ON CONFLICT (phone) DO NOTHING;
    ELSE
        INSERT INTO suppressions (phone, opted_out_at)
        SELECT phone, opted_out_at FROM new_rows WHERE opted_out_at IS NOT NULL AND phone IS NOT NULL
        ORDER BY phone ON CONFLICT (phone) DO NOTHING;
    END IF;
    IF TG_OP = 'INSERT' THEN  -- whoever opted out and was deleted stays opted out
        UPDATE contacts c SET opted_out_at = s.opted_out_at
        FROM new_rows n JOIN suppressions s ON s.phone = n.phone
        WHERE c.id = n.id AND n.opted_out_at IS NULL;
        IF hashes THEN
            UPDATE contacts c SET opted_out_at = s.opted_out_at
            FROM new_rows n JOIN suppressions s ON s.phone_hash = suppression_hash(n.phone)
            WHERE c.id = n.id AND n.opted_out_at IS NULL;
        END IF;
    END IF;
    RETURN NULL;
END $$;

-- What people asked for, without saying whom it is about: it stays as the proof that it was done.
CREATE TABLE erasures (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    actor text NOT NULL,
    people integer NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz
);
CREATE INDEX erasures_open ON erasures (id) WHERE finished_at IS NULL;

-- Whom it is about, until everything about them is gone.
CREATE TABLE erasure_numbers (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    erasure_id uuid NOT NULL REFERENCES erasures ON DELETE CASCADE,
    contact_id uuid NOT NULL,
    phone text NOT NULL,
    cleared boolean NOT NULL DEFAULT false,
    tries integer NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN erasure_numbers.cleared IS 'Nothing is left in this database; histories of workflows may be';
CREATE INDEX erasure_numbers_due ON erasure_numbers (next_try_at);
CREATE INDEX erasure_numbers_of_erasure ON erasure_numbers (erasure_id);

-- Raw webhooks end before the reactions that they told of.
ALTER TABLE interactions DROP CONSTRAINT interactions_webhook_event_id_fkey;
CREATE INDEX webhook_events_ended ON webhook_events (received_at) WHERE status IN ('processed', 'rejected');
CREATE INDEX imports_finished ON imports (finished_at) WHERE rejected > 0 AND finished_at IS NOT NULL;

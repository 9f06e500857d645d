-- Contacts as people keep them: categories with colours and counts, files to import, opt-outs that outlive their
-- contact, and checks of whether a number is on WhatsApp.
-- Lock order, besides that of campaigns: imports, then contacts by phone, then suppressions and categories.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- What a name is searched and sorted by: lower case without accents, its beginning only because an index takes no
-- long texts, and behind all others when there is no name.
CREATE FUNCTION name_key(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    coalesce(nullif(translate(lower(left(name, 200)), 'àáâãäåçèéêëìíîïñòóôõöùúûüýÿ', 'aaaaaaceeeeiiiinooooouuuuyy'), ''),
        chr(1114109));

-- Erasing a contact that campaigns have written to keeps its row for their results, and nothing personal.
ALTER TABLE contacts
    ALTER COLUMN phone DROP NOT NULL,
    ADD COLUMN erased_at timestamptz,
    ADD COLUMN whatsapp_checked_at timestamptz,
    ADD COLUMN import_id uuid,
    ADD COLUMN import_line integer,
    ADD COLUMN sort_name text NOT NULL GENERATED ALWAYS AS (name_key(name)) STORED,
    ADD CONSTRAINT contacts_erased_or_reachable CHECK ((phone IS NULL) = (erased_at IS NOT NULL));
COMMENT ON COLUMN contacts.import_id IS 'The last file that named this contact, and where: import_line';

-- Ids grow with time: they are the order of creation, also within a category. Lists leave the erased out, and look
-- through an order without touching the rows that they skip.
CREATE INDEX contacts_by_creation ON contacts (id) WHERE phone IS NOT NULL;
CREATE INDEX contacts_by_name ON contacts (sort_name, id) WHERE phone IS NOT NULL;
CREATE INDEX contacts_by_phone ON contacts (phone, id) WHERE phone IS NOT NULL;
CREATE INDEX contacts_by_whatsapp ON contacts (whatsapp, id) WHERE phone IS NOT NULL;
CREATE INDEX contacts_opted_out ON contacts (id) WHERE opted_out_at IS NOT NULL AND phone IS NOT NULL;
CREATE INDEX contacts_name_search ON contacts USING gin (sort_name gin_trgm_ops);
CREATE INDEX contacts_phone_search ON contacts USING gin (phone gin_trgm_ops);

ALTER TABLE categories
    ADD COLUMN colour text NOT NULL DEFAULT '#64748b' CHECK (colour ~ '^#[0-9a-f]{6}$'),
    ADD COLUMN contact_count bigint NOT NULL DEFAULT 0,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX categories_by_name ON categories (name_key(name), id);

-- A category goes with the ended campaigns' mention of it; one that a campaign still needs is refused before.
ALTER TABLE campaign_categories
    DROP CONSTRAINT campaign_categories_category_id_fkey,
    ADD CONSTRAINT campaign_categories_category_id_fkey
        FOREIGN KEY (category_id) REFERENCES categories ON DELETE CASCADE;

CREATE FUNCTION count_category_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The same order for everybody: whoever changes several categories cannot deadlock with another.
    PERFORM FROM categories c WHERE c.id IN (SELECT category_id FROM changed_rows)
        ORDER BY c.id FOR NO KEY UPDATE;
    UPDATE categories c SET contact_count = c.contact_count + d.n * TG_ARGV[0]::int
    FROM (SELECT category_id, count(*) AS n FROM changed_rows GROUP BY category_id) d
    WHERE c.id = d.category_id;
    RETURN NULL;
END $$;
CREATE TRIGGER count_added_contacts AFTER INSERT ON contact_categories
    REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION count_category_contacts('1');
CREATE TRIGGER count_removed_contacts AFTER DELETE ON contact_categories
    REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION count_category_contacts('-1');
UPDATE categories c SET contact_count =
    (SELECT count(*) FROM contact_categories cc WHERE cc.category_id = c.id);

-- Numbers that must never be written to again, whether or not there is a contact of that number now.
CREATE TABLE suppressions (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    phone text NOT NULL UNIQUE CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    opted_out_at timestamptz NOT NULL,
    reason text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX suppressions_phone_search ON suppressions USING gin (phone gin_trgm_ops);

CREATE FUNCTION suppress_opted_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO suppressions (phone, opted_out_at)
    SELECT phone, opted_out_at FROM new_rows WHERE opted_out_at IS NOT NULL AND phone IS NOT NULL
    ORDER BY phone ON CONFLICT (phone) DO NOTHING;
    IF TG_OP = 'INSERT' THEN  -- whoever opted out and was deleted stays opted out
        UPDATE contacts c SET opted_out_at = s.opted_out_at
        FROM new_rows n JOIN suppressions s ON s.phone = n.phone
        WHERE c.id = n.id AND n.opted_out_at IS NULL;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER suppress_new_contacts AFTER INSERT ON contacts
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION suppress_opted_out();
CREATE TRIGGER suppress_changed_contacts AFTER UPDATE ON contacts
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION suppress_opted_out();
INSERT INTO suppressions (phone, opted_out_at, created_at)
SELECT phone, opted_out_at, opted_out_at FROM contacts WHERE opted_out_at IS NOT NULL ORDER BY opted_out_at;

-- Files to import. `position_bytes` and `position_line` say where the next row begins: they move on in the
-- transaction that stores the rows before, so that a repeated activity goes on and repeats nothing.
CREATE TABLE imports (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    file_name text,
    state text NOT NULL DEFAULT 'uploading'
        CHECK (state IN ('uploading', 'queued', 'running', 'completed', 'cancelled', 'failed')),
    category_id uuid REFERENCES categories ON DELETE SET NULL,
    country text NOT NULL,
    duplicates text NOT NULL CHECK (duplicates IN ('skip', 'update')),
    layout jsonb,
    size_bytes bigint NOT NULL DEFAULT 0,
    position_bytes bigint NOT NULL DEFAULT 0,
    position_line integer NOT NULL DEFAULT 1,
    rows_read bigint NOT NULL DEFAULT 0,
    created bigint NOT NULL DEFAULT 0,
    updated bigint NOT NULL DEFAULT 0,
    skipped bigint NOT NULL DEFAULT 0,
    rejected bigint NOT NULL DEFAULT 0,
    opted_out bigint NOT NULL DEFAULT 0,
    error text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz
);
CREATE INDEX imports_unfinished ON imports (created_at) WHERE state IN ('uploading', 'queued', 'running');

-- The file, until it is imported. Not compressed: it is written once, read once and deleted.
CREATE TABLE import_parts (
    import_id uuid NOT NULL REFERENCES imports ON DELETE CASCADE,
    part integer NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (import_id, part)
);
ALTER TABLE import_parts ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE import_rejections (
    import_id uuid NOT NULL REFERENCES imports ON DELETE CASCADE,
    line integer NOT NULL,
    value text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (import_id, line)
);

-- Which numbers are on WhatsApp. A check walks its contacts by id: `after_id` is the last that was looked at.
CREATE TABLE number_checks (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'completed', 'cancelled', 'failed')),
    category_id uuid REFERENCES categories ON DELETE SET NULL,
    contact_ids uuid[],
    recheck boolean NOT NULL,
    total integer NOT NULL,
    checked integer NOT NULL DEFAULT 0,
    on_whatsapp integer NOT NULL DEFAULT 0,
    not_on_whatsapp integer NOT NULL DEFAULT 0,
    undecided integer NOT NULL DEFAULT 0,
    after_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    error text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz
);
CREATE INDEX number_checks_unfinished ON number_checks (created_at) WHERE state IN ('queued', 'running');

-- One row: the next moment at which any worker may ask the gateway about a number.
CREATE TABLE number_check_pace (
    id boolean PRIMARY KEY DEFAULT true CHECK (id),
    next_at timestamptz NOT NULL DEFAULT 'epoch'
);
INSERT INTO number_check_pace DEFAULT VALUES;

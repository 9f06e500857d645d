-- Who may use the API: people with sessions, programs with keys; and requests that may be sent twice.

CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL CHECK (name ~ '^[^[:cntrl:]]{1,100}$'),
    role text NOT NULL CHECK (role IN ('admin', 'super_admin')),
    language text NOT NULL DEFAULT 'fr' CHECK (language IN ('fr', 'en')),
    password_hash text NOT NULL,
    must_change_password boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN users.must_change_password IS 'The password was made for one login; nothing else is allowed before';
-- People type their name in any case; lists go by it as well.
CREATE UNIQUE INDEX users_by_name ON users (lower(name));

-- Only the hash of a token is here: whoever reads this table can use no session.
CREATE TABLE sessions (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    user_agent text NOT NULL
);
COMMENT ON COLUMN sessions.last_seen_at IS 'Right to a few minutes: not every request writes';
CREATE INDEX sessions_by_user ON sessions (user_id, id);
CREATE INDEX sessions_by_last_seen ON sessions (last_seen_at);

CREATE TABLE api_keys (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL CHECK (name ~ '^[^[:cntrl:]]{1,100}$'),
    secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    scopes text[] NOT NULL
        CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'write', 'send', 'admin']),
    owner_id uuid REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);
COMMENT ON COLUMN api_keys.owner_id IS 'NULL: made on the machine itself, it belongs to nobody';
COMMENT ON COLUMN api_keys.last_used_at IS 'Right to a minute: not every request writes';
-- The audit log names keys by their name.
CREATE UNIQUE INDEX api_keys_by_name ON api_keys (lower(name)) WHERE revoked_at IS NULL;
CREATE INDEX api_keys_by_owner ON api_keys (owner_id, id);

-- Attempts since the last good login. Accounts that do not exist are counted as well, so that nobody can tell.
-- The name is hashed, because people type their password into the wrong field.
CREATE TABLE login_attempts (
    account bytea PRIMARY KEY CHECK (octet_length(account) = 32),
    attempts integer NOT NULL,
    last_attempt_at timestamptz NOT NULL DEFAULT now(),
    locked_until timestamptz
);
CREATE INDEX login_attempts_by_time ON login_attempts (last_attempt_at);

-- Requests with an Idempotency-Key, and what was answered; without a status, they still run.
CREATE TABLE idempotent_requests (
    caller text NOT NULL,
    key text NOT NULL CHECK (key <> ''),
    request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
    claimed_at timestamptz NOT NULL DEFAULT now(),
    status integer,
    headers jsonb,
    body bytea,
    PRIMARY KEY (caller, key),
    CHECK ((status IS NULL) = (headers IS NULL) AND (status IS NULL) = (body IS NULL))
);
CREATE INDEX idempotent_requests_by_age ON idempotent_requests (claimed_at);

-- A second gateway. An account's id at its gateway (device_id) is a device of Wassenger, or a phone number id of
-- Meta; the two never look alike, and whoever routes by the id alone relies on this check.
ALTER TABLE senders RENAME COLUMN gateway TO provider;
ALTER TABLE senders DROP CONSTRAINT senders_gateway_check;
ALTER TABLE senders
    ADD COLUMN template_name text CHECK (template_name <> ''),
    ADD COLUMN template_language text CHECK (template_language <> ''),
    ADD CONSTRAINT senders_provider_check CHECK (provider IN ('wassenger', 'meta')),
    ADD CONSTRAINT senders_account_check
        CHECK ((provider = 'meta') = (device_id ~ '^[0-9]{5,20}$') OR device_id LIKE 'removed %'),
    -- Nobody has written to the account yet when Message 1 leaves: Meta takes nothing but a template then.
    ADD CONSTRAINT senders_template_check
        CHECK ((provider = 'meta') = (template_name IS NOT NULL AND template_language IS NOT NULL));
COMMENT ON COLUMN senders.template_name IS
    'The approved template of Message 1, whose one body parameter is the text of the message; Meta only';

-- What counts towards a sender's quota is counted from here on, not over 24 hours for each send: an account that may
-- send 100,000 messages a day would read as many rows for the last of them.
ALTER TABLE sender_paces
    ADD COLUMN counted integer,
    ADD COLUMN counted_to timestamptz;
COMMENT ON COLUMN sender_paces.counted IS 'Sends of the 24 hours before counted_to that count; never too few later on';
COMMENT ON COLUMN sender_paces.counted_to IS 'NULL: they have to be counted anew';

CREATE FUNCTION forget_counted_sends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE sender_paces SET counted_to = NULL WHERE sender_id = NEW.sender_id;
    RETURN NULL;
END $$;
-- A send that somebody else made in the past, as before a backup was restored.
CREATE TRIGGER forget_counted_sends AFTER INSERT ON sends
    FOR EACH ROW WHEN (NEW.started_at < now()) EXECUTE FUNCTION forget_counted_sends();
-- An attempt that was thought not to have reached the provider, and has.
CREATE TRIGGER recount_sends AFTER UPDATE OF outcome ON sends
    FOR EACH ROW WHEN (OLD.outcome IN ('not_sent', 'rejected') AND NEW.outcome IN ('accepted', 'unknown'))
    EXECUTE FUNCTION forget_counted_sends();

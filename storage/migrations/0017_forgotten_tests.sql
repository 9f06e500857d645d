-- Test messages that are deleted: with their draft, with a person who is erased, or because they are old. The gateway
-- goes on listing them, and a message that it has and we do not know is how a restored backup shows itself.
CREATE TABLE forgotten_tests (
    reference uuid PRIMARY KEY
);
COMMENT ON TABLE forgotten_tests IS 'Ids alone; for ever, because a gateway is asked about all since the latest send';

CREATE FUNCTION remember_tests() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO forgotten_tests (reference) SELECT id FROM gone ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER remember_tests AFTER DELETE ON test_sends
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION remember_tests();

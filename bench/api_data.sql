-- A large installation within a minute: 100,000 contacts, and campaigns of 100,000 and 1,000,000. Triggers and
-- foreign keys sleep meanwhile; what they count is counted once at the end, as the migrations do.
-- 900,000 people of the largest campaign have been erased since: their rows are there, their numbers are not.
-- Five senders have sent for months, at 1000 messages a day. The numbers of the others are longer than any number
-- of that country: nobody has them.

SET session_replication_role = replica;

SET synchronous_commit = off;

INSERT INTO senders (name, phone, device_id, account_since)
SELECT 'Account ' || n, '+331990000' || lpad(n::text, 2, '0'), lpad(to_hex(n), 24, '0'), '2020-01-01'
FROM generate_series(1, 5) n;

INSERT INTO sender_paces (sender_id, quota) SELECT id, 1000 FROM senders ON CONFLICT DO NOTHING;

INSERT INTO categories (name) SELECT 'Category ' || n FROM generate_series(1, 50) n;

INSERT INTO contacts (phone, name, erased_at)
SELECT CASE WHEN n <= 100000 THEN '+3363998' || lpad(n::text, 7, '0') END,
    CASE WHEN n <= 100000 THEN 'Person ' || n END,
    CASE WHEN n > 100000 THEN now() END
FROM generate_series(1, 1000000) n;

INSERT INTO contact_categories (contact_id, category_id)
SELECT c.id, k.id FROM (
    SELECT id, row_number() OVER (ORDER BY id) AS n FROM contacts WHERE erased_at IS NULL
) c JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM categories) k
    ON k.n = 1 + c.n % 50 OR (k.n = 1 AND c.n % 50 < 25)
ON CONFLICT DO NOTHING;

UPDATE categories c SET contact_count = (SELECT count(*) FROM contact_categories cc WHERE cc.category_id = c.id);

INSERT INTO campaigns (name, message_1, message_2, everyone, status, window_s, grace_s, max_age_s, batch_size,
    started_at, opened_at)
SELECT name, 'Hello', 'Thank you', false, 'running', 86400, 60, 8640000, 100, now(), now()
FROM (VALUES ('100000'), ('1000000')) AS given (name);

INSERT INTO campaign_categories (campaign_id, category_id)
SELECT c.id, k.id FROM campaigns c, (SELECT id FROM categories ORDER BY id LIMIT 2) k;

INSERT INTO campaign_senders (campaign_id, sender_id, lane)
SELECT c.id, s.id, s.lane FROM campaigns c, (
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS lane FROM senders) s;

INSERT INTO campaign_contacts (campaign_id, contact_id, sender_id, batch, state)
SELECT ca.id, c.id, s.id, c.n / 100, CASE
    WHEN c.n % 10 < 3 THEN 'message_2_sent' WHEN c.n % 10 < 6 THEN 'no_interaction'
    WHEN c.n % 10 = 6 THEN 'failed' ELSE 'pending' END
FROM campaigns ca
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM contacts) c ON c.n < 100000
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM senders) s ON s.n = c.n % 5
WHERE ca.name = '100000';

INSERT INTO campaign_contacts (campaign_id, contact_id, sender_id, batch, state)
SELECT ca.id, c.id, s.id, c.n / 100, CASE
    WHEN c.n % 10 < 3 THEN 'message_2_sent' WHEN c.n % 10 < 6 THEN 'no_interaction'
    WHEN c.n % 10 = 6 THEN 'failed' ELSE 'pending' END
FROM campaigns ca
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM contacts) c ON c.n < 1000000
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM senders) s ON s.n = c.n % 5
WHERE ca.name = '1000000';

INSERT INTO messages (campaign_id, contact_id, sender_id, message_type, status, body, attempts, accepted_at,
    sent_at, delivered_at, read_at, failed_at, failure_reason)
SELECT cc.campaign_id, cc.contact_id, cc.sender_id, t.message_type,
    CASE WHEN state = 'failed' THEN 'failed' WHEN state = 'pending' THEN 'pending' ELSE 'read' END,
    CASE WHEN state <> 'pending' AND cc.batch < 1000 THEN 'Hello, shall I send it?' END, 1,
    sent.at, sent.at, sent.at + interval '3 s', sent.at + interval '9 s',
    CASE WHEN state = 'failed' THEN now() - cc.batch * interval '1728 s' END,
    CASE WHEN state = 'failed' THEN 'not on WhatsApp' END
FROM campaign_contacts cc
JOIN (VALUES ('message_1'), ('message_2')) AS t (message_type)
    ON t.message_type = 'message_1' OR cc.state = 'message_2_sent'
CROSS JOIN LATERAL (SELECT CASE WHEN state NOT IN ('failed', 'pending')
    THEN now() - cc.batch * interval '1728 s' END AS at) sent;

INSERT INTO webhook_events (key, event, status, processed_at)
SELECT campaign_id || '/' || contact_id, 'message:in:new', 'processed', now()
FROM campaign_contacts WHERE state = 'message_2_sent';

INSERT INTO interactions (webhook_event_id, campaign_id, contact_id, interaction_type, text, occurred_at,
    received_at, within_24h, suppressed_duplicate, reply_after_s)
SELECT e.id, cc.campaign_id, cc.contact_id, 'text', 'Yes', now() - cc.batch * interval '1728 s',
    now(), true, false, (cc.batch * 37 % 90000)
FROM campaign_contacts cc JOIN webhook_events e ON e.key = cc.campaign_id || '/' || cc.contact_id;

INSERT INTO campaign_counters (campaign_id, total_contacts, pending, message_2_sent, no_interaction, failed)
SELECT campaign_id, count(*), count(*) FILTER (WHERE state = 'pending'),
    count(*) FILTER (WHERE state = 'message_2_sent'), count(*) FILTER (WHERE state = 'no_interaction'),
    count(*) FILTER (WHERE state = 'failed')
FROM campaign_contacts GROUP BY campaign_id;

UPDATE campaign_counters c SET messages_1_delivered = m.n1, messages_1_read = m.n1, messages_1_sent = m.n1, messages_2_sent = m.n2, messages_delivered = m.n1 + m.n2,
    messages_read = m.n1 + m.n2, failures = m.failures, interactions = m.n2
FROM (
    SELECT campaign_id, count(*) FILTER (WHERE message_type = 'message_1' AND accepted_at IS NOT NULL) AS n1,
        count(*) FILTER (WHERE message_type = 'message_2') AS n2,
        count(*) FILTER (WHERE status = 'failed') AS failures
    FROM messages GROUP BY campaign_id
) m WHERE m.campaign_id = c.campaign_id;

INSERT INTO campaign_reply_times (campaign_id, under_24_h)
SELECT campaign_id, interactions FROM campaign_counters;

INSERT INTO campaign_days (campaign_id, day, messages_1_sent, messages_2_sent, messages_delivered, messages_read)
SELECT campaign_id, (accepted_at AT TIME ZONE 'UTC')::date, count(*) FILTER (WHERE message_type = 'message_1'),
    count(*) FILTER (WHERE message_type = 'message_2'), count(*), count(*)
FROM messages WHERE accepted_at IS NOT NULL GROUP BY 1, 2;

INSERT INTO contact_count_changes VALUES (100000, 0);

SET session_replication_role = origin;

VACUUM (ANALYZE);

"""What is read and written, as plain SQL."""

from datetime import UTC, datetime
from typing import Any

from bench.celery_baseline.database import Connection, Row
from bench.celery_baseline.settings import SETTINGS

# The states of document 003, and what opt-outs and the end of a campaign ask for.
FINAL = ["message_2_sent", "no_interaction", "late_interaction", "failed", "opted_out", "expired"]

TO_SEND = """
    SELECT m.*, c.name AS campaign, c.status AS campaign_status, c.paused AS campaign_paused,
        d.rate_per_s, d.quota, d.paused AS device_paused, o.phone IS NOT NULL AS opted_out
    FROM messages m JOIN campaigns c ON c.id = m.campaign_id JOIN devices d ON d.id = m.device_id
    LEFT JOIN opt_outs o ON o.phone = m.phone
    WHERE m.id = %s
"""
STATE = "UPDATE campaign_contacts SET state = %s WHERE campaign_id = %s AND phone = %s AND state <> ALL(%s)"
PLAN = """
    WITH numbered AS (
        SELECT cc.*, cc.position / c.batch_size AS batch, cc.position %% c.batch_size AS place,
            c.batch_size, c.batch_pause_s,
            (SELECT sum(d.rate_per_s) FROM devices d WHERE d.id = ANY(%(devices)s)) AS rate_per_s
        FROM campaign_contacts cc JOIN campaigns c ON c.id = cc.campaign_id WHERE cc.campaign_id = %(id)s
    )
    INSERT INTO messages (campaign_id, phone, device_id, message_type, batch, due_at)
    SELECT campaign_id, phone, device_id, 'message_1', batch, now() + make_interval(secs =>
        batch * (batch_size / rate_per_s + batch_pause_s) + place / rate_per_s)
    FROM numbered ON CONFLICT DO NOTHING
"""
# Both checks of the documents in one: who was silent, and who came too late.
EXPIRED = """
    UPDATE campaign_contacts cc SET state = CASE WHEN EXISTS (
            SELECT 1 FROM interactions i WHERE i.campaign_id = cc.campaign_id AND i.phone = cc.phone
        ) THEN 'late_interaction' ELSE 'no_interaction' END
    FROM messages m JOIN campaigns c ON c.id = m.campaign_id
    WHERE m.campaign_id = cc.campaign_id AND m.phone = cc.phone AND m.message_type = 'message_1'
        AND cc.state = 'message_1_sent'
        AND m.sent_at < now() - make_interval(secs => c.window_s + c.grace_s)
        AND NOT EXISTS (SELECT 1 FROM messages m2 WHERE m2.campaign_id = cc.campaign_id
            AND m2.phone = cc.phone AND m2.message_type = 'message_2')
        AND NOT EXISTS (SELECT 1 FROM interactions i WHERE i.campaign_id = cc.campaign_id
            AND i.phone = cc.phone AND i.within_24h)
"""
OVERDUE = """
    UPDATE campaign_contacts cc SET state = 'expired' FROM campaigns c
    WHERE c.id = cc.campaign_id AND c.status = 'running' AND cc.state <> ALL(%s)
        AND c.started_at < now() - make_interval(secs => c.max_age_s)
"""
CLOSE = """
    UPDATE campaigns c SET status = 'completed', completed_at = now(),
        close_reason = CASE WHEN c.started_at < now() - make_interval(secs => c.max_age_s) AND EXISTS (
            SELECT 1 FROM campaign_contacts cc WHERE cc.campaign_id = c.id AND cc.state = 'expired'
        ) THEN 'max_age' ELSE 'all_final' END,
        stats = (SELECT jsonb_object_agg(state, n) FROM (
            SELECT state, count(*) AS n FROM campaign_contacts WHERE campaign_id = c.id GROUP BY state) s)
    WHERE c.status = 'running' AND NOT EXISTS (
        SELECT 1 FROM campaign_contacts cc WHERE cc.campaign_id = c.id AND cc.state <> ALL(%s))
    RETURNING c.name, c.stats
"""
LOST = """
    UPDATE messages m SET due_at = now() FROM campaigns c, devices d
    WHERE m.status = 'pending' AND m.due_at < now() - make_interval(secs => %(after_s)s)
        AND c.id = m.campaign_id AND c.status = 'running' AND d.id = m.device_id
        AND coalesce(c.paused, '') NOT IN ('all', m.message_type)
        AND coalesce(d.paused, '') NOT IN ('all', m.message_type)
    RETURNING m.id::text, m.message_type, m.device_id, d.rate_per_s
"""
OWED = """
    SELECT DISTINCT cc.campaign_id, cc.phone FROM campaign_contacts cc
    JOIN interactions i ON i.campaign_id = cc.campaign_id AND i.phone = cc.phone AND i.within_24h
    JOIN campaigns c ON c.id = cc.campaign_id AND c.status = 'running'
    WHERE cc.state = 'message_1_sent' AND NOT EXISTS (SELECT 1 FROM messages m2
        WHERE m2.campaign_id = cc.campaign_id AND m2.phone = cc.phone AND m2.message_type = 'message_2')
"""
IN_CAMPAIGN = """
    SELECT cc.campaign_id, cc.phone, cc.state, c.window_s, c.grace_s, m.sent_at
    FROM campaign_contacts cc JOIN campaigns c ON c.id = cc.campaign_id AND c.status <> 'draft'
    LEFT JOIN messages m ON m.campaign_id = cc.campaign_id AND m.phone = cc.phone
        AND m.message_type = 'message_1'
    WHERE cc.phone = %s ORDER BY c.started_at DESC LIMIT 1
"""
# Status news may come in any order, and before the answer to the send: then it proves that the send worked.
NEWS = """
    UPDATE messages SET status = %(status)s,
        sent_at = CASE WHEN %(status)s = 'failed' THEN sent_at ELSE coalesce(sent_at, now()) END
    WHERE id::text = %(reference)s AND NOT (%(as_written)s AND status = 'pending')
        AND array_position(%(order)s, status) < array_position(%(order)s, %(status)s)
    RETURNING *
"""
ORDER = ["pending", "sent", "failed", "delivered", "read"]


def set_state(connection: Connection, message: Row, state: str) -> None:
    """A contact's new state, unless it has a final one."""
    connection.execute(STATE, (state, message["campaign_id"], message["phone"], FINAL))


def mark_sent(connection: Connection, message: Row) -> None:
    """The provider took it. A contact that this makes final stays so."""
    connection.execute(
        "UPDATE messages SET status = 'sent', sent_at = now() WHERE id = %s AND status = 'pending'",
        (message["id"],),
    )
    set_state(connection, message, f"{message['message_type']}_sent")


def mark_failed(connection: Connection, message: Row) -> None:
    """For good."""
    connection.execute(
        "UPDATE messages SET status = 'failed' WHERE id = %s AND status IN ('pending', 'failed')",
        (message["id"],),
    )
    set_state(connection, message, "failed")


def create_message_2(connection: Connection, campaign_id: Any, phone: str) -> str | None:
    """The row that says that a Message 2 has to go; None when there is one already."""
    created = connection.execute(
        "INSERT INTO messages (campaign_id, phone, device_id, message_type)"
        " SELECT campaign_id, phone, device_id, 'message_2' FROM campaign_contacts"
        " WHERE campaign_id = %s AND phone = %s ON CONFLICT DO NOTHING RETURNING id::text",
        (campaign_id, phone),
    ).fetchone()
    return str(created["id"]) if created else None


def add_opt_out(connection: Connection, phone: str) -> None:
    """Nobody writes to this number any more."""
    connection.execute("INSERT INTO opt_outs VALUES (%s) ON CONFLICT DO NOTHING", (phone,))
    connection.execute(
        "UPDATE campaign_contacts SET state = 'opted_out' WHERE phone = %s AND state <> ALL(%s)",
        (phone, FINAL),
    )


def note_status(connection: Connection, reference: str, status: str) -> None:
    """What a webhook says of one of our messages."""
    news = {
        "status": status,
        "reference": reference,
        "order": ORDER,
        "as_written": SETTINGS.as_written,
    }
    message = connection.execute(NEWS, news).fetchone()
    if message is None:
        return
    state = "failed" if status == "failed" else f"{message['message_type']}_sent"
    set_state(connection, message, state)


def note_interaction(
    connection: Connection, *, key: str, phone: str, kind: str, occurred_at: datetime
) -> str | None:
    """Stores a reaction; gives the Message 2 that it earns, if any."""
    case = connection.execute(IN_CAMPAIGN, (phone,)).fetchone()
    if case is None:
        return None
    now = datetime.now(UTC)
    sent_at = case["sent_at"] or now  # who reacts has got Message 1, whatever we know of it
    in_time = (occurred_at - sent_at).total_seconds() < case["window_s"]
    in_time &= (now - sent_at).total_seconds() < case["window_s"] + case["grace_s"]
    connection.execute(
        "INSERT INTO interactions (event_key, campaign_id, phone, interaction_type, occurred_at, within_24h)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (key, case["campaign_id"], phone, kind, occurred_at, in_time),
    )
    # What is unknown yet, such as whether Message 1 was sent, the periodic check settles.
    if not in_time or case["state"] != "message_1_sent":
        return None
    return create_message_2(connection, case["campaign_id"], phone)

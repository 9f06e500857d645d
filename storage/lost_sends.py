"""What the gateway took from a database that was replaced by its backup.

A message that this database knows by its reference is marked as sent. One that it does not know was made after
the backup: it is kept, counts for the quota, and takes the place of the message that is due again, by its phone
and its text.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.messages import MessageType
from domain.template import could_render
from storage.database import Connection, Pool


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenMessage:
    """A message as the gateway has it, with a reference that is one of ours."""

    provider_id: str
    sender_id: str
    reference: str
    phone: str  # E.164
    body: str
    wa_id: str | None
    accepted_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A message that is due here and may have been sent before."""

    campaign_id: str
    contact_id: str
    message_type: MessageType


KNOWN = """
    SELECT id::text, accepted_at IS NOT NULL OR EXISTS (SELECT FROM sends WHERE message_id = m.id) AS is_known
    FROM messages m WHERE id = ANY ($1::uuid[])
    UNION ALL
    SELECT id::text, true FROM test_sends WHERE id = ANY ($1::uuid[])
    UNION ALL
    SELECT reference::text, true FROM lost_sends WHERE reference = ANY ($1::uuid[])
    UNION ALL
    SELECT reference::text, true FROM forgotten_tests WHERE reference = ANY ($1::uuid[])
"""
ADD_SEND = """
    INSERT INTO sends
        (message_id, campaign_id, contact_id, sender_id, attempt, started_at, finished_at, outcome, code)
    SELECT m.id, m.campaign_id, m.contact_id, m.sender_id,
        (SELECT coalesce(max(attempt), 0) + 1 FROM sends WHERE message_id = m.id), $2, $2, 'accepted', $3
    FROM messages m WHERE m.id = $1
"""
BEFORE_RESTORE = "before_restore"
KEEP = """
    WITH send AS (
        INSERT INTO sends (sender_id, attempt, started_at, finished_at, outcome, code)
        SELECT $2, 1, $7, $7, 'accepted', $9
        WHERE NOT EXISTS (SELECT FROM lost_sends WHERE provider_id = $1) RETURNING id
    )
    INSERT INTO lost_sends
        (provider_id, sender_id, reference, phone, body, wa_id, accepted_at, sent_at, send_id)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, id FROM send
"""
OF_PHONE = """
    SELECT provider_id, sender_id::text, reference::text, phone, body, wa_id, accepted_at, sent_at
    FROM lost_sends WHERE phone = $1 AND message_id IS NULL ORDER BY accepted_at FOR UPDATE
"""
TAKE = """
    WITH taken AS (
        UPDATE lost_sends SET message_id = $2 WHERE provider_id = $1 RETURNING send_id
    )
    UPDATE sends s SET message_id = m.id, campaign_id = m.campaign_id, contact_id = m.contact_id
    FROM taken, messages m WHERE s.id = taken.send_id AND m.id = $2
"""
ATTEMPTED = (
    "UPDATE messages SET attempts = attempts + 1, body = coalesce(body, $2), held_at = NULL WHERE id = $1"
)
# Those who wait in a campaign from before the backup, in the order of its messages.
CLAIMS = """
    SELECT cc.campaign_id::text, cc.contact_id::text, types.message_type, l.body,
        CASE types.message_type WHEN 'message_1' THEN ca.message_1 ELSE ca.message_2 END AS template
    FROM lost_sends l
    JOIN contacts co ON co.phone = l.phone
    JOIN campaign_contacts cc ON cc.contact_id = co.id
    JOIN campaigns ca ON ca.id = cc.campaign_id AND ca.created_at < l.found_at
    CROSS JOIN LATERAL (VALUES ('message_1'), ('message_2')) AS types (message_type)
    WHERE l.message_id IS NULL
        AND ((types.message_type = 'message_1' AND cc.state = 'pending')
            OR (types.message_type = 'message_2' AND cc.state IN ('pending', 'message_1_sent')))
    ORDER BY types.message_type, l.accepted_at
"""
UNCLAIMED = "SELECT count(*) FROM lost_sends WHERE message_id IS NULL"


async def split_known(pool: Pool, references: list[str]) -> tuple[set[str], set[str]]:
    """Of these references: those known to be handed over, and those that wait here for it. The rest is unknown.

    What was tried without a known outcome counts as handed over: it is looked up before anything is sent.
    """
    rows = await pool.fetch(KNOWN, references)
    handed_over = {row["id"] for row in rows if row["is_known"]}
    return handed_over, {row["id"] for row in rows} - handed_over


async def note_send(connection: Connection, message_id: str, accepted_at: datetime, body: str) -> None:
    """Stores the attempt that this database has forgotten, so that it counts for the quota."""
    await connection.execute(ADD_SEND, message_id, accepted_at, BEFORE_RESTORE)
    await connection.execute(ATTEMPTED, message_id, body)


async def keep(pool: Pool, message: TakenMessage) -> bool:
    """Keeps a message of which nothing else is known; False if it is kept already."""
    result = await pool.execute(
        KEEP,
        message.provider_id,
        message.sender_id,
        message.reference,
        message.phone,
        message.body,
        message.wa_id,
        message.accepted_at,
        message.sent_at,
        BEFORE_RESTORE,
    )
    return result.endswith(" 1")


async def take(connection: Connection, message_id: str, phone: str, template: str) -> TakenMessage | None:
    """The message that was sent before in the place of this one; it takes the place of no other then.

    The caller holds the lock of the contact.
    """
    for row in await connection.fetch(OF_PHONE, phone):
        if could_render(template, row["body"]):
            await connection.execute(TAKE, row["provider_id"], message_id)
            await connection.execute(ATTEMPTED, message_id, row["body"])
            return TakenMessage(**row)
    return None


async def claims(pool: Pool) -> list[Claim]:
    """What is due here and was sent before, Messages 1 first."""
    return [
        Claim(
            campaign_id=row["campaign_id"],
            contact_id=row["contact_id"],
            message_type=MessageType(row["message_type"]),
        )
        for row in await pool.fetch(CLAIMS)
        if could_render(row["template"], row["body"])
    ]


async def count_unclaimed(pool: Pool) -> int:
    """How many messages were sent that nothing here has a place for."""
    return int(await pool.fetchval(UNCLAIMED))

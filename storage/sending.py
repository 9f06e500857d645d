"""The stored side of sending one message: what to do for it now, and the intent before the POST.

What comes of it is in storage/outcomes.py. The contact's row lock is taken first.
"""

from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import asyncpg

from domain.contact_states import ContactState, is_final
from domain.messages import MessageType
from domain.template import render
from storage import lost_sends
from storage.database import Connection, Pool
from storage.outcomes import (
    CANCEL_MESSAGE,
    FINISH_ATTEMPT,
    STATE_BEFORE,
    Settled,
    accept_taken,
    move_contact,
    went_out,
)
from storage.reservations import Held, reserve


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """The attempt is stored: POST now."""

    message_id: str
    attempt: int
    sender_id: str
    device_id: str
    phone: str
    body: str
    template: tuple[str, str] | None  # name and language, where the first message has to come from a template
    began_at: float  # by this machine's monotonic clock, in seconds: before the attempt was stored


@dataclass(frozen=True, kw_only=True, slots=True)
class Unresolved:
    """An earlier attempt has no known outcome: look it up before anything else."""

    message_id: str
    attempt: int
    sender_id: str
    device_id: str
    in_flight_since: datetime | None  # set when nobody recorded an end: its worker crashed, or still runs
    is_awaited: bool = True  # somebody waits for what comes of it


LOCK_CONTACT = """
    SELECT cc.campaign_id::text, cc.contact_id::text, cc.state, cc.sender_id::text, cc.batch,
        ca.message_1, ca.message_2,
        co.phone, co.name, co.variables, co.opted_out_at, s.device_id, s.template_name, s.template_language,
        EXISTS (SELECT FROM lost_sends l WHERE l.phone = co.phone AND l.message_id IS NULL
            AND l.found_at > ca.created_at) AS has_lost
    FROM campaign_contacts cc
    JOIN campaigns ca ON ca.id = cc.campaign_id
    JOIN contacts co ON co.id = cc.contact_id
    JOIN senders s ON s.id = cc.sender_id
    WHERE cc.campaign_id = $1 AND cc.contact_id = $2
    FOR UPDATE OF cc
"""
FIND_MESSAGE = """
    SELECT m.id::text, m.status, m.body, m.attempts, m.accepted_at, m.sent_at,
        last.attempt AS last_attempt, last.started_at, last.outcome
    FROM messages m
    LEFT JOIN LATERAL (
        SELECT attempt, started_at, outcome FROM sends WHERE message_id = m.id ORDER BY attempt DESC LIMIT 1
    ) last ON true
    WHERE m.campaign_id = $1 AND m.contact_id = $2 AND m.message_type = $3
"""
ADD_MESSAGE = """
    INSERT INTO messages (campaign_id, contact_id, sender_id, message_type) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING
"""
UNRESOLVED = """
    SELECT m.id::text AS message_id, s.attempt, m.sender_id::text, d.device_id,
        CASE WHEN s.outcome IS NULL THEN s.started_at END AS in_flight_since
    FROM messages m JOIN senders d ON d.id = m.sender_id
    JOIN LATERAL (
        SELECT attempt, started_at, outcome FROM sends WHERE message_id = m.id ORDER BY attempt DESC LIMIT 1
    ) s ON s.outcome IS NULL OR s.outcome = 'unknown'
    WHERE m.id = $1
"""
START_ATTEMPT = """
    WITH counted AS (
        UPDATE messages SET attempts = attempts + 1, body = $2, held_at = NULL WHERE id = $1
        RETURNING id, campaign_id, contact_id, sender_id
    )
    INSERT INTO sends (message_id, campaign_id, contact_id, sender_id, attempt, started_at)
    SELECT id, campaign_id, contact_id, sender_id, $3, clock_timestamp() FROM counted
"""


async def begin_attempt(
    pool: Pool, campaign_id: str, contact_id: str, message_type: MessageType
) -> Ready | Unresolved | Held | Settled:
    """Decides what to do for this message now, and stores the attempt when the answer is `Ready`.

    Raises LookupError when the contact is not part of the campaign.
    """
    async with pool.acquire() as connection, connection.transaction():
        contact = await connection.fetchrow(LOCK_CONTACT, campaign_id, contact_id)
        if contact is None:
            raise LookupError(f"contact {contact_id} is not part of campaign {campaign_id}")
        state = ContactState(contact["state"])
        message = await connection.fetchrow(FIND_MESSAGE, campaign_id, contact_id, message_type)
        if message is None and state is STATE_BEFORE[message_type]:
            await connection.execute(ADD_MESSAGE, campaign_id, contact_id, contact["sender_id"], message_type)
            message = await connection.fetchrow(FIND_MESSAGE, campaign_id, contact_id, message_type)
        if message is None:
            return Settled(state=state, sent_at=None)
        decided = await _decided(connection, message_type, contact, message)
        if decided is not None:
            return decided
        held = await reserve(
            connection,
            sender_id=contact["sender_id"],
            campaign_id=campaign_id,
            batch=contact["batch"],
            message_id=message["id"],
            message_type=message_type,
        )
        if held:
            return held
        body = message["body"] or render(
            contact[message_type.value], {"name": contact["name"] or "", **contact["variables"]}
        )
        attempt = (message["last_attempt"] or 0) + 1
        began_at = monotonic()
        await connection.execute(START_ATTEMPT, message["id"], body, attempt)
        return Ready(
            message_id=message["id"],
            attempt=attempt,
            sender_id=contact["sender_id"],
            device_id=contact["device_id"],
            phone=contact["phone"],
            body=body,
            template=_template(message_type, contact),
            began_at=began_at,
        )


async def find_unresolved(pool: Pool, message_id: str) -> Unresolved | None:
    """The latest attempt of a message, if nobody knows what became of it."""
    row = await pool.fetchrow(UNRESOLVED, message_id)
    return Unresolved(**row) if row else None


async def _decided(
    connection: Connection, message_type: MessageType, contact: asyncpg.Record, message: asyncpg.Record
) -> Unresolved | Settled | None:
    """What is known already of this message; None: it is to be sent."""
    if message["accepted_at"] is not None:
        # Perhaps known from an acknowledgement alone, whose POST crashed: then its log gets its end here.
        await connection.execute(FINISH_ATTEMPT, message["id"], message["last_attempt"], "accepted", None, None)
        sent_at = message["sent_at"]
    elif message["last_attempt"] is not None and message["outcome"] in {None, "unknown"}:
        return Unresolved(
            message_id=message["id"],
            attempt=message["last_attempt"],
            sender_id=contact["sender_id"],
            device_id=contact["device_id"],
            in_flight_since=None if message["outcome"] else message["started_at"],
        )
    else:
        settled = await _stopped(connection, message_type, contact, message)
        if settled or not contact["has_lost"] or message["last_attempt"] is not None:
            return settled
        lost = await lost_sends.take(connection, message["id"], contact["phone"], contact[message_type.value])
        if lost is None:
            return None
        sent_at = await accept_taken(connection, message["id"], lost)
    return await went_out(connection, contact, message_type, sent_at=sent_at)


async def _stopped(
    connection: Connection, message_type: MessageType, contact: asyncpg.Record, message: asyncpg.Record
) -> Settled | None:
    """Whether this contact gets nothing any more, and so not this message."""
    ids = contact["campaign_id"], contact["contact_id"]
    state = ContactState(contact["state"])
    if not is_final(state) and contact["opted_out_at"] is not None:
        state = ContactState.OPTED_OUT
        await move_contact(connection, *ids, state)
    if state is STATE_BEFORE[message_type] and message["status"] == "failed":
        # Its failure was reported while it was being sent: without this, nobody would ever settle it.
        state = ContactState.FAILED
        await move_contact(connection, *ids, state, "the message failed")
    if state is STATE_BEFORE[message_type] and message["status"] == "pending":
        return None
    await connection.execute(CANCEL_MESSAGE, message["id"])
    return Settled(state=state, sent_at=None)


def _template(message_type: MessageType, contact: asyncpg.Record) -> tuple[str, str] | None:
    if message_type is not MessageType.MESSAGE_1 or contact["template_name"] is None:
        return None
    return contact["template_name"], contact["template_language"]

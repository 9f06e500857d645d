"""What became of an attempt to send, and what it means for its contact.

Every function takes the contact's row lock first, or says that its caller holds it, so that for one contact in
one campaign the steps of sending, acknowledgements, opt-outs and closing happen one after the other.
"""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from domain.contact_states import ContactState, is_final
from domain.messages import MessageType
from storage import lost_sends, senders
from storage.database import Connection, Pool
from storage.lost_sends import TakenMessage
from storage.reservations import keep_gap


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """Nothing (more) to send. `sent_at` is set when this message went out."""

    state: ContactState
    sent_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    """Not sent, and another attempt is due."""

    attempts: int  # that counted so far; refusals do not


FINISH_ATTEMPT = """
    UPDATE sends SET finished_at = clock_timestamp(), outcome = $3, code = $4, detail = $5
    WHERE message_id = $1 AND attempt = $2 AND outcome IS DISTINCT FROM 'accepted'
"""
LATEST_ATTEMPT = "SELECT max(attempt) FROM sends WHERE message_id = $1"
LOCK_CONTACT_OF = """
    SELECT FROM campaign_contacts
    WHERE (campaign_id, contact_id) = (SELECT campaign_id, contact_id FROM messages WHERE id = $1)
    FOR UPDATE
"""
READ_MESSAGE = """
    SELECT m.message_type, m.status, m.attempts, m.accepted_at, m.sent_at, m.failure_reason, m.campaign_id,
        m.contact_id, m.sender_id::text, cc.state
    FROM campaign_contacts cc
    JOIN messages m USING (campaign_id, contact_id)
    WHERE m.id = $1
"""
# What the provider itself reported as failed stays so: that news has only overtaken the answer to the POST.
ACCEPT_MESSAGE = """
    WITH known AS (
        SELECT id, status = 'failed' AND provider_id = $2 AS has_failed FROM messages WHERE id = $1
    )
    UPDATE messages m SET
        status = CASE WHEN status IN ('pending', 'cancelled', 'failed') AND has_failed IS NOT TRUE
            THEN 'accepted' ELSE status END,
        failure_reason = CASE WHEN has_failed THEN failure_reason END,
        failed_at = CASE WHEN has_failed THEN failed_at END,
        provider_id = $2, wa_id = coalesce($3, wa_id),
        accepted_at = coalesce(accepted_at, $4), sent_at = coalesce(sent_at, $5, $4)
    FROM known WHERE m.id = known.id RETURNING sent_at
"""
FAIL_MESSAGE = """
    UPDATE messages SET status = 'failed', failed_at = clock_timestamp(), failure_reason = $2
    WHERE id = $1 AND status = 'pending'
"""
CANCEL_MESSAGE = "UPDATE messages SET status = 'cancelled' WHERE id = $1 AND status = 'pending'"
UNCOUNT_ATTEMPT = """
    UPDATE messages SET attempts = attempts - 1, held_at = CASE WHEN $2 THEN clock_timestamp() END WHERE id = $1
"""
MOVE_CONTACT = """
    UPDATE campaign_contacts SET state = $3, reason = $4, state_changed_at = clock_timestamp()
    WHERE campaign_id = $1 AND contact_id = $2
"""

STATE_BEFORE = {
    MessageType.MESSAGE_1: ContactState.PENDING,
    MessageType.MESSAGE_2: ContactState.MESSAGE_1_SENT,
}
_STATE_AFTER = {
    MessageType.MESSAGE_1: ContactState.MESSAGE_1_SENT,
    MessageType.MESSAGE_2: ContactState.MESSAGE_2_SENT,
}


async def move_contact(
    connection: Connection,
    campaign_id: str,
    contact_id: str,
    state: ContactState,
    reason: str | None = None,
) -> None:
    """Changes a contact's state; the caller holds its row lock. The database refuses a wrong transition."""
    await connection.execute(MOVE_CONTACT, campaign_id, contact_id, state, reason)


async def lock_message(connection: Connection, message_id: str) -> asyncpg.Record:
    """A message with the row of its contact locked, as everybody who held that lock before has left it.

    In one statement it would not be: that keeps the message's row as it was before the wait for the lock.
    Raises LookupError when there is no such message.
    """
    await connection.execute(LOCK_CONTACT_OF, message_id)
    row = await connection.fetchrow(READ_MESSAGE, message_id)
    if row is None:
        raise LookupError(f"there is no message {message_id}")
    return row


async def went_out(
    connection: Connection, contact: asyncpg.Record, message_type: MessageType, *, sent_at: datetime
) -> Settled:
    """The message has left, so its contact goes on; the caller holds the lock of the contact.

    `contact` has its campaign_id, contact_id and state.
    """
    state = ContactState(contact["state"])
    if state is STATE_BEFORE[message_type]:
        state = _STATE_AFTER[message_type]
        await move_contact(connection, contact["campaign_id"], contact["contact_id"], state)
    return Settled(state=state, sent_at=sent_at)


async def accept_taken(connection: Connection, message_id: str, taken: TakenMessage) -> datetime:
    """The provider has it from before a backup was restored; the caller holds the lock. Gives when it left."""
    sent_at: datetime = await connection.fetchval(
        ACCEPT_MESSAGE, message_id, taken.provider_id, taken.wa_id, taken.accepted_at, taken.sent_at
    )
    return sent_at


async def record_accepted(
    pool: Pool,
    message_id: str,
    attempt: int,
    *,
    provider_id: str,
    wa_id: str | None,
    accepted_at: datetime,
    sent_at: datetime | None,
) -> Settled:
    """The provider has the message. A contact stopped meanwhile keeps its final state."""
    async with pool.acquire() as connection, connection.transaction():
        row = await lock_message(connection, message_id)
        await keep_gap(connection, row["sender_id"])
        await connection.execute(FINISH_ATTEMPT, message_id, attempt, "accepted", None, None)
        known_sent_at = await connection.fetchval(
            ACCEPT_MESSAGE, message_id, provider_id, wa_id, accepted_at, sent_at
        )
        return await went_out(connection, row, MessageType(row["message_type"]), sent_at=known_sent_at)


async def adopt(pool: Pool, message_id: str, taken: TakenMessage) -> bool:
    """The provider has this message from before a backup was restored; False if it is known already."""
    async with pool.acquire() as connection, connection.transaction():
        try:
            row = await lock_message(connection, message_id)
        except LookupError:
            return False
        if row["accepted_at"] is not None:
            return False
        await lost_sends.note_send(connection, message_id, taken.accepted_at, taken.body)
        sent_at = await accept_taken(connection, message_id, taken)
        await went_out(connection, row, MessageType(row["message_type"]), sent_at=sent_at)
        return True


async def record_unknown(
    pool: Pool, message_id: str, attempt: int, *, sender_id: str, code: str, detail: str
) -> None:
    """Nobody knows whether the provider has the message."""
    async with pool.acquire() as connection, connection.transaction():
        await keep_gap(connection, sender_id)
        await connection.execute(FINISH_ATTEMPT, message_id, attempt, "unknown", code, detail)


async def record_not_sent(
    pool: Pool, message_id: str, attempt: int, *, code: str, detail: str, max_attempts: int
) -> Settled | Again:
    """The provider certainly does not have the message. After the last attempt the contact is failed (E4)."""
    async with pool.acquire() as connection, connection.transaction():
        row = await lock_message(connection, message_id)
        if row["accepted_at"] is not None:  # an acknowledgement knew better than the lookup
            await connection.execute(FINISH_ATTEMPT, message_id, attempt, "accepted", None, None)
            return await went_out(connection, row, MessageType(row["message_type"]), sent_at=row["sent_at"])
        await connection.execute(FINISH_ATTEMPT, message_id, attempt, "not_sent", code, detail)
        if await connection.fetchval(LATEST_ATTEMPT, message_id) != attempt:
            return Again(attempts=row["attempts"])  # somebody else found out first, and tries again by now
        if is_final(state := ContactState(row["state"])):
            await connection.execute(CANCEL_MESSAGE, message_id)
            return Settled(state=state, sent_at=None)
        if row["attempts"] < max_attempts:
            return Again(attempts=row["attempts"])
        return await fail_message(connection, message_id, row["campaign_id"], row["contact_id"], detail)


async def record_rejected(pool: Pool, message_id: str, attempt: int, *, code: str, detail: str) -> Settled:
    """The provider refused the message for good: no retry can help, so the contact is failed."""
    async with pool.acquire() as connection, connection.transaction():
        row = await lock_message(connection, message_id)
        await keep_gap(connection, row["sender_id"])
        await connection.execute(FINISH_ATTEMPT, message_id, attempt, "rejected", code, detail)
        return await fail_message(connection, message_id, row["campaign_id"], row["contact_id"], detail)


async def record_held(
    pool: Pool,
    message_id: str,
    attempt: int,
    *,
    sender_id: str,
    code: str,
    detail: str,
    hold_until: datetime | None,
    until_resumed: bool,
) -> None:
    """The account could not send at all: that is no failed attempt of this contact.

    `until_resumed` marks the message as one to be woken when a person lets the sender go on.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(FINISH_ATTEMPT, message_id, attempt, "not_sent", code, detail)
        await connection.execute(UNCOUNT_ATTEMPT, message_id, until_resumed)
        if hold_until is not None:
            await senders.hold_sender(connection, sender_id, hold_until)


async def fail_message(
    connection: Connection, message_id: str, campaign_id: str, contact_id: str, reason: str
) -> Settled:
    """The message has failed for good, and its contact too; the caller holds the lock of the contact."""
    await connection.execute(FAIL_MESSAGE, message_id, reason)
    state = ContactState(
        await connection.fetchval(
            "SELECT state FROM campaign_contacts WHERE campaign_id = $1 AND contact_id = $2",
            campaign_id,
            contact_id,
        )
    )
    if not is_final(state):
        state = ContactState.FAILED
        await move_contact(connection, campaign_id, contact_id, state, reason)
    return Settled(state=state, sent_at=None)

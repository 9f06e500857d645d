"""What comes back from contacts and from the provider: reactions, opt-outs, acknowledgements.

Each function is one transaction around one webhook event, safe to repeat.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.contact_states import ContactState, is_final
from domain.messages import MessageStatus, MessageType, moves_forward
from domain.reply_window import ReplyWindow
from storage.contacts import StoppedContact, opt_out
from storage.database import Connection, Pool
from storage.outcomes import lock_message, move_contact
from storage.unconfirmed import UNCONFIRMED, finish_told


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredInteraction:
    """A reaction that belongs to a campaign."""

    id: str
    campaign_id: str
    contact_id: str
    occurred_at: datetime
    received_at: datetime
    message_1_sent_at: datetime | None
    state: ContactState  # of the contact, after storing
    suppressed_duplicate: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class AppliedStatus:
    """What an acknowledgement changed."""

    campaign_id: str
    contact_id: str
    sender_id: str
    changed: bool
    failed_contact: bool  # Message 1 failed after acceptance, so the contact is failed


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """How a window ended: a final state, or a reason to go on."""

    state: ContactState
    sent_at: datetime
    interaction_id: str | None  # set when a reaction in time is stored and Message 2 is still due
    wait: bool  # the window ends later than the caller thought


MOST_TRIES_AWAITED = 5  # over about a minute
POST_ENDED = timedelta(minutes=1)  # by then somebody has stored how, or died


class NotWorkedOffError(Exception):
    """A webhook that landed in time is stored and not worked off: it may be the reaction that decides."""


FIND_QUOTED = """
    SELECT m.campaign_id::text, m.contact_id::text FROM messages m JOIN senders s ON s.id = m.sender_id
    WHERE s.device_id = $1 AND (m.id = $2::uuid OR m.wa_id = $3)
    ORDER BY m.id DESC LIMIT 1
"""
# The latest Message 1 to that number that still waits for a reaction, otherwise the latest one sent. One that
# is being sent right now counts as waiting: its contact may answer before the provider answers us.
FIND_LATEST = """
    SELECT m.campaign_id::text, m.contact_id::text
    FROM contacts co
    JOIN messages m ON m.contact_id = co.id AND m.message_type = 'message_1'
    JOIN campaign_contacts cc ON cc.campaign_id = m.campaign_id AND cc.contact_id = m.contact_id
    JOIN senders s ON s.id = m.sender_id
    WHERE co.phone = $1 AND s.device_id = $2 AND (m.accepted_at IS NOT NULL OR m.attempts > 0)
    ORDER BY cc.state IN ('pending', 'message_1_sent') DESC, coalesce(m.sent_at, clock_timestamp()) DESC
    LIMIT 1
"""
LOCK_CONTACT = "SELECT FROM campaign_contacts WHERE campaign_id = $1 AND contact_id = $2 FOR UPDATE"
# A statement of its own, begun with the lock held: one that waited would see Message 1 as it was before.
READ_WINDOW = """
    SELECT cc.state, m.id::text AS message_id, m.sent_at, ca.window_s, ca.grace_s
    FROM campaign_contacts cc
    JOIN campaigns ca ON ca.id = cc.campaign_id
    LEFT JOIN messages m ON m.campaign_id = cc.campaign_id AND m.contact_id = cc.contact_id
        AND m.message_type = 'message_1'
    WHERE cc.campaign_id = $1 AND cc.contact_id = $2
"""
FIND_STORED = """
    SELECT id::text, within_24h, suppressed_duplicate FROM interactions WHERE webhook_event_id = $1
"""
EARNED_BEFORE = """
    SELECT EXISTS (SELECT FROM interactions WHERE campaign_id = $1 AND contact_id = $2 AND within_24h)
        OR EXISTS (SELECT FROM messages
            WHERE campaign_id = $1 AND contact_id = $2 AND message_type = 'message_2')
"""
ADD = """
    INSERT INTO interactions (webhook_event_id, campaign_id, contact_id, interaction_type, text,
        occurred_at, received_at, within_24h, suppressed_duplicate)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id::text
"""
IN_TIME = """
    UPDATE interactions SET within_24h = true
    WHERE campaign_id = $1 AND contact_id = $2 AND NOT within_24h AND occurred_at < $3
"""
FIRST_IN_TIME = """
    SELECT id::text FROM interactions
    WHERE campaign_id = $1 AND contact_id = $2 AND occurred_at < $3 AND received_at <= $4
    ORDER BY occurred_at, id LIMIT 1
"""
HAS_INTERACTION = "SELECT EXISTS (SELECT FROM interactions WHERE campaign_id = $1 AND contact_id = $2)"
# What somebody said and nobody has looked at yet, after a crash between the answer and the work. One that fails
# again and again must not hold up its contact for ever. A number that is hidden (@lid) could be anybody's.
NOT_WORKED_OFF = f"""
    SELECT EXISTS (
        SELECT FROM webhook_events e, contacts co
        WHERE co.id = $1 AND e.status = 'received' AND e.tries < {MOST_TRIES_AWAITED} AND e.received_at <= $2
            AND e.event NOT LIKE 'message:out:%'
            AND (strpos(e.payload::text, ltrim(co.phone, '+')) > 0 OR strpos(e.payload::text, '@lid') > 0))
"""
FIND_MESSAGE = """
    SELECT m.id::text, m.campaign_id::text, m.contact_id::text, m.sender_id::text
    FROM messages m WHERE m.id = $1::uuid OR m.provider_id = $2 OR m.wa_id = $3 LIMIT 1
"""
APPLY_STATUS = """
    UPDATE messages SET
        status = $2,
        wa_id = coalesce(wa_id, $3),
        provider_id = coalesce(provider_id, $4),
        accepted_at = CASE WHEN $2 = 'failed' THEN accepted_at ELSE coalesce(accepted_at, $5) END,
        sent_at = CASE WHEN $2 = 'sent' THEN $5 WHEN $2 = 'failed' THEN sent_at
            ELSE coalesce(sent_at, $5) END,
        delivered_at = CASE WHEN $2 IN ('delivered', 'read') THEN coalesce(delivered_at, $5)
            ELSE delivered_at END,
        read_at = CASE WHEN $2 = 'read' THEN $5 ELSE read_at END,
        failed_at = CASE WHEN $2 = 'failed' THEN $5 END,
        failure_reason = CASE WHEN $2 = 'failed' THEN $6 END
    WHERE id = $1
"""
READ_ATTEMPT = """
    SELECT outcome, code, clock_timestamp() - started_at AS age FROM sends
    WHERE message_id = $1 AND attempt = $2
"""
LINK_IDS = """
    UPDATE messages SET wa_id = coalesce(wa_id, $2), provider_id = coalesce(provider_id, $3)
    WHERE id = $1 AND (
        (wa_id IS NULL AND $2::text IS NOT NULL) OR (provider_id IS NULL AND $3::text IS NOT NULL))
"""
# "Sent" that arrives after "delivered" still knows best when the window starts (E2).
CORRECT_SENT_AT = """
    UPDATE messages SET sent_at = $2 WHERE id = $1 AND status IN ('delivered', 'read') AND sent_at <> $2
"""


async def find_campaign_contact(
    pool: Pool,
    *,
    device_id: str,
    phone: str | None,
    quoted_wa_id: str | None,
    quoted_reference: str | None,
) -> tuple[str, str] | None:
    """The (campaign id, contact id) to which an inbound message belongs, or None.

    First the campaign whose message it quotes, then the latest Message 1 to that number that still waits,
    then the latest sent.
    """
    message_id = as_uuid(quoted_reference)
    row = None
    if message_id or quoted_wa_id:
        row = await pool.fetchrow(FIND_QUOTED, device_id, message_id, quoted_wa_id)
    if row is None and phone is not None:
        row = await pool.fetchrow(FIND_LATEST, phone, device_id)
    return (row["campaign_id"], row["contact_id"]) if row else None


def as_uuid(text: str | None) -> UUID | None:
    """Our id in a text that comes from outside, or None."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


async def record_interaction(
    pool: Pool,
    *,
    webhook_event_id: str,
    campaign_id: str,
    contact_id: str,
    interaction_type: str,
    text: str | None,
    occurred_at: datetime,
    received_at: datetime,
) -> StoredInteraction:
    """Stores one reaction (E8), once per webhook event; notes whether it is a suppressed duplicate (E11)."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(LOCK_CONTACT, campaign_id, contact_id)
        row = await connection.fetchrow(READ_WINDOW, campaign_id, contact_id)
        if row is None:
            raise LookupError(f"contact {contact_id} is not part of campaign {campaign_id}")
        state = ContactState(row["state"])
        window = _window(row["sent_at"] or occurred_at, row["window_s"], row["grace_s"])
        stored = await connection.fetchrow(FIND_STORED, webhook_event_id)
        if stored is None:
            within = occurred_at < window.ends_at
            duplicate = within and await connection.fetchval(EARNED_BEFORE, campaign_id, contact_id)
            interaction_id = await connection.fetchval(
                ADD,
                webhook_event_id,
                campaign_id,
                contact_id,
                interaction_type,
                text,
                occurred_at,
                received_at,
                within,
                duplicate,
            )
            if state is ContactState.NO_INTERACTION:
                state = ContactState.LATE_INTERACTION
                await move_contact(connection, campaign_id, contact_id, state)
        else:
            interaction_id, duplicate = stored["id"], stored["suppressed_duplicate"]
        return StoredInteraction(
            id=interaction_id,
            campaign_id=campaign_id,
            contact_id=contact_id,
            occurred_at=occurred_at,
            received_at=received_at,
            message_1_sent_at=row["sent_at"],
            state=state,
            suppressed_duplicate=duplicate,
        )


def _window(sent_at: datetime, window_s: float, grace_s: float) -> ReplyWindow:
    return ReplyWindow(sent_at=sent_at, length=timedelta(seconds=window_s), grace=timedelta(seconds=grace_s))


async def record_opt_out(pool: Pool, phone: str, at: datetime) -> list[StoppedContact]:
    """Suppresses a number for good; returns the contacts of running campaigns that this stopped."""
    async with pool.acquire() as connection, connection.transaction():
        return await opt_out(connection, phone, at)


async def settle_window(pool: Pool, campaign_id: str, contact_id: str, *, now: datetime) -> Settlement:
    """Settles a window that has ended (E12): the arbiter when signals and timers disagree.

    Raises NotWorkedOffError when a webhook that landed in time has to be worked off before.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(LOCK_CONTACT, campaign_id, contact_id)
        row = await connection.fetchrow(READ_WINDOW, campaign_id, contact_id)
        if row is None or row["sent_at"] is None:
            raise LookupError(f"contact {contact_id} of campaign {campaign_id} has no window")
        state = ContactState(row["state"])
        window = _window(row["sent_at"], row["window_s"], row["grace_s"])
        interaction_id = None
        wait = False
        if not is_final(state):
            await connection.execute(IN_TIME, campaign_id, contact_id, window.ends_at)
            interaction_id = await connection.fetchval(
                FIRST_IN_TIME, campaign_id, contact_id, window.ends_at, window.settles_at
            )
            wait = interaction_id is None and now < window.settles_at
            if interaction_id is None and not wait:
                if await connection.fetchval(NOT_WORKED_OFF, contact_id, window.settles_at):
                    raise NotWorkedOffError(f"contact {contact_id} of campaign {campaign_id}")
                late = await connection.fetchval(HAS_INTERACTION, campaign_id, contact_id)
                state = ContactState.LATE_INTERACTION if late else ContactState.NO_INTERACTION
                await move_contact(connection, campaign_id, contact_id, state)
        return Settlement(state=state, sent_at=window.sent_at, interaction_id=interaction_id, wait=wait)


async def apply_status(
    pool: Pool,
    *,
    reference: str | None,
    provider_id: str | None,
    wa_id: str | None,
    status: MessageStatus,
    occurred_at: datetime,
    failure_reason: str | None,
    attempt: int | None = None,
    is_held: bool = False,
) -> AppliedStatus | None:
    """Moves a message forward by what the provider reports; None when the message is not known (yet).

    The failure of an attempt that the sender recorded as not sent is no news: the message waits for the next
    one. `is_held`: this may become such a failure, so it is None too while the end of its POST is not stored.
    """
    async with pool.acquire() as connection, connection.transaction():
        found = await connection.fetchrow(FIND_MESSAGE, as_uuid(reference), provider_id, wa_id)
        if found is None:
            return None
        message_id, campaign_id, contact_id = found["id"], found["campaign_id"], found["contact_id"]
        ids = {"campaign_id": campaign_id, "contact_id": contact_id, "sender_id": found["sender_id"]}
        row = await lock_message(connection, message_id)
        known, state = MessageStatus(row["status"]), ContactState(row["state"])
        told_of = await connection.fetchrow(READ_ATTEMPT, message_id, attempt) if attempt else None
        if told_of and status is MessageStatus.FAILED:
            if is_held and told_of["outcome"] is None and told_of["age"] < POST_ENDED:
                return None
            if told_of["outcome"] == "not_sent":
                return AppliedStatus(**ids, changed=False, failed_contact=False)
        if told_of and told_of["code"] == UNCONFIRMED:
            # It has "failed" because nobody knew, which is over: whatever comes now is better.
            known = MessageStatus.PENDING if known is MessageStatus.FAILED else known
            await finish_told(connection, message_id, attempt, status, failure_reason)
        changed = moves_forward(known, status)
        if changed:
            await connection.execute(
                APPLY_STATUS, message_id, status, wa_id, provider_id, occurred_at, failure_reason
            )
        else:
            await connection.execute(LINK_IDS, message_id, wa_id, provider_id)
            if status is MessageStatus.SENT:
                await connection.execute(CORRECT_SENT_AT, message_id, occurred_at)
        message_1_failed = status is MessageStatus.FAILED and row["message_type"] == MessageType.MESSAGE_1
        if message_1_failed and changed and not is_final(state):
            state = await _fail(connection, campaign_id, contact_id, state, failure_reason)
        return AppliedStatus(
            **ids, changed=changed, failed_contact=message_1_failed and state is ContactState.FAILED
        )


async def _fail(
    connection: Connection, campaign_id: str, contact_id: str, state: ContactState, reason: str | None
) -> ContactState:
    """Without Message 1 it can earn no reaction; unless there was one, which proves that it arrived."""
    if await connection.fetchval(HAS_INTERACTION, campaign_id, contact_id):
        return state
    await move_contact(connection, campaign_id, contact_id, ContactState.FAILED, reason)
    return ContactState.FAILED

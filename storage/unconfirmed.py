"""Attempts of which only a status webhook can tell what became of them (docs/decisions/0017).

Such a message is never sent a second time. It waits for its webhook; after that it has failed, for a person to
look at, and a webhook that comes later still says what is known.
"""

from dataclasses import dataclass

from domain.contact_states import ContactState, is_final
from domain.messages import MessageStatus, MessageType
from storage import outcomes
from storage.database import Connection, Pool
from storage.outcomes import FINISH_ATTEMPT, Settled

UNCONFIRMED = "unconfirmed"
WHY = "nobody knows whether it was sent: the gateway did not say so in time, so it is not sent again"
# Whoever stopped the contact, or its campaign, does not wait for long.
STOPPED_PATIENCE_S = 30.0

READ_ATTEMPT = """
    SELECT code, extract(epoch FROM clock_timestamp() - started_at)::float8 AS age_s FROM sends
    WHERE message_id = $1 AND attempt = $2
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Awaited:
    """No word has come, and one still may."""

    for_s: float


async def finish_told(
    connection: Connection, message_id: str, attempt: int | None, status: MessageStatus, reason: str | None
) -> None:
    """Closes an attempt by what a status webhook told of it; the caller holds the lock of the contact."""
    end = ("rejected", "failed", reason) if status is MessageStatus.FAILED else ("accepted", None, None)
    await connection.execute(FINISH_ATTEMPT, message_id, attempt, *end)


async def settle_by_status(
    pool: Pool, message_id: str, attempt: int, *, patience_s: float
) -> Settled | Awaited:
    """What status webhooks have told of an attempt with an unknown outcome; `patience_s` counts from its start.

    Raises LookupError when there is no such attempt.
    """
    async with pool.acquire() as connection, connection.transaction():
        row = await outcomes.lock_message(connection, message_id)
        sent = await connection.fetchrow(READ_ATTEMPT, message_id, attempt)
        if sent is None:
            raise LookupError(f"there is no attempt {attempt} of message {message_id}")
        ids = str(row["campaign_id"]), str(row["contact_id"])
        state = ContactState(row["state"])
        if row["accepted_at"] is not None:
            await connection.execute(FINISH_ATTEMPT, message_id, attempt, "accepted", None, None)
            message_type = MessageType(row["message_type"])
            return await outcomes.went_out(connection, row, message_type, sent_at=row["sent_at"])
        if sent["code"] == UNCONFIRMED:
            return Settled(state=state, sent_at=None)
        if row["status"] == MessageStatus.FAILED:
            reason = row["failure_reason"] or "the provider could not deliver the message"
            await connection.execute(FINISH_ATTEMPT, message_id, attempt, "rejected", "failed", reason)
            return await outcomes.fail_message(connection, message_id, *ids, reason)
        if is_final(state):
            patience_s = min(patience_s, STOPPED_PATIENCE_S)
        if sent["age_s"] < patience_s:
            return Awaited(for_s=patience_s - sent["age_s"])
        await connection.execute(FINISH_ATTEMPT, message_id, attempt, "unknown", UNCONFIRMED, WHY)
        return await outcomes.fail_message(connection, message_id, *ids, WHY)

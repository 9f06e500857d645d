"""Messages of a campaign that somebody sends to one number beforehand, and their way to the gateway.

They have rows of their own, so that no counter of the campaign knows of them; their attempts stand in `sends`
with all others, so that quota and gap do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.messages import MessageStatus, MessageType, moves_forward
from domain.phone import mask_phone
from storage import audit, senders
from storage.database import Connection, Pool
from storage.idempotency import KEPT
from storage.keyset import Order, Slice, Where, fetch_slice
from storage.reservations import Held, keep_gap, reserve
from storage.unconfirmed import UNCONFIRMED

NO_BATCH = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class SendTest:
    """A test message as stored."""

    id: str
    campaign_id: str
    sender_id: str
    message_type: str
    phone: str
    body: str
    status: str  # as of messages; "refused" when the sender could not send it in time
    reason: str | None
    accepted_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What to do for a test message now: POST it, or look up an earlier attempt first."""

    id: str
    attempt: int
    sender_id: str
    device_id: str
    phone: str
    body: str
    template: tuple[str, str] | None  # name and language, where the first message has to come from a template
    in_flight_since: datetime | None  # set for an attempt that nobody saw the end of
    started_at: datetime | None  # of the attempt to look up
    unresolved: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class AppliedStatus:
    """Which test message the provider reported on."""

    sender_id: str
    phone: str


_COLUMNS = """
    id::text, campaign_id::text, sender_id::text, message_type, phone, body, status, reason,
    accepted_at, created_at
"""
ADD = f"""
    INSERT INTO test_sends (campaign_id, sender_id, message_type, phone, body, request_key)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (campaign_id, request_key, message_type) DO NOTHING
    RETURNING {_COLUMNS}
"""
# As those of other requests, a key counts for a day.
FREE_OLD_KEY = """
    UPDATE test_sends SET request_key = id::text
    WHERE campaign_id = $1 AND request_key = $2 AND created_at < now() - $3::interval
"""
FIND = f"""
    SELECT {_COLUMNS} FROM test_sends WHERE campaign_id = $1 AND request_key = $2 AND message_type = $3
"""
IS_SUPPRESSED = """
    SELECT need_suppression_key() AND EXISTS (SELECT FROM suppressions WHERE phone_hash = suppression_hash($1))
        OR EXISTS (SELECT FROM suppressions WHERE phone = $1)
        OR EXISTS (SELECT FROM contacts WHERE phone = $1 AND opted_out_at IS NOT NULL)
"""
ORDER = Order((("test_sends.id", "uuid"),), descending=True)
LIST = f"SELECT {_COLUMNS}, {{key}} AS key FROM test_sends {{where}} ORDER BY {{order}} LIMIT {{limit}}"
LOCK = """
    SELECT t.id::text, t.campaign_id::text, t.sender_id::text, t.message_type, t.phone, t.body, t.status,
        s.device_id, s.template_name, s.template_language, last.attempt, last.started_at, last.outcome
    FROM test_sends t JOIN senders s ON s.id = t.sender_id
    LEFT JOIN LATERAL (
        SELECT attempt, started_at, outcome FROM sends WHERE test_send_id = t.id ORDER BY attempt DESC LIMIT 1
    ) last ON true
    WHERE t.id = $1 FOR UPDATE OF t
"""
START_ATTEMPT = """
    INSERT INTO sends (test_send_id, campaign_id, sender_id, attempt, started_at)
    VALUES ($1, $2, $3, $4, clock_timestamp())
"""
FINISH_ATTEMPT = """
    UPDATE sends SET finished_at = clock_timestamp(), outcome = $3, code = $4, detail = $5
    WHERE test_send_id = $1 AND attempt = $2 AND outcome IS DISTINCT FROM 'accepted'
"""
ACCEPT = """
    UPDATE test_sends SET status = CASE WHEN status IN ('pending', 'refused') THEN 'accepted' ELSE status END,
        provider_id = $2, wa_id = coalesce($3, wa_id), accepted_at = coalesce(accepted_at, clock_timestamp()),
        reason = NULL
    WHERE id = $1
"""
END = "UPDATE test_sends SET status = $2, reason = $3 WHERE id = $1 AND status = 'pending'"
# Its key is free again: the same request sends it then.
END_UNSTARTED = """
    UPDATE test_sends t SET status = 'failed', reason = $2, request_key = id::text
    WHERE id = $1 AND status = 'pending' AND NOT EXISTS (SELECT FROM sends WHERE test_send_id = t.id)
"""
FIND_STATUS = """
    SELECT id::text, sender_id::text, phone, status FROM test_sends
    WHERE id = $1::uuid OR provider_id = $2 OR wa_id = $3 LIMIT 1 FOR UPDATE
"""
READ_ATTEMPT = """
    SELECT attempt, outcome, code FROM sends WHERE test_send_id = $1 AND ($2::int IS NULL OR attempt = $2)
    ORDER BY attempt DESC LIMIT 1
"""
APPLY_STATUS = """
    UPDATE test_sends SET status = $2, wa_id = coalesce(wa_id, $3), provider_id = coalesce(provider_id, $4),
        accepted_at = coalesce(accepted_at, clock_timestamp()), reason = $5
    WHERE id = $1
"""


async def add(
    pool: Pool,
    bodies: Mapping[MessageType, str],
    *,
    campaign_id: str,
    sender_id: str,
    phone: str,
    request_key: str,
    actor: str = audit.RELANCE,
) -> list[SendTest]:
    """Stores test messages; the same request again gives those that it stored before."""
    stored: list[SendTest] = []
    is_new = False
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(FREE_OLD_KEY, campaign_id, request_key, KEPT)
        for message_type, body in bodies.items():
            row = await connection.fetchrow(ADD, campaign_id, sender_id, message_type, phone, body, request_key)
            is_new = is_new or row is not None
            row = row or await connection.fetchrow(FIND, campaign_id, request_key, message_type)
            assert row is not None  # noqa: S101 - it was there, or it is now
            stored.append(SendTest(**row))
        if is_new:
            await audit.record(
                connection,
                actor=actor,
                action="campaign.test_sent",
                subject_type="campaign",
                subject_id=campaign_id,
                after={"sender_id": sender_id, "phone": mask_phone(phone), "messages": list(bodies)},
            )
    return stored


async def is_suppressed(pool: Pool, phone: str) -> bool:
    """Whether nothing may ever be sent to this number."""
    return bool(await pool.fetchval(IS_SUPPRESSED, phone))


async def list_of_campaign(
    pool: Pool, campaign_id: str, *, after: Sequence[str] | None, limit: int
) -> Slice[SendTest]:
    """The test messages of a campaign, the newest first."""
    where = Where()
    where.also("campaign_id = {}", campaign_id)
    where.after(ORDER, after)
    statement = LIST.format(key=ORDER.key, where=where, order=ORDER.clause, limit=where.parameter(limit + 1))
    return await fetch_slice(pool, statement, where.values, SendTest, limit)


async def begin(pool: Pool, test_send_id: str) -> Step | Held | None:
    """Stores the next attempt, within the rules of its sender; None when nothing is left to do.

    A number that has opted out since is refused here.
    """
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(LOCK, test_send_id)
        if row is None or row["status"] != "pending":
            return None
        known = {name: row[name] for name in ("id", "sender_id", "device_id", "phone", "body")}
        is_first = row["message_type"] == MessageType.MESSAGE_1 and row["template_name"] is not None
        known["template"] = (row["template_name"], row["template_language"]) if is_first else None
        if row["attempt"] is not None and row["outcome"] in {None, "unknown"}:
            return Step(
                **known,
                attempt=row["attempt"],
                in_flight_since=None if row["outcome"] else row["started_at"],
                started_at=row["started_at"],
                unresolved=True,
            )
        if await connection.fetchval(IS_SUPPRESSED, row["phone"]):
            await connection.execute(END, test_send_id, "refused", "this number has opted out")
            return None
        held = await reserve(
            connection,
            sender_id=row["sender_id"],
            campaign_id=row["campaign_id"],
            batch=NO_BATCH,
            message_id=test_send_id,
            message_type=MessageType(row["message_type"]),
        )
        if held:
            return held
        attempt = (row["attempt"] or 0) + 1
        await connection.execute(START_ATTEMPT, test_send_id, row["campaign_id"], row["sender_id"], attempt)
        return Step(**known, attempt=attempt, in_flight_since=None, started_at=None, unresolved=False)


async def record_accepted(pool: Pool, step: Step, *, provider_id: str, wa_id: str | None) -> None:
    """The provider has the message."""
    async with pool.acquire() as connection, connection.transaction():
        await _lock(connection, step.id)
        await keep_gap(connection, step.sender_id)
        await connection.execute(FINISH_ATTEMPT, step.id, step.attempt, "accepted", None, None)
        await connection.execute(ACCEPT, step.id, provider_id, wa_id)


async def record_outcome(
    pool: Pool, step: Step, outcome: str, *, code: str, detail: str, hold_until: datetime | None = None
) -> None:
    """How an attempt ended that was not accepted: unknown, not_sent, or rejected for good."""
    async with pool.acquire() as connection, connection.transaction():
        await _lock(connection, step.id)
        await keep_gap(connection, step.sender_id)
        await connection.execute(FINISH_ATTEMPT, step.id, step.attempt, outcome, code, detail)
        if outcome == "rejected":
            await connection.execute(END, step.id, "failed", detail)
        if hold_until is not None:
            await senders.hold_sender(connection, step.sender_id, hold_until)


async def end(pool: Pool, test_send_id: str, status: str, reason: str) -> None:
    """Gives up on a test message that was never handed over."""
    await pool.execute(END, test_send_id, status, reason)


async def end_unstarted(pool: Pool, test_send_id: str, reason: str) -> None:
    """Gives up on a test message that no workflow may know of; one that was tried is left to its workflow."""
    async with pool.acquire() as connection, connection.transaction():
        await _lock(connection, test_send_id)
        await connection.execute(END_UNSTARTED, test_send_id, reason)


async def _lock(connection: Connection, test_send_id: str) -> None:
    # The same order as in `begin`: the message first, then its sender.
    await connection.execute("SELECT FROM test_sends WHERE id = $1 FOR UPDATE", test_send_id)


async def apply_status(
    pool: Pool,
    *,
    message_id: UUID | None,
    provider_id: str | None,
    wa_id: str | None,
    status: MessageStatus,
    failure_reason: str | None,
    attempt: int | None = None,
) -> AppliedStatus | None:
    """Moves a test message forward by what the provider reports; None when it is none of ours.

    An attempt without a known outcome gets its end here. One that was recorded as not sent cannot fail.
    """
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(FIND_STATUS, message_id, provider_id, wa_id)
        if row is None:
            return None
        applied = AppliedStatus(sender_id=row["sender_id"], phone=row["phone"])
        has_failed = status is MessageStatus.FAILED
        known = MessageStatus.PENDING if row["status"] == "refused" else MessageStatus(row["status"])
        sent = await connection.fetchrow(READ_ATTEMPT, row["id"], attempt)
        if attempt and sent and has_failed and sent["outcome"] == "not_sent":
            return applied
        if sent and sent["outcome"] in {None, "unknown"}:
            if sent["code"] == UNCONFIRMED and known is MessageStatus.FAILED:
                known = MessageStatus.PENDING  # it has "failed" because nobody knew
            end = ("rejected", "failed", failure_reason) if has_failed else ("accepted", None, None)
            await connection.execute(FINISH_ATTEMPT, row["id"], sent["attempt"], *end)
        if moves_forward(known, status):
            await connection.execute(APPLY_STATUS, row["id"], status, wa_id, provider_id, failure_reason)
        return applied

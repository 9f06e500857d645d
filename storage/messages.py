"""Messages as people look for them: lists by keyset, and one message with its attempts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.messages import MessageStatus, MessageType
from storage.database import Pool
from storage.keyset import Order, Slice, Where, as_pattern, fetch_slice
from storage.phone_search import phone_pattern

EPOCH = datetime.fromtimestamp(0, UTC)


class MessageOrder(StrEnum):
    """How messages can be sorted: the newest first by either time."""

    CREATED = "created"
    SENT = "sent"  # only those that were sent


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedMessage:
    """A message as a list shows it: without its text."""

    id: str
    campaign_id: str
    campaign_name: str
    contact_id: str
    contact_name: str | None
    phone: str | None  # None: erased since
    sender_id: str
    message_type: str
    status: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None
    failure_reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One attempt to hand a message to the gateway (E3)."""

    attempt: int
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None  # accepted, unknown, not_sent, rejected; None: not known to have ended
    code: str | None
    detail: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FullMessage:
    """One message with everything that is known of it."""

    id: str
    campaign_id: str
    campaign_name: str
    contact_id: str
    contact_name: str | None
    phone: str | None  # None: erased since
    sender_id: str
    sender_name: str
    message_type: str
    status: str
    body: str | None  # None: it was never handed over
    attempts: int
    provider_id: str | None
    wa_id: str | None
    created_at: datetime
    accepted_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None
    failure_reason: str | None


ORDERS = {
    MessageOrder.CREATED: Order((("m.id", "uuid"),), descending=True),
    MessageOrder.SENT: Order((("m.sent_at", "timestamptz"), ("m.id", "uuid")), descending=True),
}
_SHOWN = """
    SELECT m.id::text, m.campaign_id::text, ca.name AS campaign_name, m.contact_id::text,
        co.name AS contact_name, co.phone, m.sender_id::text, m.message_type, m.status, m.attempts,
        m.created_at, m.sent_at, m.delivered_at, m.read_at, m.failed_at, m.failure_reason, {key} AS key
    FROM (SELECT DISTINCT id FROM ({chosen}) found) found JOIN messages m USING (id)
    JOIN campaigns ca ON ca.id = m.campaign_id
    JOIN contacts co ON co.id = m.contact_id
    ORDER BY {order} LIMIT {limit}
"""
# Each type and status, in a campaign of each sender too, is a part of the index that is sorted by itself: the
# newest of each part, then the newest of all. However rare what is looked for, no part is read beyond a page.
# A part that is named twice would fill the page twice.
BY_PARTS = """
    SELECT m.id
    FROM unnest({types}::text[]) AS types(message_type), unnest({statuses}::text[]) AS statuses(status)
    {lanes}, LATERAL (SELECT m.id, m.sent_at FROM messages m {where} ORDER BY {order} LIMIT {limit}) m
    ORDER BY {order} LIMIT {limit}
"""
LANES = ", (SELECT sender_id FROM campaign_senders WHERE campaign_id = {}) AS lanes"
# A rare word is found by the index of texts, a common one by walking backwards: the planner knows which is it.
BY_TEXT = "(SELECT m.id FROM messages m {where} AND m.body ILIKE {pattern} ORDER BY {order} LIMIT {limit})"
BY_PHONE = """
    (SELECT m.id FROM contacts co JOIN messages m ON m.contact_id = co.id
     {where} AND co.phone LIKE {phone} ORDER BY {order} LIMIT {limit})
"""
# Of the people first: whoever is called so, and then what was sent to them.
BY_NAME = """
    (SELECT m.id FROM contacts co JOIN messages m ON m.contact_id = co.id
     {where} AND co.sort_name LIKE name_key({name}) ORDER BY {order} LIMIT {limit})
"""
GET = """
    SELECT m.id::text, m.campaign_id::text, ca.name AS campaign_name, m.contact_id::text,
        co.name AS contact_name, co.phone, m.sender_id::text, s.name AS sender_name, m.message_type, m.status,
        m.body, m.attempts, m.provider_id, m.wa_id, m.created_at, m.accepted_at, m.sent_at, m.delivered_at,
        m.read_at, m.failed_at, m.failure_reason
    FROM messages m
    JOIN campaigns ca ON ca.id = m.campaign_id
    JOIN contacts co ON co.id = m.contact_id
    JOIN senders s ON s.id = m.sender_id
    WHERE m.id = $1
"""
ATTEMPTS = """
    SELECT attempt, started_at, finished_at, outcome, code, detail FROM sends
    WHERE message_id = $1 ORDER BY attempt
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageFilter:
    """Which messages; None: all. `since` and `until` are of the time by which the list is sorted."""

    campaign_id: str | None = None
    contact_id: str | None = None
    sender_id: str | None = None
    types: list[MessageType] | None = None
    statuses: list[MessageStatus] | None = None
    since: datetime | None = None  # including
    until: datetime | None = None  # not including
    q: str | None = None  # of the text, of the name, or of the phone


async def list_messages(
    pool: Pool, wanted: MessageFilter, *, order: MessageOrder, after: Sequence[str] | None, limit: int
) -> Slice[ListedMessage]:
    """The newest messages first; each page costs the same, however many messages there are.

    Raises ValueError for a search in the order of sending: no index finds that quickly.
    """
    sorting, where = ORDERS[order], Where()
    if wanted.q is not None and order is MessageOrder.SENT:
        raise ValueError("a search is sorted by the making of messages")
    where.also("m.campaign_id = {}", wanted.campaign_id)
    where.also("m.contact_id = {}", wanted.contact_id)
    where.also("m.sender_id = {}", wanted.sender_id)
    if order is MessageOrder.SENT:
        where.always("m.sent_at IS NOT NULL")
        where.also("m.sent_at >= {}", wanted.since)
        where.also("m.sent_at < {}", wanted.until)
    else:
        where.also("m.id >= {}", wanted.since and first_id(wanted.since))
        where.also("m.id < {}", wanted.until and first_id(wanted.until))
    where.after(sorting, after)
    places = {"order": sorting.clause, "limit": where.parameter(limit + 1)}
    if wanted.q is None and wanted.contact_id is None:
        where.always("m.message_type = types.message_type AND m.status = statuses.status")
        lanes = ""
        if wanted.campaign_id is not None and wanted.sender_id is None:
            lanes = LANES.format(where.parameter(wanted.campaign_id))
            where.always("m.sender_id = lanes.sender_id")
        chosen = BY_PARTS.format(
            types=where.parameter(list(dict.fromkeys(wanted.types or MessageType))),
            statuses=where.parameter(list(dict.fromkeys(wanted.statuses or MessageStatus))),
            lanes=lanes,
            where=where,
            **places,
        )
    else:
        where.also("m.message_type = ANY ({}::text[])", wanted.types)
        where.also("m.status = ANY ({}::text[])", wanted.statuses)
        chosen = _searching(wanted.q, where, places)
    statement = _SHOWN.format(key=sorting.key, chosen=chosen, **places)
    return await fetch_slice(
        pool, statement, where.values, ListedMessage, limit, plan_anew=wanted.q is not None
    )


def _searching(q: str | None, where: Where, places: dict[str, str]) -> str:
    if q is None:
        return f"SELECT m.id FROM messages m {where} ORDER BY {places['order']} LIMIT {places['limit']}"
    where.always("true")
    pattern = where.parameter(as_pattern(q))
    found = [
        BY_TEXT.format(where=where, pattern=pattern, **places),
        BY_NAME.format(where=where, name=pattern, **places),
    ]
    if phone := phone_pattern(q):
        found.append(BY_PHONE.format(where=where, phone=where.parameter(phone), **places))
    return " UNION ".join(found)


def searched(where: Where, q: str) -> str:
    """The same search as one condition on `m` and `co`, for whoever reads all rows anyway."""
    pattern = where.parameter(as_pattern(q))
    found = [f"m.body ILIKE {pattern}", f"co.sort_name LIKE name_key({pattern})"]
    if phone := phone_pattern(q):
        found.append(f"co.phone LIKE {where.parameter(phone)}")
    return f"({' OR '.join(found)})"


def first_id(moment: datetime) -> UUID:
    """The smallest id that a row of this moment can have: ids begin with their time in milliseconds."""
    milliseconds = max(0, (moment - EPOCH) // timedelta(milliseconds=1))  # a float would round
    return UUID(int=milliseconds << 80)


async def get_message(pool: Pool, message_id: str) -> tuple[FullMessage, list[Attempt]] | None:
    """One message and its attempts, or None."""
    row = await pool.fetchrow(GET, message_id)
    if row is None:
        return None
    attempts = [Attempt(**attempt) for attempt in await pool.fetch(ATTEMPTS, message_id)]
    return FullMessage(**row), attempts

"""Reactions as people look for them, and everything that happened between a contact and us."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.interactions import InteractionKind
from storage.database import Pool
from storage.keyset import Order, Slice, Where, fetch_slice


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedInteraction:
    """A reaction as a list shows it; `text` is its beginning."""

    id: str
    campaign_id: str
    campaign_name: str
    contact_id: str
    contact_name: str | None
    phone: str | None  # None: erased since
    interaction_type: str
    text: str | None
    occurred_at: datetime
    received_at: datetime
    within_24h: bool
    suppressed_duplicate: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineEntry:
    """One thing that happened."""

    at: datetime
    kind: str  # message_sent, message_delivered, message_read, message_failed, interaction, state ...
    campaign_id: str | None
    campaign_name: str | None
    message_id: str | None
    message_type: str | None
    detail: str | None  # a text, a state, or why something failed


ORDER = Order((("i.id", "uuid"),), descending=True)
_SHOWN = """
    SELECT i.id::text, i.campaign_id::text, ca.name AS campaign_name, i.contact_id::text,
        co.name AS contact_name, co.phone, i.interaction_type, left(i.text, 200) AS text,
        i.occurred_at, i.received_at, i.within_24h, i.suppressed_duplicate, {key} AS key
    FROM ({chosen}) found JOIN interactions i USING (id)
    JOIN campaigns ca ON ca.id = i.campaign_id
    JOIN contacts co ON co.id = i.contact_id
    ORDER BY {order} LIMIT {limit}
"""
# As in storage/messages: the newest of each part of the index, none named twice.
BY_PARTS = """
    SELECT i.id
    FROM unnest({types}::text[]) AS types(interaction_type), unnest({timely}::boolean[]) AS timely(within_24h),
    LATERAL (SELECT i.id FROM interactions i {where} ORDER BY {order} LIMIT {limit}) i
    ORDER BY {order} LIMIT {limit}
"""
BY_CONTACT = "SELECT i.id FROM interactions i {where} ORDER BY {order} LIMIT {limit}"

TIMELINE_ORDER = Order((("t.at", "timestamptz"), ("t.place", "text")), descending=True)
# All that belongs to one contact is little: it is sorted as a whole. `place` keeps equal times apart.
TIMELINE = """
    WITH own AS (
        SELECT m.id, m.campaign_id, m.message_type, m.created_at, m.sent_at, m.delivered_at, m.read_at,
            m.failed_at, m.failure_reason, m.body
        FROM messages m WHERE m.contact_id = $1
    ), entries AS (
        SELECT sent_at AS at, 'message_sent' AS kind, id AS source, campaign_id, id AS message_id, message_type,
            body AS detail
        FROM own WHERE sent_at IS NOT NULL
        UNION ALL SELECT delivered_at, 'message_delivered', id, campaign_id, id, message_type, NULL
        FROM own WHERE delivered_at IS NOT NULL
        UNION ALL SELECT read_at, 'message_read', id, campaign_id, id, message_type, NULL
        FROM own WHERE read_at IS NOT NULL
        UNION ALL SELECT failed_at, 'message_failed', id, campaign_id, id, message_type, failure_reason
        FROM own WHERE failed_at IS NOT NULL
        UNION ALL SELECT occurred_at, 'interaction', id, campaign_id, NULL, NULL,
            concat_ws(': ', interaction_type, text) FROM interactions WHERE contact_id = $1
        UNION ALL SELECT state_changed_at, 'state', campaign_id, campaign_id, NULL, NULL,
            concat_ws(': ', state, reason) FROM campaign_contacts WHERE contact_id = $1
        UNION ALL SELECT opted_out_at, 'opted_out', id, NULL, NULL, NULL, NULL
        FROM contacts WHERE id = $1 AND opted_out_at IS NOT NULL
        UNION ALL SELECT created_at, 'contact_created', id, NULL, NULL, NULL, NULL FROM contacts WHERE id = $1
    ), t AS (
        SELECT *, concat_ws('/', kind, source) AS place FROM entries
    )
    SELECT t.at, t.kind, t.campaign_id::text, ca.name AS campaign_name, t.message_id::text, t.message_type,
        t.detail, {key} AS key
    FROM t LEFT JOIN campaigns ca ON ca.id = t.campaign_id
    {where} ORDER BY {order} LIMIT {limit}
"""
EXISTS = "SELECT EXISTS (SELECT FROM contacts WHERE id = $1)"


async def list_interactions(
    pool: Pool,
    *,
    after: Sequence[str] | None,
    limit: int,
    campaign_id: str | None = None,
    contact_id: str | None = None,
    types: list[InteractionKind] | None = None,
    in_time: bool | None = None,
) -> Slice[ListedInteraction]:
    """The reactions that were received last come first."""
    where = Where()
    where.also("i.campaign_id = {}", campaign_id)
    where.also("i.contact_id = {}", contact_id)
    where.after(ORDER, after)
    places = {"order": ORDER.clause, "limit": where.parameter(limit + 1)}
    if contact_id is not None:
        where.also("i.interaction_type = ANY ({}::text[])", types)
        where.also("i.within_24h = {}", in_time)
        chosen = BY_CONTACT.format(where=where, **places)
    else:
        where.always("i.interaction_type = types.interaction_type AND i.within_24h = timely.within_24h")
        chosen = BY_PARTS.format(
            types=where.parameter(list(dict.fromkeys(types or InteractionKind))),
            timely=where.parameter([True, False] if in_time is None else [in_time]),
            where=where,
            **places,
        )
    statement = _SHOWN.format(key=ORDER.key, chosen=chosen, **places)
    return await fetch_slice(pool, statement, where.values, ListedInteraction, limit)


async def list_timeline(
    pool: Pool,
    contact_id: str,
    *,
    after: Sequence[str] | None,
    limit: int,
    campaign_id: str | None = None,
) -> Slice[TimelineEntry] | None:
    """What happened with a contact, the latest first; None if there is no such contact."""
    if not await pool.fetchval(EXISTS, contact_id):
        return None
    where = Where(contact_id)
    where.also("t.campaign_id = {}", campaign_id)
    where.after(TIMELINE_ORDER, after)
    statement = TIMELINE.format(
        key=TIMELINE_ORDER.key,
        where=where,
        order=TIMELINE_ORDER.clause,
        limit=where.parameter(limit + 1),
    )
    return await fetch_slice(pool, statement, where.values, TimelineEntry, limit)

"""Lists around campaigns: the campaigns, and the contacts, lanes, batches and changes of pace of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from storage.database import Pool
from storage.keyset import Order, Slice, Where, as_pattern, fetch_slice
from storage.phone_search import of_name_or_phone


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedCampaign:
    """A campaign as a list shows it: without its texts."""

    id: str
    name: str
    status: str
    pause_scope: str | None
    sender_ids: list[str]
    created_at: datetime
    start_at: datetime | None
    start_problem: str | None
    started_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None
    total_contacts: int
    final_contacts: int
    messages_sent: int
    messages_delivered: int
    messages_read: int
    interactions: int
    failures: int


class CampaignOrder(StrEnum):
    """How campaigns can be sorted."""

    CREATED = "created"  # the newest first
    NAME = "name"
    STARTED = "started"  # the latest start first, then those that never started


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedContact:
    """A contact of a campaign, and how far it got."""

    contact_id: str
    name: str | None
    phone: str | None  # None: erased since
    state: str
    reason: str | None
    state_changed_at: datetime
    sender_id: str
    batch: int
    message_1_status: str | None
    message_1_sent_at: datetime | None
    message_1_read_at: datetime | None
    message_2_status: str | None
    message_2_sent_at: datetime | None
    message_2_read_at: datetime | None
    last_interaction_at: datetime | None
    last_interaction_type: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LaneProgress:
    """How far one sender got with its part of a campaign (P10). `delay_s` in seconds."""

    sender_id: str
    sender_name: str
    lane: int
    batches: int
    batches_started: int
    contacts: int
    contacts_started: int  # those of the started batches
    last_batch_at: datetime | None
    sender_state: str
    sender_reason: str | None
    delay_s: float | None
    next_message_1_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchProgress:
    """How far one batch got that has started."""

    batch: int
    sender_id: str
    started_at: datetime
    contacts: int
    pending: int
    waiting: int  # for a reaction
    final: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignPacingChange:
    """A change of the pace of one of its senders. Rates in messages per second."""

    id: str
    sender_id: str
    at: datetime
    state: str
    reason: str
    profile: str
    maturity: str
    delay_s: float
    error_factor: float
    error_rate: float
    quota: int


CAMPAIGN_ORDERS = {
    CampaignOrder.CREATED: Order((("c.id", "uuid"),), descending=True),
    CampaignOrder.NAME: Order((("lower(c.name)", "text"), ("c.id", "uuid")), descending=False),
    CampaignOrder.STARTED: Order(
        (("coalesce(c.started_at, 'epoch')", "timestamptz"), ("c.id", "uuid")), descending=True
    ),
}
CAMPAIGNS = """
    SELECT c.id::text, c.name, c.status, c.pause_scope, c.created_at, c.start_at, c.start_problem, c.started_at,
        c.closed_at, c.close_reason,
        ARRAY(SELECT sender_id::text FROM campaign_senders s WHERE s.campaign_id = c.id ORDER BY lane)
            AS sender_ids,
        n.total_contacts, n.total_contacts - n.pending - n.message_1_sent AS final_contacts,
        n.messages_1_sent + n.messages_2_sent AS messages_sent, n.messages_delivered, n.messages_read,
        n.interactions, n.failures, {key} AS key
    FROM campaigns c JOIN campaign_counters n ON n.campaign_id = c.id
    {where} ORDER BY {order} LIMIT {limit}
"""
OF_SENDER = "EXISTS (SELECT FROM campaign_senders s WHERE s.campaign_id = c.id AND s.sender_id = {})"
OF_CATEGORY = "EXISTS (SELECT FROM campaign_categories s WHERE s.campaign_id = c.id AND s.category_id = {})"

CONTACT_ORDER = Order((("cc.contact_id", "uuid"),), descending=False)
# Chosen first, so that only the contacts of the page are joined with their messages.
CONTACTS = """
    WITH chosen AS MATERIALIZED (
        SELECT cc.*, co.name, co.phone, {key} AS key
        FROM campaign_contacts cc JOIN contacts co ON co.id = cc.contact_id
        {where} ORDER BY {order} LIMIT {limit}
    )
    SELECT cc.contact_id::text, cc.name, cc.phone, cc.state, cc.reason, cc.state_changed_at, cc.sender_id::text,
        cc.batch, m1.status AS message_1_status, m1.sent_at AS message_1_sent_at,
        m1.read_at AS message_1_read_at, m2.status AS message_2_status, m2.sent_at AS message_2_sent_at,
        m2.read_at AS message_2_read_at,
        last.occurred_at AS last_interaction_at, last.interaction_type AS last_interaction_type, cc.key
    FROM chosen cc
    LEFT JOIN messages m1 ON m1.campaign_id = cc.campaign_id AND m1.contact_id = cc.contact_id
        AND m1.message_type = 'message_1'
    LEFT JOIN messages m2 ON m2.campaign_id = cc.campaign_id AND m2.contact_id = cc.contact_id
        AND m2.message_type = 'message_2'
    LEFT JOIN LATERAL (
        SELECT occurred_at, interaction_type FROM interactions i
        WHERE i.campaign_id = cc.campaign_id AND i.contact_id = cc.contact_id
        ORDER BY occurred_at DESC LIMIT 1
    ) last ON true
    ORDER BY {order}
"""
# The batches of a lane start in their order, each full but the last: the number of the latest says everything.
LANES = """
    SELECT cs.sender_id::text, s.name AS sender_name, cs.lane, cs.batches, cs.contacts,
        coalesce(started.nth, 0) AS batches_started,
        least(coalesce(started.nth, 0) * ca.batch_size, cs.contacts) AS contacts_started,
        started.started_at AS last_batch_at, p.state AS sender_state, p.reason AS sender_reason, p.delay_s,
        CASE WHEN p.message_1_at > clock_timestamp() THEN p.message_1_at END AS next_message_1_at
    FROM campaign_senders cs
    JOIN campaigns ca ON ca.id = cs.campaign_id
    JOIN senders s ON s.id = cs.sender_id
    JOIN sender_paces p ON p.sender_id = cs.sender_id
    CROSS JOIN (SELECT count(*) AS lanes FROM campaign_senders WHERE campaign_id = $1) all_lanes
    LEFT JOIN LATERAL (
        SELECT (b.batch - cs.lane) / all_lanes.lanes + 1 AS nth, b.started_at FROM campaign_batches b
        WHERE b.campaign_id = cs.campaign_id AND b.sender_id = cs.sender_id ORDER BY b.batch DESC LIMIT 1
    ) started ON true
    WHERE cs.campaign_id = $1 ORDER BY cs.lane
"""
BATCH_ORDER = Order((("b.batch", "integer"),), descending=True)
BATCHES = """
    WITH chosen AS MATERIALIZED (
        SELECT b.*, {key} AS key FROM campaign_batches b {where} ORDER BY {order} LIMIT {limit}
    )
    SELECT b.batch, b.sender_id::text, b.started_at, states.*, b.key
    FROM chosen b CROSS JOIN LATERAL (
        SELECT count(*) AS contacts, count(*) FILTER (WHERE state = 'pending') AS pending,
            count(*) FILTER (WHERE state = 'message_1_sent') AS waiting,
            count(*) FILTER (WHERE state NOT IN ('pending', 'message_1_sent')) AS final
        FROM campaign_contacts cc WHERE cc.campaign_id = b.campaign_id AND cc.batch = b.batch
    ) states
    ORDER BY {order}
"""
CHANGE_ORDER = Order((("p.id", "uuid"),), descending=True)
# The newest of each sender first, then the newest of all of them.
CHANGES = """
    SELECT p.id::text, p.sender_id::text, p.at, p.state, p.reason, p.profile, p.maturity, p.delay_s,
        p.error_factor, p.error_rate, p.quota, {key} AS key
    FROM campaigns ca JOIN campaign_senders cs ON cs.campaign_id = ca.id CROSS JOIN LATERAL (
        SELECT * FROM pacing_changes p {where} ORDER BY {order} LIMIT {limit}
    ) p
    WHERE ca.id = $1 ORDER BY {order} LIMIT {limit}
"""


async def list_campaigns(
    pool: Pool,
    *,
    order: CampaignOrder,
    after: Sequence[str] | None,
    limit: int,
    statuses: list[str] | None = None,
    sender_id: str | None = None,
    category_id: str | None = None,
    q: str | None = None,
) -> Slice[ListedCampaign]:
    """Campaigns with their live counters, in one statement."""
    wanted, where = CAMPAIGN_ORDERS[order], Where()
    where.also("c.status = ANY ({}::text[])", statuses)
    where.also(OF_SENDER, sender_id)
    where.also(OF_CATEGORY, category_id)
    where.also("c.name ILIKE {}", None if q is None else as_pattern(q))
    where.after(wanted, after)
    statement = CAMPAIGNS.format(
        key=wanted.key, where=where, order=wanted.clause, limit=where.parameter(limit + 1)
    )
    return await fetch_slice(pool, statement, where.values, ListedCampaign, limit)


async def list_contacts(
    pool: Pool,
    campaign_id: str,
    *,
    after: Sequence[str] | None,
    limit: int,
    state: str | None = None,
    q: str | None = None,
) -> Slice[ListedContact]:
    """The contacts of a campaign, with the times of their messages and of their last reaction."""
    where = Where()
    where.also("cc.campaign_id = {}", campaign_id)
    where.also("cc.state = {}", state)
    if q is not None:
        where.always(of_name_or_phone(where, q, name="co.sort_name LIKE name_key({})", phone="co.phone"))
    where.after(CONTACT_ORDER, after)
    statement = CONTACTS.format(
        key=CONTACT_ORDER.key, where=where, order=CONTACT_ORDER.clause, limit=where.parameter(limit + 1)
    )
    return await fetch_slice(pool, statement, where.values, ListedContact, limit, plan_anew=q is not None)


async def list_lanes(pool: Pool, campaign_id: str) -> list[LaneProgress]:
    """How far each sender of a campaign got (P10); empty for a campaign that does not exist."""
    return [LaneProgress(**row) for row in await pool.fetch(LANES, campaign_id)]


async def list_batches(
    pool: Pool, campaign_id: str, *, after: Sequence[str] | None, limit: int
) -> Slice[BatchProgress]:
    """The batches that have started, the latest number first."""
    where = Where()
    where.also("b.campaign_id = {}", campaign_id)
    where.after(BATCH_ORDER, after)
    statement = BATCHES.format(
        key=BATCH_ORDER.key, where=where, order=BATCH_ORDER.clause, limit=where.parameter(limit + 1)
    )
    return await fetch_slice(pool, statement, where.values, BatchProgress, limit)


async def list_pacing_changes(
    pool: Pool, campaign_id: str, *, after: Sequence[str] | None, limit: int
) -> Slice[CampaignPacingChange]:
    """How the pace of its senders changed between its start and its end, the newest first (P6)."""
    where = Where(campaign_id)
    where.always("p.sender_id = cs.sender_id AND p.at >= ca.started_at")
    where.always("(ca.closed_at IS NULL OR p.at <= ca.closed_at)")
    where.after(CHANGE_ORDER, after)
    statement = CHANGES.format(
        key=CHANGE_ORDER.key, where=where, order=CHANGE_ORDER.clause, limit=where.parameter(limit + 1)
    )
    return await fetch_slice(pool, statement, where.values, CampaignPacingChange, limit)

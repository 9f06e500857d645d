"""The senders with what each of them does at present, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.pacing.quota import DAY_S, MARGIN_S
from storage.database import Pool
from storage.keyset import Order, Slice, Where, fetch_slice
from storage.phone_search import of_name_or_phone


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedSender:
    """A sender and its pace. Durations in seconds, rates from 0 to 1."""

    id: str
    name: str
    phone: str
    provider: str
    device_id: str
    template_name: str | None
    template_language: str | None
    status: str
    status_reason: str | None
    pause_scope: str | None
    held_until: datetime | None
    state: str  # new, sending, resting, night, quota, break, paused or stopped
    reason: str | None
    opens_at: datetime | None
    profile: str
    maturity: str
    delay_s: float | None
    error_rate: float
    quota: int | None
    sent_in_a_day: int
    kept_for_replies: int
    next_message_1_at: datetime | None
    open_campaigns: int  # that have not ended, drafts among them


ORDER = Order((("s.created_at", "timestamptz"), ("s.id", "uuid")), descending=False)
LIST = """
    SELECT s.id::text, s.name, s.phone, s.provider, s.device_id, s.template_name, s.template_language,
        s.status, s.status_reason, s.pause_scope, s.held_until,
        p.state, p.reason, p.opens_at, p.profile, p.maturity, p.delay_s, p.error_rate, p.quota,
        (SELECT count(*) FROM sends WHERE sends.sender_id = s.id
            AND started_at > statement_timestamp() - make_interval(secs => {day})
            AND (outcome IS NULL OR outcome IN ('accepted', 'unknown')))::int AS sent_in_a_day,
        ceil(p.expected_replies)::int AS kept_for_replies,
        CASE WHEN p.message_1_at > clock_timestamp() THEN p.message_1_at END AS next_message_1_at,
        (SELECT count(*) FROM campaign_senders cs JOIN campaigns ca ON ca.id = cs.campaign_id
            WHERE cs.sender_id = s.id AND ca.status NOT IN ('completed', 'cancelled'))::int AS open_campaigns,
        {key} AS key
    FROM senders s JOIN sender_paces p ON p.sender_id = s.id
    {where} ORDER BY {order} LIMIT {limit}
"""


async def list_senders(
    pool: Pool,
    *,
    after: Sequence[str] | None,
    limit: int,
    status: str | None = None,
    q: str | None = None,
) -> Slice[ListedSender]:
    """The senders, the oldest first; `q` is a part of the name or of the phone."""
    where = Where()
    where.always("s.removed_at IS NULL")
    where.also("s.status = {}", status)
    if q is not None:
        where.always(of_name_or_phone(where, q, name="s.name ILIKE {}", phone="s.phone"))
    where.after(ORDER, after)
    statement = LIST.format(
        key=ORDER.key,
        where=where,
        order=ORDER.clause,
        day=f"{where.parameter(DAY_S + MARGIN_S)}::double precision",
        limit=where.parameter(limit + 1),
    )
    return await fetch_slice(pool, statement, where.values, ListedSender, limit)

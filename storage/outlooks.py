"""What a forecast needs to know of senders and of the campaigns that share them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from domain.pacing.forecast import CampaignOutlook, SenderOutlook
from domain.pacing.maturity import History
from domain.pacing.pace import Maturity
from domain.pacing.quota import COUNTED_S, Replies
from domain.run_settings import RunSettings
from storage import run_settings
from storage.campaigns import Campaign, audience_size
from storage.database import Pool
from storage.sender_rows import COUNTING, HISTORY, read_fixed_rates, read_history, read_rhythm, unix

SENDERS = f"""
    SELECT s.id::text, s.status, s.held_until, s.maturity,
        s.message_1_rate_per_s, s.message_2_rate_per_s, p.error_factor,
        p.slot_at, p.message_1_at, p.message_2_at, p.last_message_1_at, p.rest_until, p.in_a_row,
        ARRAY(
            SELECT extract(epoch FROM started_at)::double precision FROM sends
            WHERE sends.sender_id = s.id AND started_at > statement_timestamp() - make_interval(secs => $2)
                AND {COUNTING}
            ORDER BY started_at
        ) AS sent
    FROM senders s
    JOIN sender_paces p ON p.sender_id = s.id
    WHERE s.id = ANY ($1::uuid[])
    ORDER BY array_position($1::uuid[], s.id)
"""
# Every campaign that uses one of the senders now, apart from the one that is asked about.
COMPETING = """
    SELECT DISTINCT ca.id::text FROM campaigns ca JOIN campaign_senders cs ON cs.campaign_id = ca.id
    WHERE ca.status = 'running' AND cs.sender_id = ANY ($1::uuid[]) AND ca.id <> $2
"""
COURSES = """
    SELECT ca.id::text, ca.batch_size, ca.batch_pause_s, ca.window_s, ca.grace_s,
        cc.sender_id::text, count(*) FILTER (WHERE cc.state = 'pending') AS pending,
        count(*) FILTER (WHERE cc.state = 'message_1_sent') AS waiting,
        count(*) FILTER (WHERE cc.state IN ('message_2_sent', 'opted_out')) AS replied,
        count(*) FILTER (WHERE cc.state IN ('no_interaction', 'late_interaction')) AS silent,
        max(m.sent_at) FILTER (WHERE cc.state = 'message_1_sent') AS last_sent_at
    FROM campaign_contacts cc
    JOIN campaigns ca ON ca.id = cc.campaign_id
    LEFT JOIN messages m ON m.campaign_id = cc.campaign_id AND m.contact_id = cc.contact_id
        AND m.message_type = 'message_1'
    WHERE cc.campaign_id = ANY ($1::uuid[]) AND cc.sender_id = ANY ($2::uuid[])
    GROUP BY ca.id, cc.sender_id
"""

# What a change of batches takes besides the pause: until it is noticed that the last Message 1 has left, and
# until the first of the next batch has its turn. Measured: 0.6 s on an idle machine, 1.0 to 1.3 s on a busy
# one.
TURNOVER_S = 0.8


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """A campaign, its senders and whoever competes for them, at one moment (unix seconds)."""

    now: float
    contacts: int  # of the campaign, without those who need nothing more
    senders: list[SenderOutlook]
    campaigns: list[CampaignOutlook]


async def gather_outlook(pool: Pool, defaults: RunSettings, campaign: Campaign) -> Outlook:
    """What is known now; a draft is looked at as if it started now."""
    now: datetime = await pool.fetchval("SELECT clock_timestamp()")
    today = now.date()
    histories = {
        row["id"]: read_history(row, today) for row in await pool.fetch(HISTORY, campaign.sender_ids, today)
    }
    senders = [
        await _sender(pool, defaults, campaign.id, row, histories[row["id"]])
        for row in await pool.fetch(SENDERS, campaign.sender_ids, COUNTED_S)
    ]
    others = [row["id"] for row in await pool.fetch(COMPETING, campaign.sender_ids, campaign.id)]
    courses = await _courses(pool, defaults, [*others, campaign.id], campaign.sender_ids)
    if campaign.closed_at is not None:
        courses.pop(campaign.id, None)
        contacts = 0
    elif campaign.opened_at is None:
        contacts = await audience_size(pool, campaign.id)
        courses[campaign.id] = CampaignOutlook(
            id=campaign.id,
            batch_size=campaign.batch_size,
            batch_pause_s=TURNOVER_S
            + await run_settings.batch_pause_s(pool, defaults, campaign.id, campaign.batch_pause_s),
            window_s=campaign.window_s,
            grace_s=campaign.grace_s,
            unassigned=contacts,
            sender_ids=campaign.sender_ids,
        )
    else:
        contacts = sum(courses[campaign.id].pending.values()) if campaign.id in courses else 0
    return Outlook(now=now.timestamp(), contacts=contacts, senders=senders, campaigns=list(courses.values()))


async def _sender(
    pool: Pool, defaults: RunSettings, campaign_id: str, row: asyncpg.Record, history: History
) -> SenderOutlook:
    return SenderOutlook(
        id=row["id"],
        settings=await run_settings.for_batch(pool, defaults, sender_id=row["id"], campaign_id=campaign_id),
        history=history,
        maturity=Maturity(row["maturity"]) if row["maturity"] else None,
        fixed=read_fixed_rates(row),
        error_factor=row["error_factor"],
        rhythm=read_rhythm(row),
        sent=row["sent"],
        available_from=(unix(row["held_until"]) or 0.0) if row["status"] == "active" else None,
    )


async def _courses(
    pool: Pool, defaults: RunSettings, campaign_ids: list[str], sender_ids: list[str]
) -> dict[str, CampaignOutlook]:
    """What campaigns that have started still have to do."""
    lanes: defaultdict[str, list[asyncpg.Record]] = defaultdict(list)
    for row in await pool.fetch(COURSES, campaign_ids, sender_ids):
        lanes[row["id"]].append(row)
    found = {}
    for campaign_id, rows in lanes.items():
        first = rows[0]
        sent_at = [row["last_sent_at"].timestamp() for row in rows if row["last_sent_at"]]
        found[campaign_id] = CampaignOutlook(
            id=campaign_id,
            batch_size=first["batch_size"],
            batch_pause_s=TURNOVER_S
            + await run_settings.batch_pause_s(pool, defaults, campaign_id, first["batch_pause_s"]),
            window_s=first["window_s"],
            grace_s=first["grace_s"],
            pending={row["sender_id"]: row["pending"] for row in rows},
            replies={
                row["sender_id"]: Replies(waiting=row["waiting"], replied=row["replied"], silent=row["silent"])
                for row in rows
            },
            windows_end_at=max(sent_at) + first["window_s"] if sent_at else None,
        )
    return found

"""The mirror in Redis: what runs now, for whoever looks often and from outside (P13).

PostgreSQL is the truth. Each round writes everything anew, so a Redis that was empty, or away, is right again
after one round.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from storage.database import Pool

TTL = timedelta(hours=48)
# What has just ended, a campaign or a day, is written for that much longer, so that its last state is right.
LINGER = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignProgress:
    """Where a campaign is, as of `updated_at`."""

    id: str
    status: str
    total_contacts: int
    messages_1_sent: int
    messages_2_sent: int
    final_contacts: int
    failures: int
    interactions: int
    updated_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class SentOnDay:
    """What one sender did on one day in UTC."""

    sender_id: str
    day: str  # 2026-12-31
    messages_1_sent: int
    messages_2_sent: int
    failures: int


PROGRESS = """
    SELECT c.id::text, c.status, k.total_contacts, k.messages_1_sent, k.messages_2_sent,
        k.total_contacts - k.pending - k.message_1_sent AS final_contacts, k.failures, k.interactions,
        clock_timestamp() AS updated_at
    FROM campaigns c JOIN campaign_counters k ON k.campaign_id = c.id
    WHERE c.status IN ('running', 'paused') OR c.closed_at > statement_timestamp() - $1::interval
"""
SENT = """
    SELECT sender_id::text, day::text, messages_1_sent, messages_2_sent, failures FROM daily_counters
    WHERE day >= ((statement_timestamp() - $1::interval) AT TIME ZONE 'UTC')::date
"""


async def mirror_progress(pool: Pool, redis: "Redis", *, ended_within: timedelta = LINGER) -> None:
    """Writes every running campaign and today's messages of every sender to Redis, in one pipeline.

    Campaigns that closed, and days that ended, within `ended_within` are written too. Raises what PostgreSQL or
    Redis raise.
    """
    campaigns = [CampaignProgress(**row) for row in await pool.fetch(PROGRESS, ended_within)]
    days = [SentOnDay(**row) for row in await pool.fetch(SENT, ended_within)]
    if not campaigns and not days:
        return
    # One transaction: no reader finds half a round, and no key is left without its end of life.
    async with redis.pipeline(transaction=True) as pipeline:
        for campaign in campaigns:
            _write(
                pipeline,
                f"campaign:progress:{campaign.id}",
                {
                    "status": campaign.status,
                    "total_contacts": campaign.total_contacts,
                    "messages_1_sent": campaign.messages_1_sent,
                    "messages_2_sent": campaign.messages_2_sent,
                    "final_contacts": campaign.final_contacts,
                    "failures": campaign.failures,
                    "interactions": campaign.interactions,
                    "updated_at": campaign.updated_at.isoformat(),
                },
            )
        for sent in days:
            _write(
                pipeline,
                f"whatsapp:sent:{sent.sender_id}:{sent.day}",
                {
                    "message_1": sent.messages_1_sent,
                    "message_2": sent.messages_2_sent,
                    "failed": sent.failures,
                },
            )
        await pipeline.execute()


def _write(pipeline: Pipeline, key: str, fields: Mapping[Any, Any]) -> None:
    pipeline.hset(key, mapping=fields)
    pipeline.expire(key, TTL)

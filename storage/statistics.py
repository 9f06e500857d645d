"""Statistics, read from counters: no query here reads contacts, messages or interactions.

Counters change by trigger in the transaction of the row that they count, so what is read is exact. A campaign
that has closed answers with the numbers of its report, which no later acknowledgement changes.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import asyncpg

from domain.report import CampaignCounters
from domain.statistics import ReplyTimes
from storage.database import Pool

_COUNTERS = tuple(field.name for field in fields(CampaignCounters))
_REPLY_TIMES = tuple(field.name for field in fields(ReplyTimes))


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistics:
    """What was reached, as of a moment."""

    total_contacts: int  # of the campaign, of the category, or all there are
    opted_out_contacts: int | None  # None where the counters know it by state
    counters: CampaignCounters  # of one campaign, or summed over several
    reply_times: ReplyTimes
    as_of: datetime
    frozen: bool  # the numbers of a closed campaign's report


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """What happened on one day in UTC."""

    day: date
    messages_1_sent: int
    messages_2_sent: int
    messages_delivered: int
    messages_read: int
    interactions: int
    failures: int


CAMPAIGN = f"""
    SELECT {", ".join(f"k.{name}" for name in _COUNTERS)},
        {", ".join(f"coalesce(r.{name}, 0) AS {name}" for name in _REPLY_TIMES)},
        c.report, clock_timestamp() AS as_of
    FROM campaigns c
    JOIN campaign_counters k ON k.campaign_id = c.id
    LEFT JOIN campaign_reply_times r ON r.campaign_id = c.id
    WHERE c.id = $1
"""
_SUMS = f"""
    {", ".join(f"coalesce(sum(k.{name}), 0)::bigint AS {name}" for name in _COUNTERS)},
    {", ".join(f"coalesce(sum(r.{name}), 0)::bigint AS {name}" for name in _REPLY_TIMES)},
    clock_timestamp() AS as_of
"""
# One row per campaign, as one row for all would make every message of every campaign wait for the one before.
GLOBAL = f"""
    SELECT {_SUMS},
        (SELECT coalesce(sum(contacts), 0)::bigint FROM contact_count_changes) AS known_contacts,
        (SELECT coalesce(sum(opted_out), 0)::bigint FROM contact_count_changes) AS opted_out_contacts
    FROM campaign_counters k LEFT JOIN campaign_reply_times r USING (campaign_id)
"""
CATEGORY = f"""
    SELECT {_SUMS}, c.contact_count AS known_contacts
    FROM categories c
    LEFT JOIN campaign_categories s ON s.category_id = c.id
    LEFT JOIN campaign_counters k USING (campaign_id)
    LEFT JOIN campaign_reply_times r USING (campaign_id)
    WHERE c.id = $1
    GROUP BY c.id
"""
# Days without anything have no row, and appear all the same.
_DAYS = """
    SELECT days.day::date AS day,
        coalesce(sum(c.messages_1_sent), 0)::bigint AS messages_1_sent,
        coalesce(sum(c.messages_2_sent), 0)::bigint AS messages_2_sent,
        coalesce(sum(c.messages_delivered), 0)::bigint AS messages_delivered,
        coalesce(sum(c.messages_read), 0)::bigint AS messages_read,
        coalesce(sum(c.interactions), 0)::bigint AS interactions,
        coalesce(sum(c.failures), 0)::bigint AS failures
    FROM generate_series(
        (statement_timestamp() AT TIME ZONE 'UTC')::date - ($1::int - 1),
        (statement_timestamp() AT TIME ZONE 'UTC')::date, interval '1 day') AS days (day)
    LEFT JOIN campaign_days c ON c.day = days.day::date
"""
DAYS = f"{_DAYS} GROUP BY 1 ORDER BY 1"
DAYS_OF_CAMPAIGN = f"{_DAYS} AND c.campaign_id = $2 GROUP BY 1 ORDER BY 1"
CAMPAIGN_EXISTS = "SELECT EXISTS (SELECT FROM campaigns WHERE id = $1)"
# Nobody waits for this: what others add meanwhile is not seen here, and stays for the next time.
FOLD_CONTACT_COUNT = """
    WITH folded AS (DELETE FROM contact_count_changes RETURNING contacts, opted_out)
    INSERT INTO contact_count_changes SELECT sum(contacts), sum(opted_out) FROM folded HAVING count(*) > 0
"""


async def global_statistics(pool: Pool) -> Statistics:
    """Everything together."""
    row = await pool.fetchrow(GLOBAL)
    assert row is not None  # noqa: S101 - aggregates always give one row
    return _summed(row, row["opted_out_contacts"])


async def campaign_statistics(pool: Pool, campaign_id: str) -> Statistics | None:
    """One campaign, live while it is open and as in its report once it has closed; None if there is none."""
    row = await pool.fetchrow(CAMPAIGN, campaign_id)
    if row is None:
        return None
    report: dict[str, Any] | None = row["report"]
    counters = CampaignCounters(**report["counters"]) if report else _counters(row)
    return Statistics(
        total_contacts=counters.total_contacts,
        opted_out_contacts=None,
        counters=counters,
        reply_times=ReplyTimes(**report["reply_times"]) if report else _reply_times(row),
        as_of=datetime.fromisoformat(report["closed_at"]) if report else row["as_of"],
        frozen=report is not None,
    )


async def category_statistics(pool: Pool, category_id: str) -> Statistics | None:
    """The campaigns that were made for a category, and its contacts now; None if there is no such category.

    A campaign for several categories counts fully in each of them.
    """
    row = await pool.fetchrow(CATEGORY, category_id)
    return _summed(row, None) if row else None


async def daily_statistics(pool: Pool, days: int, campaign_id: str | None = None) -> list[Day] | None:
    """The last so many days in UTC, the oldest first and today last; None if there is no such campaign."""
    if campaign_id is None:
        rows = await pool.fetch(DAYS, days)
    elif await pool.fetchval(CAMPAIGN_EXISTS, campaign_id):
        rows = await pool.fetch(DAYS_OF_CAMPAIGN, days, campaign_id)
    else:
        return None
    return [Day(**row) for row in rows]


async def fold_contact_count(pool: Pool) -> None:
    """Makes one row of the log of how the number of contacts changed."""
    await pool.execute(FOLD_CONTACT_COUNT)


def _summed(row: "asyncpg.Record", opted_out_contacts: int | None) -> Statistics:
    return Statistics(
        total_contacts=row["known_contacts"],
        opted_out_contacts=opted_out_contacts,
        counters=_counters(row),
        reply_times=_reply_times(row),
        as_of=row["as_of"],
        frozen=False,
    )


def _counters(row: "asyncpg.Record") -> CampaignCounters:
    return CampaignCounters(**{name: row[name] for name in _COUNTERS})


def _reply_times(row: "asyncpg.Record") -> ReplyTimes:
    return ReplyTimes(**{name: row[name] for name in _REPLY_TIMES})

"""Counters against the rows that they count. They change with every row, so that they should never differ."""

from typing import Any

import asyncpg

from storage.database import Pool

TRIES = 5  # under load, another change of the same counters comes in between

COUNTED = """
    SELECT id::text FROM campaigns
    WHERE opened_at IS NOT NULL AND (closed_at IS NULL OR closed_at > statement_timestamp() - interval '2 days')
    ORDER BY id
"""
RECOUNT = """
    SELECT * FROM (
        SELECT count(*) AS total_contacts,
            count(*) FILTER (WHERE state = 'pending') AS pending,
            count(*) FILTER (WHERE state = 'message_1_sent') AS message_1_sent,
            count(*) FILTER (WHERE state = 'message_2_sent') AS message_2_sent,
            count(*) FILTER (WHERE state = 'no_interaction') AS no_interaction,
            count(*) FILTER (WHERE state = 'late_interaction') AS late_interaction,
            count(*) FILTER (WHERE state = 'failed') AS failed,
            count(*) FILTER (WHERE state = 'opted_out') AS opted_out,
            count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
            count(*) FILTER (WHERE state = 'expired') AS expired
        FROM campaign_contacts WHERE campaign_id = $1
    ) contacts, (
        SELECT
            count(*) FILTER (WHERE message_type = 'message_1' AND accepted_at IS NOT NULL) AS messages_1_sent,
            count(*) FILTER (WHERE message_type = 'message_2' AND accepted_at IS NOT NULL) AS messages_2_sent,
            count(*) FILTER (WHERE message_type = 'message_1' AND status IN ('delivered', 'read'))
                AS messages_1_delivered,
            count(*) FILTER (WHERE message_type = 'message_1' AND status = 'read') AS messages_1_read,
            count(*) FILTER (WHERE status IN ('delivered', 'read')) AS messages_delivered,
            count(*) FILTER (WHERE status = 'read') AS messages_read,
            count(*) FILTER (WHERE status = 'failed') AS failures
        FROM messages WHERE campaign_id = $1
    ) messages, (
        SELECT count(*) AS interactions,
            count(*) FILTER (WHERE suppressed_duplicate) AS suppressed_duplicates
        FROM interactions WHERE campaign_id = $1
    ) reactions
"""
READ = "SELECT * FROM campaign_counters WHERE campaign_id = $1"


async def counted_campaigns(pool: Pool) -> list[str]:
    """The campaigns whose counters still change."""
    return [row["id"] for row in await pool.fetch(COUNTED)]


async def correct(pool: Pool, campaign_id: str) -> dict[str, int]:
    """Recounts a campaign and corrects its counters; returns by how much, for each that was wrong.

    Raises SerializationError when they change too fast to be corrected.
    """
    for attempt in range(TRIES):
        try:
            return await _correct(pool, campaign_id)
        except asyncpg.SerializationError:
            if attempt == TRIES - 1:
                raise
    return {}


async def _correct(pool: Pool, campaign_id: str) -> dict[str, int]:
    # One snapshot of both: rows and counters change together. A correction upon a change in between is refused.
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        counted = await connection.fetchrow(RECOUNT, campaign_id, timeout=300)
        stored = await connection.fetchrow(READ, campaign_id)
        if counted is None or stored is None:
            return {}
        drift: dict[str, int] = {
            name: value - stored[name] for name, value in counted.items() if value != stored[name]
        }
        if drift:
            columns = ", ".join(f"{name} = {name} + ${number}" for number, name in enumerate(drift, start=2))
            values: list[Any] = list(drift.values())
            # The names are columns of ours.
            statement = f"UPDATE campaign_counters SET {columns} WHERE campaign_id = $1"
            await connection.execute(statement, campaign_id, *values)
        return drift

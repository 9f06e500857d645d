"""Batches of a campaign: who is in them, and with which settings each of them started."""

from dataclasses import asdict

from domain.run_settings import RunSettings
from storage.database import Pool

BATCH = """
    SELECT contact_id::text FROM campaign_contacts WHERE campaign_id = $1 AND batch = $2 ORDER BY contact_id
"""
OPEN_OF_BATCH = """
    SELECT contact_id::text FROM campaign_contacts
    WHERE campaign_id = $1 AND batch = $2 AND state IN ('pending', 'message_1_sent') ORDER BY contact_id
"""
BATCH_SENDER = "SELECT sender_id::text FROM campaign_contacts WHERE campaign_id = $1 AND batch = $2 LIMIT 1"
START_BATCH = """
    INSERT INTO campaign_batches (campaign_id, batch, sender_id, settings) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING
"""
HAS_PENDING = """
    SELECT EXISTS (SELECT FROM campaign_contacts WHERE campaign_id = $1 AND batch = $2 AND state = 'pending')
"""


async def start_batch(pool: Pool, campaign_id: str, batch: int, sender_id: str, settings: RunSettings) -> None:
    """Keeps the settings with which a batch starts, once: later changes do not touch it (P11)."""
    await pool.execute(START_BATCH, campaign_id, batch, sender_id, asdict(settings))


async def batch_sender(pool: Pool, campaign_id: str, batch: int) -> str | None:
    """Whose batch it is; None for an empty one."""
    sender_id: str | None = await pool.fetchval(BATCH_SENDER, campaign_id, batch)
    return sender_id


async def list_batch(pool: Pool, campaign_id: str, batch: int, *, open_only: bool = False) -> list[str]:
    """The contact ids of one batch; `open_only` leaves out those with a final state."""
    rows = await pool.fetch(OPEN_OF_BATCH if open_only else BATCH, campaign_id, batch)
    return [row["contact_id"] for row in rows]


async def has_pending(pool: Pool, campaign_id: str, batch: int) -> bool:
    """Whether a contact of the batch still waits for its Message 1."""
    return bool(await pool.fetchval(HAS_PENDING, campaign_id, batch))

"""Senders: the WhatsApp accounts that campaigns send from."""

from dataclasses import dataclass
from datetime import datetime

from storage.database import Connection, Pool


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """One WhatsApp account."""

    id: str
    name: str
    phone: str  # E.164
    device_id: str  # the gateway's own id
    status: str  # "active", or "stopped" until a person resumes it
    status_reason: str | None
    held_until: datetime | None  # the provider asked for a break until then
    message_1_rate_per_s: float | None  # None: the default of the settings
    message_2_rate_per_s: float | None


_COLUMNS = """
    id::text, name, phone, device_id, status, status_reason, held_until,
    message_1_rate_per_s, message_2_rate_per_s
"""

SAVE = f"""
    INSERT INTO senders (name, phone, device_id, message_1_rate_per_s, message_2_rate_per_s)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (device_id) DO UPDATE SET
        name = excluded.name, phone = excluded.phone,
        message_1_rate_per_s = excluded.message_1_rate_per_s,
        message_2_rate_per_s = excluded.message_2_rate_per_s
    RETURNING {_COLUMNS}
"""
LIST = f"SELECT {_COLUMNS} FROM senders ORDER BY created_at, id"
STOP = "UPDATE senders SET status = 'stopped', status_reason = $2 WHERE id = $1 AND status = 'active'"
RESUME = f"""
    UPDATE senders SET status = 'active', status_reason = NULL, held_until = NULL
    WHERE id = $1 RETURNING {_COLUMNS}
"""
HOLD = "UPDATE senders SET held_until = greatest(held_until, $2) WHERE id = $1"


async def save_sender(
    pool: Pool,
    *,
    name: str,
    phone: str,
    device_id: str,
    message_1_rate_per_s: float | None,
    message_2_rate_per_s: float | None,
) -> Sender:
    """Adds a sender, or changes the one that has this device."""
    row = await pool.fetchrow(SAVE, name, phone, device_id, message_1_rate_per_s, message_2_rate_per_s)
    assert row is not None  # noqa: S101 - INSERT ... RETURNING always returns
    return Sender(**row)


async def list_senders(pool: Pool) -> list[Sender]:
    """All senders, oldest first."""
    return [Sender(**row) for row in await pool.fetch(LIST)]


async def stop_sender(pool: Pool, sender_id: str, reason: str) -> bool:
    """Stops a sender until a person resumes it; False if it was stopped already."""
    return await pool.execute(STOP, sender_id, reason) == "UPDATE 1"


async def resume_sender(pool: Pool, sender_id: str) -> Sender | None:
    """Lets a sender send again; None if there is no such sender."""
    row = await pool.fetchrow(RESUME, sender_id)
    return Sender(**row) if row else None


async def hold_sender(connection: Connection, sender_id: str, until: datetime) -> None:
    """Gives the provider a break: nothing is sent from this account before `until`."""
    await connection.execute(HOLD, sender_id, until)

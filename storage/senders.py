"""Senders: the WhatsApp accounts that campaigns send from."""

from dataclasses import dataclass
from datetime import date, datetime

from storage.database import Connection, Pool


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """One WhatsApp account."""

    id: str
    name: str
    phone: str  # E.164
    device_id: str  # the gateway's own id
    status: str  # "active", "paused" by a person, or "stopped" by an emergency; a person resumes both
    status_reason: str | None
    pause_scope: str | None  # "message_1", or "all" for both messages
    held_until: datetime | None  # the provider asked for a break until then
    message_1_rate_per_s: float | None  # a fixed pace set by a person; None: as the account's maturity allows
    message_2_rate_per_s: float | None
    maturity: str | None  # set by a person instead of the detected one: young, established, mature
    account_since: date  # since when the account exists, as far as we know


_COLUMNS = """
    id::text, name, phone, device_id, status, status_reason, pause_scope, held_until,
    message_1_rate_per_s, message_2_rate_per_s, maturity, account_since
"""

SAVE = f"""
    INSERT INTO senders (name, phone, device_id, message_1_rate_per_s, message_2_rate_per_s, maturity,
        account_since)
    VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, current_date))
    ON CONFLICT (device_id) DO UPDATE SET
        name = excluded.name, phone = excluded.phone,
        message_1_rate_per_s = excluded.message_1_rate_per_s,
        message_2_rate_per_s = excluded.message_2_rate_per_s,
        maturity = excluded.maturity,
        account_since = coalesce($7, senders.account_since)
    RETURNING {_COLUMNS}
"""
LIST = f"SELECT {_COLUMNS} FROM senders ORDER BY created_at, id"
GET = f"SELECT {_COLUMNS} FROM senders WHERE id = $1"
STOP = """
    UPDATE senders SET status = 'stopped', status_reason = $2, pause_scope = NULL
    WHERE id = $1 AND status <> 'stopped'
"""
PAUSE = f"""
    UPDATE senders SET status = 'paused', pause_scope = $2, status_reason = 'paused by a person'
    WHERE id = $1 AND status <> 'stopped' RETURNING {_COLUMNS}
"""
RESUME = f"""
    UPDATE senders SET status = 'active', status_reason = NULL, pause_scope = NULL, held_until = NULL,
        resumed_at = clock_timestamp()
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
    maturity: str | None = None,
    account_since: date | None = None,
) -> Sender:
    """Adds a sender, or changes the one that has this device. `account_since` unset: today, or as it was."""
    row = await pool.fetchrow(
        SAVE, name, phone, device_id, message_1_rate_per_s, message_2_rate_per_s, maturity, account_since
    )
    assert row is not None  # noqa: S101 - INSERT ... RETURNING always returns
    return Sender(**row)


async def list_senders(pool: Pool) -> list[Sender]:
    """All senders, oldest first."""
    return [Sender(**row) for row in await pool.fetch(LIST)]


async def get_sender(pool: Pool, sender_id: str) -> Sender | None:
    """The sender, or None."""
    row = await pool.fetchrow(GET, sender_id)
    return Sender(**row) if row else None


async def stop_sender(source: "Pool | Connection", sender_id: str, reason: str) -> bool:
    """Stops a sender until a person resumes it; False if it was stopped already."""
    return await source.execute(STOP, sender_id, reason) == "UPDATE 1"


async def pause_sender(pool: Pool, sender_id: str, scope: str) -> Sender | None:
    """Keeps a sender from sending Message 1, or anything at all; None if there is none, or if it is stopped."""
    row = await pool.fetchrow(PAUSE, sender_id, scope)
    return Sender(**row) if row else None


async def resume_sender(pool: Pool, sender_id: str) -> Sender | None:
    """Lets a sender send again; None if there is no such sender."""
    row = await pool.fetchrow(RESUME, sender_id)
    return Sender(**row) if row else None


async def hold_sender(connection: Connection, sender_id: str, until: datetime) -> None:
    """Gives the provider a break: nothing is sent from this account before `until`."""
    await connection.execute(HOLD, sender_id, until)

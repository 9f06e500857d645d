"""Senders: the WhatsApp accounts that campaigns send from."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import asyncpg

from domain.providers import Provider
from storage.database import Connection, Pool
from storage.reservations import LOCK_PACE


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """One WhatsApp account."""

    id: str
    name: str
    phone: str  # E.164
    provider: str  # a Provider: whose gateway it sends through
    device_id: str  # the account's id there: a device of Wassenger, a phone number id of Meta
    template_name: str | None  # of Message 1, where the provider wants one; its parameter is the text
    template_language: str | None
    status: str  # "active", "paused" by a person, or "stopped" by an emergency; a person resumes both
    status_reason: str | None
    pause_scope: str | None  # "message_1", or "all" for both messages
    held_until: datetime | None  # the provider asked for a break until then
    message_1_rate_per_s: float | None  # a fixed pace set by a person; None: as the account's maturity allows
    message_2_rate_per_s: float | None
    maturity: str | None  # set by a person instead of the detected one: young, established, mature
    account_since: date  # since when the account exists, as far as we know


class SenderExistsError(Exception):
    """Another sender has this number, or this device; `sender_id` says which."""

    def __init__(self, what: str, name: str, sender_id: str) -> None:
        super().__init__(f"{what} belongs to the sender “{name}” already")
        self.sender_id = sender_id


_COLUMNS = """
    id::text, name, phone, provider, device_id, template_name, template_language,
    status, status_reason, pause_scope, held_until,
    message_1_rate_per_s, message_2_rate_per_s, maturity, account_since
"""

SAVE = f"""
    INSERT INTO senders (name, phone, device_id, message_1_rate_per_s, message_2_rate_per_s, maturity,
        account_since, provider, template_name, template_language)
    VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, current_date), $8, $9, $10)
    ON CONFLICT (device_id) DO UPDATE SET
        name = excluded.name, phone = excluded.phone,
        template_name = excluded.template_name, template_language = excluded.template_language,
        message_1_rate_per_s = excluded.message_1_rate_per_s,
        message_2_rate_per_s = excluded.message_2_rate_per_s,
        maturity = excluded.maturity,
        account_since = coalesce($7, senders.account_since),
        -- One that was removed comes back as it would come for the first time: sending.
        status = CASE WHEN senders.removed_at IS NULL THEN senders.status ELSE 'active' END,
        status_reason = CASE WHEN senders.removed_at IS NULL THEN senders.status_reason END,
        removed_at = NULL
    RETURNING {_COLUMNS}
"""
LIST = f"SELECT {_COLUMNS} FROM senders WHERE removed_at IS NULL ORDER BY created_at, id"
GET = f"SELECT {_COLUMNS} FROM senders WHERE id = $1 AND removed_at IS NULL"
# A number is known by its reputation: whoever links it to another device goes on as the same sender.
HAS_PHONE = """
    SELECT id::text, name, device_id, removed_at IS NOT NULL AS is_removed FROM senders WHERE phone = $1
    FOR UPDATE
"""
HAS_DEVICE = "SELECT id::text, name FROM senders WHERE device_id = $1"
# Another one that was removed comes back by its number.
FREE_DEVICE = """
    UPDATE senders SET device_id = 'removed ' || id WHERE device_id = $1 AND removed_at IS NOT NULL
"""
RELINK = """
    UPDATE senders SET device_id = $2, provider = $3, template_name = $4, template_language = $5 WHERE id = $1
"""
CHANGE = f"UPDATE senders SET {{changes}} WHERE id = $1 AND removed_at IS NULL RETURNING {_COLUMNS}"
CHANGEABLE = (
    "name",
    "template_name",
    "template_language",
    "message_1_rate_per_s",
    "message_2_rate_per_s",
    "maturity",
    "account_since",
)
# Whoever sets the pace locks it first and its sender after that; the other way round both would wait for ever.
LOCK = "SELECT name FROM senders WHERE id = $1 AND removed_at IS NULL FOR UPDATE"
USED_BY = """
    SELECT ca.name FROM campaign_senders cs JOIN campaigns ca ON ca.id = cs.campaign_id
    WHERE cs.sender_id = $1 AND ca.status NOT IN ('completed', 'cancelled') ORDER BY ca.id DESC LIMIT 5
"""
# The messages of what it has sent name it; so do the campaigns that ended.
HAS_HISTORY = """
    SELECT EXISTS (SELECT FROM messages WHERE sender_id = $1)
        OR EXISTS (SELECT FROM campaign_senders WHERE sender_id = $1)
        OR EXISTS (SELECT FROM test_sends WHERE sender_id = $1)
"""
REMOVE_SETTINGS = "DELETE FROM settings WHERE sender_id = $1"
DELETE = "DELETE FROM senders WHERE id = $1"
REMOVE = """
    UPDATE senders SET removed_at = clock_timestamp(), status = 'stopped',
        status_reason = 'removed by a person', pause_scope = NULL
    WHERE id = $1
"""
STOP = """
    UPDATE senders SET status = 'stopped', status_reason = $2, pause_scope = NULL
    WHERE id = $1 AND status <> 'stopped'
"""
PAUSE = f"""
    UPDATE senders SET status = 'paused', pause_scope = $2, status_reason = 'paused by a person'
    WHERE id = $1 AND status <> 'stopped' AND removed_at IS NULL RETURNING {_COLUMNS}
"""
RESUME = f"""
    UPDATE senders SET status = 'active', status_reason = NULL, pause_scope = NULL, held_until = NULL,
        resumed_at = clock_timestamp()
    WHERE id = $1 AND removed_at IS NULL RETURNING {_COLUMNS}
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
    provider: str = Provider.WASSENGER,
    template_name: str | None = None,
    template_language: str | None = None,
) -> Sender:
    """Adds a sender, or changes the one that has this device. `account_since` unset: today, or as it was.

    One that was removed comes back by its device or by its number. Raises SenderExistsError.
    """
    gateway = (provider, template_name, template_language)
    rates = (message_1_rate_per_s, message_2_rate_per_s)
    values = (name, phone, device_id, *rates, maturity, account_since, *gateway)
    try:
        async with pool.acquire() as connection, connection.transaction():
            await _relink(connection, phone, device_id, gateway)
            row = await connection.fetchrow(SAVE, *values)
    except asyncpg.UniqueViolationError as error:
        raise await _taken(pool, phone, device_id) from error
    assert row is not None  # noqa: S101 - INSERT ... RETURNING always returns
    return Sender(**row)


async def _relink(
    connection: Connection, phone: str, device_id: str, gateway: tuple[str, str | None, str | None]
) -> None:
    holder = await connection.fetchrow(HAS_PHONE, phone)
    if holder is None or holder["device_id"] == device_id:
        return
    if not holder["is_removed"]:
        raise SenderExistsError(phone, holder["name"], holder["id"])
    await connection.execute(FREE_DEVICE, device_id)
    await connection.execute(RELINK, holder["id"], device_id, *gateway)


async def _taken(pool: Pool, phone: str, device_id: str) -> SenderExistsError:
    """Who was quicker, or has the device that a removed sender was to get."""
    holder = await pool.fetchrow(HAS_DEVICE, device_id)
    what = f"the device {device_id}"
    if holder is None:
        holder, what = await pool.fetchrow(HAS_PHONE, phone), phone
    if holder is None:
        raise LookupError(f"the sender that had {phone} was removed at once")
    return SenderExistsError(what, holder["name"], holder["id"])


async def list_senders(pool: Pool) -> list[Sender]:
    """All senders, oldest first."""
    return [Sender(**row) for row in await pool.fetch(LIST)]


async def get_sender(pool: Pool, sender_id: str) -> Sender | None:
    """The sender, or None."""
    row = await pool.fetchrow(GET, sender_id)
    return Sender(**row) if row else None


async def change_sender(pool: Pool, sender_id: str, changes: dict[str, Any]) -> Sender | None:
    """Changes what a person decides about a sender: some of CHANGEABLE. None if there is no such sender."""
    # Only what is named: two people who change different things at once do not undo each other.
    named = {column: changes[column] for column in CHANGEABLE if column in changes}
    if not named:
        return await get_sender(pool, sender_id)
    assignments = ", ".join(f"{column} = ${number}" for number, column in enumerate(named, start=2))
    row = await pool.fetchrow(CHANGE.format(changes=assignments), sender_id, *named.values())
    return Sender(**row) if row else None


async def remove_sender(pool: Pool, sender_id: str) -> list[str] | None:
    """Removes a sender; None if there is no such sender.

    Returns the names of campaigns that still need it, at most five: then nothing was done. One that has sent
    something stays stored and stopped, because its messages name it, and can be added again.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(LOCK_PACE, sender_id)
        if await connection.fetchrow(LOCK, sender_id) is None:
            return None
        if used_by := [row["name"] for row in await connection.fetch(USED_BY, sender_id)]:
            return used_by
        await connection.execute(REMOVE_SETTINGS, sender_id)
        has_history = await connection.fetchval(HAS_HISTORY, sender_id)
        await connection.execute(REMOVE if has_history else DELETE, sender_id)
    return []


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

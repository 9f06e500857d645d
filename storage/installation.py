"""What an installation knows of itself: when it last lived, and whether a person has to look at it."""

from dataclasses import dataclass
from datetime import datetime

from storage import audit
from storage.database import Pool


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """The one row."""

    id: str
    beat_at: datetime | None  # the last time at which it lived, by the database's clock; None: never yet
    held_since: datetime | None
    hold_reason: str | None  # why nothing leaves; None: it is not held
    unknown_since: datetime | None  # what the gateway took since then may not be stored here
    confirmed_at: datetime | None
    now: datetime


_COLUMNS = """
    id::text, beat_at, held_since, hold_reason, unknown_since, confirmed_at,
    clock_timestamp() AS now
"""
GET = f"SELECT {_COLUMNS} FROM installation"
BEAT = "UPDATE installation SET beat_at = $1 WHERE beat_at IS NULL OR beat_at < $1"
HAS_SENT = "SELECT EXISTS (SELECT FROM sends)"
# Another reason does not push the first one aside, and what is unknown only grows.
HOLD = """
    UPDATE installation SET
        held_since = coalesce(held_since, clock_timestamp()),
        hold_reason = coalesce(hold_reason, $1),
        unknown_since = least(unknown_since, $2),
        confirmed_at = NULL, confirmed_by = NULL
    RETURNING held_since
"""
CONFIRM = """
    UPDATE installation SET confirmed_at = clock_timestamp(), confirmed_by = $1
    WHERE held_since IS NOT NULL RETURNING held_since
"""
RELEASE = """
    UPDATE installation SET held_since = NULL, hold_reason = NULL, unknown_since = NULL
    WHERE held_since IS NOT NULL AND confirmed_at IS NOT NULL RETURNING id
"""
LATEST_SENDS = """
    SELECT s.id::text AS sender_id, s.device_id, s.provider, (
        SELECT max(started_at) FROM sends WHERE sender_id = s.id) AS latest
    FROM senders s WHERE s.device_id NOT LIKE 'removed %' ORDER BY s.created_at
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class LatestSend:
    """When a sender handed something over for the last time, as far as is known here."""

    sender_id: str
    device_id: str
    provider: str
    latest: datetime | None


async def get_installation(pool: Pool) -> Installation:
    """What the database knows of itself."""
    row = await pool.fetchrow(GET)
    assert row is not None  # noqa: S101 - the migration adds it
    return Installation(**row)


async def beat(pool: Pool, at: datetime) -> None:
    """It lives; never goes back."""
    await pool.execute(BEAT, at)


async def has_sent(pool: Pool) -> bool:
    """Whether anything was ever handed over from this database."""
    return bool(await pool.fetchval(HAS_SENT))


async def hold(pool: Pool, reason: str, *, unknown_since: datetime | None) -> None:
    """From now on nothing leaves, until a person confirms and the gateway was asked about the rest."""
    await pool.execute(HOLD, reason, unknown_since)


async def confirm(pool: Pool, *, actor: str) -> bool:
    """A person has looked; False if nothing is held."""
    async with pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(CONFIRM, actor) is None:
            return False
        await audit.record(
            connection, actor=actor, action="restore.confirmed", subject_type="installation", subject_id="1"
        )
    return True


async def release(pool: Pool) -> bool:
    """Lets messages leave again; False if nobody has confirmed, or nothing was held."""
    return await pool.fetchval(RELEASE) is not None


async def latest_sends(pool: Pool) -> list[LatestSend]:
    """For each sender that the gateway may know."""
    return [LatestSend(**row) for row in await pool.fetch(LATEST_SENDS)]

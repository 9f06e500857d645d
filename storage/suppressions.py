"""The opt-out list: numbers that must never be written to again. It outlives their contacts."""

from dataclasses import dataclass
from datetime import datetime

from domain.phone import mask_phone
from storage import audit
from storage.contact_lists import PLAN_ANEW
from storage.contacts import StoppedContact, opt_out
from storage.database import Pool
from storage.phone_search import phone_pattern


@dataclass(frozen=True, kw_only=True, slots=True)
class Suppression:
    """One number, since when, and why as far as we know."""

    id: str
    phone: str | None  # None: they were erased, and the number is known by its hash alone
    opted_out_at: datetime
    reason: str | None
    contact_id: str | None
    created_at: datetime
    erased_at: datetime | None


_READ = """
    SELECT s.id::text, s.phone, s.opted_out_at, s.reason, s.created_at, s.erased_at, c.id::text AS contact_id
    FROM suppressions s LEFT JOIN contacts c ON c.phone = s.phone
"""
GET = f"{_READ} WHERE s.id = $1"
GET_BY_PHONE = f"{_READ} WHERE s.phone = $1 OR s.phone_hash = suppression_hash($1)"
_BEFORE = "s.id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')"
LIST = f"{_READ} WHERE {_BEFORE} ORDER BY s.id DESC LIMIT $1"
SEARCH = f"{_READ} WHERE {_BEFORE} AND s.phone LIKE $3 ORDER BY s.id DESC LIMIT $1"
EXPLAIN = "UPDATE suppressions SET reason = coalesce($2, reason) WHERE phone = $1"
# The contact first: whoever opts out locks it before the suppression.
ALLOW_AGAIN = """
    UPDATE contacts c SET opted_out_at = NULL, updated_at = clock_timestamp() FROM suppressions s
    WHERE s.id = $1 AND c.opted_out_at IS NOT NULL AND c.phone IS NOT NULL
        AND (c.phone = s.phone OR suppression_hash(c.phone) = s.phone_hash)
"""
DELETE = "DELETE FROM suppressions WHERE id = $1"


async def list_suppressions(
    pool: Pool, *, limit: int, after_id: str | None = None, q: str | None = None
) -> list[Suppression]:
    """A page of the opt-out list, the latest entries first; `q` is a part of a number."""
    if q is None:
        return [Suppression(**row) for row in await pool.fetch(LIST, limit, after_id)]
    pattern = phone_pattern(q)
    if pattern is None:
        return []
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(PLAN_ANEW)
        rows = await connection.fetch(SEARCH, limit, after_id, pattern)
    return [Suppression(**row) for row in rows]


async def suppress(
    pool: Pool, phone: str, at: datetime, reason: str | None, *, actor: str = audit.RELANCE
) -> tuple[Suppression, list[StoppedContact]]:
    """Suppresses a number; gives its entry and the contacts of running campaigns that this stopped."""
    async with pool.acquire() as connection, connection.transaction():
        before = await connection.fetchrow(GET_BY_PHONE, phone)
        stopped = await opt_out(connection, phone, at)
        await connection.execute(EXPLAIN, phone, reason)
        row = await connection.fetchrow(GET_BY_PHONE, phone)
        if row is None:
            raise LookupError("an opt-out was stored without its entry in the opt-out list")
        if before is None or before["reason"] != row["reason"]:
            await audit.record(
                connection,
                actor=actor,
                action="opt_out.added",
                subject_type="opt_out",
                subject_id=row["id"],
                before=None if before is None else {"reason": before["reason"]},
                after={"phone": mask_phone(phone), "reason": row["reason"]},
            )
    return Suppression(**row), stopped


async def allow_again(pool: Pool, suppression_id: str, *, actor: str, reason: str) -> bool:
    """Takes a number off the list, because its owner has agreed again; False if it is not there.

    The audit log keeps who did it and why.
    """
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(GET, suppression_id)
        if row is None:
            return False
        await connection.execute(ALLOW_AGAIN, suppression_id, timeout=60)
        if await connection.execute(DELETE, suppression_id) != "DELETE 1":
            return False
        await audit.record(
            connection,
            actor=actor,
            action="opt_out.removed",
            subject_type="opt_out",
            subject_id=suppression_id,
            before={
                "phone": mask_phone(row["phone"]) if row["phone"] else None,
                "opted_out_at": row["opted_out_at"].isoformat(),
            },
            after={"reason": reason},
        )
        return True

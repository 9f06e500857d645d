"""The audit log: who changed what, and from what to what. Entries are only ever added."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.database import Connection, Pool
from storage.keyset import Order, Slice, Where, fetch_slice

RELANCE = "relance"  # who does what nobody asked for at that moment, such as a scheduled start


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEntry:
    """One change."""

    id: str
    at: datetime
    actor: str
    action: str  # such as "setting.set"
    subject_type: str
    subject_id: str
    before: dict[str, Any] | None  # None: there was nothing
    after: dict[str, Any] | None  # None: nothing is left


RECORD = """
    INSERT INTO audit_log (actor, action, subject_type, subject_id, before, after)
    VALUES ($1, $2, $3, $4, $5, $6)
"""
ORDER = Order((("audit_log.id", "uuid"),), descending=True)
LIST = """
    SELECT id::text, at, actor, action, subject_type, subject_id, before, after, {key} AS key
    FROM audit_log {where} ORDER BY {order} LIMIT {limit}
"""


async def record(
    connection: Connection,
    *,
    actor: str,
    action: str,
    subject_type: str,
    subject_id: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Adds an entry, in the caller's transaction: change and entry are stored both or not at all."""
    await connection.execute(RECORD, actor, action, subject_type, subject_id, before, after)


async def note(
    pool: Pool,
    actor: str,
    action: str,
    subject_type: str,
    subject_id: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Adds an entry on what has no transaction here: what was read, or is done already."""
    await pool.execute(RECORD, actor, action, subject_type, subject_id, before, after)


async def change(
    connection: Connection, statement: str, subject_id: str, *values: object, actor: str, action: str
) -> bool:
    """Runs a statement that changes one row and gives its `before` and `after`, and records that.

    The subject is its first parameter; its type, the first word of the action. False if no row was changed.
    """
    row = await connection.fetchrow(statement, subject_id, *values)
    if row is None:
        return False
    if row["before"] != row["after"]:
        await record(
            connection,
            actor=actor,
            action=action,
            subject_type=action.partition(".")[0],
            subject_id=subject_id,
            before=row["before"],
            after=row["after"],
        )
    return True


async def change_alone(
    pool: Pool, statement: str, subject_id: str, *values: object, actor: str, action: str
) -> bool:
    """The same in a transaction of its own."""
    async with pool.acquire() as connection, connection.transaction():
        return await change(connection, statement, subject_id, *values, actor=actor, action=action)


async def list_entries(
    pool: Pool,
    limit: int,
    *,
    after: Sequence[str] | None = None,
    subject_type: str | None = None,
    subject_id: str | None = None,
    actor: str | None = None,
    action: str | None = None,
    since: datetime | None = None,
) -> Slice[AuditEntry]:
    """Entries, the newest first. A subject is one of a type: its id means nothing alone (ValueError)."""
    if subject_id is not None and subject_type is None:
        raise ValueError("a subject_id means nothing without its subject_type")
    where = Where()
    where.also("subject_type = {}", subject_type)
    where.also("subject_id = {}", subject_id)
    where.also("actor = {}", actor)
    where.also("action = {}", action)
    where.also("at >= {}", since)
    where.after(ORDER, after)
    statement = LIST.format(key=ORDER.key, where=where, order=ORDER.clause, limit=where.parameter(limit + 1))
    return await fetch_slice(pool, statement, where.values, AuditEntry, limit)

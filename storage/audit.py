"""The audit log: who changed what, and from what to what. Entries are only ever added."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.database import Connection, Pool


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
_READ = "SELECT id::text, at, actor, action, subject_type, subject_id, before, after FROM audit_log"
LIST = f"{_READ} ORDER BY audit_log.id DESC LIMIT $1"
LIST_OF_TYPE = f"{_READ} WHERE subject_type = $2 ORDER BY audit_log.id DESC LIMIT $1"
LIST_OF_SUBJECT = f"{_READ} WHERE subject_type = $2 AND subject_id = $3 ORDER BY audit_log.id DESC LIMIT $1"


async def record(
    connection: Connection,
    *,
    actor: str,
    action: str,
    subject_type: str,
    subject_id: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    """Adds an entry, in the caller's transaction: change and entry are stored both or not at all."""
    await connection.execute(RECORD, actor, action, subject_type, subject_id, before, after)


async def list_entries(
    pool: Pool, limit: int, *, subject_type: str | None = None, subject_id: str | None = None
) -> list[AuditEntry]:
    """The newest entries first: all, those about one type of subject, or those about one subject of a type."""
    if subject_type is None:
        if subject_id is not None:
            raise ValueError("a subject_id means nothing without its subject_type")
        rows = await pool.fetch(LIST, limit)
    elif subject_id is None:
        rows = await pool.fetch(LIST_OF_TYPE, limit, subject_type)
    else:
        rows = await pool.fetch(LIST_OF_SUBJECT, limit, subject_type, subject_id)
    return [AuditEntry(**row) for row in rows]

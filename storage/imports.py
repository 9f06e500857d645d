"""Files of contacts that are imported in the background: their text, how far it is, what became of its rows."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import asyncpg

from domain.contact_columns import Column, Meaning
from domain.contact_file import Layout, Portion, Position, same_number
from storage.contacts import categorise_stage, fill_stage, save_category
from storage.database import Connection, Pool

PART_BYTES = 512 * 1024
_TIMEOUT_S = 120


class Duplicates(StrEnum):
    """What to do about a number that is a contact already."""

    UPDATE = "update"  # new values replace old ones, nothing is blanked
    SKIP = "skip"  # it stays as it is


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """A file and what became of it so far."""

    id: str
    file_name: str | None
    state: str  # uploading, queued, running, completed, cancelled, failed
    category_id: str | None
    country: str
    duplicates: str
    size_bytes: int
    position_bytes: int  # how much of it is done
    rows_read: int
    created: int
    updated: int
    skipped: int
    rejected: int
    opted_out: int
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportJob:
    """What is left to do of an import."""

    id: str
    layout: Layout
    country: str
    position: Position


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejection:
    """A row that is no contact."""

    line: int
    value: str
    reason: str


_READ = """
    SELECT id::text, file_name, state, category_id::text, country, duplicates, size_bytes, position_bytes,
        rows_read, created, updated, skipped, rejected, opted_out, error, created_at, started_at, finished_at
    FROM imports
"""
GET = f"{_READ} WHERE imports.id = $1"
LIST = f"""
    {_READ}
    WHERE imports.id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AND state <> 'uploading'
    ORDER BY imports.id DESC LIMIT $1
"""
OPEN = """
    INSERT INTO imports (file_name, country, duplicates) VALUES ($1, $2, $3) RETURNING id::text
"""
# What a client began to send and never ended.
FORGET_ABANDONED = """
    DELETE FROM imports WHERE state = 'uploading' AND created_at < clock_timestamp() - interval '1 hour'
"""
ADD_PART = "INSERT INTO import_parts (import_id, part, data) VALUES ($1, $2, $3)"
QUEUE = "UPDATE imports SET state = 'queued', layout = $2, size_bytes = $3, category_id = $4 WHERE id = $1"
DELETE = "DELETE FROM imports WHERE id = $1"
START = """
    UPDATE imports SET state = 'running', started_at = coalesce(started_at, clock_timestamp())
    WHERE id = $1 AND state IN ('queued', 'running')
    RETURNING id::text, layout, country, position_bytes, position_line
"""
PART = "SELECT data FROM import_parts WHERE import_id = $1 AND part = $2"
CANCEL = """
    UPDATE imports SET state = 'cancelled', finished_at = clock_timestamp()
    WHERE id = $1 AND state IN ('queued', 'running')
"""
FINISH = """
    UPDATE imports SET state = $2, error = $3, finished_at = clock_timestamp()
    WHERE id = $1 AND state = 'running'
"""
DROP_PARTS = "DELETE FROM import_parts WHERE import_id = $1"
WAITING = """
    SELECT id::text FROM imports
    WHERE state = 'queued' AND created_at < clock_timestamp() - interval '5 seconds'
    ORDER BY created_at LIMIT 100
"""
REJECTIONS = """
    SELECT line, value, reason FROM import_rejections WHERE import_id = $1 AND line > $3 ORDER BY line LIMIT $2
"""

# The ledger. Whoever stores rows moves the position on from where they begin: nobody has stored them before,
# and nobody can store them again.
ADVANCE = """
    UPDATE imports SET position_bytes = $3, position_line = $4
    WHERE id = $1 AND position_bytes = $2 AND state = 'running'
    RETURNING category_id::text, duplicates
"""
# Nobody has counted the rows of a new table: for a few thousand, the index on phones is always right.
BY_INDEX = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off"
# A number that an earlier portion of the same file held.
REPEATED = """
    DELETE FROM stage s USING contacts c WHERE c.phone = s.phone AND c.import_id = $1
    RETURNING s.line, s.phone, s.opted_out, c.import_line
"""
OPT_OUT_REPEATED = """
    UPDATE contacts SET opted_out_at = clock_timestamp(), updated_at = clock_timestamp()
    WHERE phone = ANY($1) AND opted_out_at IS NULL
"""
_INSERT = """
    INSERT INTO contacts (phone, name, variables, opted_out_at, import_id, import_line)
    SELECT phone, nullif(name, ''), variables, CASE WHEN opted_out THEN clock_timestamp() END, $1, line
    FROM stage ORDER BY phone
"""
# As everywhere: an import never blanks a name, and never takes back an opt-out.
MERGES = {
    Duplicates.UPDATE: f"""
        WITH merged AS ({_INSERT}
            ON CONFLICT (phone) DO UPDATE SET
                name = coalesce(excluded.name, contacts.name),
                variables = contacts.variables || excluded.variables,
                opted_out_at = coalesce(contacts.opted_out_at, excluded.opted_out_at),
                import_id = excluded.import_id,
                import_line = excluded.import_line,
                updated_at = clock_timestamp()
            RETURNING xmax = 0 AS created)
        SELECT count(*) FILTER (WHERE created) AS created, count(*) FILTER (WHERE NOT created) AS updated
        FROM merged
    """,
    Duplicates.SKIP: f"""
        WITH merged AS ({_INSERT}
            ON CONFLICT (phone) DO UPDATE SET
                opted_out_at = excluded.opted_out_at, updated_at = clock_timestamp()
                WHERE excluded.opted_out_at IS NOT NULL AND contacts.opted_out_at IS NULL
            RETURNING xmax = 0 AS created)
        SELECT count(*) FILTER (WHERE created) AS created, count(*) FILTER (WHERE NOT created) AS updated
        FROM merged
    """,
}
COUNT = """
    UPDATE imports SET rows_read = rows_read + $2, created = created + $3, updated = updated + $4,
        skipped = skipped + $5, rejected = rejected + $6, opted_out = opted_out + $7
    WHERE id = $1
"""


async def open_import(pool: Pool, *, file_name: str | None, country: str, duplicates: Duplicates) -> str:
    """A place for a file that is about to come; gives its id."""
    await pool.execute(FORGET_ABANDONED)
    import_id: str = await pool.fetchval(OPEN, file_name, country, duplicates)
    return import_id


async def add_part(pool: Pool, import_id: str, part: int, data: bytes) -> None:
    """Stores a piece of the file: all but the last have PART_BYTES."""
    await pool.execute(ADD_PART, import_id, part, data)


async def queue_import(
    pool: Pool, import_id: str, layout: Layout, size_bytes: int, category: str | None = None
) -> Import:
    """The file is complete and can be imported; only now its category is made, if need be."""
    async with pool.acquire() as connection, connection.transaction():
        category_id = None if category is None else await save_category(connection, category)
        await connection.execute(QUEUE, import_id, asdict(layout), size_bytes, category_id)
    queued = await get_import(pool, import_id)
    if queued is None:
        raise LookupError(f"import {import_id} was deleted while its file was sent")
    return queued


async def delete_import(pool: Pool, import_id: str) -> None:
    """Forgets an import with its file and its rejected rows; contacts stay."""
    await pool.execute(DELETE, import_id)


async def get_import(pool: Pool, import_id: str) -> Import | None:
    """The import, or None."""
    row = await pool.fetchrow(GET, import_id)
    return Import(**row) if row else None


async def list_imports(pool: Pool, *, limit: int, after_id: str | None = None) -> list[Import]:
    """A page of imports, the latest first."""
    return [Import(**row) for row in await pool.fetch(LIST, limit, after_id)]


async def cancel_import(pool: Pool, import_id: str) -> bool:
    """Imports no further row; what is imported stays. False when it has ended."""
    cancelled = await pool.execute(CANCEL, import_id) == "UPDATE 1"
    if cancelled:
        await pool.execute(DROP_PARTS, import_id)
    return cancelled


async def waiting_imports(pool: Pool) -> list[str]:
    """Imports that nobody has begun: whoever asked for them may have failed to start them."""
    return [row["id"] for row in await pool.fetch(WAITING)]


async def start_import(pool: Pool, import_id: str) -> ImportJob | None:
    """Where an import goes on; None when there is nothing to do any more."""
    row = await pool.fetchrow(START, import_id)
    if row is None:
        return None
    return ImportJob(
        id=row["id"],
        layout=_layout(row["layout"]),
        country=row["country"],
        position=Position(offset=row["position_bytes"], line=row["position_line"]),
    )


def _layout(stored: Mapping[str, Any]) -> Layout:
    columns = [
        Column(title=column["title"], meaning=Meaning(column["meaning"])) for column in stored["columns"]
    ]
    return Layout(**{**stored, "columns": tuple(columns)})


async def load_part(pool: Pool, import_id: str, part: int) -> bytes | None:
    """A piece of the file; None after the last."""
    data: bytes | None = await pool.fetchval(PART, import_id, part)
    return data


async def store_portion(pool: Pool, import_id: str, begins_at: Position, portion: Portion) -> bool:
    """Stores rows and moves the import on, both or nothing.

    False when they are stored already, or the import has been cancelled: then nothing is left to do here.
    """
    async with pool.acquire() as connection, connection.transaction():
        ends_at = portion.ends_at
        job = await connection.fetchrow(ADVANCE, import_id, begins_at.offset, ends_at.offset, ends_at.line)
        if job is None:
            return False
        await _merge(connection, import_id, job, portion)
        return True


async def _merge(connection: Connection, import_id: str, job: "asyncpg.Record", portion: Portion) -> None:
    await fill_stage(connection, portion.contacts)
    await connection.execute(BY_INDEX)
    repeated = await connection.fetch(REPEATED, import_id, timeout=_TIMEOUT_S)
    if opted_out := [row["phone"] for row in repeated if row["opted_out"]]:
        await connection.execute(OPT_OUT_REPEATED, sorted(opted_out), timeout=_TIMEOUT_S)
    merged = await connection.fetchrow(MERGES[Duplicates(job["duplicates"])], import_id, timeout=_TIMEOUT_S)
    assert merged is not None  # noqa: S101 - an aggregate has one row
    await categorise_stage(connection, portion.contacts, job["category_id"])
    rejected = [(row.line, row.value, row.reason) for row in portion.rejected]
    rejected += [(row["line"], row["phone"], same_number(row["import_line"])) for row in repeated]
    await connection.copy_records_to_table(
        "import_rejections",
        records=[(import_id, *row) for row in rejected],
        columns=["import_id", "line", "value", "reason"],
        timeout=_TIMEOUT_S,
    )
    valid = len(portion.contacts) - len(repeated)
    await connection.execute(
        COUNT,
        import_id,
        portion.rows,
        merged["created"],
        merged["updated"],
        valid - merged["created"] - merged["updated"],
        len(rejected),
        sum(row.opted_out for row in portion.contacts) - len(opted_out),
    )


async def finish_import(pool: Pool, import_id: str, error: str | None = None) -> None:
    """The file is done, or cannot be read any further; its text is not needed any more."""
    await pool.execute(FINISH, import_id, "completed" if error is None else "failed", error)
    await pool.execute(DROP_PARTS, import_id)


async def list_rejections(pool: Pool, import_id: str, *, limit: int, after_line: int = 0) -> list[Rejection]:
    """A page of rejected rows, by their lines; 0 is before the first."""
    return [Rejection(**row) for row in await pool.fetch(REJECTIONS, import_id, limit, after_line)]

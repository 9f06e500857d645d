"""Contacts by the page, and what is done to many of them at once: by their ids, or by a filter."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import asyncpg

from storage import erasures
from storage.database import Connection, Pool
from storage.phone_search import phone_pattern


class ContactOrder(StrEnum):
    """How a list of contacts is sorted."""

    CREATED = "created"  # the newest first
    NAME = "name"  # without regard to case and accents; the nameless last
    PHONE = "phone"


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactFilter:
    """Which contacts; None leaves a question open."""

    category_id: str | None = None
    whatsapp: str | None = None  # yes, no, unknown
    opted_out: bool | None = None
    q: str | None = None  # a part of a name, or of a number


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactListing:
    """A contact as a list shows it."""

    id: str
    phone: str
    name: str | None
    whatsapp: str
    opted_out: bool
    category_ids: list[str]
    created_at: datetime
    sort_key: str  # where it stands in the order, besides its id


@dataclass(frozen=True, kw_only=True, slots=True)
class Removal:
    """What became of contacts that were to be deleted."""

    deleted: int
    erased: int  # nothing personal is left; the rows stay for the results of campaigns
    refused: int  # a campaign still writes to them
    erasure_id: str | None = None  # what is left of them elsewhere goes in the background


_SORT_KEYS = {
    ContactOrder.CREATED: "c.id::text",
    ContactOrder.NAME: "c.sort_name",
    ContactOrder.PHONE: "c.phone",
}
_SORTS = {
    ContactOrder.CREATED: "c.id DESC",
    ContactOrder.NAME: "c.sort_name, c.id",
    ContactOrder.PHONE: "c.phone, c.id",
}
_AFTER = {
    ContactOrder.CREATED: "c.id < {id}::uuid AND {key}::text IS NOT NULL",
    ContactOrder.NAME: "(c.sort_name, c.id) > ({key}, {id}::uuid)",
    ContactOrder.PHONE: "(c.phone, c.id) > ({key}, {id}::uuid)",
}
_COLUMNS = """
    c.id::text, c.phone, c.name, c.whatsapp, c.opted_out_at IS NOT NULL AS opted_out, c.created_at,
    ARRAY(SELECT o.category_id::text FROM contact_categories o WHERE o.contact_id = c.id ORDER BY 1)
        AS category_ids
"""
# The rows of a filter differ by orders of magnitude: one plan for all values would be wrong for most.
PLAN_ANEW = "SET LOCAL plan_cache_mode = force_custom_plan"

HASHED_MEMBERS = 50_000  # of larger categories, a page is full before many contacts were looked at
COUNT = "SELECT contact_count FROM categories WHERE id = $1"
# IS TRUE keeps the planner from making a join of it, which would look every member up by itself.
MEMBERS = "(c.id IN (SELECT contact_id FROM contact_categories WHERE category_id = {})) IS TRUE"

CATEGORISE = """
    INSERT INTO contact_categories (contact_id, category_id)
    SELECT id, {category} FROM ({matching}) m ORDER BY id ON CONFLICT DO NOTHING
"""
UNCATEGORISE = """
    DELETE FROM contact_categories
    WHERE category_id = {category} AND contact_id IN (SELECT id FROM ({matching}) m)
"""
REACHABLE = """
    SELECT phone FROM contacts
    WHERE id IN (SELECT id FROM ({matching}) m) AND opted_out_at IS NULL ORDER BY phone
"""
# FOR UPDATE keeps campaigns from enrolling them meanwhile.
LOCK_MATCHING = "SELECT id FROM contacts WHERE id IN (SELECT id FROM ({matching}) m) ORDER BY phone FOR UPDATE"
SORT_OUT = """
    SELECT c.id, count(cc.campaign_id) > 0 AS enrolled,
        coalesce(bool_or(cc.state IN ('pending', 'message_1_sent')), false) AS open
    FROM unnest($1::uuid[]) AS c(id) LEFT JOIN campaign_contacts cc ON cc.contact_id = c.id GROUP BY c.id
"""
DELETE = "DELETE FROM contacts WHERE id = ANY($1::uuid[])"
# Opted out as well, because that keeps them out of every audience.
ERASE = """
    UPDATE contacts SET phone = NULL, name = NULL, variables = '{}', import_id = NULL, import_line = NULL,
        erased_at = clock_timestamp(), updated_at = clock_timestamp(),
        opted_out_at = coalesce(opted_out_at, clock_timestamp())
    WHERE id = ANY($1::uuid[])
"""
ERASE_RELATED = (
    "DELETE FROM contact_categories WHERE contact_id = ANY($1::uuid[])",
    "UPDATE messages SET body = NULL WHERE contact_id = ANY($1::uuid[]) AND body IS NOT NULL",
    """
    UPDATE interactions i SET text = NULL FROM campaign_contacts cc
    WHERE cc.contact_id = ANY($1::uuid[]) AND i.campaign_id = cc.campaign_id AND i.contact_id = cc.contact_id
        AND i.text IS NOT NULL
    """,
)


async def list_contacts(
    pool: Pool, chosen: ContactFilter, order: ContactOrder, *, limit: int, after: tuple[str, str] | None = None
) -> list[ContactListing]:
    """A page of contacts. `after` is the sort key and the id of the last one of the page before."""
    if chosen == ContactFilter():
        statement, values = _page(chosen, order, limit, after)
        return [ContactListing(**row) for row in await pool.fetch(statement, *values)]
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(PLAN_ANEW)
        count = await connection.fetchval(COUNT, chosen.category_id) if chosen.category_id else None
        is_hashed = order is not ContactOrder.CREATED and count is not None and count <= HASHED_MEMBERS
        statement, values = _page(chosen, order, limit, after, is_hashed=is_hashed)
        return [ContactListing(**row) for row in await connection.fetch(statement, *values)]


async def count_contacts(pool: Pool, chosen: ContactFilter) -> int:
    """How many contacts there are of that kind."""
    matching, values = _matching(chosen)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(PLAN_ANEW)
        return int(await connection.fetchval(f"SELECT count(*) FROM ({matching}) m", *values))


async def list_reachable(pool: Pool, chosen: ContactFilter | Sequence[str]) -> list[str]:
    """The numbers of contacts who have not opted out."""
    matching, values = _matching(chosen)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(PLAN_ANEW)
        rows = await connection.fetch(REACHABLE.format(matching=matching), *values, timeout=60)
    return [row["phone"] for row in rows]


def _page(
    chosen: ContactFilter,
    order: ContactOrder,
    limit: int,
    after: tuple[str, str] | None,
    *,
    is_hashed: bool = False,
) -> tuple[str, list[Any]]:
    source, conditions, values = filter_clauses(chosen, is_hashed=is_hashed)
    if after is not None:
        values += after
        conditions.append(_AFTER[order].format(key=f"${len(values) - 1}", id=f"${len(values)}"))
    values.append(limit)
    # First who is on the page, from indexes alone; then what it shows of them.
    statement = f"""
        WITH page AS MATERIALIZED (
            SELECT c.id, {_SORT_KEYS[order]} AS sort_key FROM {source}
            WHERE {" AND ".join(conditions)} ORDER BY {_SORTS[order]} LIMIT ${len(values)}
        )
        SELECT {_COLUMNS}, page.sort_key FROM page JOIN contacts c USING (id) ORDER BY {_SORTS[order]}
    """
    return statement, values


def filter_clauses(chosen: ContactFilter, *, is_hashed: bool = False) -> tuple[str, list[str], list[Any]]:
    """What to read from, under which conditions, with which values: all from a closed set.

    With `is_hashed`, the members of the category are collected first: for an order that has nothing to do with
    the category, in which its members may all come last.
    """
    source, conditions = "contacts c", ["c.phone IS NOT NULL"]
    values: list[Any] = []

    def value(given: Any) -> str:
        values.append(given)
        return f"${len(values)}"

    if chosen.category_id is not None and is_hashed:
        conditions.append(MEMBERS.format(value(chosen.category_id)))
    elif chosen.category_id is not None:
        source += " JOIN contact_categories cc ON cc.contact_id = c.id"
        conditions.append(f"cc.category_id = {value(chosen.category_id)}")
    if chosen.whatsapp is not None:
        conditions.append(f"c.whatsapp = {value(chosen.whatsapp)}")
    if chosen.opted_out is not None:
        conditions.append(f"c.opted_out_at IS {'NOT NULL' if chosen.opted_out else 'NULL'}")
    if chosen.q and (pattern := phone_pattern(chosen.q)):
        conditions.append(f"c.phone LIKE {value(pattern)}")
    elif chosen.q and chosen.q.strip():
        words = re.sub(r"([\\%_])", r"\\\1", chosen.q.strip())
        # Fewer than three letters are no trigram: they are taken for the beginning of the name.
        before = "'%' || " if len(chosen.q.strip()) > 2 else ""
        conditions.append(f"c.sort_name LIKE {before}name_key({value(words)}) || '%'")
    return source, conditions, values


def _matching(chosen: ContactFilter | Sequence[str]) -> tuple[str, list[Any]]:
    if isinstance(chosen, ContactFilter):
        source, conditions, values = filter_clauses(chosen)
        return f"SELECT c.id FROM {source} WHERE {' AND '.join(conditions)}", values
    return "SELECT id FROM contacts WHERE id = ANY($1::uuid[]) AND phone IS NOT NULL", [list(chosen)]


async def add_to_category(pool: Pool, chosen: ContactFilter | Sequence[str], category_id: str) -> int | None:
    """Puts contacts into a category and says how many were not in it; None when there is no such category."""
    try:
        return await _change(pool, CATEGORISE, chosen, category_id)
    except asyncpg.ForeignKeyViolationError:
        return None


async def remove_from_category(pool: Pool, chosen: ContactFilter | Sequence[str], category_id: str) -> int:
    """Takes contacts out of a category; says how many were in it."""
    return await _change(pool, UNCATEGORISE, chosen, category_id)


async def _change(pool: Pool, template: str, chosen: ContactFilter | Sequence[str], category_id: str) -> int:
    matching, values = _matching(chosen)
    statement = template.format(category=f"${len(values) + 1}::uuid", matching=matching)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(PLAN_ANEW)
        return int((await connection.execute(statement, *values, category_id, timeout=300)).split()[-1])


async def remove_contacts(pool: Pool, chosen: ContactFilter | Sequence[str], *, actor: str) -> Removal:
    """Deletes contacts, so far as campaigns allow.

    Whoever a campaign still writes to is refused. Whoever a campaign has written to is erased: name, number,
    variables and texts are gone, and the results of the campaign stay what they were. All others are deleted.
    What other places hold of their numbers goes in the background (`storage.erasures`). Opt-outs stay known, by
    a hash of the number. Raises SuppressionKeyError when that cannot be made.
    """
    matching, values = _matching(chosen)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(PLAN_ANEW)
        locked = await connection.fetch(LOCK_MATCHING.format(matching=matching), *values, timeout=300)
        return await _remove(connection, [row["id"] for row in locked], actor)


async def _remove(connection: Connection, contact_ids: list[Any], actor: str) -> Removal:
    rows = await connection.fetch(SORT_OUT, contact_ids, timeout=300)
    enrolled = [row["id"] for row in rows if row["enrolled"] and not row["open"]]
    free = [row["id"] for row in rows if not row["enrolled"]]
    gone = [*enrolled, *free]
    erasure_id = await erasures.request(connection, gone, actor=actor) if gone else None
    if enrolled:
        await connection.execute(ERASE, enrolled, timeout=300)
        for statement in ERASE_RELATED:
            await connection.execute(statement, enrolled, timeout=300)
    if free:
        await connection.execute(DELETE, free, timeout=300)
    return Removal(
        deleted=len(free), erased=len(enrolled), refused=len(rows) - len(gone), erasure_id=erasure_id
    )

"""Categories: the groups of contacts that campaigns write to."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import asyncpg

from storage.database import Pool


@dataclass(frozen=True, kw_only=True, slots=True)
class Category:
    """A category. `contact_count` is kept by the database with every change of its contacts."""

    id: str
    name: str
    colour: str  # #rrggbb
    contact_count: int
    created_at: datetime
    sort_key: str


class CategoryOrder(StrEnum):
    """How a list of categories is sorted."""

    NAME = "name"
    CREATED = "created"  # the newest first


class CategoryExistsError(Exception):
    """Another category has this name; `category_id` says which."""

    def __init__(self, name: str, category_id: str) -> None:
        super().__init__(f"there is a category of the name {name} already: {category_id}")
        self.category_id = category_id


class CategoryInUseError(Exception):
    """A campaign that has not ended needs the category; the message names the campaigns."""


_READ = """
    SELECT id::text, name, colour, contact_count, created_at, name_key(name) AS sort_key FROM categories c
"""
GET = f"{_READ} WHERE id = $1"
_NAMED_LIKE = "AND ($4::text IS NULL OR name_key(name) LIKE '%' || name_key($4) || '%')"
LISTS = {
    CategoryOrder.NAME: f"""
        {_READ}
        WHERE (name_key(name), c.id) > (coalesce($2::text, ''), coalesce($3::uuid, uuid '{UUID(int=0)}'))
            {_NAMED_LIKE}
        ORDER BY name_key(name), c.id LIMIT $1
    """,
    CategoryOrder.CREATED: f"""
        {_READ}
        WHERE c.id < coalesce($3::uuid, uuid '{UUID(int=2**128 - 1)}') AND coalesce($2::text, '') IS NOT NULL
            {_NAMED_LIKE}
        ORDER BY c.id DESC LIMIT $1
    """,
}
ADD = "INSERT INTO categories (name, colour) VALUES ($1, $2) RETURNING id::text"
CHANGE = """
    UPDATE categories
    SET name = coalesce($2, name), colour = coalesce($3, colour), updated_at = clock_timestamp()
    WHERE id = $1
"""
NAMED = "SELECT id::text FROM categories WHERE name = $1"
LOCK = "SELECT FROM categories WHERE id = $1 FOR UPDATE"
USED_BY = """
    SELECT ca.name FROM campaign_categories cc JOIN campaigns ca ON ca.id = cc.campaign_id
    WHERE cc.category_id = $1 AND ca.status NOT IN ('completed', 'cancelled') ORDER BY ca.id LIMIT 4
"""
DELETE = "DELETE FROM categories WHERE id = $1"


async def get_category(pool: Pool, category_id: str) -> Category | None:
    """The category, or None."""
    row = await pool.fetchrow(GET, category_id)
    return Category(**row) if row else None


async def list_categories(
    pool: Pool,
    order: CategoryOrder,
    *,
    limit: int,
    after: tuple[str, str] | None = None,
    q: str | None = None,
) -> list[Category]:
    """A page of categories with their counts. `after`: sort key and id of the last one of the page before."""
    key, identity = after or (None, None)
    return [Category(**row) for row in await pool.fetch(LISTS[order], limit, key, identity, q)]


async def add_category(pool: Pool, name: str, colour: str) -> Category:
    """Makes a category. Raises CategoryExistsError."""
    try:
        category_id = await pool.fetchval(ADD, name, colour)
    except asyncpg.UniqueViolationError as error:
        raise await _taken(pool, name) from error
    made = await get_category(pool, category_id)
    if made is None:
        raise LookupError(f"category {category_id} was deleted at once")
    return made


async def change_category(
    pool: Pool, category_id: str, *, name: str | None = None, colour: str | None = None
) -> Category | None:
    """Renames or recolours a category; None when there is none. Raises CategoryExistsError."""
    try:
        await pool.execute(CHANGE, category_id, name, colour)
    except asyncpg.UniqueViolationError as error:
        raise await _taken(pool, str(name)) from error
    return await get_category(pool, category_id)


async def _taken(pool: Pool, name: str) -> CategoryExistsError:
    return CategoryExistsError(name, str(await pool.fetchval(NAMED, name)))


async def delete_category(pool: Pool, category_id: str) -> bool:
    """Deletes a category, not its contacts; False when there is none.

    Raises CategoryInUseError while a campaign that has not ended uses it.
    """
    async with pool.acquire() as connection, connection.transaction():
        # Locked, so that no draft can choose it meanwhile.
        await connection.execute(LOCK, category_id)
        names = [row["name"] for row in await connection.fetch(USED_BY, category_id)]
        if names:
            more = " and more" if len(names) > 3 else ""
            raise CategoryInUseError(f"{', '.join(names[:3])}{more}")
        return await connection.execute(DELETE, category_id, timeout=300) == "DELETE 1"

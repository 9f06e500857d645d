"""Contacts one by one and by the file: lookup, changes, opt-out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from domain.contact_file import ContactRow
from domain.contact_states import ContactState
from storage.database import Connection, Pool

_TIMEOUT_S = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportResult:
    """What an import did with the valid rows of a file."""

    created: int
    updated: int
    opted_out: int  # of those, how many the file marks as opted out
    category_id: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StoppedContact:
    """A contact of a running campaign that an opt-out stopped."""

    campaign_id: str
    contact_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """A person, as far as we know them."""

    id: str
    phone: str
    name: str | None
    variables: dict[str, str]
    whatsapp: str  # yes, no, unknown
    whatsapp_checked_at: datetime | None
    opted_out_at: datetime | None
    category_ids: list[str]
    import_id: str | None  # the last file that named them
    import_line: int | None
    created_at: datetime
    updated_at: datetime


class ContactExistsError(Exception):
    """Another contact has this number; `contact_id` says which."""

    def __init__(self, contact_id: str) -> None:
        super().__init__(f"this number belongs to contact {contact_id} already")
        self.contact_id = contact_id


class ContactBusyError(Exception):
    """A campaign writes to this contact now, so that its number has to stay."""


class UnknownCategoryError(Exception):
    """A category that does not exist."""


CREATE_STAGE = """
    CREATE TEMP TABLE stage (
        line integer, phone text, name text, variables jsonb, opted_out boolean, categories text[]
    ) ON COMMIT DROP
"""
STAGE_COLUMNS = ["line", "phone", "name", "variables", "opted_out", "categories"]
# An import adds to what is known: it never blanks a name, and never takes back an opt-out.
MERGE = """
    INSERT INTO contacts (phone, name, variables, opted_out_at)
    SELECT phone, nullif(name, ''), variables, CASE WHEN opted_out THEN clock_timestamp() END FROM stage
    ORDER BY phone
    ON CONFLICT (phone) DO UPDATE SET
        name = coalesce(excluded.name, contacts.name),
        variables = contacts.variables || excluded.variables,
        opted_out_at = coalesce(contacts.opted_out_at, excluded.opted_out_at),
        updated_at = clock_timestamp()
    RETURNING (xmax = 0) AS created
"""
ADD_CATEGORIES = """
    INSERT INTO categories (name) SELECT DISTINCT unnest(categories) AS name FROM stage ORDER BY name
    ON CONFLICT DO NOTHING
"""
CATEGORISE = """
    INSERT INTO contact_categories (contact_id, category_id)
    SELECT c.id, chosen.id FROM stage s JOIN contacts c USING (phone) CROSS JOIN LATERAL (
        SELECT id FROM categories WHERE id = $1 OR name = ANY(s.categories)
    ) chosen
    ON CONFLICT DO NOTHING
"""
CATEGORISE_ALL = """
    INSERT INTO contact_categories (contact_id, category_id)
    SELECT c.id, $1 FROM stage JOIN contacts c USING (phone) ON CONFLICT DO NOTHING
"""
SAVE_CATEGORY = """
    INSERT INTO categories (name) VALUES ($1)
    ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id::text
"""
# Waits for whoever erases this number at the moment: afterwards only its hash is left.
LOCK_PHONE = "SELECT id FROM contacts WHERE phone = $1 FOR UPDATE"
IS_HASHED = """
    SELECT need_suppression_key() AND EXISTS (SELECT FROM suppressions WHERE phone_hash = suppression_hash($1))
"""
OPT_OUT = """
    INSERT INTO contacts (phone, opted_out_at) VALUES ($1, $2)
    ON CONFLICT (phone) DO UPDATE SET opted_out_at = coalesce(contacts.opted_out_at, excluded.opted_out_at)
    RETURNING id
"""
# With those that an opt-out stopped before: who repeats it may not have told their workflows yet.
LOCK_STOPPABLE = """
    SELECT cc.campaign_id::text, cc.contact_id::text
    FROM campaign_contacts cc JOIN campaigns ca ON ca.id = cc.campaign_id
    WHERE cc.contact_id = $1 AND ca.status IN ('running', 'paused')
        AND cc.state IN ('pending', 'message_1_sent', 'opted_out')
    ORDER BY cc.campaign_id FOR UPDATE OF cc
"""
STOP_OPEN = """
    UPDATE campaign_contacts SET state = $3, reason = 'opt-out word', state_changed_at = clock_timestamp()
    WHERE campaign_id = $1 AND contact_id = $2 AND state <> $3
"""


GET = """
    SELECT c.id::text, phone, name, variables, whatsapp, whatsapp_checked_at, opted_out_at, import_id::text,
        import_line, created_at, updated_at,
        ARRAY(SELECT category_id::text FROM contact_categories cc WHERE cc.contact_id = c.id ORDER BY 1)
            AS category_ids
    FROM contacts c WHERE c.id = $1 AND erased_at IS NULL
"""
ADD = "INSERT INTO contacts (phone, name, variables) VALUES ($1, $2, $3) RETURNING id::text"
LOCK = "SELECT phone FROM contacts WHERE id = $1 AND erased_at IS NULL FOR UPDATE"
# A number that opted out before stays so, whoever it belongs to now.
CHANGE = """
    UPDATE contacts SET phone = $2, name = $3, variables = $4, updated_at = clock_timestamp(),
        opted_out_at = coalesce(opted_out_at, (
            SELECT s.opted_out_at FROM suppressions s
            WHERE s.phone = $2 OR s.phone_hash = suppression_hash($2) ORDER BY s.opted_out_at LIMIT 1))
    WHERE id = $1
"""
# Another number is another chance that it is on WhatsApp.
FORGET_WHATSAPP = "UPDATE contacts SET whatsapp = 'unknown', whatsapp_checked_at = NULL WHERE id = $1"
IS_WRITTEN_TO = """
    SELECT EXISTS (
        SELECT FROM campaign_contacts WHERE contact_id = $1 AND state IN ('pending', 'message_1_sent'))
"""
LEAVE_CATEGORIES = "DELETE FROM contact_categories WHERE contact_id = $1 AND category_id <> ALL($2::uuid[])"
JOIN_CATEGORIES = """
    INSERT INTO contact_categories (contact_id, category_id)
    SELECT $1, id FROM unnest($2::uuid[]) AS chosen(id) ORDER BY id ON CONFLICT DO NOTHING
"""
FIND_PHONE = "SELECT id::text FROM contacts WHERE phone = $1"


async def get_contact(pool: Pool, contact_id: str) -> Contact | None:
    """The contact, or None; one that was erased is none."""
    row = await pool.fetchrow(GET, contact_id)
    return Contact(**row) if row else None


async def add_contact(
    pool: Pool, *, phone: str, name: str | None, variables: dict[str, str], category_ids: list[str]
) -> Contact:
    """Stores a contact; `phone` is E.164. Raises ContactExistsError and UnknownCategoryError."""
    try:
        async with pool.acquire() as connection, connection.transaction():
            contact_id = await connection.fetchval(ADD, phone, name, variables)
            await _set_categories(connection, contact_id, category_ids)
            row = await connection.fetchrow(GET, contact_id)
    except asyncpg.UniqueViolationError as error:
        raise ContactExistsError(str(await pool.fetchval(FIND_PHONE, phone))) from error
    assert row is not None  # noqa: S101 - inserted above, in the same transaction
    return Contact(**row)


async def change_contact(
    pool: Pool, contact_id: str, changes: dict[str, Any], category_ids: list[str] | None
) -> Contact | None:
    """Changes a contact; `changes` may hold phone, name and variables. None when there is no such contact.

    Raises ContactExistsError, UnknownCategoryError, and ContactBusyError for another number while a campaign
    writes to the present one.
    """
    try:
        async with pool.acquire() as connection, connection.transaction():
            phone = await connection.fetchval(LOCK, contact_id)
            if phone is None:
                return None
            if changes.get("phone", phone) != phone:
                if await connection.fetchval(IS_WRITTEN_TO, contact_id):
                    raise ContactBusyError("a campaign writes to this contact now")
                await connection.execute(FORGET_WHATSAPP, contact_id)
            row = await connection.fetchrow(GET, contact_id)
            assert row is not None  # noqa: S101 - locked above
            values = {**row, **changes}
            if changes:
                await connection.execute(
                    CHANGE, contact_id, values["phone"], values["name"], values["variables"]
                )
            if category_ids is not None:
                await _set_categories(connection, contact_id, category_ids)
            row = await connection.fetchrow(GET, contact_id)
    except asyncpg.UniqueViolationError as error:
        raise ContactExistsError(str(await pool.fetchval(FIND_PHONE, changes["phone"]))) from error
    assert row is not None  # noqa: S101 - locked above
    return Contact(**row)


async def _set_categories(connection: Connection, contact_id: str, category_ids: list[str]) -> None:
    try:
        await connection.execute(LEAVE_CATEGORIES, contact_id, category_ids)
        await connection.execute(JOIN_CATEGORIES, contact_id, category_ids)
    except asyncpg.ForeignKeyViolationError as error:
        raise UnknownCategoryError(error.detail or str(error)) from error


async def save_category(source: "Pool | Connection", name: str) -> str:
    """The id of the category with this name, made if need be."""
    category_id: str = await source.fetchval(SAVE_CATEGORY, name)
    return category_id


async def import_contacts(
    pool: Pool, rows: list[ContactRow], category_id: str | None = None, *, category: str | None = None
) -> ImportResult:
    """Creates or updates contacts by phone, all or none, and puts them into the category.

    That is an existing one, or the one with the name `category`, made if need be.
    """
    async with pool.acquire() as connection, connection.transaction():
        await fill_stage(connection, rows)
        merged = await connection.fetch(MERGE, timeout=_TIMEOUT_S)
        if category is not None:  # after the contacts: that is the order of locks
            category_id = await save_category(connection, category)
        await categorise_stage(connection, rows, category_id)
    created = sum(row["created"] for row in merged)
    return ImportResult(
        created=created,
        updated=len(merged) - created,
        opted_out=sum(row.opted_out for row in rows),
        category_id=category_id,
    )


async def fill_stage(connection: Connection, rows: Sequence[ContactRow]) -> None:
    """Puts rows of a file into the table `stage`, which lives as long as the transaction."""
    await connection.execute(CREATE_STAGE)
    await connection.copy_records_to_table(
        "stage",
        records=(
            (row.line, row.phone, row.name, row.variables, row.opted_out, list(row.categories)) for row in rows
        ),
        columns=STAGE_COLUMNS,
        timeout=_TIMEOUT_S,
    )


async def categorise_stage(connection: Connection, rows: Sequence[ContactRow], category_id: str | None) -> None:
    """Puts the contacts of the stage into this category, and into those that their rows name."""
    if any(row.categories for row in rows):
        await connection.execute(ADD_CATEGORIES, timeout=_TIMEOUT_S)
        await connection.execute(CATEGORISE, category_id, timeout=_TIMEOUT_S)
    elif category_id is not None:
        await connection.execute(CATEGORISE_ALL, category_id, timeout=_TIMEOUT_S)


async def get_phone(pool: Pool, contact_id: str) -> str | None:
    """The number of a contact, or None if there is no such contact."""
    phone: str | None = await pool.fetchval("SELECT phone FROM contacts WHERE id = $1", contact_id)
    return phone


async def opt_out(connection: Connection, phone: str, at: datetime) -> list[StoppedContact]:
    """Suppresses this number for good, known or not, and stops it in every running campaign."""
    known = await connection.fetchval(LOCK_PHONE, phone)
    if known is None and await connection.fetchval(IS_HASHED, phone):
        return []  # they were erased: their number does not come back for saying no once more
    contact_id = await connection.fetchval(OPT_OUT, phone, at)
    stopped = [StoppedContact(**row) for row in await connection.fetch(LOCK_STOPPABLE, contact_id)]
    for contact in stopped:
        await connection.execute(STOP_OPEN, contact.campaign_id, contact.contact_id, ContactState.OPTED_OUT)
    return stopped

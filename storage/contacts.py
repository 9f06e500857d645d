"""Contacts and their categories: import, lookup, opt-out."""

from dataclasses import dataclass
from datetime import datetime

from domain.contact_file import ContactRow
from domain.contact_states import ContactState
from storage.database import Connection, Pool


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportResult:
    """What an import did with the valid rows of a file."""

    created: int
    updated: int
    opted_out: int  # of those, how many the file marks as opted out


@dataclass(frozen=True, kw_only=True, slots=True)
class StoppedContact:
    """A contact of a running campaign that an opt-out stopped."""

    campaign_id: str
    contact_id: str


CREATE_STAGE = """
    CREATE TEMP TABLE stage (phone text, name text, variables jsonb, opted_out boolean) ON COMMIT DROP
"""
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
CATEGORISE = """
    INSERT INTO contact_categories (contact_id, category_id)
    SELECT c.id, $1 FROM contacts c JOIN stage USING (phone) ON CONFLICT DO NOTHING
"""
SAVE_CATEGORY = """
    INSERT INTO categories (name) VALUES ($1)
    ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id::text
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


async def save_category(pool: Pool, name: str) -> str:
    """The id of the category with this name, made if need be."""
    category_id: str = await pool.fetchval(SAVE_CATEGORY, name)
    return category_id


async def import_contacts(pool: Pool, rows: list[ContactRow], category_id: str | None) -> ImportResult:
    """Creates or updates contacts by phone, all or none, and puts them into the category."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(CREATE_STAGE)
        await connection.copy_records_to_table(
            "stage",
            records=[(row.phone, row.name or "", row.variables, row.opted_out) for row in rows],
            columns=["phone", "name", "variables", "opted_out"],
            timeout=300,
        )
        merged = await connection.fetch(MERGE, timeout=300)
        if category_id is not None:
            await connection.execute(CATEGORISE, category_id, timeout=300)
    created = sum(row["created"] for row in merged)
    return ImportResult(
        created=created,
        updated=len(merged) - created,
        opted_out=sum(row.opted_out for row in rows),
    )


async def get_phone(pool: Pool, contact_id: str) -> str | None:
    """The number of a contact, or None if there is no such contact."""
    phone: str | None = await pool.fetchval("SELECT phone FROM contacts WHERE id = $1", contact_id)
    return phone


async def opt_out(connection: Connection, phone: str, at: datetime) -> list[StoppedContact]:
    """Suppresses this number for good, known or not, and stops it in every running campaign."""
    contact_id = await connection.fetchval(OPT_OUT, phone, at)
    stopped = [StoppedContact(**row) for row in await connection.fetch(LOCK_STOPPABLE, contact_id)]
    for contact in stopped:
        await connection.execute(STOP_OPEN, contact.campaign_id, contact.contact_id, ContactState.OPTED_OUT)
    return stopped

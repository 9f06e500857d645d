"""Campaigns that have not started: changing, copying and deleting them, and whom they would reach."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import asyncpg

from storage import audit, campaigns
from storage.campaigns import Campaign, UnknownReferenceError
from storage.database import Pool

NOT_STARTED = ("draft", "scheduled")


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What a person decides about a campaign; durations in seconds."""

    name: str
    message_1: str
    message_2: str
    everyone: bool
    sender_ids: list[str]
    category_ids: list[str]
    window_s: float
    grace_s: float
    max_age_s: float
    batch_size: int
    batch_pause_s: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleContact:
    """One of those whom a campaign would reach."""

    id: str
    name: str | None
    phone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Audience:
    """Whom a campaign would reach: reached = memberships - duplicates - opted_out - not_on_whatsapp."""

    memberships: int  # of the categories, so that a contact in two of them counts twice
    duplicates: int
    opted_out: int
    not_on_whatsapp: int  # without those who opted out
    reached: int


class AlreadyStartedError(Exception):
    """The campaign is no draft any more; the message is its status."""


UPDATE = """
    UPDATE campaigns SET name = $2, message_1 = $3, message_2 = $4, everyone = $5, window_s = $6, grace_s = $7,
        max_age_s = $8, batch_size = $9, batch_pause_s = $10
    WHERE id = $1
"""
RENAME = "UPDATE campaigns SET name = $2 WHERE id = $1"
REMOVE_SENDERS = "DELETE FROM campaign_senders WHERE campaign_id = $1"
REMOVE_CATEGORIES = "DELETE FROM campaign_categories WHERE campaign_id = $1"
DELETE = """
    DELETE FROM campaigns WHERE id = $1 AND status = 'draft'
    RETURNING jsonb_build_object('name', name, 'status', status) AS before, NULL::jsonb AS after
"""
# Those who get nothing are few and have an index of their own; everybody else need only be counted.
_AUDIENCE = """
    WITH people AS ({people}), left_out AS (
        SELECT count(*) FILTER (WHERE opted_out_at IS NOT NULL) AS opted_out,
            count(*) FILTER (WHERE opted_out_at IS NULL) AS not_on_whatsapp
        FROM contacts co
        WHERE (phone IS NULL OR opted_out_at IS NOT NULL OR whatsapp = 'no') AND EXISTS (
            SELECT FROM contact_categories cc WHERE cc.contact_id = co.id AND cc.category_id = ANY ($1::uuid[]))
    )
    SELECT memberships, memberships - people AS duplicates, opted_out, not_on_whatsapp,
        people - opted_out - not_on_whatsapp AS reached
    FROM people, left_out,
        (SELECT coalesce(sum(contact_count), 0)::bigint AS memberships FROM categories
         WHERE id = ANY ($1::uuid[])) counted
"""
AUDIENCE = _AUDIENCE.format(
    people="""
        SELECT count(*) AS people FROM (
            SELECT contact_id FROM contact_categories WHERE category_id = ANY ($1::uuid[]) GROUP BY contact_id
        ) members
    """
)
# In one category nobody can be twice.
AUDIENCE_OF_ONE = _AUDIENCE.format(
    people="SELECT contact_count AS people FROM categories WHERE id = ANY ($1::uuid[])"
)
EVERYONE = """
    WITH people AS (SELECT count(*) AS people FROM contacts),
    left_out AS (
        SELECT count(*) FILTER (WHERE phone IS NULL) AS erased,
            count(*) FILTER (WHERE phone IS NOT NULL AND opted_out_at IS NOT NULL) AS opted_out,
            count(*) FILTER (WHERE phone IS NOT NULL AND opted_out_at IS NULL) AS not_on_whatsapp
        FROM contacts WHERE phone IS NULL OR opted_out_at IS NOT NULL OR whatsapp = 'no'
    )
    SELECT people - erased AS memberships, 0::bigint AS duplicates, opted_out, not_on_whatsapp,
        people - erased - opted_out - not_on_whatsapp AS reached
    FROM people, left_out
"""
SAMPLE = """
    SELECT DISTINCT id, name, phone FROM unnest($1::uuid[]) AS chosen(category_id), LATERAL (
        SELECT co.id::text, co.name, co.phone
        FROM contact_categories cc JOIN contacts co ON co.id = cc.contact_id
        WHERE cc.category_id = chosen.category_id AND co.phone IS NOT NULL
            AND co.opted_out_at IS NULL AND co.whatsapp <> 'no'
        ORDER BY cc.contact_id LIMIT $2
    ) people
    ORDER BY id LIMIT $2
"""
SAMPLE_OF_EVERYONE = """
    SELECT id::text, name, phone FROM contacts
    WHERE phone IS NOT NULL AND opted_out_at IS NULL AND whatsapp <> 'no'
    ORDER BY contacts.id LIMIT $1
"""
VARIABLES = "SELECT name, variables FROM contacts WHERE id = $1::uuid OR phone = $2"


async def change(pool: Pool, campaign_id: str, merge: Callable[[Campaign], Draft]) -> bool:
    """Changes a campaign that has not started; False if there is none.

    `merge` sees the campaign as it is under its lock; what it raises undoes everything. A campaign that has
    started takes a new name and nothing else: AlreadyStartedError. Raises UnknownReferenceError for a sender or
    a category that does not exist.
    """
    try:
        async with pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(campaigns.LOCK_ONE, campaign_id)
            if row is None:
                return False
            before = Campaign(**row)
            draft = merge(before)
            if before.status not in NOT_STARTED:
                if _named(draft, before.name) != _draft_of(before):
                    raise AlreadyStartedError(before.status)
                await connection.execute(RENAME, campaign_id, draft.name)
                return True
            await connection.execute(UPDATE, campaign_id, *_columns(draft))
            if draft.sender_ids != before.sender_ids:
                await connection.execute(REMOVE_SENDERS, campaign_id)
                await campaigns.add_senders(connection, campaign_id, draft.sender_ids)
            if set(draft.category_ids) != set(before.category_ids):
                await connection.execute(REMOVE_CATEGORIES, campaign_id)
                await connection.execute(campaigns.ADD_CATEGORIES, campaign_id, draft.category_ids)
    except asyncpg.ForeignKeyViolationError as error:
        raise UnknownReferenceError(error.detail or str(error)) from error
    return True


def _columns(draft: Draft) -> tuple[Any, ...]:
    return (
        draft.name,
        draft.message_1,
        draft.message_2,
        draft.everyone,
        draft.window_s,
        draft.grace_s,
        draft.max_age_s,
        draft.batch_size,
        draft.batch_pause_s,
    )


def _draft_of(campaign: Campaign) -> dict[str, Any]:
    found = {name: getattr(campaign, name) for name in Draft.__dataclass_fields__}
    return {**found, "category_ids": set(campaign.category_ids)}


def _named(draft: Draft, name: str) -> dict[str, Any]:
    found = {field: getattr(draft, field) for field in Draft.__dataclass_fields__}
    return {**found, "name": name, "category_ids": set(draft.category_ids or ())}


async def delete(pool: Pool, campaign_id: str, *, actor: str = audit.RELANCE) -> bool:
    """Deletes a draft with everything that belongs to it; False if it is no draft."""
    return await audit.change_alone(pool, DELETE, campaign_id, actor=actor, action="campaign.deleted")


UNKNOWN_CATEGORY = """
    SELECT given.id::text FROM unnest($1::uuid[]) AS given(id)
    WHERE NOT EXISTS (SELECT FROM categories WHERE categories.id = given.id) LIMIT 1
"""


async def measure_audience(pool: Pool, *, everyone: bool, category_ids: list[str]) -> Audience:
    """How many contacts a campaign with these categories would reach now, and who is left out.

    Raises UnknownReferenceError for a category that does not exist.
    """
    unknown = await pool.fetchval(UNKNOWN_CATEGORY, category_ids)
    if unknown is not None:
        raise UnknownReferenceError(f"there is no category {unknown}")
    if everyone:
        row = await pool.fetchrow(EVERYONE)
    else:
        statement = AUDIENCE_OF_ONE if len(category_ids) == 1 else AUDIENCE
        row = await pool.fetchrow(statement, category_ids)
    assert row is not None  # noqa: S101 - an aggregate always gives one row
    return Audience(**row)


async def sample_audience(
    pool: Pool, *, everyone: bool, category_ids: list[str], size: int
) -> list[SampleContact]:
    """A few of those whom such a campaign would reach."""
    if everyone:
        rows = await pool.fetch(SAMPLE_OF_EVERYONE, size)
    else:
        rows = await pool.fetch(SAMPLE, category_ids, size)
    return [SampleContact(**row) for row in rows]


async def contact_variables(
    pool: Pool, *, contact_id: str | None = None, phone: str | None = None
) -> dict[str, str] | None:
    """What templates are filled with for this contact; None if there is no such contact."""
    row = await pool.fetchrow(VARIABLES, contact_id, phone)
    return None if row is None else {"name": row["name"] or "", **row["variables"]}

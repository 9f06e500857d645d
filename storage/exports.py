"""What can be taken away as a file, in blocks, so that a million rows need no memory.

Nothing is held between two blocks, neither a connection nor a snapshot: a client may read as slowly as it
likes. Blocks follow each other by ids, which never change. So each row comes once, as it was when its block was
read; one that comes or goes meanwhile may be in the file or not. One snapshot of all rows is not worth its
price: while it is open, nothing that is overwritten anywhere can be cleaned up.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from storage.contact_lists import ContactFilter, filter_clauses
from storage.database import Pool
from storage.keyset import PLAN_ANEW, Where
from storage.messages import searched

BLOCK_ROWS = 1000
WAIT_S = 60  # for a connection: half a file is worth more patience than a request
FIRST_ID = UUID(int=0)

Row = list[Any]

VARIABLE_NAMES = """
    SELECT DISTINCT title FROM {source}, jsonb_object_keys(c.variables) AS title
    WHERE {conditions} ORDER BY title
"""
CONTACTS = """
    SELECT c.phone, c.name, CASE WHEN c.opted_out_at IS NULL THEN '' ELSE 'yes' END AS opted_out,
        (SELECT string_agg(ca.name, '|' ORDER BY ca.name) FROM contact_categories o
         JOIN categories ca ON ca.id = o.category_id WHERE o.contact_id = c.id) AS categories,
        c.whatsapp, c.created_at, c.variables, c.id AS key
    FROM {source} WHERE {conditions} ORDER BY c.id LIMIT {limit}
"""
# What we know already when a contact is erased: everything but who it was. First the block, then what belongs
# to it: else the planner reads what it joins from the beginning, for every block.
RESULTS = """
    WITH block AS MATERIALIZED (
        SELECT * FROM campaign_contacts WHERE campaign_id = $1 AND contact_id > $2 ORDER BY contact_id LIMIT $3
    )
    SELECT co.phone, co.name, cc.state, cc.reason, s.name AS sender,
        m1.status AS message_1, m1.sent_at AS message_1_sent_at, m1.delivered_at AS message_1_delivered_at,
        m1.read_at AS message_1_read_at, m1.failure_reason,
        first.interaction_type AS interaction, first.occurred_at AS interaction_at,
        m2.status AS message_2, m2.sent_at AS message_2_sent_at, cc.contact_id AS key
    FROM block cc
    JOIN contacts co ON co.id = cc.contact_id
    JOIN senders s ON s.id = cc.sender_id
    LEFT JOIN messages m1 ON m1.campaign_id = cc.campaign_id AND m1.contact_id = cc.contact_id
        AND m1.message_type = 'message_1'
    LEFT JOIN messages m2 ON m2.campaign_id = cc.campaign_id AND m2.contact_id = cc.contact_id
        AND m2.message_type = 'message_2'
    LEFT JOIN LATERAL (
        SELECT interaction_type, occurred_at FROM interactions i
        WHERE i.campaign_id = cc.campaign_id AND i.contact_id = cc.contact_id ORDER BY occurred_at LIMIT 1
    ) first ON true
    ORDER BY cc.contact_id
"""
RESULT_COLUMNS = (
    *("phone", "full_name", "state", "reason", "sender", "message_1", "message_1_sent_at"),
    *("message_1_delivered_at", "message_1_read_at", "failure_reason", "interaction", "interaction_at"),
    *("message_2", "message_2_sent_at"),
)
MESSAGES = """
    WITH block AS MATERIALIZED (SELECT m.* FROM {source} {where} ORDER BY m.id LIMIT {limit})
    SELECT m.id::text, ca.name AS campaign, co.phone, s.name AS sender, m.message_type, m.status, m.attempts,
        m.created_at, m.sent_at, m.delivered_at, m.read_at, m.failed_at, m.failure_reason, m.body, m.id AS key
    FROM block m
    JOIN campaigns ca ON ca.id = m.campaign_id
    JOIN contacts co ON co.id = m.contact_id
    JOIN senders s ON s.id = m.sender_id
    ORDER BY m.id
"""
MESSAGE_COLUMNS = (
    *("id", "campaign", "phone", "sender", "message_type", "status", "attempts", "created_at", "sent_at"),
    *("delivered_at", "read_at", "failed_at", "failure_reason", "body"),
)

REJECTIONS = """
    SELECT line, value, reason, line AS key FROM import_rejections
    WHERE import_id = $1 AND line > $2 ORDER BY line LIMIT $3
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageFilter:
    """Which messages; None leaves a question open. The dates are those of sending."""

    campaign_id: str | None = None
    contact_id: str | None = None
    sender_id: str | None = None
    message_type: str | None = None
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None  # not included
    q: str | None = None  # as in the list


async def export_contacts(pool: Pool, chosen: ContactFilter) -> AsyncIterator[Row]:
    """A header, then the contacts, the oldest first; importing them again gives the same contacts."""
    source, conditions, values = filter_clauses(chosen)
    where = " AND ".join(conditions)
    names = [
        row["title"]
        for row in await pool.fetch(VARIABLE_NAMES.format(source=source, conditions=where), *values, timeout=60)
    ]
    # Not "name": beside a first name, an import takes that for a last name.
    yield ["phone", "full_name", "opted_out", "categories", "on_whatsapp", "created_at", *names]
    key, limit = f"${len(values) + 1}", f"${len(values) + 2}"
    # In a category, both: the planner does not conclude the one from the other.
    after = f"c.id > {key} AND cc.contact_id > {key}" if chosen.category_id else f"c.id > {key}"
    statement = CONTACTS.format(source=source, conditions=f"{where} AND {after}", limit=limit)
    async for *fixed, variables in _rows(pool, statement, values, FIRST_ID):
        yield [*fixed, *(variables.get(name) for name in names)]


async def export_results(pool: Pool, campaign_id: str) -> AsyncIterator[Row]:
    """A header, then what became of each contact of a campaign."""
    yield list(RESULT_COLUMNS)
    async for row in _rows(pool, RESULTS, [campaign_id], FIRST_ID):
        yield row


async def export_messages(pool: Pool, chosen: MessageFilter) -> AsyncIterator[Row]:
    """A header, then messages, the oldest first."""
    clauses = {
        "m.campaign_id = {}": chosen.campaign_id,
        "m.contact_id = {}": chosen.contact_id,
        "m.sender_id = {}": chosen.sender_id,
        "m.message_type = {}": chosen.message_type,
        "m.status = {}": chosen.status,
        "m.sent_at >= {}": chosen.since,
        "m.sent_at < {}": chosen.until,
    }
    where, source = Where(), "messages m"
    for clause, value in clauses.items():
        where.also(clause, value)
    if chosen.q is not None:
        source += " JOIN contacts co ON co.id = m.contact_id"
        where.always(searched(where, chosen.q))
    where.always(f"m.id > ${len(where.values) + 1}")
    statement = MESSAGES.format(source=source, where=where, limit=f"${len(where.values) + 2}")
    yield list(MESSAGE_COLUMNS)
    async for row in _rows(pool, statement, where.values, FIRST_ID):
        yield row


async def export_rejections(pool: Pool, import_id: str) -> AsyncIterator[Row]:
    """A header, then the rows of a file that are no contacts, by their lines."""
    yield ["line", "value", "reason"]
    async for row in _rows(pool, REJECTIONS, [import_id], 0):
        yield row


async def _rows(pool: Pool, statement: str, values: Sequence[Any], after: UUID | int) -> AsyncIterator[Row]:
    """All rows, by their keys, which are in the last column.

    The last two parameters of the statement are: after which key, and how many.
    """
    while True:
        async with pool.acquire(timeout=WAIT_S) as connection, connection.transaction(readonly=True):
            await connection.execute(PLAN_ANEW)
            block = await connection.fetch(statement, *values, after, BLOCK_ROWS, timeout=60)
        for row in block:
            *cells, after = row.values()
            yield [cell.isoformat() if isinstance(cell, datetime) else cell for cell in cells]
        if len(block) < BLOCK_ROWS:
            return

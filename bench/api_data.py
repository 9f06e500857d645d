"""The data for `bench.api`, made by the statements of `api_data.sql`."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import asyncpg

SCRIPT = Path(__file__).with_suffix(".sql")
IDS = """
    SELECT (SELECT id::text FROM campaigns WHERE name = '100000') AS small,
        (SELECT id::text FROM campaigns WHERE name = '1000000') AS large,
        (SELECT id::text FROM senders ORDER BY id LIMIT 1) AS sender,
        (SELECT id::text FROM categories ORDER BY id LIMIT 1) AS category,
        (SELECT id::text FROM contacts ORDER BY id LIMIT 1) AS contact,
        (SELECT id::text FROM messages ORDER BY id LIMIT 1) AS message
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ids:
    """What requests need."""

    small: str
    large: str
    sender: str
    category: str
    contact: str
    message: str


async def fill(database_url: str) -> Ids:
    """Makes the data, in an empty database; gives some ids."""
    script = await asyncio.to_thread(SCRIPT.read_text)
    connection = await asyncpg.connect(database_url)
    try:
        for statement in script.rstrip().removesuffix(";").split(";\n"):
            await connection.execute(statement, timeout=600)
        return Ids(**dict(await connection.fetchrow(IDS) or {}))
    finally:
        await connection.close()

"""Exports in blocks: each row once, and nothing held while a client reads."""

from collections.abc import AsyncIterator, Callable

import pytest

from local.servers import Servers
from storage import contacts, database, exports
from storage.contact_lists import ContactFilter
from storage.database import Pool
from storage.exports import MessageFilter, Row
from tests.conftest import Town, next_phone
from tests.scene import Scene, open_scene

Export = Callable[[Pool, Scene, str], AsyncIterator[Row]]
EXPORTS: dict[str, Export] = {
    "contacts": lambda pool, scene, _: exports.export_contacts(
        pool, ContactFilter(category_id=scene.campaign.category_ids[0])
    ),
    "searched": lambda pool, scene, _: exports.export_contacts(pool, ContactFilter(q=scene.phones[0][:9])),
    "results": lambda pool, scene, _: exports.export_results(pool, scene.campaign.id),
    "messages": lambda pool, scene, _: exports.export_messages(
        pool, MessageFilter(campaign_id=scene.campaign.id, status="pending")
    ),
    "rejections": lambda pool, _, import_id: exports.export_rejections(pool, import_id),
}
COLUMNS = {"messages": 2, "rejections": 1}


async def add_rejections(pool: Pool, values: list[str]) -> str:
    """An import whose rows are no contacts."""
    import_id = await pool.fetchval(
        "INSERT INTO imports (state, country, duplicates) VALUES ('completed', 'FR', 'skip') RETURNING id::text"
    )
    rows = [(import_id, line, value, "no contact") for line, value in enumerate(values, start=2)]
    await pool.executemany("INSERT INTO import_rejections VALUES ($1, $2, $3, $4)", rows)
    return str(import_id)


@pytest.mark.parametrize("rows", [4, 5])
@pytest.mark.parametrize("name", EXPORTS)
async def test_blocks_lose_no_row_and_repeat_none(
    town: Town, monkeypatch: pytest.MonkeyPatch, name: str, rows: int
) -> None:
    """A5: whether or not the last block is full."""
    monkeypatch.setattr(exports, "BLOCK_ROWS", 2)
    scene = await open_scene(town, rows)
    import_id = await add_rejections(town.pool, scene.phones)
    found = [row async for row in EXPORTS[name](town.pool, scene, import_id)]
    phones = [row[COLUMNS.get(name, 0)] for row in found[1:]]
    assert len(set(phones)) == len(phones)
    assert set(phones) >= set(scene.phones) if name == "searched" else sorted(phones) == scene.phones


@pytest.mark.parametrize("name", EXPORTS)
async def test_slow_clients_keep_nobody_waiting(servers: Servers, town: Town, name: str) -> None:
    """E17: more of them than the pool has connections, each in the middle of its file."""
    scene = await open_scene(town, 3)
    import_id = await add_rejections(town.pool, scene.phones)
    own = await database.connect(servers.database_url, application="slow", size=2)
    readers = [EXPORTS[name](own, scene, import_id) for _ in range(3)]
    for rows in readers:
        await anext(rows)
        await anext(rows)
    assert await own.fetchval("SELECT 1") == 1
    assert await town.pool.fetchval(OPEN_TRANSACTIONS) == 0
    await own.close()


OPEN_TRANSACTIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE application_name = 'relance-slow' AND state LIKE 'idle in transaction%'
"""


async def test_who_comes_meanwhile_does_not_disturb(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A5: contacts that were there all the time are in the file once."""
    monkeypatch.setattr(exports, "BLOCK_ROWS", 2)
    category_id, phones = await town.people([{}] * 5)
    rows = exports.export_contacts(town.pool, ContactFilter(category_id=category_id))
    first = [await anext(rows) for _ in range(3)]
    ids = await town.pool.fetch("SELECT id::text FROM contacts WHERE phone = ANY($1)", phones[:1])
    await town.pool.execute("DELETE FROM contacts WHERE id = $1", ids[0]["id"])
    await contacts.add_contact(
        town.pool, phone=next_phone(), name=None, variables={}, category_ids=[category_id]
    )
    found = [row[0] for row in first[1:]] + [row[0] async for row in rows]
    assert len(set(found)) == len(found)
    assert set(found) >= set(phones)

"""Imports that are interrupted, repeated and raced: every row is stored once, and counted once."""

import asyncio
import secrets
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

import activities.imports
from activities.imports import ImportActivities
from domain.contact_file import ContactReader, Position, examine, find_encoding
from local.servers import Servers
from storage import database, imports
from storage.database import Pool
from storage.imports import Duplicates
from tests.apart import new_database
from tests.conftest import next_phone


async def queued(pool: Pool, content: str, *, part_bytes: int = imports.PART_BYTES, **changes: Any) -> str:
    """An import whose file is complete."""
    given = {
        "file_name": None,
        "country": "FR",
        "duplicates": Duplicates.UPDATE,
        **changes,
    }
    import_id = await imports.open_import(pool, **given)
    data = content.encode()
    for number, start in enumerate(range(0, len(data), part_bytes)):
        await imports.add_part(pool, import_id, number, data[start : start + part_bytes])
    layout = examine(data, encoding=find_encoding([data]))
    await imports.queue_import(pool, import_id, layout, len(data))
    return import_id


async def outcome(pool: Pool, import_id: str) -> dict[str, Any]:
    """What the import says of itself."""
    row = await pool.fetchrow("SELECT * FROM imports WHERE id = $1", import_id)
    assert row is not None
    return dict(row)


async def work(pool: Pool, import_id: str, rows: int = 3) -> None:
    """One run of the activity."""
    await ActivityEnvironment().run(ImportActivities(pool, rows).import_contacts, import_id)


def file_of(phones: list[str]) -> str:
    """Names with a character of two bytes, and a cell of two lines."""
    return "phone,name,note\r\n" + "".join(f'{phone},Zoé,"a\nb"\r\n' for phone in phones)


@pytest.mark.parametrize("stored", [1, 2, 3])
async def test_an_import_goes_on_where_it_was_interrupted(pool: Pool, stored: int) -> None:
    """E17: a worker that dies between two portions leaves the rest to another."""
    phones = [next_phone() for _ in range(10)]
    import_id = await queued(pool, file_of(phones))
    await _store(pool, import_id, file_of(phones), portions=stored)
    halfway = await outcome(pool, import_id)
    await work(pool, import_id)
    done = await outcome(pool, import_id)

    assert (halfway["state"], halfway["rows_read"]) == ("running", 3 * stored)
    assert (done["state"], done["rows_read"], done["created"], done["updated"]) == ("completed", 10, 10, 0)
    assert done["rejected"] == 0
    lines = await pool.fetch("SELECT import_line FROM contacts WHERE import_id = $1 ORDER BY 1", import_id)
    assert [row["import_line"] for row in lines] == list(range(2, 22, 2))


async def _store(pool: Pool, import_id: str, content: str, portions: int) -> None:
    """What a worker stores before it dies."""
    job = await imports.start_import(pool, import_id)
    assert job is not None
    reader, begins_at = ContactReader([content.encode()], job.layout, "FR"), job.position
    for _ in range(portions):
        portion = reader.take(3)
        assert await imports.store_portion(pool, import_id, begins_at, portion)
        begins_at = portion.ends_at


async def test_two_workers_at_once_store_every_row_once(pool: Pool) -> None:
    """One that was thought dead comes back: it finds its rows stored, and leaves."""
    phones = [next_phone() for _ in range(30)]
    import_id = await queued(pool, file_of(phones))
    await asyncio.gather(*(work(pool, import_id) for _ in range(3)))
    await work(pool, import_id)
    done = await outcome(pool, import_id)
    assert (done["state"], done["rows_read"], done["created"], done["updated"]) == ("completed", 30, 30, 0)


async def test_a_portion_that_is_stored_already_is_refused(pool: Pool) -> None:
    """The answer to the first try was lost."""
    content = file_of([next_phone() for _ in range(3)])
    import_id = await queued(pool, content)
    job = await imports.start_import(pool, import_id)
    assert job is not None
    portion = ContactReader([content.encode()], job.layout, "FR").take(3)
    assert await imports.store_portion(pool, import_id, Position(), portion)
    assert not await imports.store_portion(pool, import_id, Position(), portion)
    assert (await outcome(pool, import_id))["rows_read"] == 3


async def test_a_number_that_comes_twice_is_known_across_portions(pool: Pool) -> None:
    """With the line of the first; the opt-out of a second row is not lost."""
    phone, other = next_phone(), next_phone()
    content = f"phone,opt-out\n{phone},\n{other},\n{phone},yes\n0{phone[3:]},\n"
    import_id = await queued(pool, content)
    await work(pool, import_id, rows=1)
    done = await outcome(pool, import_id)
    assert (done["created"], done["updated"], done["rejected"]) == (2, 0, 2)
    assert {row.reason for row in await imports.list_rejections(pool, import_id, limit=9)} == {
        "same number as line 2"
    }
    assert await pool.fetchval("SELECT opted_out_at IS NOT NULL FROM contacts WHERE phone = $1", phone)


async def test_pieces_may_end_anywhere(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a character, of a line end, of a cell."""
    monkeypatch.setattr(imports, "PART_BYTES", 7)
    phones = [next_phone() for _ in range(4)]
    import_id = await queued(pool, file_of(phones), part_bytes=7)
    await work(pool, import_id, rows=2)
    assert (await outcome(pool, import_id))["created"] == 4
    names = await pool.fetch("SELECT DISTINCT name FROM contacts WHERE phone = ANY($1)", phones)
    assert [row["name"] for row in names] == ["Zoé"]


async def test_a_cancelled_import_stores_nothing_more(pool: Pool) -> None:
    """What is stored stays, the file goes."""
    phones = [next_phone() for _ in range(6)]
    import_id = await queued(pool, file_of(phones))
    await _store(pool, import_id, file_of(phones), portions=1)
    assert await imports.cancel_import(pool, import_id)
    await work(pool, import_id)
    done = await outcome(pool, import_id)
    assert (done["state"], done["created"]) == ("cancelled", 3)
    assert await imports.load_part(pool, import_id, 0) is None


async def test_a_category_that_is_too_long_ends_as_a_rejected_row(pool: Pool) -> None:
    """E17: the index of categories takes no such name, on no try."""
    phone, category = next_phone(), secrets.token_urlsafe(6000)
    import_id = await queued(pool, f"phone,category\n{next_phone()},{category}\n{phone},\n")
    await work(pool, import_id)
    done = await outcome(pool, import_id)
    assert (done["state"], done["created"], done["rejected"]) == ("completed", 1, 1)
    [row] = await imports.list_rejections(pool, import_id, limit=9)
    assert (row.line, row.reason) == (2, f"the category {category[:30]}… is longer than 100 characters")


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE contacts ADD CHECK (name <> 'Nobody')",
        "CREATE INDEX ON contacts ((variables->>'note')) WHERE name = 'Nobody'",
    ],
)
async def test_what_can_never_be_stored_ends_the_import(servers: Servers, statement: str) -> None:
    """E17: it says why, instead of trying for ever."""
    own = await database.connect(await new_database(servers.database_url), application="tests")
    await own.execute(statement)
    rows = [f"{next_phone()},A,a", f"{next_phone()},Nobody,{secrets.token_urlsafe(2900)}"]
    import_id = await queued(own, "\n".join(["phone,name,note", *rows]))
    await work(own, import_id, rows=1)
    done = await outcome(own, import_id)
    await own.close()
    assert (done["state"], done["created"]) == ("failed", 1)
    assert "a value cannot be stored" in done["error"]


async def test_it_lives_while_it_passes_over_empty_lines(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """E17: without a sign of life, Temporal would begin anew, for ever."""
    monkeypatch.setattr(activities.imports, "BEAT_S", 0.01)
    phone, beats = next_phone(), 0

    def beat(*_details: object) -> None:
        nonlocal beats
        beats += 1

    import_id = await queued(pool, "phone\n" + "\n" * 400_000 + f"{phone}\n")
    environment = ActivityEnvironment()
    environment.on_heartbeat = beat
    await environment.run(ImportActivities(pool).import_contacts, import_id)
    assert (await outcome(pool, import_id))["created"] == 1
    assert beats > 5


async def test_two_files_with_the_same_people_do_not_block_each_other(pool: Pool) -> None:
    """Rows are stored in the order of their numbers."""
    phones = [next_phone() for _ in range(40)]
    first = await queued(pool, file_of(phones))
    second = await queued(pool, file_of(list(reversed(phones))))
    await asyncio.gather(work(pool, first, 20), work(pool, second, 20))
    outcomes = [await outcome(pool, import_id) for import_id in (first, second)]
    assert [done["state"] for done in outcomes] == ["completed", "completed"]
    assert sum(done["created"] for done in outcomes) == 40

"""The pool: whoever finds no free connection hears of it in time."""

import asyncio
from contextlib import AsyncExitStack
from time import monotonic

import pytest

from api.app import create_app
from local.servers import Servers
from settings import Settings
from storage import database
from tests.api.applications import client_of


async def test_a_full_pool_refuses_in_time_and_goes_on_when_it_can(servers: Servers) -> None:
    """E17: by default after so long as a request may wait; who has more time says so."""
    pool = await database.connect(servers.database_url, application="tests", size=2, wait_s=0.2)
    async with AsyncExitStack() as held:
        for _ in range(2):
            await held.enter_async_context(pool.acquire())
        began = monotonic()
        with pytest.raises(TimeoutError):
            await pool.fetchval("SELECT 1")
        assert 0.15 < monotonic() - began < 2
        patient = asyncio.create_task(_ask(pool, 30))
        await asyncio.sleep(0.4)
        assert not patient.done()
    assert await patient == 1
    await pool.close()


async def _ask(pool: database.Pool, patience_s: float) -> int:
    async with pool.acquire(timeout=patience_s) as connection:
        found: int = await connection.fetchval("SELECT 1")
        return found


async def test_a_worker_waits_as_long_as_it_has_to(servers: Servers) -> None:
    """E17: what it has sent must be stored."""
    pool = await database.connect(servers.database_url, application="tests", size=2, wait_s=None)
    async with pool.acquire(), pool.acquire():
        waiting = asyncio.create_task(pool.fetchval("SELECT 1"))
        await asyncio.sleep(database.REQUEST_WAIT_S + 0.5)
        assert not waiting.done()
    assert await waiting == 1
    await pool.close()


async def test_a_full_pool_is_an_answer(settings: Settings) -> None:
    """E17: 503 within seconds, so that whoever asked can try again, and what watches us sees it."""
    application = create_app(settings.model_copy(update={"public_url": None}))
    async with client_of(application) as client, AsyncExitStack() as held:
        pool = application.state.resources.pool
        for _ in range(pool.get_max_size()):
            await held.enter_async_context(pool.acquire())
        for path in ("/healthz", "/api/senders"):
            answer = await asyncio.wait_for(client.get(path), 6)
            assert (answer.status_code, answer.json()["title"]) == (503, "Unavailable")

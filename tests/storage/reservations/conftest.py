"""A database without a worker, and the pools of several processes there."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from local.servers import Servers
from settings import Settings
from storage import database
from storage.database import Pool
from tests.apart import (
    new_database,
)
from tests.conftest import Town


@pytest.fixture(scope="session")
async def database_url(servers: Servers) -> str:
    """A database without a worker."""
    return await new_database(servers.database_url)


@pytest.fixture(scope="session")
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """A way there."""
    opened = await database.connect(database_url, application="tests", wait_s=None)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def workers(database_url: str) -> AsyncIterator[list[Pool]]:
    """The pools of several processes."""
    async with AsyncExitStack() as exits:
        pools = [
            await database.connect(database_url, application="worker", size=6, wait_s=None) for _ in range(4)
        ]
        for opened in pools:
            exits.push_async_callback(opened.close)
        yield pools


@pytest.fixture(scope="session")
async def home(pool: Pool, sandbox: httpx.AsyncClient, settings: Settings) -> Town:
    """A town for property tests, whose examples share their fixtures."""
    return Town(pool, sandbox, settings)

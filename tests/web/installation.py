"""An installation of its own, as it is on the first day: nobody's contacts, no senders, no campaigns."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import BrowserContext
from temporalio.client import Client

import worker
from api.guard import cookie_name
from settings import Settings
from storage import database, sessions
from storage.database import Pool
from tests.apart import set_apart
from tests.api.people import Door
from tests.web.conftest import serving


@dataclass(frozen=True, slots=True)
class Installation:
    """Its address and its database."""

    url: str
    pool: Pool
    settings: Settings

    async def sign_in(self, context: BrowserContext) -> None:
        """Somebody who has chosen a password."""
        user = await Door(self.pool, self.settings).user()
        token = await sessions.open_session(self.pool, user.id, user_agent="a browser")
        await context.add_cookies([{"name": cookie_name(self.settings), "value": token, "url": self.url}])


@asynccontextmanager
async def new_installation(
    settings: Settings, temporal: Client, *, works: bool = True
) -> AsyncIterator[Installation]:
    """Database, namespace, API and worker, gone with the block; without nights, which hold Message 1 back.

    Where nothing `works`, there is no worker: what is asked for waits.
    """
    own = await set_apart(settings, temporal, redis_url=None, night_starts="00:00", night_ends="00:00")
    stopped = asyncio.Event()
    running = asyncio.create_task(worker.run(own, stopped)) if works else None
    pool = await database.connect(str(own.database_url), application="tests")
    try:
        async with serving(own) as url:
            yield Installation(url, pool, own)
    finally:
        await pool.close()
        stopped.set()
        if running is not None:
            await running

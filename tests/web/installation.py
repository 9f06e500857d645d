"""An installation of its own, as it is on the first day: nobody's contacts, no senders, no campaigns."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from playwright.async_api import BrowserContext
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

import worker
from api.guard import cookie_name
from settings import Settings
from storage import database, sessions
from storage.database import Pool
from tests.apart import new_database
from tests.api.people import Door
from tests.conftest import eventually
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
    own = settings.model_copy(
        update={
            "database_url": await new_database(str(settings.database_url)),
            "temporal_namespace": await _new_namespace(temporal),
            "redis_url": None,
            "night_starts": "00:00",
            "night_ends": "00:00",
        }
    )
    stopped = asyncio.Event()
    working = asyncio.create_task(worker.run(own, stopped)) if works else None
    pool = await database.connect(str(own.database_url), application="tests")
    try:
        async with serving(own) as url:
            yield Installation(url, pool, own)
    finally:
        await pool.close()
        stopped.set()
        if working is not None:
            await working


async def _new_namespace(temporal: Client) -> str:
    """A worker answers for all queues of its namespace, so another one needs another namespace."""
    name = f"apart-{secrets.token_hex(4)}"
    keep = Duration()
    keep.FromTimedelta(timedelta(days=1))
    await temporal.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=keep)
    )

    async def known() -> bool:
        with suppress(RPCError):
            await temporal.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=name))
            return True
        return False

    await eventually(known, what="the namespace")
    return name

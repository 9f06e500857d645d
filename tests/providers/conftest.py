"""A scripted provider and our client of it."""

from collections.abc import AsyncIterator

import pytest

from providers.wassenger import WassengerGateway
from tests.providers.scripted import ScriptedServer, scripted_server

TOKEN = "5ecre7" * 12
TIMEOUT_S = 1.0


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """The provider, on a real socket."""
    async with scripted_server() as started:
        yield started


@pytest.fixture
async def gateway(server: ScriptedServer) -> AsyncIterator[WassengerGateway]:
    """Our client, which does not wait long."""
    made = WassengerGateway(base_url=server.url, token=TOKEN, timeout_s=TIMEOUT_S)
    yield made
    await made.close()

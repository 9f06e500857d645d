"""A scripted provider and our client of it. Hypothesis has no deadline: a busy machine is no failure."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import settings

from providers.wassenger import WassengerGateway
from tests.providers.scripted import ScriptedServer, scripted_server

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

TOKEN = "5ecre7" * 12
TIMEOUT_S = 0.3


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

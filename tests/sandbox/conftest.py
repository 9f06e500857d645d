"""One sandbox process for all tests of this room, emptied before each; a receiver for its webhooks."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.sandbox.harness import Process, Receiver, Sandbox


@pytest.fixture(scope="session")
def process() -> Iterator[Process]:
    running = Process("--seed", "7")
    yield running
    running.kill()


@pytest.fixture(scope="session")
async def client(process: Process) -> AsyncIterator[Sandbox]:
    """Shared, because making an httpx client takes longer than most of the tests."""
    sandbox = Sandbox(process.url)
    yield sandbox
    await sandbox.http.aclose()


@pytest.fixture
async def sandbox(client: Sandbox) -> Sandbox:
    await client.post("/control/reset")
    return client


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    listening = Receiver()
    await listening.start()
    yield listening
    await listening.stop()

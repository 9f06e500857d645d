"""One sandbox process for all tests of this room, emptied before each; a receiver for its webhooks."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.sandbox.harness import Process, Receiver, Sandbox


@pytest.fixture(scope="session")
def process() -> Iterator[Process]:
    running = Process("--seed", "7")
    yield running
    running.kill()


@pytest.fixture
async def sandbox(process: Process) -> AsyncIterator[Sandbox]:
    client = Sandbox(process.url)
    await client.post("/control/reset")
    yield client
    await client.http.aclose()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    listening = Receiver()
    await listening.start()
    yield listening
    await listening.stop()

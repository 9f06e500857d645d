"""A sender's past, and what is decided of it, in a database without a worker."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from domain.pacing.assessment import Assessment, Facts, assess
from domain.run_settings import RunSettings
from local.servers import Servers
from storage import database, paces
from storage.database import Pool
from storage.paces import Before
from tests.apart import (
    new_database,
)
from tests.scene import Scene

SETTINGS = RunSettings()


@pytest.fixture(scope="session")
async def pool(servers: Servers) -> AsyncIterator[Pool]:
    """A way to a database without a worker."""
    opened = await database.connect(await new_database(servers.database_url), application="tests", wait_s=None)
    yield opened
    await opened.close()


async def facts_of(scene: Scene, settings: RunSettings = SETTINGS) -> Facts:
    """What is known of the sender."""
    facts, _before = await gather(scene, settings)
    return facts


async def gather(scene: Scene, settings: RunSettings = SETTINGS) -> tuple[Facts, Before]:
    """What is known of the sender, and what was decided last."""
    async with scene.pool.acquire() as connection, connection.transaction():
        gathered = await paces.gather_facts(connection, scene.sender.id, settings)
    assert gathered is not None
    return gathered


async def look(scene: Scene, settings: RunSettings = SETTINGS, **changes: Any) -> tuple[Assessment, bool]:
    """One decision, stored as the sender's workflow does; with facts that the test has changed."""
    async with scene.pool.acquire() as connection, connection.transaction():
        gathered = await paces.gather_facts(connection, scene.sender.id, settings)
        assert gathered is not None
        facts, before = replace(gathered[0], **changes), gathered[1]
        decided = assess(facts)
        return decided, await paces.save_assessment(connection, scene.sender.id, facts, before, decided)

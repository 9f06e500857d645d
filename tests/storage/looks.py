"""A sender's past, and what is decided of it, in a database without a worker."""

from dataclasses import replace
from typing import Any

from domain.pacing.assessment import Assessment, Facts, assess
from domain.run_settings import RunSettings
from storage import paces
from storage.paces import Before
from tests.scene import Scene

SETTINGS = RunSettings()


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

"""Senders and campaigns whose pace is known."""

import asyncio
from typing import Any

from domain.messages import MessageType
from domain.run_settings import RunSettings
from storage import sending
from storage.database import Pool
from storage.senders import Sender
from tests.apart import (
    freeze,
    set_pace,
)
from tests.conftest import Town
from tests.scene import Scene, open_scene

BOTH = list(MessageType)
SECOND = MessageType.MESSAGE_2
HOUR_S = 3600.0
# 5 s with a jitter of 40 %: from 3 to 7 s between two Messages 1.
STANDARD_GAP_S = 3.0
STANDARD_LATEST_S = 7.0


async def standard(town: Town, **changes: Any) -> Sender:
    """An account with the standard pace."""
    return await town.sender(rate_per_s=None, maturity="established", **changes)


async def standard_scene(town: Town, people: int = 4, **pace: Any) -> Scene:
    """A campaign of an account with the standard pace, as its workflow has stored it."""
    scene = await open_scene(town, people, sender=await standard(town))
    await set_pace(scene, **{"maturity": "established", "profile": "standard", "quota": 1000, **pace})
    return scene


async def careful_scene(town: Town, people: int = 6) -> Scene:
    """A campaign of a young account, where it is never night."""
    scene = await open_scene(town, people, sender=await town.sender(rate_per_s=None))
    no_night = RunSettings(night_starts="00:00", night_ends="00:00")
    await freeze(scene, no_night)
    await set_pace(scene, settings=None, quota=20)
    return scene


async def told(scene: Scene, nth: int, message_type: MessageType = MessageType.MESSAGE_1) -> bool:
    """Whether the message is marked as one to be woken when a person resumes."""
    message = await scene.message(nth, message_type)
    return message["held_at"] is not None


async def all_at_once(scene: Scene, workers: list[Pool]) -> list[Any]:
    """Every contact's Message 1 is to leave at the same moment, by workers in turn."""
    return await asyncio.gather(
        *(
            sending.begin_attempt(
                workers[nth % len(workers)], scene.campaign.id, contact_id, MessageType.MESSAGE_1
            )
            for nth, contact_id in enumerate(scene.contact_ids)
        )
    )

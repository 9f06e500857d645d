"""Waking what was held."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.worker import Worker

from activities.sending import SendInput, SendOutcome
from activities.temporal_setup import ensure_search_attributes
from domain.identifiers import send_queue
from storage import paces, senders
from tests.activities.conftest import Post, post, start_contact
from tests.activities.keeper import (
    Keeper,
    keeper,
)
from tests.activities.test_sending import accepted_by_provider
from tests.apart import (
    held,
    pause,
    pool,
    resume_campaign,
)
from tests.conftest import Town, eventually
from tests.scene import Scene, open_scene
from workflows.contact import ContactWorkflow

# Fixtures that are imported are this room's own.
__all__ = ["keeper", "pool", "post"]


class Street:
    """Contacts whose workflows run on the real Temporal."""

    def __init__(self, temporal: Client, post: Post, exits: AsyncExitStack) -> None:
        self._temporal = temporal
        self._exits = exits
        self._queue = f"street-{uuid4()}"
        self._sending = post.activities()
        self.refusals_wait: asyncio.Event | None = None  # until then they do not reach Temporal

    @activity.defn
    async def send_message(self, send: SendInput) -> SendOutcome:
        """The real one."""
        try:
            return await self._sending.send_message(send)
        except ApplicationError:
            if self.refusals_wait:
                await self.refusals_wait.wait()
            raise

    async def open(self, scene: Scene) -> None:
        """Workers for workflows and for the Messages 1 of the sender."""
        await ensure_search_attributes(self._temporal)
        for queue, workflows in ((self._queue, [ContactWorkflow]), (send_queue(scene.sender.id), [])):
            await self._exits.enter_async_context(
                Worker(
                    self._temporal,
                    task_queue=queue,
                    workflows=workflows,
                    activities=[] if workflows else [self.send_message],
                )
            )

    async def start(self, scene: Scene, nth: int = 0) -> "WorkflowHandle[ContactWorkflow, str]":
        """The workflow of one contact."""
        handle = await start_contact(self._temporal, scene, nth, queue=self._queue, window_s=600)
        self._exits.push_async_callback(_end, handle)
        return handle


async def _end(handle: "WorkflowHandle[ContactWorkflow, str]") -> None:
    with suppress(RPCError):  # the test has ended it
        await handle.terminate("the test is over")


@pytest.fixture
async def street(temporal: Client, post: Post) -> AsyncIterator[Street]:
    """For one test."""
    async with AsyncExitStack() as exits:
        yield Street(temporal, post, exits)


async def waits_long(handle: "WorkflowHandle[Any, str]") -> None:
    """Its activity was refused, and is to be tried again in ten minutes."""

    async def backs_off() -> bool:
        pending = (await handle.describe()).raw_description.pending_activities
        return any(
            each.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
            and (each.next_attempt_schedule_time.ToDatetime(UTC) - datetime.now(UTC)).total_seconds() > 500
            for each in pending
        )

    await eventually(backs_off, what="the refusal")


async def test_a_held_message_goes_on_at_once_when_it_is_woken(
    town: Town, keeper: Keeper, street: Street
) -> None:
    """E17: a pause of an hour does not end with a wait of ten minutes."""
    scene = await open_scene(town, 3)
    await street.open(scene)
    await senders.pause_sender(town.pool, scene.sender.id, "message_1")
    for handle in [await street.start(scene, nth) for nth in range(2)]:
        await waits_long(handle)
    await senders.resume_sender(town.pool, scene.sender.id)

    assert await keeper.wake(scene.sender.id) == 2
    for nth in range(2):
        await eventually(partial(is_sent, scene, nth), what="Message 1")
        assert len(await accepted_by_provider(scene, nth)) == 1
    assert await paces.list_held(town.pool, scene.sender.id) == []
    assert await keeper.wake(scene.sender.id) == 0


async def test_a_resume_right_after_a_refusal_wakes_the_message_too(
    town: Town, keeper: Keeper, street: Street
) -> None:
    """E17: Temporal has not heard of the refusal yet, and forgets the reset of an activity that still runs."""
    scene = await open_scene(town)
    street.refusals_wait = asyncio.Event()
    await street.open(scene)
    await senders.pause_sender(town.pool, scene.sender.id, "message_1")
    await street.start(scene)

    async def refused() -> bool:
        return bool(await paces.list_held(town.pool, scene.sender.id))

    await eventually(refused, what="the refusal")
    await senders.resume_sender(town.pool, scene.sender.id)
    waking = asyncio.create_task(keeper.wake(scene.sender.id))
    await asyncio.wait({waking}, timeout=0.3)
    street.refusals_wait.set()

    assert await waking == 1
    await eventually(partial(is_sent, scene), what="Message 1")


async def is_sent(scene: Scene, nth: int = 0) -> bool:
    """Whether Message 1 went out."""
    return await scene.state(nth) == "message_1_sent"


async def test_a_message_that_is_still_held_is_woken_the_next_time(
    town: Town, keeper: Keeper, street: Street
) -> None:
    """E17: both its sender and its campaign were paused, and they go on one after the other."""
    scene = await open_scene(town)
    await street.open(scene)
    await pause(scene, "campaign")
    await senders.pause_sender(town.pool, scene.sender.id, "message_1")
    handle = await street.start(scene)
    await waits_long(handle)
    first_held_at = (await scene.message())["held_at"]

    await senders.resume_sender(town.pool, scene.sender.id)
    assert await keeper.wake(scene.sender.id) == 1

    async def held_again() -> bool:
        held_at = (await scene.message())["held_at"]
        return held_at is not None and held_at > first_held_at

    await eventually(held_again, what="the second refusal")
    await waits_long(handle)
    await resume_campaign(scene)
    assert await keeper.wake(scene.sender.id) == 1
    await eventually(partial(is_sent, scene), what="Message 1")


async def test_a_held_message_whose_workflow_does_not_wait_is_released(
    town: Town, keeper: Keeper, street: Street, temporal: Client
) -> None:
    """E17: there is none, it has ended, or it has nothing to try again: the others are woken all the same."""
    scene = await open_scene(town, 3)
    await senders.pause_sender(town.pool, scene.sender.id, "message_1")
    for nth in range(3):
        await held(scene, nth)
    await street.start(scene, 1)  # nobody works for it
    ended = await street.start(scene, 2)
    await ended.terminate("for this test")

    assert await keeper.wake(scene.sender.id) == 3
    assert await paces.list_held(town.pool, scene.sender.id) == []

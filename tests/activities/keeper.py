"""Pacing as its worker does it, and senders whose pace is known; in a database that no other worker knows."""

from uuid import uuid4

import pytest
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.pacing import PaceRequest, PacingActivities, SetPace
from domain.identifiers import reply_queue, send_queue
from domain.run_settings import RunSettings
from tests.activities.conftest import Post
from tests.apart import (
    freeze,
    time_passes,
)
from tests.conftest import Town, eventually
from tests.scene import Scene, open_scene

NO_NIGHT = RunSettings(night_starts="00:00", night_ends="00:00")
TAKEN_BACK = "taken back from the gateway when the sender was stopped"


class Keeper:
    """The activities of senders' workflows, one at a time."""

    def __init__(self, post: Post, temporal: Client) -> None:
        self.temporal = temporal
        self._pacing = PacingActivities(post.pool, temporal, post.gateway, NO_NIGHT)

    async def set_pace(self, sender_id: str, known: SetPace | None = None) -> SetPace:
        """One look; `known` is what the workflow remembers."""
        request = PaceRequest(
            sender_id=sender_id,
            state=known.state if known else None,
            message_1_queue_per_s=known.message_1_queue_per_s if known else None,
            message_2_queue_per_s=known.message_2_queue_per_s if known else None,
        )
        pace: SetPace | None = await ActivityEnvironment().run(self._pacing.set_pace, request)
        assert pace is not None
        return pace

    async def wake(self, sender_id: str) -> int:
        """How many messages were woken."""
        woken: int = await ActivityEnvironment().run(self._pacing.wake_messages, sender_id)
        return woken

    async def withdraw(self, sender_id: str) -> int:
        """How many messages were taken back."""
        withdrawn: int = await ActivityEnvironment().run(self._pacing.withdraw_messages, sender_id)
        return withdrawn

    async def nobody(self) -> SetPace | None:
        """A look at a sender that does not exist."""
        request = PaceRequest(
            sender_id=str(uuid4()), state=None, message_1_queue_per_s=None, message_2_queue_per_s=None
        )
        pace: SetPace | None = await ActivityEnvironment().run(self._pacing.set_pace, request)
        return pace

    async def limit(self, queue: str) -> float | None:
        """What Temporal has been told of a queue; None if nothing."""
        described = await self.temporal.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=self.temporal.namespace,
                task_queue=TaskQueue(name=queue),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
                report_config=True,
            )
        )
        config = described.config.queue_rate_limit
        if not config.HasField("rate_limit"):
            return None
        return float(config.rate_limit.requests_per_second)

    async def limited(self, sender_id: str, message_1_per_s: float, message_2_per_s: float) -> None:
        """Waits until both queues of a sender have these limits: Temporal takes a moment to spread them."""
        wanted = (message_1_per_s, message_2_per_s)

        async def told() -> bool:
            limits = await self.limit(send_queue(sender_id)), await self.limit(reply_queue(sender_id))
            return None not in limits and limits == pytest.approx(wanted)

        await eventually(told, what=f"the limits {wanted}")


@pytest.fixture
def keeper(post: Post, temporal: Client) -> Keeper:
    """Who keeps the pace in this test."""
    return Keeper(post, temporal)


async def established(town: Town, people: int = 1) -> Scene:
    """A campaign of an account with the standard pace."""
    account = await town.sender(rate_per_s=None, maturity="established")
    return await open_scene(town, people, sender=account)


async def refuse(post: Post, scene: Scene, people: int) -> None:
    """The provider refuses Message 1 of that many."""
    for nth in range(people):
        phone = scene.phones[nth]
        await scene.town.fault(target="messages.post", kind="status", http_status=400, match_phone=phone)
        assert (await post.send(scene, nth)).state == "failed"
        await time_passes(scene.pool, scene.sender.id, 60)


async def young(town: Town, people: int) -> Scene:
    """A campaign of a new account, where it is never night."""
    scene = await open_scene(town, people, sender=await town.sender(rate_per_s=None))
    await freeze(scene, NO_NIGHT)
    return scene

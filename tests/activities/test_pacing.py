"""What a sender's workflow does to the database, to the queues of a real Temporal and to the gateway."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs
from temporalio import activity
from temporalio.api.enums.v1 import PendingActivityState, TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import Worker

from activities.bell import SenderBell
from activities.pacing import PaceRequest, PacingActivities, SetPace
from activities.queues import limit_queue
from activities.sending import SendInput, SendOutcome
from activities.temporal_setup import ensure_search_attributes
from domain.identifiers import contact_workflow_id, reply_queue, send_queue
from domain.run_settings import RunSettings
from local.addresses import SANDBOX_TOKEN
from local.servers import Servers
from providers.wassenger import WassengerGateway
from storage import campaigns, database, locks, paces, run_settings, senders
from storage.database import Pool
from storage.locks import Message2Lock
from tests.activities.conftest import GATEWAY_TIMEOUT_S, Post
from tests.activities.test_sending import accepted_by_provider, break_posts
from tests.apart import (
    add_sends,
    freeze,
    held,
    new_database,
    pause,
    resume_campaign,
    sent,
    set_pace,
    time_passes,
)
from tests.conftest import Town, eventually
from tests.scene import Scene, open_scene
from workflows.contact import ContactInput, ContactWorkflow

NO_NIGHT = RunSettings(night_starts="00:00", night_ends="00:00")
TAKEN_BACK = "taken back from the gateway when the sender was stopped"


@pytest.fixture(scope="session")
async def pool(servers: Servers) -> AsyncIterator[Pool]:
    """A way to a database without a worker."""
    opened = await database.connect(await new_database(servers.database_url), application="tests", wait_s=None)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def post(servers: Servers, pool: Pool, temporal: Client) -> AsyncIterator[Post]:
    """Where messages of that database are handed over."""
    gateway = WassengerGateway(
        base_url=str(servers.sandbox_url), token=SANDBOX_TOKEN, timeout_s=GATEWAY_TIMEOUT_S
    )
    redis = locks.connect(servers.redis_url)
    yield Post(pool, gateway, Message2Lock(redis), SenderBell(temporal))
    await redis.aclose()
    await gateway.close()


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

        await eventually(told, within_s=10, what=f"the limits {wanted}")


@pytest.fixture
def keeper(post: Post, temporal: Client) -> Keeper:
    """Who keeps the pace in this test."""
    return Keeper(post, temporal)


async def established(town: Town, people: int = 1) -> Scene:
    """A campaign of an account with the standard pace."""
    account = await town.sender(rate_per_s=None, maturity="established")
    return await open_scene(town, people, sender=account)


# Setting the pace


async def test_the_queues_are_limited_and_closed_and_opened_again(town: Town, keeper: Keeper) -> None:
    """P2, P6: twice the pace while open, 0 while a person pauses; Message 2 goes on unless all is paused."""
    scene = await established(town)
    sender_id = scene.sender.id
    assert await keeper.limit(send_queue(sender_id)) is None

    pace = await keeper.set_pace(sender_id)
    assert (pace.state, pace.delay_s, pace.changed) == ("sending", 5, True)
    await keeper.limited(sender_id, 2 / 5, 2 * 5000)
    await senders.pause_sender(town.pool, sender_id, "message_1")
    pace = await keeper.set_pace(sender_id, pace)
    assert (pace.state, pace.stopped) == ("paused", None)
    await keeper.limited(sender_id, 0, 2 * 5000)
    await senders.pause_sender(town.pool, sender_id, "all")
    pace = await keeper.set_pace(sender_id, pace)
    await keeper.limited(sender_id, 0, 0)
    await senders.resume_sender(town.pool, sender_id)
    pace = await keeper.set_pace(sender_id, pace)
    await keeper.limited(sender_id, 2 / 5, 2 * 5000)

    changes = (await paces.list_changes(town.pool, sender_id, 10)).items
    # From a pause of Message 1 to one of all the state is the same: no entry says anything new.
    assert [change.reason for change in changes] == [
        "standard profile, a message every 5 s",
        "paused by a person",
        "standard profile, a message every 5 s",
    ]


async def test_a_queue_is_told_only_what_is_new(town: Town, keeper: Keeper) -> None:
    """P2: what the workflow knows that it has told is not told again; what it does not know is."""
    scene = await established(town)
    sender_id = scene.sender.id
    pace = await keeper.set_pace(sender_id)
    await limit_queue(keeper.temporal, send_queue(sender_id), 77, "somebody else")

    again = await keeper.set_pace(sender_id, replace(pace, message_2_queue_per_s=0))
    assert not again.changed
    await keeper.limited(sender_id, 77, 10_000)
    await limit_queue(keeper.temporal, reply_queue(sender_id), 99, "somebody else")
    again = await keeper.set_pace(sender_id, again)
    await keeper.limited(sender_id, 77, 99)
    await keeper.set_pace(sender_id)
    await keeper.limited(sender_id, 2 / 5, 10_000)


async def test_a_used_up_quota_closes_both_queues(town: Town, keeper: Keeper) -> None:
    """P1, P11: the quota is what is set now, and what is set for this sender."""
    scene = await established(town)
    await add_sends(scene, [60, 120, 180])
    pace = await keeper.set_pace(scene.sender.id)
    assert (pace.state, pace.quota) == ("sending", 1000)

    await run_settings.set_override(town.pool, "quota_per_day", 3, sender_id=scene.sender.id, actor="test")
    pace = await keeper.set_pace(scene.sender.id, pace)
    assert (pace.state, pace.quota, pace.reason) == ("quota", 3, "3 of 3 messages sent in 24 hours")
    await keeper.limited(scene.sender.id, 0, 0)


async def test_paused_campaigns_close_the_queue_only_together(town: Town, keeper: Keeper) -> None:
    """P6: as long as one of them goes on, the queue is open."""
    scene = await established(town)
    other = await open_scene(town, 1, sender=scene.sender)
    for each, state in ((scene, "sending"), (other, "paused")):
        await pause(each, "campaign")
        assert (await keeper.set_pace(scene.sender.id)).state == state
    await keeper.limited(scene.sender.id, 0, 10_000)


async def test_errors_make_a_sender_slower_and_warn(town: Town, keeper: Keeper) -> None:
    """P4, P5, P6, P12: more than five in a hundred of a large campaign, and the delay is longer by half."""
    scene = await established(town)
    await run_settings.set_override(town.pool, "delay_s", 4, sender_id=scene.sender.id, actor="test")
    await town.pool.execute(
        "UPDATE campaign_counters SET total_contacts = 500 WHERE campaign_id = $1", scene.campaign.id
    )
    await set_pace(scene, errors_counted_at=datetime(2020, 1, 1, tzinfo=UTC))
    await add_sends(scene, range(60, 98))
    await add_sends(scene, range(60, 62), "rejected")
    pace = await keeper.set_pace(scene.sender.id)
    assert (pace.delay_s, pace.error_factor) == (4, 1)  # 2 of 40: at the threshold is not over it

    await set_pace(scene, errors_counted_at=datetime(2020, 1, 1, tzinfo=UTC))
    await add_sends(scene, [63], "rejected")
    with capture_logs() as logged:
        pace = await keeper.set_pace(scene.sender.id, pace)
    assert (pace.delay_s, pace.error_factor) == (6, 1.5)
    warnings = [entry for entry in logged if entry["log_level"] == "warning"]
    assert [(entry["event"], entry["sender_id"]) for entry in warnings] == [
        ("error rate over its threshold", scene.sender.id)
    ]
    await keeper.limited(scene.sender.id, 2 / 6, 10_000)
    [change, _first] = (await paces.list_changes(town.pool, scene.sender.id, 10)).items
    assert change.reason.endswith("1.5 times as long as usual because of errors")


async def test_there_is_no_pace_of_a_sender_that_does_not_exist(keeper: Keeper) -> None:
    """E17: its workflow ends."""
    assert await keeper.nobody() is None


# An emergency


async def refuse(post: Post, scene: Scene, people: int) -> None:
    """The provider refuses Message 1 of that many."""
    for nth in range(people):
        fault = {
            "target": "messages.post",
            "kind": "status",
            "http_status": 400,
            "match_phone": scene.phones[nth],
        }
        (await scene.town.sandbox.post("/control/faults", json=fault)).raise_for_status()
        assert (await post.send(scene, nth)).state == "failed"
        await time_passes(scene.pool, scene.sender.id, 60)


async def young(town: Town, people: int) -> Scene:
    """A campaign of a new account, where it is never night."""
    scene = await open_scene(town, people, sender=await town.sender(rate_per_s=None))
    await freeze(scene, NO_NIGHT)
    return scene


async def test_a_young_account_stops_when_several_messages_fail(town: Town, post: Post, keeper: Keeper) -> None:
    """P6, P12: the queues close, the log says why, and nothing more is attempted until somebody resumes."""
    scene = await young(town, 4)
    await refuse(post, scene, 2)
    pace = await keeper.set_pace(scene.sender.id)
    assert (pace.state, pace.profile) == ("sending", "careful")

    await refuse(post, scene, 3)
    stopped = await keeper.set_pace(scene.sender.id, pace)
    assert (stopped.state, stopped.stopped) == ("stopped", "3 messages failed in a row")
    await keeper.limited(scene.sender.id, 0, 0)
    account = await senders.get_sender(town.pool, scene.sender.id)
    assert account is not None
    assert (account.status, account.status_reason) == ("stopped", "3 messages failed in a row")
    [change, _first] = (await paces.list_changes(town.pool, scene.sender.id, 10)).items
    assert (change.state, change.reason) == ("stopped", "3 messages failed in a row")
    assert (change.message_1_queue_per_s, change.message_2_queue_per_s) == (0, 0)
    assert await post.refused(scene, 3) == ("Held", 600)
    assert await scene.sends(3) == []

    again = await keeper.set_pace(scene.sender.id, stopped)
    assert (again.state, again.stopped, again.changed) == ("stopped", None, False)
    await senders.resume_sender(town.pool, scene.sender.id)
    resumed = await keeper.set_pace(scene.sender.id, again)
    assert (resumed.state, resumed.stopped) == ("sending", None)


async def test_the_news_of_a_stop_is_told_until_the_workflow_has_heard_it(
    town: Town, post: Post, keeper: Keeper
) -> None:
    """P12: the answer to the first look got lost, and people must be told all the same."""
    scene = await young(town, 3)
    pace = await keeper.set_pace(scene.sender.id)
    await refuse(post, scene, 3)
    first = await keeper.set_pace(scene.sender.id, pace)
    repeated = await keeper.set_pace(scene.sender.id, pace)

    assert first.stopped == repeated.stopped == "3 messages failed in a row"


async def test_an_established_account_goes_on(town: Town, post: Post, keeper: Keeper) -> None:
    """P12: wrong numbers in a list do not stop it."""
    scene = await established(town, 4)
    await freeze(scene, NO_NIGHT)  # until somebody has looked at it, it is as careful as a new account
    await refuse(post, scene, 4)
    pace = await keeper.set_pace(scene.sender.id)
    assert (pace.state, pace.stopped) == ("sending", None)


async def test_a_sender_that_the_gateway_stopped_is_news_once(town: Town, post: Post, keeper: Keeper) -> None:
    """E4, P12: the reason is the gateway's."""
    scene = await open_scene(town)
    pace = await keeper.set_pace(scene.sender.id)
    await break_posts(scene, "status", http_status=403)
    await post.refused(scene)

    stopped = await keeper.set_pace(scene.sender.id, pace)
    assert (stopped.state, stopped.stopped) == ("stopped", stopped.reason)
    assert "403" in stopped.reason
    assert (await keeper.set_pace(scene.sender.id, stopped)).stopped is None


# Waking what was held


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
        contact = ContactInput(
            campaign_id=scene.campaign.id,
            contact_id=scene.contact_ids[nth],
            sender_id=scene.sender.id,
            window_s=600,
            grace_s=1,
        )
        handle = await self._temporal.start_workflow(
            ContactWorkflow.run,
            contact,
            id=contact_workflow_id(contact.campaign_id, contact.contact_id),
            task_queue=self._queue,
        )
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
        await eventually(partial(is_sent, scene, nth), within_s=10, what="Message 1")
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
    await eventually(partial(is_sent, scene), within_s=10, what="Message 1")


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

    await eventually(held_again, within_s=10, what="the second refusal")
    await waits_long(handle)
    await resume_campaign(scene)
    assert await keeper.wake(scene.sender.id) == 1
    await eventually(partial(is_sent, scene), within_s=10, what="Message 1")


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


# Taking messages back


async def offline(scene: Scene) -> None:
    """The device of the sender keeps what it is given in its queue."""
    answer = await scene.town.sandbox.patch(
        f"/control/devices/{scene.sender.device_id}", json={"session": "offline"}
    )
    answer.raise_for_status()


async def status_at_gateway(scene: Scene, nth: int) -> str:
    """What the gateway says of the one message for a contact."""
    [message] = await accepted_by_provider(scene, nth)
    return str(message["status"])


async def test_what_waits_at_the_gateway_is_taken_back_and_its_contacts_fail(
    town: Town, post: Post, keeper: Keeper
) -> None:
    """E1, P12: a banned or blocked account must not send what is queued; what has left stays as it is."""
    scene = await open_scene(town, 3)
    await post.send(scene, 0)

    async def left() -> bool:
        return await status_at_gateway(scene, 0) not in {"queued", "processing"}

    await eventually(left, what="the message to leave")
    await offline(scene)
    for nth in (1, 2):
        await post.send(scene, nth)
        assert await status_at_gateway(scene, nth) == "queued"

    assert await keeper.withdraw(scene.sender.id) == 2
    for nth in (1, 2):
        assert await status_at_gateway(scene, nth) == "removed"
        contact, message = await scene.contact(nth), await scene.message(nth)
        assert (contact["state"], contact["reason"]) == ("failed", TAKEN_BACK)
        assert (message["status"], message["failure_reason"]) == ("failed", TAKEN_BACK)
    assert (await scene.state(0), (await scene.message(0))["status"]) == ("message_1_sent", "accepted")
    counters = await campaigns.get_counters(town.pool, scene.campaign.id)
    assert (counters.failed, counters.message_1_sent) == (2, 1)
    assert await keeper.withdraw(scene.sender.id) == 0


async def test_a_message_taken_back_by_a_worker_that_crashed_is_recorded_by_the_next(
    town: Town, post: Post, keeper: Keeper
) -> None:
    """E17: it is gone at the gateway, and its contact still waits."""
    scene = await open_scene(town)
    await offline(scene)
    await post.send(scene)
    await post.gateway.withdraw((await scene.message())["provider_id"])
    assert await scene.state() == "message_1_sent"

    assert await keeper.withdraw(scene.sender.id) == 1
    assert await scene.state() == "failed"


async def test_messages_that_are_taken_back_do_not_stop_the_sender_again(
    town: Town, post: Post, keeper: Keeper
) -> None:
    """P12, E17: they are no failures of the account when a person has resumed it."""
    scene = await young(town, 4)
    await offline(scene)
    for nth in range(3):
        await post.send(scene, nth)
        await time_passes(town.pool, scene.sender.id, 60)
    await senders.stop_sender(town.pool, scene.sender.id, "blocked")
    assert await keeper.withdraw(scene.sender.id) == 3
    await senders.resume_sender(town.pool, scene.sender.id)

    assert (await keeper.set_pace(scene.sender.id)).state == "sending"
    await sent(scene, 3)

"""How a message waits for its turn: in its activity, in the order of arrival, never blind to what happens."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from time import monotonic

import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.bell import SenderBell
from activities.sending import LONGEST_DELAY_S, STALE_POST_S, SendingActivities, SendInput, SendOutcome
from domain.messages import MessageType
from local.addresses import SANDBOX_TOKEN
from local.servers import Servers
from providers.wassenger import WassengerGateway
from storage import locks, senders
from storage.database import Pool
from storage.locks import Message2Lock
from storage.reservations import LOCK_PACE, Reason
from tests.activities.conftest import GATEWAY_TIMEOUT_S, RULES, Post
from tests.activities.test_sending import accepted_by_provider, break_posts
from tests.apart import add_sends, pace_row, pause, pool, sent, set_pace, somebody_waits
from tests.conftest import Town, eventually
from tests.scene import Scene, open_scene

__all__ = ["pool"]

HOUR_S = 3600.0
SOON_S = 15.0  # a pause is noticed within a second; the rest is for a busy machine


class Bell(SenderBell):
    """Remembers for whom it was rung."""

    def __init__(self, temporal: Client) -> None:
        super().__init__(temporal)
        self.rung: list[str] = []

    async def ring(self, sender_id: str, *, resumed: bool = False) -> None:
        self.rung.append(sender_id)
        await super().ring(sender_id, resumed=resumed)


@pytest.fixture
def bell(temporal: Client) -> Bell:
    """A bell for one test."""
    return Bell(temporal)


@pytest.fixture
async def post(servers: Servers, pool: Pool, bell: Bell) -> AsyncIterator[Post]:
    """Where messages of that database are handed over."""
    gateway = WassengerGateway(
        base_url=str(servers.sandbox_url), token=SANDBOX_TOKEN, timeout_s=GATEWAY_TIMEOUT_S
    )
    redis = locks.connect(servers.redis_url)
    yield Post(pool, gateway, Message2Lock(redis), bell)
    await redis.aclose()
    await gateway.close()


class Line:
    """Activities of one process, each in an environment of its own."""

    def __init__(self, scene: Scene, activities: SendingActivities) -> None:
        self.scene = scene
        self.environments: list[ActivityEnvironment] = []
        self.tasks: list[asyncio.Task[SendOutcome]] = []
        self._activities = activities

    def join(self, nth: int) -> "asyncio.Task[SendOutcome]":
        """Message 1 of one more contact comes from the queue."""
        environment = ActivityEnvironment()
        wanted = SendInput(
            campaign_id=self.scene.campaign.id,
            contact_id=self.scene.contact_ids[nth],
            message_type=MessageType.MESSAGE_1,
        )
        task = asyncio.ensure_future(environment.run(self._activities.send_message, wanted))
        self.environments.append(environment)
        self.tasks.append(task)
        return task

    async def is_waited(self) -> None:
        """The first of them has been refused, and waits for its turn: whoever comes now is behind it."""

        async def taken() -> bool:
            return any(turn.locked() for turn in self._activities._turns.values())

        await eventually(taken, what="the first refusal")

    async def refusals(self) -> list[float]:
        """All of them give up: in how many seconds they are to try again."""
        results = await asyncio.gather(*self.tasks, return_exceptions=True)
        given_up = []
        for result in results:
            assert isinstance(result, ApplicationError), result
            assert result.type == "Held"
            assert result.next_retry_delay is not None
            given_up.append(result.next_retry_delay.total_seconds())
        return given_up


async def until_next(scene: Scene, seconds: float) -> None:
    """The next Message 1 of the sender may leave in so many seconds."""
    await scene.pool.execute(
        "UPDATE sender_paces SET message_1_at = clock_timestamp() + make_interval(secs => $2) "
        "WHERE sender_id = $1",
        scene.sender.id,
        seconds,
    )


async def nothing_left(scene: Scene) -> None:
    """No attempt was stored and nothing reached the provider."""
    for nth in range(len(scene.contact_ids)):
        assert await scene.sends(nth) == []
        assert await accepted_by_provider(scene, nth) == []


async def test_messages_leave_in_the_order_of_their_arrival(town: Town, post: Post) -> None:
    """P2, E17: each waits in its activity for the next slot, behind those that came before it."""
    scene = await open_scene(town, 6, sender=await town.sender(rate_per_s=5))
    await sent(scene, 5)
    await until_next(scene, 1)
    line = Line(scene, post.activities())
    order = [3, 0, 4, 1, 2]
    line.join(order[0])
    await line.is_waited()
    for nth in order[1:]:
        line.join(nth)

    outcomes = await asyncio.gather(*line.tasks)
    assert {outcome.state for outcome in outcomes} == {"message_1_sent"}
    rows = await scene.pool.fetch(
        "SELECT contact_id::text, started_at FROM sends WHERE campaign_id = $1 ORDER BY started_at",
        scene.campaign.id,
    )
    left = [scene.contact_ids.index(row["contact_id"]) for row in rows[1:]]
    assert left == order
    moments = [row["started_at"] for row in rows]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    assert min(gaps) > 0.6 / 5 - 0.05


async def test_two_queues_of_a_process_do_not_wait_for_each_other(town: Town, post: Post) -> None:
    """P2: another sender's line is another line."""
    slow = await open_scene(town, sender=await town.sender(rate_per_s=5))
    quick = await open_scene(town)
    await until_next(slow, 60)
    activities = post.activities()
    line = Line(slow, activities)
    waiting = line.join(0)
    await line.is_waited()

    other = ActivityEnvironment()
    other.info = replace(other.info, task_queue="another")
    wanted = SendInput(
        campaign_id=quick.campaign.id, contact_id=quick.contact_ids[0], message_type=MessageType.MESSAGE_1
    )
    outcome: SendOutcome = await asyncio.wait_for(other.run(activities.send_message, wanted), SOON_S)
    assert outcome.state == "message_1_sent"
    assert not waiting.done()
    line.environments[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_the_quota_sends_a_message_back_and_rings_the_bell(town: Town, post: Post, bell: Bell) -> None:
    """P1: it waits in the queue, which the sender's workflow closes; there it leaves as soon as there is room.

    Not for 22 h here: a person may raise the quota before.
    """
    scene = await open_scene(town, 3)
    await set_pace(scene, quota=2)
    await add_sends(scene, [HOUR_S, 2 * HOUR_S])
    line = Line(scene, post.activities())
    for nth in range(3):
        line.join(nth)

    assert await line.refusals() == [LONGEST_DELAY_S[Reason.QUOTA]] * 3
    assert bell.rung == [scene.sender.id] * 3
    assert await scene.sends(0) == []


async def test_a_rest_sends_a_message_back_and_rings_the_bell(town: Town, post: Post, bell: Bell) -> None:
    """P2: it does not keep a place in the process for minutes."""
    scene = await open_scene(town)
    await until_next(scene, 200)
    line = Line(scene, post.activities())
    line.join(0)

    assert await line.refusals() == pytest.approx([200], abs=SOON_S)
    assert bell.rung == [scene.sender.id]
    await nothing_left(scene)


@pytest.mark.parametrize(("break_s", "waits"), [(1.0, True), (60.0, False)])
async def test_a_short_break_is_waited_for_and_a_long_one_is_not(
    town: Town, post: Post, bell: Bell, break_s: float, waits: bool
) -> None:
    """E4: the provider is busy for a moment, or for longer."""
    scene = await open_scene(town)
    await scene.pool.execute(
        "UPDATE senders SET held_until = clock_timestamp() + make_interval(secs => $2) WHERE id = $1",
        scene.sender.id,
        break_s,
    )
    line = Line(scene, post.activities())
    task = line.join(0)

    if waits:
        assert (await task).state == "message_1_sent"
        assert bell.rung == []
    else:
        assert await line.refusals() == pytest.approx([break_s], abs=SOON_S)
        assert bell.rung == [scene.sender.id]


async def test_what_a_person_holds_goes_back_without_the_bell(town: Town, post: Post, bell: Bell) -> None:
    """P6: who pauses has rung it already."""
    scene = await open_scene(town)
    await senders.pause_sender(town.pool, scene.sender.id, "message_1")
    line = Line(scene, post.activities())
    line.join(0)

    assert await line.refusals() == [600]
    assert bell.rung == []


@pytest.mark.parametrize("of", ["sender", "campaign"])
async def test_whoever_waits_notices_a_pause_at_once(town: Town, post: Post, of: str) -> None:
    """E17: within about a second all have gone back, and nothing is posted after that."""
    scene = await open_scene(town, 3, sender=await town.sender(rate_per_s=5))
    await until_next(scene, 30)
    line = Line(scene, post.activities())
    line.join(0)
    await line.is_waited()
    line.join(1)
    line.join(2)

    await pause(scene, of, "message_1")
    paused_at = monotonic()
    assert await line.refusals() == [600] * 3
    assert monotonic() - paused_at < SOON_S
    await nothing_left(scene)
    assert all([(await scene.message(nth))["held_at"] for nth in range(3)])


async def test_whoever_waits_notices_a_faster_pace(town: Town, post: Post) -> None:
    """P2: a slot that was brought forward is taken."""
    scene = await open_scene(town)
    await until_next(scene, 100)
    line = Line(scene, post.activities())
    task = line.join(0)
    await line.is_waited()

    await until_next(scene, 0)
    assert (await asyncio.wait_for(task, SOON_S)).state == "message_1_sent"


@pytest.mark.parametrize("nth", [0, 1])
async def test_a_cancelled_message_leaves_the_line(town: Town, post: Post, nth: int) -> None:
    """E4: at the head or behind it; the other one keeps its place."""
    scene = await open_scene(town, 2)
    await until_next(scene, 60)
    line = Line(scene, post.activities())
    line.join(0)
    await line.is_waited()
    line.join(1)
    await asyncio.sleep(0)  # lets it line up

    line.environments[nth].cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asyncio.shield(line.tasks[nth]), SOON_S)
    await nothing_left(scene)
    await until_next(scene, 0)
    assert (await asyncio.wait_for(line.tasks[1 - nth], SOON_S)).state == "message_1_sent"
    assert await scene.sends(nth) == []


async def test_a_message_cancelled_while_it_asks_for_its_turn_ends_with_the_refusal(
    town: Town, post: Post, pool: Pool
) -> None:
    """E4: the question is asked to its end, then nothing more is wanted."""
    scene = await open_scene(town)
    await until_next(scene, 60)
    line = Line(scene, post.activities())
    async with pool.acquire() as other, other.transaction():
        await other.execute(LOCK_PACE, scene.sender.id)
        task = line.join(0)
        await eventually(lambda: somebody_waits(pool), what="the question")
        line.environments[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asyncio.shield(task), SOON_S)
    await nothing_left(scene)


async def test_a_worker_that_stops_sends_its_line_back(town: Town, post: Post) -> None:
    """E17: another worker takes over within a second, and nobody waits for the end of a long slot."""
    scene = await open_scene(town, 3)
    await until_next(scene, 60)
    line = Line(scene, post.activities())
    line.join(0)
    await line.is_waited()
    line.join(1)
    line.join(2)

    for environment in line.environments:
        environment.worker_shutdown()
    stopped_at = monotonic()
    assert await line.refusals() == [1] * 3
    assert monotonic() - stopped_at < SOON_S
    await nothing_left(scene)


async def test_the_next_in_line_takes_over_when_the_head_has_nothing_to_send(town: Town, post: Post) -> None:
    """E17: somebody who opted out meanwhile costs the others no slot."""
    scene = await open_scene(town, 2)
    await until_next(scene, 60)
    line = Line(scene, post.activities())
    line.join(0)
    await line.is_waited()
    line.join(1)
    slot = (await pace_row(scene))["message_1_at"]

    await scene.pool.execute("UPDATE contacts SET opted_out_at = now() WHERE phone = $1", scene.phones[0])
    assert (await asyncio.wait_for(line.tasks[0], SOON_S)).state == "opted_out"
    assert (await pace_row(scene))["message_1_at"] == slot
    await until_next(scene, 0)
    assert (await asyncio.wait_for(line.tasks[1], SOON_S)).state == "message_1_sent"


# A worker that was frozen


class FrozenLock(Message2Lock):
    """The clock jumps while it is asked: the process was stopped meanwhile."""

    def __init__(self, clock: list[float], frozen_s: float) -> None:
        self._clock = clock
        self._frozen_s = frozen_s

    async def acquire(self, _campaign_id: str, _contact_id: str, message_id: str) -> str:
        self._clock[0] += self._frozen_s
        return message_id


@pytest.mark.parametrize(("frozen_s", "posts"), [(STALE_POST_S, True), (STALE_POST_S + 0.01, False)])
async def test_an_attempt_that_is_too_old_before_its_post_is_not_posted(
    town: Town, post: Post, monkeypatch: pytest.MonkeyPatch, frozen_s: float, posts: bool
) -> None:
    """E9: somebody else may have taken over, or paused; the attempt is made again."""
    scene = await open_scene(town)
    await sent(scene)
    clock = [0.0]
    for module in ("activities.sending", "storage.sending"):
        monkeypatch.setattr(f"{module}.monotonic", lambda: clock[0])
    frozen = replace(post, lock=FrozenLock(clock, frozen_s))

    if posts:
        assert (await frozen.send(scene, 0, MessageType.MESSAGE_2)).state == "message_2_sent"
        assert len(await accepted_by_provider(scene)) == 1
        return
    assert await frozen.refused(scene, 0, MessageType.MESSAGE_2) == ("NotSent", RULES.retry_base_s)
    [_first, attempt] = await scene.sends()
    assert (attempt["outcome"], attempt["code"]) == ("not_sent", "stale")
    assert await accepted_by_provider(scene) == []
    assert (await post.send(scene, 0, MessageType.MESSAGE_2)).state == "message_2_sent"
    assert len(await accepted_by_provider(scene)) == 1


async def test_refused_messages_ring_the_bell(town: Town, post: Post, bell: Bell) -> None:
    """P12: several in a row may be an emergency, so the sender's workflow looks at once."""
    scene = await open_scene(town)
    await break_posts(scene, "status", http_status=400)

    assert (await post.send(scene)).state == "failed"
    assert bell.rung == [scene.sender.id]

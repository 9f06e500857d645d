"""Taking messages back from the gateway."""

from storage import campaigns, senders
from tests.activities.conftest import Post, post
from tests.activities.keeper import (
    TAKEN_BACK,
    Keeper,
    keeper,
    young,
)
from tests.activities.test_sending import accepted_by_provider
from tests.apart import (
    pool,
    sent,
    time_passes,
)
from tests.conftest import Town, eventually
from tests.scene import Scene, open_scene

# Fixtures that are imported are this room's own.
__all__ = ["keeper", "pool", "post"]


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

"""What people and the provider order counts at once, and which setting counts when."""

import asyncio

import pytest

from domain.messages import MessageType
from domain.run_settings import RunSettings
from storage import senders
from storage.database import Pool
from storage.reservations import HELD_BY_A_PERSON_S, LOCK_PACE, Held, Reason
from storage.sending import Ready
from tests.apart import (
    freeze,
    held,
    pause,
    sent,
    set_pace,
    somebody_waits,
    time_passes,
)
from tests.conftest import Town, eventually
from tests.scene import open_scene
from tests.storage.reservations.scenes import (
    BOTH,
    SECOND,
    standard_scene,
    told,
)


@pytest.mark.parametrize("of", ["sender", "campaign"])
@pytest.mark.parametrize(("scope", "held_types"), [("message_1", BOTH[:1]), ("all", BOTH)])
async def test_a_pause_holds_what_its_scope_names(
    town: Town, of: str, scope: str, held_types: list[MessageType]
) -> None:
    """E17: what is held is marked, to be woken by whoever resumes; nothing is attempted."""
    scene = await open_scene(town, 2)
    await sent(scene, 0)
    await pause(scene, of, scope)

    for nth, message_type in ((1, MessageType.MESSAGE_1), (0, SECOND)):
        step = await scene.begin(nth, message_type)
        if message_type in held_types:
            assert step == Held(
                sender_id=scene.sender.id,
                retry_after_s=HELD_BY_A_PERSON_S,
                reason=Reason.PAUSED,
                detail=f"the {of} is paused",
            )
            assert (await scene.message(nth, message_type))["attempts"] == 0
        else:
            assert isinstance(step, Ready)
        assert await told(scene, nth, message_type) == (message_type in held_types)


@pytest.mark.parametrize("message_type", BOTH)
async def test_a_stopped_sender_sends_nothing_until_somebody_resumes_it(
    town: Town, message_type: MessageType
) -> None:
    """E4, E17: the refusal says why; the mark goes when the message leaves."""
    scene = await open_scene(town)
    if message_type is SECOND:
        await sent(scene)
    await senders.stop_sender(scene.pool, scene.sender.id, "3 messages failed in a row")

    refused = await held(scene, 0, message_type)
    assert (refused.reason, refused.detail) == (Reason.STOPPED, "sender stopped: 3 messages failed in a row")
    assert await told(scene, 0, message_type)
    await senders.resume_sender(scene.pool, scene.sender.id)
    await sent(scene, 0, message_type)
    assert not await told(scene, 0, message_type)


@pytest.mark.parametrize("message_type", BOTH)
async def test_a_break_that_the_provider_asked_for_holds_both_messages(
    town: Town, message_type: MessageType
) -> None:
    """E4: it ends by itself, so nobody has to wake the message."""
    scene = await open_scene(town)
    if message_type is SECOND:
        await sent(scene)
    await scene.pool.execute(
        "UPDATE senders SET held_until = clock_timestamp() + interval '90 s' WHERE id = $1", scene.sender.id
    )

    refused = await held(scene, 0, message_type)
    assert refused.reason is Reason.BREAK
    assert refused.retry_after_s == pytest.approx(90, abs=1)
    assert not await told(scene, 0, message_type)
    await time_passes(scene.pool, scene.sender.id, refused.retry_after_s)
    await sent(scene, 0, message_type)


async def test_a_pause_is_seen_by_whoever_waits_for_the_lock_meanwhile(town: Town, pool: Pool) -> None:
    """E17: what is decided under the lock rests on what is true then, not on what was when the wait began."""
    scene = await open_scene(town)
    async with pool.acquire() as other:
        transaction = other.transaction()
        await transaction.start()
        await other.execute(LOCK_PACE, scene.sender.id)
        waiting = asyncio.create_task(scene.begin())
        await eventually(lambda: somebody_waits(pool), what="the wait for the lock")
        await senders.pause_sender(pool, scene.sender.id, "all")
        await transaction.commit()

    step = await waiting
    assert isinstance(step, Held)
    assert step.reason is Reason.PAUSED


async def test_a_running_batch_keeps_the_settings_it_was_started_with(town: Town) -> None:
    """P11: an override counts for batches that start later; here the delay."""
    scene = await standard_scene(town)
    await freeze(scene, RunSettings(delay_s=10.0, jitter=0.0))
    await set_pace(scene, settings={"delay_s": 2.0, "jitter": 0.0})
    await sent(scene, 0)
    of_the_batch_s = (await held(scene, 1)).retry_after_s
    await time_passes(scene.pool, scene.sender.id, 60)
    await scene.pool.execute("UPDATE campaign_contacts SET batch = 1 WHERE campaign_id = $1", scene.campaign.id)
    await freeze(scene, RunSettings(delay_s=2.0, jitter=0.0), batch=1)
    await sent(scene, 1)
    of_the_next_s = (await held(scene, 2)).retry_after_s

    assert 9 < of_the_batch_s <= 10
    assert 1 < of_the_next_s <= 2


async def test_an_old_worker_sends_by_what_a_newer_one_has_stored(town: Town) -> None:
    """E17: during a rolling update, settings may be stored that this version has never heard of."""
    scene = await open_scene(town, 1)
    stored = {"quota_per_day": 100, "a_setting_of_tomorrow": 7}
    await set_pace(scene, settings=stored)
    await scene.pool.execute(
        "INSERT INTO campaign_batches (campaign_id, batch, sender_id, settings) VALUES ($1, 0, $2, $3)",
        scene.campaign.id,
        scene.sender.id,
        stored,
    )
    await sent(scene)

"""Slots that were planned at an older pace, and messages that are held or can be taken back."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.run_settings import RunSettings
from storage import paces, senders
from tests.apart import (
    finish,
    freeze,
    held,
    pace_row,
    pause,
    pool,
    ready,
    sent,
    set_pace,
    time_passes,
)
from tests.conftest import Town
from tests.scene import Scene, open_scene
from tests.storage.looks import look

__all__ = ["pool"]


# Slots that were planned at an older pace


async def next_in_s(scene: Scene) -> float:
    """In how many seconds the next Message 1 may leave."""
    row = await pace_row(scene)
    now: datetime = await scene.pool.fetchval("SELECT clock_timestamp()")
    return float((row["message_1_at"] - now).total_seconds())


async def test_a_faster_pace_is_taken_over_at_once(town: Town) -> None:
    """P2, P5: who sets a faster rate for a sender does not wait for a slot of the slow one."""
    account = await town.sender(rate_per_s=0.001)
    scene = await open_scene(town, 2, sender=account)
    await look(scene)
    await sent(scene)
    assert await next_in_s(scene) > 500

    await town.pool.execute("UPDATE senders SET message_1_rate_per_s = 0.5 WHERE id = $1", account.id)
    await look(scene)
    assert 1 < await next_in_s(scene) <= 2 * 1.4


async def test_a_rest_is_not_cut_short_by_a_faster_pace(town: Town) -> None:
    """P2: only the slot is."""
    scene = await open_scene(town, 2, sender=await town.sender(rate_per_s=0.001))
    await look(scene)
    await sent(scene)
    until = datetime.now(UTC) + timedelta(seconds=300)
    await set_pace(scene, rest_until=until)
    await town.pool.execute("UPDATE senders SET message_1_rate_per_s = 0.5 WHERE id = $1", scene.sender.id)
    await look(scene)
    assert await next_in_s(scene) == pytest.approx(300, abs=2)


async def test_a_look_that_changes_nothing_brings_no_slot_forward(town: Town) -> None:
    """P2: the gap that counts from a late answer of the provider is kept."""
    scene = await open_scene(town, 2, sender=await town.sender(rate_per_s=None, maturity="established"))
    await look(scene)
    attempt = await ready(scene)
    await time_passes(town.pool, scene.sender.id, 60)
    await finish(town.pool, attempt)
    planned_s = await next_in_s(scene)
    await look(scene)

    assert planned_s > 2
    assert await next_in_s(scene) == pytest.approx(planned_s, abs=0.5)


async def test_a_faster_setting_brings_no_slot_of_a_running_batch_forward(town: Town) -> None:
    """P11: it counts for batches that start after the change."""
    scene = await open_scene(town, 2, sender=await town.sender(rate_per_s=None, maturity="established"))
    slow = RunSettings(delay_s=10.0, jitter=0.1)
    await freeze(scene, slow)
    await look(scene, slow)
    await sent(scene)
    for _ in range(2):
        await look(scene, RunSettings(delay_s=2.0, jitter=0.1))

    assert 8 < (await held(scene, 1)).retry_after_s <= 11


# Messages that are held, and those that can be taken back


async def test_held_messages_are_listed_until_they_are_released(town: Town) -> None:
    """E17: those of this sender alone."""
    scene, other = await open_scene(town, 2), await open_scene(town)
    for each in (scene, other):
        await senders.pause_sender(town.pool, each.sender.id, "all")
        await held(each)

    listed = await paces.list_held(town.pool, scene.sender.id)
    message = await scene.message()
    assert [(each.id, each.campaign_id, each.contact_id) for each in listed] == [
        (message["id"], scene.campaign.id, scene.contact_ids[0])
    ]
    await paces.release_held(town.pool, listed)
    assert await paces.list_held(town.pool, scene.sender.id) == []
    assert len(await paces.list_held(town.pool, other.sender.id)) == 1


async def test_a_message_that_is_refused_again_when_it_is_woken_stays_marked(town: Town) -> None:
    """E17: two campaigns were paused, one goes on; the messages of the other are woken the next time."""
    scene = await open_scene(town)
    await pause(scene, "campaign")
    await held(scene)
    listed = await paces.list_held(town.pool, scene.sender.id)
    await held(scene)  # its activity was reset, and tries before all the others have been woken
    await paces.release_held(town.pool, listed)

    assert len(await paces.list_held(town.pool, scene.sender.id)) == 1


async def test_only_what_the_provider_has_taken_and_not_sent_can_be_taken_back(town: Town) -> None:
    """E3: not what was sent, failed, is in flight, or lies more than a day back."""
    scene = await open_scene(town, 6)
    for nth in (0, 1, 2, 3):
        await sent(scene, nth)
    await ready(scene, 4)
    for nth, status in ((1, "sent"), (2, "failed")):
        await town.pool.execute(
            "UPDATE messages SET status = $3 WHERE campaign_id = $1 AND contact_id = $2",
            scene.campaign.id,
            scene.contact_ids[nth],
            status,
        )
    await town.pool.execute(
        "UPDATE messages SET accepted_at = accepted_at - interval '25 hours' "
        "WHERE campaign_id = $1 AND contact_id = $2",
        scene.campaign.id,
        scene.contact_ids[3],
    )

    message = await scene.message(0)
    assert await paces.list_withdrawable(town.pool, scene.sender.id) == [
        (message["id"], message["provider_id"])
    ]

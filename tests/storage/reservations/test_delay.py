"""The gap and the rhythm are exact, for any number of workers."""

import pytest

from domain.messages import MessageType
from domain.run_settings import RunSettings
from storage.database import Pool
from storage.reservations import Held, Reason
from storage.sending import Ready
from tests.apart import (
    add_sends,
    finish,
    freeze,
    held,
    pace_row,
    ready,
    sent,
    set_pace,
    time_passes,
)
from tests.conftest import Town
from tests.storage.reservations.scenes import (
    BOTH,
    HOUR_S,
    SECOND,
    STANDARD_GAP_S,
    STANDARD_LATEST_S,
    all_at_once,
    careful_scene,
    standard_scene,
)


async def test_twenty_at_the_same_moment_are_one_message(town: Town, workers: list[Pool]) -> None:
    """P2: one leaves, and all others are told when the next slot comes."""
    scene = await standard_scene(town, 20)

    steps = await all_at_once(scene, workers)
    assert sum(isinstance(step, Ready) for step in steps) == 1
    refused = [step for step in steps if isinstance(step, Held)]
    assert {step.reason for step in refused} == {Reason.PACE}
    next_at = (await pace_row(scene))["message_1_at"].timestamp()
    now = (await scene.pool.fetchval("SELECT clock_timestamp()")).timestamp()
    waits = [step.retry_after_s for step in refused]
    assert next_at - now < min(waits) <= max(waits) <= STANDARD_LATEST_S
    assert min(waits) > STANDARD_GAP_S - 1


async def test_a_message_leaves_at_the_moment_it_was_told(town: Town) -> None:
    """P2: not before, and never sooner than the least gap."""
    scene = await standard_scene(town, 8)
    for nth in range(7):
        await sent(scene, nth)
        wait_s = (await held(scene, nth + 1)).retry_after_s
        assert STANDARD_GAP_S - 0.5 < wait_s <= STANDARD_LATEST_S
        await time_passes(scene.pool, scene.sender.id, wait_s - 0.5)
        assert 0 < (await held(scene, nth + 1)).retry_after_s <= 0.5
        await time_passes(scene.pool, scene.sender.id, 0.5)


async def test_message_2_waits_for_no_message_1_but_the_next_message_1_keeps_its_distance(town: Town) -> None:
    """P2, E5: whoever has reacted is answered at once."""
    scene = await standard_scene(town)
    await sent(scene, 0)
    first_wait_s = (await held(scene, 1)).retry_after_s
    await time_passes(scene.pool, scene.sender.id, first_wait_s - 0.2)

    await ready(scene, 0, SECOND)
    assert STANDARD_GAP_S - 0.5 < (await held(scene, 1)).retry_after_s <= STANDARD_GAP_S


async def test_two_messages_2_keep_the_rate_of_message_2(town: Town) -> None:
    """E5: ten a second unless somebody sets another rate; the setting counts at once."""
    scene = await standard_scene(town)
    await scene.pool.execute("UPDATE senders SET message_2_rate_per_s = NULL WHERE id = $1", scene.sender.id)
    await set_pace(scene, settings={"message_2_rate_per_s": 0.1})
    for nth in (0, 1):
        await sent(scene, nth)
        await time_passes(scene.pool, scene.sender.id, 10)
    await sent(scene, 0, SECOND)

    refused = await held(scene, 1, SECOND)
    assert refused.reason is Reason.PACE
    assert refused.retry_after_s == pytest.approx(10, abs=1)
    await time_passes(scene.pool, scene.sender.id, 10)
    await sent(scene, 1, SECOND)


@pytest.mark.parametrize("outcome", ["accepted", "unknown", "rejected"])
async def test_the_gap_counts_from_the_answer_of_the_provider(town: Town, outcome: str) -> None:
    """P2: however long the POST took, the provider too sees the least gap."""
    scene = await standard_scene(town)
    attempt = await ready(scene, 0)
    await time_passes(scene.pool, scene.sender.id, 10)
    await finish(scene.pool, attempt, outcome)

    assert STANDARD_GAP_S - 0.5 < (await held(scene, 1)).retry_after_s <= STANDARD_GAP_S


@pytest.mark.parametrize("message_type", BOTH)
async def test_an_answer_brings_no_slot_forward(town: Town, message_type: MessageType) -> None:
    """P2: the gap from the answer is only a least one."""
    scene = await standard_scene(town)
    await sent(scene, 0)
    await time_passes(scene.pool, scene.sender.id, 30)
    attempt = await ready(scene, 0 if message_type is SECOND else 1, message_type)
    await scene.pool.execute(
        "UPDATE sender_paces SET message_1_at = clock_timestamp() + interval '100 s' WHERE sender_id = $1",
        scene.sender.id,
    )
    await finish(scene.pool, attempt)
    assert (await held(scene, 2)).retry_after_s == pytest.approx(100, abs=1)


async def test_a_rest_is_kept(town: Town) -> None:
    """P2: a young account rests after twenty in a row for three to five minutes."""
    scene = await careful_scene(town)
    await set_pace(scene, in_a_row=19, last_message_1_at=await scene.pool.fetchval("SELECT now()"))
    await sent(scene, 0)

    refused = await held(scene, 1)
    assert refused.reason is Reason.PACE
    assert 179 < refused.retry_after_s <= 300
    await sent(scene, 0, SECOND)


async def test_a_young_account_sends_four_messages_a_minute_at_most(town: Town) -> None:
    """P2: Messages 2 take places in that minute, and are not held up by it."""
    scene = await careful_scene(town)
    await add_sends(scene, [50, 40, 30])
    await add_sends(scene, [45], "rejected")
    await sent(scene, 0)
    await time_passes(scene.pool, scene.sender.id, 5)
    await set_pace(scene, message_1_at=await scene.pool.fetchval("SELECT now()"))

    refused = await held(scene, 1)
    assert (refused.reason, refused.detail) == (Reason.PACE, "4 messages in a minute")
    assert refused.retry_after_s == pytest.approx(5, abs=1)
    await sent(scene, 0, SECOND)
    await set_pace(scene, message_1_at=await scene.pool.fetchval("SELECT now()"))
    assert (await held(scene, 1)).retry_after_s == pytest.approx(15, abs=1)


async def test_at_night_a_young_account_writes_to_nobody_first(town: Town) -> None:
    """P2: whoever has reacted is answered all the same."""
    scene = await careful_scene(town)
    await sent(scene, 0)
    await time_passes(scene.pool, scene.sender.id, HOUR_S)
    hour = (await scene.pool.fetchval("SELECT clock_timestamp()")).hour
    night = RunSettings(
        night_starts=f"{(hour - 1) % 24:02d}:00", night_ends=f"{(hour + 2) % 24:02d}:00", timezone="UTC"
    )
    await freeze(scene, night)
    await set_pace(scene, settings={"night_starts": night.night_starts, "night_ends": night.night_ends})

    refused = await held(scene, 1)
    assert refused.reason is Reason.PACE
    assert HOUR_S - 60 < refused.retry_after_s <= 2 * HOUR_S
    await sent(scene, 0, SECOND)

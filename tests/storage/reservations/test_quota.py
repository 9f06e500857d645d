"""The quota is exact, for any number of workers."""

import pytest

from domain.messages import MessageType
from domain.pacing.quota import COUNTED_S, MARGIN_S
from domain.run_settings import RunSettings
from storage import run_settings
from storage.database import Pool
from storage.reservations import HELD_BY_A_PERSON_S, Held, Reason
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
from tests.scene import open_scene
from tests.storage.reservations.scenes import (
    HOUR_S,
    SECOND,
    all_at_once,
    standard_scene,
)


async def test_the_quota_holds_to_the_last_message(town: Town) -> None:
    """P1: both messages count together, and what is refused stores no attempt."""
    scene = await open_scene(town, 4)
    await set_pace(scene, quota=3)
    await sent(scene, 0)
    await sent(scene, 0, SECOND)
    await sent(scene, 1)

    for nth, message_type in ((2, MessageType.MESSAGE_1), (1, SECOND)):
        refused = await held(scene, nth, message_type)
        assert (refused.reason, refused.sender_id) == (Reason.QUOTA, scene.sender.id)
        assert refused.detail == "3 of 3 messages in 24 hours"
        message = await scene.message(nth, message_type)
        assert (message["attempts"], message["status"], message["held_at"]) == (0, "pending", None)
    assert await scene.sends(2) == []


async def test_a_refused_message_learns_when_there_is_room_again(town: Town) -> None:
    """P1: to the second, and at that moment it may leave; 24 hours are 24 hours and a minute."""
    scene = await open_scene(town, 3)
    await set_pace(scene, quota=3)
    await add_sends(scene, [COUNTED_S - 100, 20 * HOUR_S, HOUR_S])

    wait_s = (await held(scene)).retry_after_s
    assert 98 < wait_s <= 100
    await time_passes(scene.pool, scene.sender.id, wait_s - 1)
    assert 0 < (await held(scene)).retry_after_s <= 1
    await time_passes(scene.pool, scene.sender.id, 1)
    await sent(scene)
    assert (await held(scene, 1)).retry_after_s == pytest.approx(4 * HOUR_S + MARGIN_S - 100, abs=2)


async def test_with_more_sent_than_the_quota_it_waits_for_enough_of_them(town: Town) -> None:
    """P1: after the quota was lowered, the wait ends when the count is below it."""
    scene = await open_scene(town, 2)
    await set_pace(scene, quota=2)
    await add_sends(scene, [20 * HOUR_S, 10 * HOUR_S, 5 * HOUR_S, HOUR_S])

    refused = await held(scene)
    assert refused.detail == "4 of 2 messages in 24 hours"
    assert refused.retry_after_s == pytest.approx(COUNTED_S - 5 * HOUR_S, abs=2)


@pytest.mark.parametrize(
    ("outcome", "counts"),
    [("accepted", True), ("unknown", True), (None, True), ("not_sent", False), ("rejected", False)],
)
async def test_what_may_have_gone_out_counts(town: Town, outcome: str | None, counts: bool) -> None:
    """P1: accepted, unknown or still in flight; not what certainly did not leave."""
    scene = await open_scene(town, 2)
    await set_pace(scene, quota=1)
    await add_sends(scene, [HOUR_S], outcome)

    step = await scene.begin()
    assert isinstance(step, Held if counts else Ready)


async def test_an_attempt_that_came_to_nothing_gives_its_place_back(town: Town) -> None:
    """P1: until its outcome is known it counts."""
    scene = await open_scene(town, 3)
    await set_pace(scene, quota=1)
    attempt = await ready(scene, 0)
    assert (await held(scene, 1)).reason is Reason.QUOTA
    await finish(scene.pool, attempt, "unknown")
    assert (await held(scene, 1)).reason is Reason.QUOTA
    await finish(scene.pool, attempt, "not_sent")
    await sent(scene, 1)


async def test_message_1_leaves_room_for_the_expected_replies(town: Town) -> None:
    """P1, E5: Message 1 stops short of the quota, Message 2 may use all of it."""
    scene = await open_scene(town, 5)
    await set_pace(scene, quota=5, expected_replies=1.2, reply_rate=0.3)
    await sent(scene, 0)
    await sent(scene, 1)
    assert (await pace_row(scene))["expected_replies"] == pytest.approx(1.8)
    await sent(scene, 2)
    assert (await held(scene, 3)).detail == "3 of 5 messages in 24 hours"

    await sent(scene, 0, SECOND)
    assert (await pace_row(scene))["expected_replies"] == pytest.approx(1.1)
    await sent(scene, 1, SECOND)
    assert (await held(scene, 2, SECOND)).reason is Reason.QUOTA


async def test_replies_that_need_the_whole_quota_keep_message_1_waiting(town: Town) -> None:
    """P1: with nothing sent there is no moment to wait for, so it asks again later."""
    scene = await open_scene(town, 2)
    await set_pace(scene, quota=5, expected_replies=7)

    refused = await held(scene)
    assert (refused.reason, refused.retry_after_s) == (Reason.QUOTA, HELD_BY_A_PERSON_S)


async def test_a_sender_that_nobody_has_looked_at_keeps_the_quota_of_its_batch(town: Town) -> None:
    """P1, P11: before the first look of its workflow, what its batch was started with holds."""
    scene = await open_scene(town, 3)
    await freeze(scene, RunSettings(quota_per_day=2))
    await sent(scene, 0)
    await sent(scene, 1)
    assert (await held(scene, 2)).detail == "2 of 2 messages in 24 hours"


async def test_a_young_account_that_nobody_has_looked_at_begins_with_its_first_day(town: Town) -> None:
    """P1: the least that the warm-up allows."""
    scene = await open_scene(town, 2, sender=await town.sender(rate_per_s=None))
    await freeze(scene, RunSettings(night_starts="00:00", night_ends="00:00"))
    await add_sends(scene, [HOUR_S + minutes * 60 for minutes in range(19)])
    await sent(scene)
    await time_passes(scene.pool, scene.sender.id, HOUR_S)
    assert (await held(scene, 1)).detail == "20 of 20 messages in 24 hours"


async def test_many_workers_at_once_do_not_overdraw_the_quota(town: Town, workers: list[Pool]) -> None:
    """P1: twenty at the same moment from four processes, seven places."""
    scene = await open_scene(town, 20)
    await set_pace(scene, quota=7)

    steps = await all_at_once(scene, workers)
    assert sum(isinstance(step, Ready) for step in steps) == 7
    assert {step.reason for step in steps if isinstance(step, Held)} == {Reason.QUOTA}


async def test_the_quota_changes_at_once(town: Town) -> None:
    """P1, P11: the quota of the sender counts, not the one of the batch."""
    scene = await open_scene(town, 3)
    await freeze(scene, RunSettings(quota_per_day=1000))
    await set_pace(scene, quota=1000)
    await sent(scene, 0)
    await set_pace(scene, quota=1)
    assert (await held(scene, 1)).reason is Reason.QUOTA
    await set_pace(scene, quota=2)
    await sent(scene, 1)


@pytest.mark.parametrize("own", [True, False], ids=["of the sender", "of everything"])
async def test_a_lower_quota_counts_while_nobody_looks_at_the_sender(town: Town, own: bool) -> None:
    """P1, P11: from the moment it is stored on, though no worker runs; what a sender has of its own stays."""
    scene, other = await standard_scene(town), await standard_scene(town)
    await sent(scene, 0)
    await run_settings.set_override(town.pool, "quota_per_day", 7, sender_id=other.sender.id, actor="test")
    sender_id = scene.sender.id if own else None
    await run_settings.set_override(town.pool, "quota_per_day", 1, sender_id=sender_id, actor="test")
    try:
        assert (await held(scene, 0, SECOND)).reason is Reason.QUOTA
        assert (await pace_row(other))["quota"] == 7
        await run_settings.set_override(town.pool, "quota_per_day", 5, sender_id=sender_id, actor="test")
        assert (await pace_row(scene))["quota"] == 1  # more room is for its workflow to give
    finally:
        await run_settings.remove_override(town.pool, "quota_per_day", sender_id=sender_id, actor="test")

"""What a sender's workflow does to the database, to the queues of a real Temporal and to the gateway."""

from dataclasses import replace
from datetime import UTC, datetime

from structlog.testing import capture_logs

from activities.queues import limit_queue
from domain.identifiers import reply_queue, send_queue
from storage import paces, run_settings, senders
from tests.activities.conftest import Post, post
from tests.activities.keeper import (
    NO_NIGHT,
    Keeper,
    established,
    keeper,
    refuse,
    young,
)
from tests.activities.test_sending import break_posts
from tests.apart import (
    add_sends,
    freeze,
    pause,
    pool,
    set_pace,
)
from tests.conftest import Town
from tests.scene import open_scene

# Fixtures that are imported are this room's own.
__all__ = ["keeper", "pool", "post"]


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

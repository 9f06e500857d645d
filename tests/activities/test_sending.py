"""Exactly once, whatever the provider does: judged by the journal of the sandbox.

Each test takes one attempt of the activity after the other, as Temporal would.
"""

import asyncio
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.sending import SendInput
from domain.messages import MessageType
from providers.base import OutgoingMessage
from storage import contacts, sending
from tests.activities.conftest import Post
from tests.conftest import Town, eventually
from tests.scene import Scene, open_scene

ANSWER_LOST = ["accept_then_drop", "accept_then_timeout", "accept_then_502"]
NEVER_ACCEPTED = ["drop", "reset", "timeout", "html_502", "html_504"]


async def break_posts(scene: Scene, kind: str, **details: Any) -> None:
    """The provider misbehaves when something is sent to the first phone of the scene."""
    await scene.town.fault(target="messages.post", kind=kind, match_phone=scene.phones[0], **details)


async def received(scene: Scene, nth: int = 0, messages: int = 1) -> list[dict[str, Any]]:
    """What the phone holds, as soon as all that the provider accepted has arrived."""

    async def all_arrived() -> list[dict[str, Any]]:
        accepted = await accepted_by_provider(scene, nth)
        arrived = await scene.town.journal(scene.phones[nth])
        return arrived if len(arrived) == len(accepted) >= messages else []

    journal: list[dict[str, Any]] = await eventually(all_arrived, what="the arrival of the messages")
    return journal


async def accepted_by_provider(scene: Scene, nth: int = 0) -> list[dict[str, Any]]:
    """What the provider accepted for a phone, arrived or not."""
    answer = await scene.town.sandbox.get("/control/journal", params={"phone": scene.phones[nth]})
    messages: list[dict[str, Any]] = answer.json()["messages"]
    return messages


async def hand_over(post: Post, ready: sending.Ready) -> None:
    """The POST alone, as by a worker that dies before it can store the outcome."""
    await post.gateway.send(
        OutgoingMessage(device=ready.device_id, phone=ready.phone, body=ready.body, reference=ready.message_id)
    )


@pytest.mark.parametrize("kind", ANSWER_LOST)
async def test_a_message_whose_answer_was_lost_is_found_and_not_sent_again(
    town: Town, post: Post, kind: str
) -> None:
    """E1, E3, E9; the outcome is unknown, the lookup by reference decides."""
    scene = await open_scene(town)
    await break_posts(scene, kind)

    outcome = await post.send(scene)

    message = await scene.message()
    assert (outcome.state, outcome.sent_at) == ("message_1_sent", message["sent_at"])
    [arrived] = await received(scene)
    assert arrived["reference"] == message["id"]
    assert arrived["body"] == message["body"] == "Hello N0"
    assert message["provider_id"] == arrived["id"]
    [attempt] = await scene.sends()
    assert (attempt["attempt"], attempt["outcome"]) == (1, "accepted")
    assert await scene.state() == "message_1_sent"


@pytest.mark.parametrize("kind", NEVER_ACCEPTED)
async def test_three_attempts_that_never_arrive_fail_the_contact_after_growing_pauses(
    town: Town, post: Post, kind: str
) -> None:
    """E3, E4; properties 4."""
    scene = await open_scene(town)
    await break_posts(scene, kind, count=None)

    assert await post.refused(scene) == ("NotSent", 4)
    assert await post.refused(scene) == ("NotSent", 8)
    outcome = await post.send(scene)

    assert (outcome.state, outcome.sent_at) == ("failed", None)
    assert (await scene.contact())["reason"] == "the provider does not know the message"
    message = await scene.message()
    assert (message["status"], message["attempts"]) == ("failed", 3)
    attempts = await scene.sends()
    assert [(row["attempt"], row["outcome"], row["code"]) for row in attempts] == [
        (number, "not_sent", "not_found") for number in (1, 2, 3)
    ]
    assert all(row["finished_at"] >= row["started_at"] for row in attempts)
    assert await accepted_by_provider(scene) == []


async def test_an_attempt_that_fails_once_is_made_good_by_the_next(town: Town, post: Post) -> None:
    """E3, E4; the log of sends tells the whole story."""
    scene = await open_scene(town)
    await break_posts(scene, "drop")

    await post.refused(scene)
    outcome = await post.send(scene)

    assert outcome.state == "message_1_sent"
    assert len(await received(scene)) == 1
    assert await scene.outcomes() == ["not_sent", "accepted"]
    for row in await scene.sends():
        logged = [str(row[name]) for name in ("campaign_id", "contact_id", "sender_id")]
        assert logged == [scene.campaign.id, scene.contact_ids[0], scene.sender.id]


@pytest.mark.parametrize("http_status", [400, 404, 413, 415])
async def test_a_message_refused_for_good_fails_at_once(town: Town, post: Post, http_status: int) -> None:
    """E1, E3, E4; no retry can help, so none is made."""
    scene = await open_scene(town)
    await break_posts(scene, "status", http_status=http_status, count=None)

    outcome = await post.send(scene)

    assert (outcome.state, outcome.sent_at) == ("failed", None)
    assert (await post.send(scene)).state == "failed"
    [attempt] = await scene.sends()
    assert (attempt["outcome"], attempt["code"]) == ("rejected", str(http_status))
    assert (await scene.message())["status"] == "failed"
    assert await accepted_by_provider(scene) == []


async def test_a_message_that_the_provider_accepted_and_then_failed_fails_its_contact(
    town: Town, post: Post
) -> None:
    """E1, E4; the answer was lost, and by the time of the lookup the provider has given up."""
    scene = await open_scene(town, [{"script": [], "on_whatsapp": False}])
    await break_posts(scene, "accept_then_timeout")

    outcome = await post.send(scene)

    assert outcome.state == "failed"
    assert await scene.outcomes() == ["rejected"]
    assert len(await accepted_by_provider(scene)) == 1


async def test_a_crash_between_the_post_and_its_storing_sends_nothing_twice(town: Town, post: Post) -> None:
    """E9, E17; the next worker finds an attempt without an outcome and looks it up."""
    scene = await open_scene(town)
    ready = await scene.begin()
    assert isinstance(ready, sending.Ready)
    await hand_over(post, ready)

    outcome = await post.send(scene)

    assert outcome.state == "message_1_sent"
    assert len(await received(scene)) == 1
    assert await scene.outcomes() == ["accepted"]


async def test_a_crash_before_the_post_costs_one_attempt_and_no_message(town: Town, post: Post) -> None:
    """E4, E17; the intent was stored, nothing went out."""
    scene = await open_scene(town)
    await scene.begin()

    assert await post.refused(scene) == ("NotSent", 4)
    assert (await post.send(scene)).state == "message_1_sent"

    assert len(await received(scene)) == 1
    assert await scene.outcomes() == ["not_sent", "accepted"]


async def test_an_attempt_in_flight_elsewhere_is_waited_for(town: Town, post: Post) -> None:
    """E9; whoever takes over waits until the other's POST must have ended, and then finds its message."""
    scene = await open_scene(town)
    ready = await scene.begin()
    assert isinstance(ready, sending.Ready)
    taking_over = asyncio.create_task(post.send(scene, post_limit_s=0.8))

    await hand_over(post, ready)

    assert not taking_over.done()
    assert (await taking_over).state == "message_1_sent"
    assert len(await received(scene)) == 1
    [attempt] = await scene.sends()
    assert (attempt["finished_at"] - attempt["started_at"]).total_seconds() >= 0.8


async def test_an_activity_cancelled_during_its_post_still_stores_the_outcome(town: Town, post: Post) -> None:
    """E3, E9; a stop must not turn a message that went out into one of unknown outcome."""
    scene = await open_scene(town)
    await break_posts(scene, "accept_then_timeout", delay_s=0.3)
    environment = ActivityEnvironment()
    wanted = SendInput(
        campaign_id=scene.campaign.id, contact_id=scene.contact_ids[0], message_type=MessageType.MESSAGE_1
    )
    running = asyncio.create_task(environment.run(post.activities().send_message, wanted))
    await eventually(lambda: accepted_by_provider(scene), what="the acceptance")

    environment.cancel()

    assert (await running).state == "message_1_sent"
    assert await scene.outcomes() == ["accepted"]


async def test_sending_again_after_success_sends_nothing(town: Town, post: Post) -> None:
    """E9, E17; Temporal may run an activity again whose answer it never got."""
    scene = await open_scene(town)
    first = await post.send(scene)

    assert await post.send(scene) == first
    assert len(await received(scene)) == 1
    assert await scene.outcomes() == ["accepted"]


@pytest.mark.parametrize("message_type", list(MessageType))
async def test_activities_at_the_same_time_send_one_message(
    town: Town, post: Post, message_type: MessageType
) -> None:
    """E9; property 10: five workers hold the same task, one message reaches the phone."""
    scene = await open_scene(town)
    expected = 1
    if message_type is MessageType.MESSAGE_2:
        await post.send(scene)
        expected = 2

    outcomes = await asyncio.gather(*(post.send(scene, message_type=message_type) for _ in range(5)))

    assert {outcome.state for outcome in outcomes} == {f"{message_type}_sent"}
    assert len(await received(scene, messages=expected)) == expected
    message = await scene.message(message_type=message_type)
    assert message["attempts"] == 1


async def test_somebody_who_opted_out_gets_nothing(town: Town, post: Post) -> None:
    """E1; an opt-out between the snapshot and the turn of the contact."""
    scene = await open_scene(town)
    async with town.pool.acquire() as connection:
        await connection.execute("UPDATE contacts SET opted_out_at = now() WHERE phone = $1", scene.phones[0])

    outcome = await post.send(scene)

    assert (outcome.state, outcome.sent_at) == ("opted_out", None)
    assert (await scene.message())["status"] == "cancelled"
    assert await scene.sends() == []
    assert await accepted_by_provider(scene) == []


async def test_an_opt_out_during_the_retries_ends_them(town: Town, post: Post) -> None:
    """E4; the outcome is looked up, and nothing new is sent."""
    scene = await open_scene(town)
    await break_posts(scene, "drop")
    await post.refused(scene)
    async with town.pool.acquire() as connection, connection.transaction():
        await contacts.opt_out(connection, scene.phones[0], scene.campaign.created_at)

    outcome = await post.send(scene)

    assert (outcome.state, outcome.sent_at) == ("opted_out", None)
    assert (await scene.message())["status"] == "cancelled"
    assert await accepted_by_provider(scene) == []

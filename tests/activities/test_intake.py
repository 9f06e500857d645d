"""What a stored webhook does: reactions, acknowledgements and sessions; late, twice, or worked off later."""

import secrets
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.bell import SenderBell
from activities.campaigns import CampaignActivities, SettleInput
from activities.intake import UNMATCHED_AFTER_TRIES, Intake, process_safely
from domain.interactions import InteractionKind
from domain.messages import MessageType
from domain.report import CampaignCounters
from domain.run_settings import RunSettings
from storage import campaigns, interactions
from storage.interactions import MOST_TRIES_AWAITED
from storage.webhook_events import WebhookEvent, finish_event
from tests.activities.conftest import Desk, Post
from tests.conftest import Town, eventually
from tests.scene import Scene, open_scene
from tests.wassenger import acknowledgement, failure, inbound, new_wa_id, session, store

MEDIA = {"mime": "application/octet-stream"}
CONTENTS: list[tuple[InteractionKind, dict[str, Any]]] = [
    (InteractionKind.TEXT, {"type": "text", "body": "yes"}),
    (InteractionKind.EMOJI, {"type": "text", "body": "👍🏽"}),
    (InteractionKind.VOICE, {"type": "audio", "media": {"format": "ptt"}}),
    (InteractionKind.AUDIO, {"type": "audio", "media": MEDIA}),
    (InteractionKind.IMAGE, {"type": "image", "media": MEDIA}),
    (InteractionKind.VIDEO, {"type": "video", "media": MEDIA, "body": None}),
    (InteractionKind.DOCUMENT, {"type": "document", "media": MEDIA}),
    (InteractionKind.STICKER, {"type": "sticker", "media": MEDIA}),
    (InteractionKind.LOCATION, {"type": "location", "location": {"lat": 48.9, "lon": 2.3}}),
    (InteractionKind.OTHER, {"type": "hologram"}),
]


async def sent_scene(town: Town, desk: Desk, post: Post, **changes: Any) -> Scene:
    """Message 1 has gone out to one person."""
    scene = await open_scene(town, sender=desk.account, **changes)
    await post.send(scene)
    return scene


def reaction(scene: Scene, **content: Any) -> dict[str, Any]:
    """The person of the scene reacts."""
    return inbound(scene.sender.device_id, scene.phones[0], **content)


async def counters(scene: Scene) -> CampaignCounters:
    """The live counters of the scene's campaign."""
    return await campaigns.get_counters(scene.pool, scene.campaign.id)


@pytest.mark.parametrize(("kind", "content"), CONTENTS)
async def test_every_kind_of_reaction_is_stored_and_told(
    town: Town, desk: Desk, post: Post, kind: InteractionKind, content: dict[str, Any]
) -> None:
    """E5, E7, E8; properties 7 and 9."""
    scene = await sent_scene(town, desk, post)
    workflow = await desk.listen(scene)

    assert await desk.deliver(reaction(scene, **content)) == "interaction"

    [stored] = await scene.interactions()
    assert (stored["interaction_type"], stored["within_24h"]) == (kind, True)
    assert stored["occurred_at"] <= stored["received_at"]
    assert not stored["suppressed_duplicate"]
    assert await desk.told(workflow) == ["interact"]


async def test_further_reactions_are_stored_and_counted_as_suppressed(
    town: Town, desk: Desk, post: Post
) -> None:
    """E8, E9, E11; property 10: before and after Message 2, and the same webhook twice."""
    scene = await sent_scene(town, desk, post)
    first = reaction(scene)
    await desk.deliver(first)
    assert await desk.deliver(first) == "known"
    await desk.deliver(reaction(scene, type="sticker"))
    await post.send(scene, message_type=MessageType.MESSAGE_2)
    outcome = await desk.deliver(reaction(scene))

    assert outcome == "interaction stored, the contact is message_2_sent"
    assert [row["suppressed_duplicate"] for row in await scene.interactions()] == [False, True, True]
    counts = await counters(scene)
    assert (counts.interactions, counts.suppressed_duplicates, counts.messages_2_sent) == (3, 2, 1)


async def test_an_event_worked_off_twice_has_one_effect(town: Town, desk: Desk, post: Post) -> None:
    """E8, E9, E11, E17; a crash after the effect and before its note."""
    scene = await sent_scene(town, desk, post)
    event = await store(desk.pool, reaction(scene))
    assert event is not None
    for _ in range(3):
        assert await desk.intake.process(event) == "interaction"

    assert len(await scene.interactions()) == 1
    assert (await counters(scene)).suppressed_duplicates == 0


async def test_who_reacts_after_his_window_was_settled_is_late(town: Town, desk: Desk, post: Post) -> None:
    """E6, E8, E12; property 6: no_interaction becomes late_interaction, and nothing is sent."""
    scene = await sent_scene(town, desk, post, window_s=0.001, grace_s=0)
    settled = await interactions.settle_window(
        desk.pool, scene.campaign.id, scene.contact_ids[0], now=datetime.now(UTC) + timedelta(seconds=5)
    )
    assert settled.state == "no_interaction"

    outcome = await desk.deliver(reaction(scene, at=datetime.now(UTC) + timedelta(seconds=5)))

    assert outcome == "interaction stored, the contact is late_interaction"
    [stored] = await scene.interactions()
    assert not stored["within_24h"]
    assert (await post.send(scene, message_type=MessageType.MESSAGE_2)).state == "late_interaction"
    assert (await counters(scene)).messages_2_sent == 0


async def test_a_window_is_not_settled_over_a_reaction_that_was_only_stored(
    town: Town, desk: Desk, post: Post
) -> None:
    """E5, E17: it was answered 200 in time, then everything died; what a chaos run found (seed 111)."""
    scene = await open_scene(town, 2, sender=desk.account, window_s=60, grace_s=1)
    for nth in range(2):
        await post.send(scene, nth)
    activities = CampaignActivities(town.pool, RunSettings())
    settles = [
        SettleInput(
            campaign_id=scene.campaign.id, contact_id=contact_id, now=datetime.now(UTC) + timedelta(seconds=62)
        )
        for contact_id in scene.contact_ids
    ]
    event = await store(town.pool, inbound(desk.account.device_id, scene.phones[0]))
    assert event is not None

    with pytest.raises(ApplicationError, match="not worked off yet") as raised:
        await ActivityEnvironment().run(activities.settle_contact, settles[0])
    assert not raised.value.non_retryable
    assert (await ActivityEnvironment().run(activities.settle_contact, settles[1])).state == "no_interaction"

    assert await desk.intake.process(event) == "interaction"
    assert (await ActivityEnvironment().run(activities.settle_contact, settles[0])).reply


async def test_an_event_that_always_fails_does_not_hold_up_its_contact_for_ever(
    town: Town, desk: Desk, post: Post
) -> None:
    """E17: nobody is left without a final state because of one event."""
    scene = await open_scene(town, sender=desk.account, window_s=60, grace_s=1)
    await post.send(scene)
    event = await store(town.pool, inbound(desk.account.device_id, scene.phones[0]))
    assert event is not None
    await town.pool.execute("UPDATE webhook_events SET tries = $2 WHERE id = $1", event.id, MOST_TRIES_AWAITED)
    settled = await interactions.settle_window(
        town.pool, scene.campaign.id, scene.contact_ids[0], now=datetime.now(UTC) + timedelta(seconds=62)
    )
    assert settled.state == "no_interaction"
    await finish_event(town.pool, event.id, "never")


async def test_an_acknowledgement_of_an_unknown_message_is_parked_and_matched_later(
    town: Town, desk: Desk, post: Post
) -> None:
    """E2, E17; it names WhatsApp's id alone, which only the answer to the POST will tell."""
    scene = await open_scene(town, sender=desk.account)
    wa_id = new_wa_id()
    early = acknowledgement(desk.account.device_id, "read", reference=None, wa_id=wa_id, at=datetime.now(UTC))
    event = await store(desk.pool, early)
    assert event is not None
    assert await desk.intake.process(event) == "parked"
    assert (await desk.stored(event))["status"] == "parked"

    await post.send(scene)
    await desk.pool.execute(
        "UPDATE messages SET wa_id = $2 WHERE id = $1", (await scene.message())["id"], wa_id
    )

    async def matched() -> bool:
        await desk.make_due(event)
        await desk.relay.work_off_due()
        return bool((await desk.stored(event))["status"] == "processed")

    await eventually(matched, what="the match")
    assert (await scene.message())["status"] == "read"


async def test_an_acknowledgement_that_never_matches_is_given_up(desk: Desk) -> None:
    """Somebody types on the phone himself: after ten tries it is not ours."""
    stray = acknowledgement(
        desk.account.device_id, "read", reference=None, wa_id=new_wa_id(), at=datetime.now(UTC)
    )
    event = await store(desk.pool, stray)
    assert event is not None
    await desk.pool.execute(
        "UPDATE webhook_events SET tries = $2, next_try_at = now() WHERE id = $1",
        event.id,
        UNMATCHED_AFTER_TRIES,
    )

    async def given_up() -> bool:
        await desk.relay.work_off_due()
        return bool((await desk.stored(event))["outcome"] == "unmatched: no such message here")

    await eventually(given_up, what="the end of the tries")


async def test_the_relay_works_off_what_the_receiver_did_not(town: Town, desk: Desk, post: Post) -> None:
    """E8, E17; the API stored an event, answered 200, and crashed."""
    scene = await sent_scene(town, desk, post)
    workflow = await desk.listen(scene)
    event = await store(desk.pool, reaction(scene))
    assert event is not None
    await desk.make_due(event)

    await worked_off(desk, event)

    assert len(await scene.interactions()) == 1
    assert await desk.told(workflow) == ["interact"]


async def worked_off(desk: Desk, event: WebhookEvent) -> None:
    """Rounds of the relay until this event has had its turn; a worker's own relay may be faster."""

    async def processed() -> bool:
        await desk.relay.work_off_due()
        return bool((await desk.stored(event))["status"] == "processed")

    await eventually(processed, what="the relay")


async def test_a_reaction_during_an_outage_of_temporal_is_told_afterwards(
    town: Town, desk: Desk, post: Post
) -> None:
    """E5, E8, E17; the event stays open until the workflow knows."""
    scene = await sent_scene(town, desk, post)
    workflow = await desk.listen(scene)
    event = await store(desk.pool, reaction(scene))
    assert event is not None
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = await Client.connect(f"127.0.0.1:{taken.getsockname()[1]}", lazy=True)
        await process_safely(Intake(desk.pool, nobody, SenderBell(nobody)), event, by="relay")
    assert (await desk.stored(event))["status"] == "received"
    assert await desk.told(workflow) == []

    await desk.make_due(event)
    await worked_off(desk, event)

    assert await desk.told(workflow) == ["interact"]
    [stored] = await scene.interactions()
    assert not stored["suppressed_duplicate"]


async def test_a_message_1_that_fails_after_acceptance_stops_its_workflow(
    town: Town, desk: Desk, post: Post
) -> None:
    """E1, E4."""
    scene = await sent_scene(town, desk, post)
    workflow = await desk.listen(scene)
    message = await scene.message()
    # As of before WhatsApp had it, whatever the sandbox has told meanwhile.
    await desk.pool.execute("UPDATE messages SET status = 'accepted' WHERE id = $1", message["id"])
    failed = failure(
        desk.account.device_id,
        reference=message["id"],
        provider_id=message["provider_id"],
        at=datetime.now(UTC),
    )

    assert await desk.deliver(failed) == "failed"

    assert await scene.state() == "failed"
    assert await desk.told(workflow) == ["stop"]
    assert (await post.send(scene, message_type=MessageType.MESSAGE_2)).state == "failed"


@pytest.mark.parametrize(("status", "stopped"), [("blocked", True), ("conflict", True), ("online", False)])
async def test_a_broken_session_stops_its_sender(town: Town, desk: Desk, status: str, stopped: bool) -> None:
    """E4; the provider says that the account is blocked: nothing is tried any more."""
    sender = await town.sender()
    await desk.deliver(session(sender.device_id, status))

    found = await desk.pool.fetchrow("SELECT status, status_reason FROM senders WHERE id = $1", sender.id)
    assert found is not None
    assert (found["status"] == "stopped") is stopped
    if stopped:
        assert status in found["status_reason"]


async def test_what_means_nothing_is_worked_off_as_such(desk: Desk) -> None:
    """Unknown events and strangers are kept with a reason, and never tried again."""
    stranger = inbound(desk.account.device_id, f"+3363997{secrets.randbelow(10000):04d}")
    assert (await desk.deliver(stranger)).startswith("no campaign")
    unknown = {"event": "message:teleported", "data": {"id": new_wa_id()}, "device": {"id": "x"}}
    assert await desk.deliver(unknown) == "ignored: event message:teleported"
    elsewhere = session("0" * 24, "blocked")
    assert await desk.deliver(elsewhere) == "ignored: not one of our senders"

"""What is not the contact's fault: a stopped account, a busy or absent provider. No such attempt counts."""

import socket
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from local.addresses import SANDBOX_TOKEN
from providers.wassenger import WassengerGateway
from storage import senders
from storage.senders import Sender
from tests.activities.conftest import Post
from tests.activities.test_sending import accepted_by_provider, break_posts, received
from tests.conftest import Town
from tests.scene import Scene, open_scene


async def sender_now(scene: Scene) -> Sender:
    """The sender of the scene as it is stored now."""
    return next(sender for sender in await senders.list_senders(scene.pool) if sender.id == scene.sender.id)


async def assert_not_the_contacts_fault(scene: Scene) -> None:
    """The contact still waits, with all its attempts before it."""
    message = await scene.message()
    assert (await scene.state(), message["status"], message["attempts"]) == ("pending", "pending", 0)
    assert set(await scene.outcomes()) == {"not_sent"}
    assert await accepted_by_provider(scene) == []


@pytest.mark.parametrize("http_status", [401, 402, 403])
async def test_an_account_that_may_not_send_is_stopped_and_its_contacts_wait(
    town: Town, post: Post, http_status: int
) -> None:
    """E4; stop the device, not the contact; nothing more is posted until a person resumes it."""
    scene = await open_scene(town, 2)
    await break_posts(scene, "status", http_status=http_status)

    assert await post.refused(scene) == ("SenderStoppedError", 600)
    await assert_not_the_contacts_fault(scene)
    stopped = await sender_now(scene)
    assert stopped.status == "stopped"
    assert str(http_status) in str(stopped.status_reason)

    assert await post.refused(scene, 1) == ("Held", 600)
    assert await scene.sends(1) == []

    await senders.resume_sender(scene.pool, scene.sender.id)
    assert (await post.send(scene)).state == "message_1_sent"
    assert len(await received(scene)) == 1
    assert (await scene.message())["attempts"] == 1


async def test_a_provider_that_asks_for_a_break_gets_it_from_the_whole_account(town: Town, post: Post) -> None:
    """E4; 429 with Retry-After: this contact and the next one wait that long, uncounted."""
    scene = await open_scene(town, 2)
    await break_posts(scene, "status", http_status=429, retry_after_s=120)

    assert await post.refused(scene) == ("GatewayBusyError", 120)
    await assert_not_the_contacts_fault(scene)
    held_until = (await sender_now(scene)).held_until
    assert held_until is not None
    assert 110 < (held_until - datetime.now(UTC)).total_seconds() <= 120

    kind, delay_s = await post.refused(scene, 1)
    assert kind == "Held"
    assert 110 < delay_s <= 120
    assert await scene.sends(1) == []


async def test_a_provider_that_names_no_time_gets_ten_seconds(town: Town, post: Post) -> None:
    """E4; 429 without Retry-After."""
    scene = await open_scene(town)
    await break_posts(scene, "status", http_status=429)

    assert await post.refused(scene) == ("GatewayBusyError", 10)
    await assert_not_the_contacts_fault(scene)
    assert (await sender_now(scene)).status == "active"


async def test_ten_refusals_do_not_cost_a_contact_its_attempts(town: Town, post: Post) -> None:
    """E4; a provider that is busy for a while leaves three attempts, with the first pause first."""
    scene = await open_scene(town)
    await break_posts(scene, "status", http_status=429, retry_after_s=1, count=10)
    for _ in range(10):
        await post.refused(scene)
        await senders.resume_sender(scene.pool, scene.sender.id)  # the break is over
    await assert_not_the_contacts_fault(scene)

    await break_posts(scene, "drop", count=None)
    assert await post.refused(scene) == ("NotSent", 4)
    assert await post.refused(scene) == ("NotSent", 8)
    assert (await post.send(scene)).state == "failed"


async def test_an_unreachable_provider_counts_for_nobody(town: Town, post: Post) -> None:
    """E4; three minutes without a network must not fail anybody."""
    scene = await open_scene(town)
    with socket.socket() as taken:  # bound and never listening: every connection is refused
        taken.bind(("127.0.0.1", 0))
        nowhere = WassengerGateway(
            base_url=f"http://127.0.0.1:{taken.getsockname()[1]}", token=SANDBOX_TOKEN, timeout_s=1
        )
        for _ in range(4):
            assert await replace(post, gateway=nowhere).refused(scene) == ("GatewayBusyError", 10)
            await senders.resume_sender(scene.pool, scene.sender.id)
        await nowhere.close()

    await assert_not_the_contacts_fault(scene)
    assert (await post.send(scene)).state == "message_1_sent"


async def test_an_unknown_outcome_stays_unknown_while_nobody_can_be_asked(town: Town, post: Post) -> None:
    """E4, E9; "failed" is only said after a definite "not found", and nothing is posted before."""
    scene = await open_scene(town)
    await break_posts(scene, "accept_then_drop")
    await town.goes_unheard(scene.phones[0])
    reference = (await scene.message())["id"]
    for _ in range(4):
        await town.fault(target="messages.get", kind="html_502", match_reference=reference)
        assert await post.refused(scene) == ("LookupFailed", 10)
        assert await scene.outcomes() == ["unknown"]

    assert (await post.send(scene)).state == "message_1_sent"
    assert len(await received(scene)) == 1
    assert await scene.outcomes() == ["accepted"]

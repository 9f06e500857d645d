"""Acknowledgements come in any order, twice, and before their message is known: statuses only move forward."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from domain.contact_states import ContactState
from domain.messages import MessageStatus, MessageType
from storage import interactions, outcomes, webhook_events
from storage.interactions import AppliedStatus, StoredInteraction
from storage.outcomes import Settled
from storage.senders import Sender
from storage.sending import Ready
from tests.apart import somebody_waits
from tests.conftest import Town, eventually
from tests.scene import Scene, open_scene

SENT_AT = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
# When each thing happened, in the provider's time.
HAPPENED_AT = {
    "accepted": SENT_AT - timedelta(seconds=2),
    "sent": SENT_AT,
    "delivered": SENT_AT + timedelta(seconds=3),
    "read": SENT_AT + timedelta(seconds=60),
    "failed": SENT_AT + timedelta(seconds=2),
}
FORWARD = ["pending", "accepted", "sent", "failed", "delivered", "read"]


async def begun(scene: Scene) -> tuple[Ready, str]:
    """A stored intent, and the id that the provider gives its message."""
    ready = await scene.begin()
    assert isinstance(ready, Ready)
    return ready, secrets.token_hex(12)


async def accept(scene: Scene, ready: Ready, provider_id: str) -> Settled:
    """The answer to the POST is stored."""
    return await outcomes.record_accepted(
        scene.pool,
        ready.message_id,
        ready.attempt,
        provider_id=provider_id,
        wa_id=None,
        accepted_at=HAPPENED_AT["accepted"],
        sent_at=None,
    )


async def acknowledge(scene: Scene, ready: Ready, status: str, **named_by: str) -> AppliedStatus | None:
    """One acknowledgement; by reference unless the test names it otherwise."""
    names: dict[str, Any] = {"reference": None, "provider_id": None, "wa_id": None, **named_by}
    if not named_by:
        names["reference"] = ready.message_id
    return await interactions.apply_status(
        scene.pool,
        **names,
        status=MessageStatus(status),
        occurred_at=HAPPENED_AT[status],
        failure_reason="not on WhatsApp" if status == "failed" else None,
    )


@given(order=st.lists(st.sampled_from(sorted(HAPPENED_AT)), max_size=7))
@example(order=["failed", "sent"])
@example(order=["failed", "accepted"])
@example(order=["delivered", "accepted", "sent"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_the_order_of_news_never_changes_where_a_message_ends(
    everybody: Town, account: Sender, order: list[str]
) -> None:
    """E1, E2, E3; property 4: acceptance and acknowledgements, repeated and shuffled."""
    scene = await open_scene(everybody, sender=account)
    ready, provider_id = await begun(scene)
    before = 0
    for news in order:
        if news == "accepted":
            await accept(scene, ready, provider_id)
        else:
            await acknowledge(scene, ready, news, reference=ready.message_id, provider_id=provider_id)
        rank = FORWARD.index((await scene.message())["status"])
        assert rank >= before
        before = rank

    message = await scene.message()
    assert message["status"] == max(order, key=FORWARD.index, default="pending")
    arrived = {"delivered", "read"} & set(order)
    assert (message["delivered_at"] is not None) == bool(arrived)
    assert message["read_at"] == (HAPPENED_AT["read"] if "read" in order else None)
    if "sent" in order and "failed" not in order:
        assert message["sent_at"] == HAPPENED_AT["sent"], "the window starts at the provider's time of sending"
    counters = await scene.recounted()
    assert counters.failures == (message["status"] == "failed")
    # "Sent" that comes after "failed" is no news, so it proves no acceptance either; all else does.
    proofs = {"accepted", "delivered", "read"} | (
        {"sent"} if "failed" not in order_until_sent(order) else set()
    )
    assert counters.messages_1_sent == bool(proofs & set(order))


def order_until_sent(order: list[str]) -> list[str]:
    """What came before the first "sent"."""
    return order[: order.index("sent")] if "sent" in order else order


async def test_an_acknowledgement_may_overtake_the_answer_to_the_post(everybody: Town, account: Sender) -> None:
    """E2, E3, E17; it proves the acceptance: nothing is sent again, and the log says so even after a crash."""
    scene = await open_scene(everybody, sender=account)
    ready, _provider_id = await begun(scene)

    applied = await acknowledge(scene, ready, "sent")
    assert applied is not None
    assert applied.changed
    after_crash = await scene.begin()

    assert after_crash == Settled(state=ContactState.MESSAGE_1_SENT, sent_at=SENT_AT)
    assert await scene.state() == "message_1_sent"
    assert await scene.outcomes() == ["accepted"]


async def test_a_lookup_that_finds_nothing_loses_against_an_acknowledgement(
    everybody: Town, account: Sender
) -> None:
    """E3, E4; a provider whose search lags behind must not fail somebody who holds the message."""
    scene = await open_scene(everybody, sender=account)
    ready, _provider_id = await begun(scene)
    await acknowledge(scene, ready, "sent")

    settled = await outcomes.record_not_sent(
        scene.pool, ready.message_id, ready.attempt, code="not_found", detail="not found", max_attempts=1
    )

    assert settled == Settled(state=ContactState.MESSAGE_1_SENT, sent_at=SENT_AT)
    assert await scene.outcomes() == ["accepted"]


async def test_a_message_is_found_by_any_of_its_three_names(everybody: Town, account: Sender) -> None:
    """E3; our reference, the provider's id and WhatsApp's id name one message once they are linked."""
    scene = await open_scene(everybody, sender=account)
    ready, provider_id = await begun(scene)
    wa_id = f"3EB0{secrets.token_hex(9).upper()}"
    assert await acknowledge(scene, ready, "sent", provider_id=provider_id) is None
    await accept(scene, ready, provider_id)

    assert await acknowledge(scene, ready, "delivered", wa_id=wa_id) is None
    assert await acknowledge(scene, ready, "sent", provider_id=provider_id, wa_id=wa_id) is not None
    assert await acknowledge(scene, ready, "delivered", wa_id=wa_id) is not None

    message = await scene.message()
    assert (message["status"], message["provider_id"], message["wa_id"]) == ("delivered", provider_id, wa_id)


async def test_a_reference_that_is_not_ours_names_nothing(everybody: Town, account: Sender) -> None:
    """Somebody else sends through the same account, with references of his own."""
    scene = await open_scene(everybody, sender=account)
    ready, _provider_id = await begun(scene)
    for reference in ("order-4711", "", "00000000-0000-0000-0000-000000000000"):
        assert await acknowledge(scene, ready, "read", reference=reference) is None
    assert (await scene.message())["status"] == "pending"


async def test_a_message_1_that_fails_after_acceptance_fails_its_contact(
    everybody: Town, account: Sender
) -> None:
    """E1; it can earn no reaction any more."""
    scene = await open_scene(everybody, sender=account)
    ready, provider_id = await begun(scene)
    await accept(scene, ready, provider_id)

    applied = await acknowledge(scene, ready, "failed")

    assert applied is not None
    assert applied.failed_contact
    contact = await scene.contact()
    assert (contact["state"], contact["reason"]) == ("failed", "not on WhatsApp")


async def test_a_message_2_that_fails_leaves_its_contact_followed_up(everybody: Town, account: Sender) -> None:
    """E9; a second Message 2 is never tried, so the state stays and the failure is counted."""
    scene = await open_scene(everybody, sender=account)
    await accept(scene, *(await begun(scene)))
    second = await scene.begin(message_type=MessageType.MESSAGE_2)
    assert isinstance(second, Ready)
    await accept(scene, second, secrets.token_hex(12))

    applied = await acknowledge(scene, second, "failed")

    assert applied is not None
    assert not applied.failed_contact
    assert await scene.state() == "message_2_sent"
    assert (await scene.recounted()).failures == 1


async def test_news_that_waited_for_other_news_knows_them(everybody: Town, account: Sender) -> None:
    """E3, E9: "delivered" and "read" at the same moment; what a chaos run found: "read" was overwritten."""
    scene = await open_scene(everybody, sender=account)
    ready, provider_id = await begun(scene)
    await accept(scene, ready, provider_id)
    async with scene.pool.acquire() as other, other.transaction():
        await outcomes.lock_message(other, ready.message_id)
        waiting = asyncio.create_task(acknowledge(scene, ready, "delivered"))
        await eventually(lambda: somebody_waits(scene.pool), what="the wait for the lock")
        await other.execute(
            "UPDATE messages SET status = 'read', read_at = now() WHERE id = $1", ready.message_id
        )
    applied = await waiting
    assert applied is not None
    assert not applied.changed
    assert (await scene.message())["status"] == "read"


async def test_a_reaction_that_waited_for_message_1_knows_when_it_was_sent(
    everybody: Town, account: Sender
) -> None:
    """E2: the window starts with Message 1, also for somebody who reacts while its sending is being stored."""
    scene = await open_scene(everybody, sender=account)
    ready, provider_id = await begun(scene)
    async with scene.pool.acquire() as other, other.transaction():
        await outcomes.lock_message(other, ready.message_id)
        waiting = asyncio.create_task(react(scene))
        await eventually(lambda: somebody_waits(scene.pool), what="the wait for the lock")
        await other.execute(
            "UPDATE messages SET status = 'accepted', provider_id = $2, accepted_at = $3, sent_at = $3 "
            "WHERE id = $1",
            ready.message_id,
            provider_id,
            SENT_AT,
        )
    assert (await waiting).message_1_sent_at == SENT_AT


async def react(scene: Scene) -> StoredInteraction:
    """The contact writes now."""
    event = await webhook_events.store_event(
        scene.pool, key=secrets.token_hex(8), event="message:in:new", payload={}
    )
    assert event is not None
    return await interactions.record_interaction(
        scene.pool,
        webhook_event_id=event.id,
        campaign_id=scene.campaign.id,
        contact_id=scene.contact_ids[0],
        interaction_type="text",
        text="Yes",
        occurred_at=datetime.now(UTC),
        received_at=datetime.now(UTC),
    )

"""Counters change in the transaction of the row that they count: at every moment they equal a recount."""

import asyncio
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.contact_states import ContactState
from domain.messages import MessageStatus, MessageType
from storage import campaigns, interactions, outcomes, webhook_events
from storage.senders import Sender
from storage.sending import Ready
from tests.conftest import Town
from tests.scene import Scene, open_scene

CONTACTS = 4
STEPS = [
    "accept", "accept", "accept", "reject", "lose", "sent", "delivered", "read", "failed",
    "react", "react", "react late", "accept 2", "accept 2", "read 2", "opt out", "settle", "give up",
    "stop", "close",
]  # fmt: skip


async def take(scene: Scene, step: str, nth: int) -> None:
    """One step for one contact, if it is possible now."""
    message_type = MessageType.MESSAGE_2 if step.endswith(" 2") else MessageType.MESSAGE_1
    match step.removesuffix(" 2"):
        case "accept" | "reject" | "lose":
            await attempt(scene, step.removesuffix(" 2"), nth, message_type)
        case "sent" | "delivered" | "read" | "failed":
            await acknowledge(scene, MessageStatus(step.removesuffix(" 2")), nth, message_type)
        case "react":
            await react(scene, nth, timedelta(0))
        case "react late":
            await react(scene, nth, timedelta(days=2))
        case "opt out":
            await interactions.record_opt_out(scene.pool, scene.phones[nth], datetime.now(UTC))
        case "settle":
            with suppress(LookupError):  # no window yet
                await interactions.settle_window(
                    scene.pool,
                    scene.campaign.id,
                    scene.contact_ids[nth],
                    now=datetime.now(UTC) + timedelta(days=2),
                )
        case "give up":
            await campaigns.fail_contact(scene.pool, scene.campaign.id, scene.contact_ids[nth], "broken")
        case "stop":
            await campaigns.stop_contacts(scene.pool, scene.campaign.id, ContactState.EXPIRED, "max_age")
        case "close":
            await campaigns.close_campaign(
                scene.pool, scene.campaign.id, close_reason="cancelled", left_over=ContactState.CANCELLED
            )


async def attempt(scene: Scene, end: str, nth: int, message_type: MessageType) -> None:
    """An attempt to send, which ends in one of three ways."""
    begun = await scene.begin(nth, message_type)
    if not isinstance(begun, Ready):
        return
    if end == "accept":
        now = datetime.now(UTC)
        await outcomes.record_accepted(
            scene.pool,
            begun.message_id,
            begun.attempt,
            provider_id=secrets.token_hex(12),
            wa_id=None,
            accepted_at=now,
            sent_at=now,
        )
    elif end == "reject":
        await outcomes.record_rejected(
            scene.pool, begun.message_id, begun.attempt, code="400", detail="refused"
        )
    else:
        await outcomes.record_not_sent(
            scene.pool, begun.message_id, begun.attempt, code="lost", detail="lost", max_attempts=2
        )


async def acknowledge(scene: Scene, status: MessageStatus, nth: int, message_type: MessageType) -> None:
    """News about a message that was handed over."""
    message = await scene.message(nth, message_type)
    if message is not None and message["attempts"]:
        await interactions.apply_status(
            scene.pool,
            reference=message["id"],
            provider_id=None,
            wa_id=None,
            status=status,
            occurred_at=datetime.now(UTC),
            failure_reason=None,
        )


async def react(scene: Scene, nth: int, after: timedelta) -> None:
    """A reaction, as the receiver stores it."""
    event = await webhook_events.store_event(
        scene.pool, key=f"test|{secrets.token_hex(12)}", event="message:in:new", payload={}
    )
    assert event is not None
    await webhook_events.finish_event(scene.pool, event.id, "stored by a test")
    await interactions.record_interaction(
        scene.pool,
        webhook_event_id=event.id,
        campaign_id=scene.campaign.id,
        contact_id=scene.contact_ids[nth],
        interaction_type="text",
        text="yes",
        occurred_at=datetime.now(UTC) + after,
        received_at=datetime.now(UTC) + after,
    )


STEP = st.tuples(st.sampled_from(STEPS), st.integers(0, CONTACTS - 1))
RELAXED = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@given(steps=st.lists(STEP, min_size=5, max_size=30))
@RELAXED
async def test_counters_equal_a_recount_after_every_step(
    everybody: Town, account: Sender, steps: list[tuple[str, int]]
) -> None:
    """E12, E16; property 12: whatever happens to a campaign, in whatever order."""
    scene = await open_scene(everybody, CONTACTS, sender=account, window_s=3600)
    for step, nth in steps:
        await take(scene, step, nth)
        assert await campaigns.get_counters(scene.pool, scene.campaign.id) == await scene.recounted(), step


@given(steps=st.lists(STEP, min_size=20, max_size=40))
@RELAXED
async def test_counters_survive_everything_at_once(
    everybody: Town, account: Sender, steps: list[tuple[str, int]]
) -> None:
    """E9, E16; properties 10 and 12: all steps at the same time, without a deadlock or a forbidden move."""
    scene = await open_scene(everybody, CONTACTS, sender=account, window_s=3600)
    await asyncio.gather(*(take(scene, "accept", nth) for nth in range(CONTACTS)))
    await asyncio.gather(*(take(scene, step, nth) for step, nth in steps))
    assert await campaigns.get_counters(scene.pool, scene.campaign.id) == await scene.recounted()

"""Random lives of a campaign, against a plain model: every event in any order, twice, early and late.

Webhooks take their whole way (stored, then worked off); sending and closing go through `storage` as the
activities do it. After every step the database says what the model says.
"""

import asyncio
import secrets
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from temporalio.client import Client

from activities.bell import SenderBell
from activities.intake import Intake
from domain.contact_states import ContactState
from domain.messages import MessageType
from settings import Settings
from storage import campaigns, interactions, outcomes
from storage.database import Pool
from storage.senders import Sender
from storage.sending import Ready, Unresolved
from tests.conftest import Town
from tests.model import ATTEMPTS, HAPPENED_AT, SENT_AT, WINDOW, Person
from tests.scene import Scene, open_scene
from tests.wassenger import acknowledgement, deliver, failure, inbound, new_wa_id

PEOPLE = 2
STEPS = [
    *["send"] * 6, "begin", "answer", "lose", "sent", "delivered", "read", "failed", "sent 2", "read 2",
    "failed 2", *["react"] * 6, "stop", *["follow up"] * 4, *["settle"] * 3,
]  # fmt: skip
KINDS: list[dict[str, Any]] = [
    {"type": "text", "body": "yes"},
    {"type": "text", "body": "👍"},
    {"type": "audio", "media": {"format": "ptt"}},
    {"type": "image", "media": {}},
    {"type": "sticker"},
    {"type": "list_response", "response": {"text": "First"}},
]
# Just in time, just too late; an exact end of the window is too late as well.
REACTS_AFTER_S = [5, 99.999, 100, 500]


class Life:
    """One campaign, in the database and in the model."""

    def __init__(self, scene: Scene, intake: Intake) -> None:
        self.scene = scene
        self.intake = intake
        self.people = [Person() for _ in range(PEOPLE)]
        self.ready: dict[int, Ready] = {}
        self.provider_ids: defaultdict[str, str] = defaultdict(lambda: secrets.token_hex(12))  # by reference
        self.is_closed = False

    async def take(self, step: str, nth: int, kind: dict[str, Any], after_s: float, copies: int) -> None:
        """One step, if it makes sense now."""
        match step:
            case "begin":
                await self.begin(nth)
            case "send":
                await self.begin(nth)
                await self.end_attempt(nth, "answer")
            case "answer" | "lose":
                await self.end_attempt(nth, step)
            case "react":
                await self.react(nth, kind, SENT_AT + timedelta(seconds=after_s), copies)
            case "stop":
                await self.say_stop(nth, copies)
            case "follow up":
                await self.follow_up(nth)
            case "settle":
                await self.settle(nth)
            case _:
                await self.acknowledge(nth, *step.split(), copies=copies)

    async def begin(self, nth: int) -> None:
        begun = await self.scene.begin(nth)
        assert type(begun).__name__ == self.people[nth].begin()
        if isinstance(begun, Ready):
            self.ready[nth] = begun

    async def end_attempt(self, nth: int, how: str) -> None:
        person, ready = self.people[nth], self.ready.get(nth)
        if ready is None or not person.message_1.in_flight:
            return
        if how == "answer":
            await self.accept(ready)
            person.answer()
        elif person.message_1.status == "pending":
            await outcomes.record_not_sent(
                self.scene.pool, ready.message_id, ready.attempt, code="", detail="", max_attempts=ATTEMPTS
            )
            person.lose()

    async def accept(self, ready: Ready) -> None:
        await outcomes.record_accepted(
            self.scene.pool,
            ready.message_id,
            ready.attempt,
            provider_id=self.provider_ids[ready.message_id],
            wa_id=None,
            accepted_at=SENT_AT,
            sent_at=None,
        )

    async def acknowledge(self, nth: int, news: str, which: str = "1", *, copies: int) -> None:
        person = self.people[nth]
        message = await self.scene.message(nth, MessageType(f"message_{which}"))
        if not person.was_written_to or message is None:
            return
        device, at = self.scene.sender.device_id, HAPPENED_AT[news]
        if news == "failed":
            provider_id = self.provider_ids[message["id"]]
            payload = failure(device, reference=message["id"], provider_id=provider_id, at=at)
        else:
            payload = acknowledgement(device, news, reference=message["id"], wa_id=new_wa_id(), at=at)
        await self.deliver(payload, copies)
        if which == "1":
            person.hear(news)
        elif person.message_2:
            person.message_2.hear(news)

    async def react(self, nth: int, kind: dict[str, Any], at: datetime, copies: int) -> None:
        payload = inbound(self.scene.sender.device_id, self.scene.phones[nth], at=at, **kind)
        outcome = await self.deliver(payload, copies)
        assert outcome.startswith("no campaign") is not self.people[nth].was_written_to
        if self.people[nth].was_written_to:
            self.people[nth].react(at)

    async def say_stop(self, nth: int, copies: int) -> None:
        await self.deliver(
            inbound(self.scene.sender.device_id, self.scene.phones[nth], type="text", body="STOP"), copies
        )
        self.people[nth].stop("opted_out")

    async def deliver(self, payload: dict[str, Any], copies: int) -> str:
        """Several deliveries of one webhook at the same time; one of them is worked off."""
        outcomes = await asyncio.gather(
            *(deliver(self.scene.pool, self.intake, payload) for _ in range(copies))
        )
        [outcome] = [outcome for outcome in outcomes if outcome != "known"] or ["known"]
        return outcome

    async def follow_up(self, nth: int) -> None:
        """Three workers at once hold the task of Message 2, as soon as it is due."""
        person = self.people[nth]
        if not person.has_earned_message_2 or person.state == "pending":
            return
        begun = await asyncio.gather(*(self.scene.begin(nth, MessageType.MESSAGE_2) for _ in range(3)))
        ready = [answer for answer in begun if isinstance(answer, Ready)]
        assert len(ready) == (person.state == "message_1_sent")
        if ready:
            assert sum(isinstance(answer, Unresolved) for answer in begun) == 2
            await self.accept(ready[0])
        person.follow_up()

    async def settle(self, nth: int) -> None:
        person = self.people[nth]
        if person.state == "pending" or person.message_1.sent_at is None:
            return
        settled = await interactions.settle_window(
            self.scene.pool,
            self.scene.campaign.id,
            self.scene.contact_ids[nth],
            now=datetime.now(UTC) + timedelta(days=2),
        )
        person.settle()
        assert settled.state == person.state
        assert (settled.interaction_id is not None) == (person.state == "message_1_sent")

    async def close(self) -> None:
        report = await campaigns.close_campaign(
            self.scene.pool, self.scene.campaign.id, close_reason="max_age", left_over=ContactState.EXPIRED
        )
        if self.is_closed:
            return
        self.is_closed = True
        for person in self.people:
            person.stop("expired")
            if person.message_1.status == "pending" and not person.message_1.in_flight:
                person.message_1.status = "cancelled"
        assert report.counters == await self.scene.recounted()

    async def check(self) -> None:
        """The database says what the model says."""
        for nth, person in enumerate(self.people):
            assert await self.scene.state(nth) == person.state
            message_1 = await self.scene.message(nth)
            message_2 = await self.scene.message(nth, MessageType.MESSAGE_2)
            assert (message_1["status"], message_1["sent_at"]) == (
                person.message_1.status,
                person.message_1.sent_at,
            )
            assert (message_2 and message_2["status"]) == (person.message_2 and person.message_2.status)
            stored = [
                (row["occurred_at"], row["within_24h"], row["suppressed_duplicate"])
                for row in await self.scene.interactions(nth)
            ]
            assert stored == [(r.occurred_at, r.within, r.duplicate) for r in person.reactions]
            assert person.message_2 is None or person.has_earned_message_2
        counters = await campaigns.get_counters(self.scene.pool, self.scene.campaign.id)
        assert counters == await self.scene.recounted()


@pytest.fixture(scope="module")
async def everybody(pool: Pool, sandbox: httpx.AsyncClient, settings: Settings) -> Town:
    """Shared by all examples."""
    return Town(pool, sandbox, settings)


@pytest.fixture(scope="module")
async def account(everybody: Town) -> Sender:
    """Shared by all examples."""
    return await everybody.sender()


_steps = st.lists(
    st.tuples(
        st.sampled_from(STEPS),
        st.integers(0, PEOPLE - 1),
        st.sampled_from(KINDS),
        st.sampled_from(REACTS_AFTER_S),
        st.sampled_from([1, 1, 3]),
    ),
    min_size=12,
    max_size=40,
)


@given(steps=_steps, closes_before=st.integers(0, 60))
@hypothesis_settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
async def test_every_life_of_a_campaign_goes_as_the_model_says(
    everybody: Town,
    account: Sender,
    temporal: Client,
    steps: list[tuple[str, int, dict[str, Any], float, int]],
    closes_before: int,
) -> None:
    """E1, E6, E8, E9, E11, E12, E14, E15, E16; properties 4, 6, 7, 9, 10, 11, 12, 13 of document 003."""
    scene = await open_scene(
        everybody, PEOPLE, sender=account, window_s=WINDOW.total_seconds(), grace_s=100_000
    )
    life = Life(scene, Intake(scene.pool, temporal, SenderBell(temporal)))
    for number, step in enumerate(steps):
        if number == closes_before:
            await life.close()
        await life.take(*step)
        await life.check()
    await life.close()
    await life.check()

    stored = await campaigns.get_campaign(scene.pool, scene.campaign.id)
    assert stored is not None
    assert (stored.status, stored.report is not None) == ("completed", True)
    assert not {person.state for person in life.people} & {"pending", "message_1_sent"}
    types = await scene.pool.fetch(
        "SELECT message_type FROM messages WHERE campaign_id = $1", scene.campaign.id
    )
    assert [row["message_type"] for row in types].count("message_1") == PEOPLE

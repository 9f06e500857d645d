"""Test messages through Meta: what its status webhooks say of them counts as much as of any other message."""

import secrets
from dataclasses import dataclass

import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.bell import SenderBell
from activities.test_sends import SendTestActivities
from domain.messages import MessageType
from providers.meta import MetaGateway
from storage import monitoring, test_sends
from storage.senders import Sender
from storage.test_sends import SendTest
from tests import meta
from tests.activities.conftest import RULES, Desk
from tests.conftest import Town


@dataclass(frozen=True, slots=True)
class Probe:
    """A test message that no workflow knows of, through a number of Meta whose webhooks go nowhere."""

    town: Town
    desk: Desk
    sender: Sender
    message: SendTest
    activities: SendTestActivities

    async def send(self) -> None:
        """One attempt."""
        await ActivityEnvironment().run(self.activities.send_test_message, self.message.id)

    async def delayed(self) -> None:
        """One attempt, which has to come back later."""
        with pytest.raises(ApplicationError) as raised:
            await self.send()
        assert raised.value.next_retry_delay is not None

    async def disturb(self, kind: str, **details: int) -> None:
        """The next POST goes wrong."""
        phone = self.message.phone
        await self.town.fault(target="meta_messages.post", kind=kind, match_phone=phone, **details)

    async def told(self, status: str, code: int | None = None) -> str:
        """What the webhook about its first attempt did."""
        status_of_it = meta.status(status, reference=f"{self.message.id}/1", code=code)
        body = meta.body(self.sender.device_id, statuses=[status_of_it])
        [done] = await meta.deliver(self.town.pool, self.desk.intake, body)
        return done

    async def ended(self) -> tuple[str, str | None]:
        """How far it got, and how its latest attempt ended."""
        row = await self.town.pool.fetchrow(
            "SELECT t.status, s.outcome FROM test_sends t LEFT JOIN sends s ON s.test_send_id = t.id "
            "WHERE t.id = $1 ORDER BY s.attempt DESC LIMIT 1",
            self.message.id,
        )
        assert row is not None
        return row["status"], row["outcome"]

    async def undecided(self) -> int:
        """`relance_send_attempts_undecided`."""
        return (await monitoring.gauges(self.town.pool)).attempts_undecided


@pytest.fixture
async def probe(town: Town, desk: Desk, meta_gateway: MetaGateway, temporal: Client) -> Probe:
    """A new one."""
    sender = await town.meta_sender()
    category_id, [phone] = await town.people([{"script": []}])
    campaign = await town.campaign(category_id, [sender.id])
    [message] = await test_sends.add(
        town.pool,
        {MessageType.MESSAGE_1: "a test"},
        campaign_id=campaign.id,
        sender_id=sender.id,
        phone=phone,
        request_key=secrets.token_hex(8),
    )
    activities = SendTestActivities(town.pool, meta_gateway, RULES, SenderBell(temporal))
    return Probe(town, desk, sender, message, activities)


async def test_who_stopped_marketing_messages_before_the_test_has_opted_out(probe: Probe) -> None:
    """131050, of whichever message."""
    assert await probe.told("failed", 131050) == "failed, of a test message"
    assert await test_sends.is_suppressed(probe.town.pool, probe.message.phone)


@pytest.mark.parametrize("code", [131031, 131048, 368])
async def test_an_account_that_fails_in_a_test_stops(probe: Probe, code: int) -> None:
    await probe.told("failed", code)
    status = await probe.town.pool.fetchval("SELECT status FROM senders WHERE id = $1", probe.sender.id)
    assert status == "stopped"


@pytest.mark.parametrize(
    ("status", "code", "outcome"), [("sent", None, "accepted"), ("failed", 131026, "rejected")]
)
async def test_its_status_ends_an_attempt_of_unknown_outcome(
    probe: Probe, status: str, code: int | None, outcome: str
) -> None:
    """E9: nobody has to look for it any more, and the number of those undecided falls again."""
    await probe.disturb("accept_then_drop")
    await probe.delayed()
    before = await probe.undecided()
    await probe.told(status, code)
    assert await probe.ended() == (status, outcome)
    assert await probe.undecided() < before


async def test_the_failure_of_an_attempt_that_is_made_again_ends_nothing(probe: Probe) -> None:
    """E4: Meta may tell a refusal twice, in its answer and by webhook."""
    await probe.disturb("status", http_status=429, error_code=131056)
    await probe.delayed()
    await probe.told("failed", 131056)
    assert await probe.ended() == ("pending", "not_sent")
    await probe.send()
    assert await probe.ended() == ("accepted", "accepted")

"""What the gateway says about a database that may be an old one."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest
from temporalio.client import Client

from activities.installation import InstallationGuard
from domain.messages import MessageType
from local.addresses import SANDBOX_TOKEN
from providers.base import OutgoingMessage
from providers.wassenger import WassengerGateway
from settings import Settings
from storage import drafts, installation, test_sends
from storage.campaigns import Campaign
from storage.senders import Sender
from storage.test_sends import Step
from tests.activities.conftest import GATEWAY_TIMEOUT_S
from tests.apart import set_apart
from tests.conftest import Town, connected, next_phone


@dataclass(frozen=True, slots=True)
class House:
    """An installation of its own with a draft, and the gateway."""

    town: Town
    temporal: Client
    gateway: WassengerGateway
    sender: Sender
    campaign: Campaign

    async def hand_over(self, reference: str) -> None:
        """The gateway takes a message."""
        message = OutgoingMessage(
            device=self.sender.device_id, phone=next_phone(), body="Hello", reference=reference
        )
        await self.gateway.send(message)

    async def is_held(self) -> bool:
        """Whether a worker that starts now finds that the database is an old one."""
        await InstallationGuard(self.town.pool, self.temporal, self.gateway).look_first()
        return (await installation.get_installation(self.town.pool)).hold_reason is not None


@pytest.fixture
async def house(settings: Settings, temporal: Client, sandbox: httpx.AsyncClient) -> AsyncIterator[House]:
    """Nobody else writes into its database."""
    apart = await set_apart(settings, temporal)
    own = await Client.connect(str(apart.temporal_address), namespace=apart.temporal_namespace)
    gateway = WassengerGateway(
        base_url=str(apart.wassenger_url), token=SANDBOX_TOKEN, timeout_s=GATEWAY_TIMEOUT_S
    )
    async with connected(apart) as pool:
        town = Town(pool, sandbox, apart)
        sender = await town.sender()
        category_id, _ = await town.people([{"script": []}])
        yield House(town, own, gateway, sender, await town.campaign(category_id, [sender.id]))
    await gateway.close()


async def send_test(house: House) -> str:
    """A test message of the draft goes out; gives its id."""
    [stored] = await test_sends.add(
        house.town.pool,
        {MessageType.MESSAGE_1: "Hello"},
        campaign_id=house.campaign.id,
        sender_id=house.sender.id,
        phone=next_phone(),
        request_key=secrets.token_hex(4),
    )
    step = await test_sends.begin(house.town.pool, stored.id)
    assert isinstance(step, Step)
    await house.hand_over(stored.id)
    await test_sends.record_accepted(house.town.pool, step, provider_id=secrets.token_hex(12), wa_id=None)
    return stored.id


async def test_a_message_that_the_gateway_alone_knows_holds_everything(house: House) -> None:
    """E9, E17: this database does not know what it has sent."""
    await send_test(house)
    unknown = str(await house.town.pool.fetchval("SELECT uuidv7()"))
    await house.hand_over(str(uuid4()))  # somebody else's
    assert not await house.is_held()

    await house.hand_over(unknown)

    assert await house.is_held()


async def test_a_draft_that_is_deleted_with_its_test_messages_holds_nothing(house: House) -> None:
    """E17: the gateway goes on listing them, and it is no other database for that."""
    await send_test(house)

    assert await drafts.delete(house.town.pool, house.campaign.id)

    assert await house.town.pool.fetchval("SELECT count(*) FROM test_sends") == 0
    assert not await house.is_held()

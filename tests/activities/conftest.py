"""The activities themselves, run as Temporal runs them, against the real sandbox and the real database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.bell import SenderBell
from activities.intake import Intake, Relay
from activities.sending import SendingActivities, SendingRules, SendInput, SendOutcome
from domain.identifiers import contact_workflow_id
from domain.messages import MessageType
from local.addresses import SANDBOX_TOKEN
from local.servers import Servers
from providers.base import Gateway
from providers.meta import MetaGateway
from providers.wassenger import WassengerGateway
from settings import Settings
from storage import locks
from storage.database import Pool
from storage.locks import Message2Lock
from storage.senders import Sender
from storage.webhook_events import WebhookEvent
from tests import wassenger
from tests.conftest import Town
from tests.scene import Scene
from tests.wassenger import Json
from workflows.contact import ContactInput, ContactWorkflow

# Long enough for a sandbox that stands still for a moment: what it has not read yet it does not know.
GATEWAY_TIMEOUT_S = 2.0
RULES = SendingRules(attempts=3, retry_base_s=4, lookup_wait_s=0.05, post_limit_s=2.2, status_patience_s=2.4)


@dataclass(frozen=True, slots=True)
class Post:
    """Where messages are handed over: `send` is one activity attempt."""

    pool: Pool
    gateway: Gateway
    lock: Message2Lock | None
    bell: SenderBell

    def activities(self, **rules: Any) -> SendingActivities:
        """The activities, with other rules where the test names them."""
        return SendingActivities(self.pool, self.gateway, self.lock, replace(RULES, **rules), self.bell)

    async def send(
        self,
        scene: Scene,
        nth: int = 0,
        message_type: MessageType = MessageType.MESSAGE_1,
        **rules: Any,
    ) -> SendOutcome:
        """One attempt of the activity `send_message`."""
        wanted = SendInput(
            campaign_id=scene.campaign.id, contact_id=scene.contact_ids[nth], message_type=message_type
        )
        outcome: SendOutcome = await ActivityEnvironment().run(self.activities(**rules).send_message, wanted)
        return outcome

    async def refused(
        self, scene: Scene, nth: int = 0, message_type: MessageType = MessageType.MESSAGE_1
    ) -> tuple[str | None, float]:
        """One attempt that has to be repeated: the kind of its error, and the seconds until then."""
        with pytest.raises(ApplicationError) as raised:
            await self.send(scene, nth, message_type)
        assert not raised.value.non_retryable
        delay = raised.value.next_retry_delay
        assert delay is not None, "without a delay Temporal would count by itself"
        return raised.value.type, delay.total_seconds()


@pytest.fixture(scope="session")
async def post(servers: Servers, pool: Pool, temporal: Client) -> AsyncIterator[Post]:
    """The gateway of the sandbox and the lock of the real Valkey."""
    gateway = WassengerGateway(
        base_url=str(servers.sandbox_url), token=SANDBOX_TOKEN, timeout_s=GATEWAY_TIMEOUT_S
    )
    redis = locks.connect(servers.redis_url)
    yield Post(pool, gateway, Message2Lock(redis), SenderBell(temporal))
    await redis.aclose()
    await gateway.close()


@pytest.fixture
async def meta_gateway(settings: Settings) -> AsyncIterator[MetaGateway]:
    """The Cloud API of the sandbox."""
    gateway = MetaGateway(
        base_url=settings.meta_url,
        version=settings.meta_version,
        token=SANDBOX_TOKEN,
        tokens={},
        timeout_s=GATEWAY_TIMEOUT_S,
    )
    yield gateway
    await gateway.close()


@pytest.fixture(scope="module")
async def account(pool: Pool, sandbox: httpx.AsyncClient, settings: Settings) -> Sender:
    """A sender for all tests of a module that leave it as it is."""
    return await Town(pool, sandbox, settings).sender()


async def start_contact(
    temporal: Client, scene: Scene, nth: int, *, queue: str, window_s: float
) -> WorkflowHandle[ContactWorkflow, str]:
    """The workflow of one contact of a scene, on a queue of the caller's choice."""
    contact = ContactInput(
        campaign_id=scene.campaign.id,
        contact_id=scene.contact_ids[nth],
        sender_id=scene.sender.id,
        window_s=window_s,
        grace_s=1,
    )
    return await temporal.start_workflow(
        ContactWorkflow.run,
        contact,
        id=contact_workflow_id(contact.campaign_id, contact.contact_id),
        task_queue=queue,
    )


class Desk:
    """Works off webhooks as the receiver does, and hears what the workflows of contacts are told.

    No worker runs those workflows: what they are told stays in their history.
    """

    def __init__(self, pool: Pool, temporal: Client, account: Sender) -> None:
        self.pool = pool
        self.account = account
        self.intake = Intake(pool, temporal, SenderBell(temporal))
        self.relay = Relay(pool, self.intake)
        self.handles: list[WorkflowHandle[ContactWorkflow, str]] = []
        self._temporal = temporal

    async def deliver(self, payload: Json) -> str:
        """The whole way of one webhook; gives what it did."""
        return await wassenger.deliver(self.pool, self.intake, payload)

    async def stored(self, event: WebhookEvent) -> Any:
        """The event as it is stored now."""
        return await self.pool.fetchrow("SELECT * FROM webhook_events WHERE id = $1", event.id)

    async def make_due(self, event: WebhookEvent) -> None:
        """The relay need not wait for this event any more."""
        await self.pool.execute("UPDATE webhook_events SET next_try_at = now() WHERE id = $1", event.id)

    async def listen(self, scene: Scene, nth: int = 0) -> WorkflowHandle[ContactWorkflow, str]:
        """Starts the workflow of one contact."""
        handle = await start_contact(self._temporal, scene, nth, queue="nobody-works-here", window_s=60)
        self.handles.append(handle)
        return handle

    async def told(self, handle: WorkflowHandle[ContactWorkflow, str]) -> list[str]:
        """The names of the signals, in their order."""
        history = await handle.fetch_history()
        return [
            event.workflow_execution_signaled_event_attributes.signal_name
            for event in history.events
            if event.HasField("workflow_execution_signaled_event_attributes")
        ]


@pytest.fixture
async def desk(pool: Pool, temporal: Client, account: Sender) -> AsyncIterator[Desk]:
    """Where webhooks are worked off."""
    opened = Desk(pool, temporal, account)
    yield opened
    for handle in opened.handles:
        await handle.terminate("the test is over")

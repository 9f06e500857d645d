"""A campaign: one lane per sender, batches in order, a report at the end.

It holds a bounded number of open batches and continues-as-new before its history grows long, so a million
contacts work as a hundred do. Batches outlive a run of the campaign and report back by signal.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.campaigns import BatchRef, CampaignActivities, CloseInput, StopInput
    from domain.contact_signals import Stop
    from domain.contact_states import ContactState
    from domain.identifiers import batch_workflow_id
    from workflows.batch import CAMPAIGN, SENDER, BatchDone, BatchInput, BatchWorkflow
    from workflows.contact import UNLIMITED

# 500 batches of 50 are 25,000 contacts in their window at once; each costs the campaign a dozen events.
MAX_OPEN_BATCHES = 500
# Batches end within seconds once told to stop; one that an operator terminated never reports.
STOP_PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class LaneProgress:
    """How far one sender has got. Its batches are numbered lane, lane + lanes, lane + 2 * lanes ..."""

    sender_id: str
    lane: int
    batches: int
    started: int = 0  # batches started so far
    sending: bool = False  # the last one started still has contacts without Message 1
    resumes_at: datetime | None = None  # the end of the pause after the last one


@dataclass(frozen=True, kw_only=True)
class CampaignProgress:
    """All that a campaign carries from one run to the next, and the answer to the query `progress`."""

    name: str
    lanes: list[LaneProgress]
    closes_by: datetime
    batch_pause_s: float
    open_batches: list[int] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)  # contacts of ended batches, by final state


@dataclass(frozen=True, kw_only=True)
class CampaignInput:
    """`progress` is None at the start and set by continue-as-new."""

    campaign_id: str
    progress: CampaignProgress | None = None


@workflow.defn
class CampaignWorkflow:
    """Runs one campaign from its snapshot to its report."""

    @workflow.init
    def __init__(self, campaign: CampaignInput) -> None:
        self._campaign_id = campaign.campaign_id
        self._progress = campaign.progress
        self._lanes: list[LaneProgress] = list(campaign.progress.lanes) if campaign.progress else []
        self._open: set[int] = set(campaign.progress.open_batches) if campaign.progress else set()
        self._states: Counter[str] = Counter(campaign.progress.states if campaign.progress else {})
        self._cancelled = False

    @workflow.run
    async def run(self, campaign: CampaignInput) -> str:
        """Returns the report in one sentence."""
        if self._progress is None:
            self._progress = await self._open_campaign()
            self._lanes = list(self._progress.lanes)
        lanes = [asyncio.create_task(self._run_lane(index)) for index in range(len(self._lanes))]
        reason = await self._until_decided(lanes)
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        if reason is None:
            await workflow.wait_condition(workflow.all_handlers_finished)
            workflow.continue_as_new(replace(campaign, progress=self.progress()))
        return await self._close(reason)

    @workflow.signal
    def batch_done(self, done: BatchDone) -> None:
        """A batch has ended; a repetition counts once."""
        if done.batch in self._open:
            self._open.remove(done.batch)
            self._states.update(done.states)
            self._show()

    @workflow.signal
    def cancel(self) -> None:
        """Ends the campaign now: nobody gets anything any more."""
        self._cancelled = True

    @workflow.query
    def progress(self) -> CampaignProgress | None:
        """How far the campaign has got; None before its snapshot."""
        if self._progress is None:
            return None
        return replace(
            self._progress,
            lanes=list(self._lanes),
            open_batches=sorted(self._open),
            states=dict(sorted(self._states.items())),
        )

    async def _open_campaign(self) -> CampaignProgress:
        opened = await workflow.execute_activity_method(
            CampaignActivities.open_campaign,
            self._campaign_id,
            start_to_close_timeout=timedelta(minutes=10),
            retry_policy=UNLIMITED,
            summary="Snapshot the audience",
        )
        return CampaignProgress(
            name=opened.name,
            lanes=[
                LaneProgress(sender_id=lane.sender_id, lane=lane.lane, batches=lane.batches)
                for lane in opened.lanes
            ],
            closes_by=opened.closes_by,
            batch_pause_s=opened.batch_pause_s,
        )

    async def _until_decided(self, lanes: "list[asyncio.Task[None]]") -> str | None:
        """Why the campaign closes, or None when this run has to hand over to the next."""

        def all_final() -> bool:
            return all(lane.done() for lane in lanes) and not self._open

        def decided() -> bool:
            return self._cancelled or all_final() or workflow.info().is_continue_as_new_suggested()

        assert self._progress is not None  # noqa: S101 - opened before
        patience = max(self._progress.closes_by - workflow.now(), timedelta(0))
        with suppress(asyncio.TimeoutError):
            await workflow.wait_condition(decided, timeout=patience)
        if self._cancelled:
            return "cancelled"
        if all_final():
            return "all_final"
        return "max_age" if workflow.now() >= self._progress.closes_by else None

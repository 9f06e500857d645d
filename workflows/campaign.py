"""A campaign: one lane per sender, batches in order, a report at the end.

It holds a bounded number of open batches and continues-as-new before its history grows long, so a million
contacts work as a hundred do. Batches outlive a run of the campaign and report back by signal.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.campaigns import NOTHING_TO_RUN, BatchRef, CampaignActivities, CloseInput, StopInput
    from domain.campaign_progress import CampaignInput, CampaignProgress, LaneProgress
    from domain.contact_signals import Stop
    from domain.contact_states import ContactState
    from domain.identifiers import batch_workflow_id
    from workflows.batch import CAMPAIGN, SENDER, BatchDone, BatchInput, BatchWorkflow
    from workflows.contact import UNLIMITED

# 500 batches of 50 are 25,000 contacts in their window at once; each costs the campaign a dozen events.
MAX_OPEN_BATCHES = 500
# Batches end within seconds once told to stop; one that an operator terminated never reports.
STOP_PATIENCE = timedelta(minutes=5)
# A dead worker shows after that long, however long its activity may take: opening 100,000 contacts, for one.
DEAD_AFTER = timedelta(seconds=20)


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
        self._starting: set[int] = set()
        self._cancelled = False
        self._paused = campaign.progress.paused if campaign.progress else False

    @workflow.run
    async def run(self, campaign: CampaignInput) -> str:
        """Returns the report in one sentence, or that there was nothing to run."""
        if self._progress is None:
            try:
                self._progress = await self._open_campaign()
            except ActivityError as error:
                if not (isinstance(error.cause, ApplicationError) and error.cause.type == NOTHING_TO_RUN):
                    raise
                # Cancelled or deleted while it was being started: nobody got anything, nothing is to be closed.
                return f"nothing to run: {error.cause.message}"
            self._lanes = list(self._progress.lanes)
        lanes = [asyncio.create_task(self._run_lane(index)) for index in range(len(self._lanes))]
        reason = await self._until_decided(self._progress, lanes)
        await workflow.wait_condition(lambda: not self._starting)
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        if reason is None and not self._cancelled:  # which may have come while a batch was starting
            await workflow.wait_condition(workflow.all_handlers_finished)
            workflow.continue_as_new(replace(campaign, progress=self.progress()))
        return await self._close(reason or "cancelled")

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

    @workflow.signal
    def pause(self) -> None:
        """Starts no further batch; what keeps messages from leaving is stored in the database."""
        self._paused = True
        self._show()

    @workflow.signal
    def resume(self) -> None:
        """Goes on with the next batch."""
        self._paused = False
        self._show()

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
            paused=self._paused,
        )

    async def _open_campaign(self) -> CampaignProgress:
        opened = await workflow.execute_activity_method(
            CampaignActivities.open_campaign,
            self._campaign_id,
            start_to_close_timeout=timedelta(minutes=10),
            heartbeat_timeout=DEAD_AFTER,
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

    async def _until_decided(self, progress: CampaignProgress, lanes: "list[asyncio.Task[None]]") -> str | None:
        """Why the campaign closes, or None when this run has to hand over to the next."""

        def all_final() -> bool:
            return all(lane.done() for lane in lanes) and not self._open

        def decided() -> bool:
            return self._cancelled or all_final() or workflow.info().is_continue_as_new_suggested()

        patience = max(progress.closes_by - workflow.now(), timedelta(0))
        with suppress(asyncio.TimeoutError):
            await workflow.wait_condition(decided, timeout=patience)
        if self._cancelled:
            return "cancelled"
        if all_final():
            return "all_final"
        return "max_age" if workflow.now() >= progress.closes_by else None

    async def _run_lane(self, index: int) -> None:
        while True:
            lane = self._lanes[index]
            if lane.sending:
                pause = await self._await_messages_sent(self._batch_number(lane, lane.started - 1))
                lane = self._advance(index, replace(lane, sending=False, resumes_at=workflow.now() + pause))
            if lane.started >= lane.batches or self._cancelled:
                return
            if lane.resumes_at is not None:
                await workflow.sleep(max(lane.resumes_at - workflow.now(), timedelta(0)))
            await workflow.wait_condition(lambda: len(self._open) < MAX_OPEN_BATCHES and not self._paused)
            await self._start_batch(lane.sender_id, self._batch_number(lane, lane.started))
            self._advance(index, replace(lane, started=lane.started + 1, sending=True, resumes_at=None))

    def _batch_number(self, lane: LaneProgress, nth: int) -> int:
        return nth * len(self._lanes) + lane.lane

    def _advance(self, index: int, lane: LaneProgress) -> LaneProgress:
        self._lanes[index] = lane
        self._show()
        return lane

    async def _start_batch(self, sender_id: str, batch: int) -> None:
        self._open.add(batch)
        self._starting.add(batch)
        # One that runs was started by the run before this one. One that has ended is of a time that a restored
        # database does not know; running it again sends nothing twice.
        with suppress(WorkflowAlreadyStartedError):
            await workflow.start_child_workflow(
                BatchWorkflow.run,
                BatchInput(campaign_id=self._campaign_id, sender_id=sender_id, batch=batch),
                id=batch_workflow_id(self._campaign_id, batch),
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                search_attributes=TypedSearchAttributes(
                    [
                        SearchAttributePair(CAMPAIGN, self._campaign_id),
                        SearchAttributePair(SENDER, sender_id),
                    ]
                ),
                static_summary=f"Batch {batch}: 25 to 100 contacts that start together",
            )
        self._starting.discard(batch)

    async def _await_messages_sent(self, batch: int) -> timedelta:
        """Returns the pause that follows, as the settings say then."""
        pause_s = await workflow.execute_activity_method(
            CampaignActivities.await_messages_sent,
            BatchRef(campaign_id=self._campaign_id, batch=batch),
            start_to_close_timeout=timedelta(hours=12),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=UNLIMITED,
            summary=f"Wait for the last Message 1 of batch {batch}",
        )
        if pause_s is None:  # as in histories from before the pause could change
            pause_s = self._progress.batch_pause_s if self._progress else 0
        return timedelta(seconds=pause_s)

    async def _close(self, reason: str) -> str:
        if reason != "all_final":
            await self._stop_contacts(reason)
        closed = await workflow.execute_activity_method(
            CampaignActivities.close_campaign,
            CloseInput(campaign_id=self._campaign_id, reason=reason),
            start_to_close_timeout=timedelta(minutes=10),
            heartbeat_timeout=DEAD_AFTER,
            retry_policy=UNLIMITED,
            summary="Final statistics and report",
        )
        workflow.set_current_details(closed.summary)
        return closed.summary

    async def _stop_contacts(self, reason: str) -> None:
        state = ContactState.CANCELLED if reason == "cancelled" else ContactState.EXPIRED
        await workflow.execute_activity_method(
            CampaignActivities.stop_contacts,
            StopInput(campaign_id=self._campaign_id, state=state, reason=reason),
            start_to_close_timeout=timedelta(minutes=10),
            heartbeat_timeout=DEAD_AFTER,
            retry_policy=UNLIMITED,
            summary="End every open contact",
        )
        stop = Stop(id=f"{self._campaign_id}-{reason}", at=workflow.now(), state=state)
        await asyncio.gather(*(self._stop_batch(batch, stop) for batch in sorted(self._open)))
        with suppress(asyncio.TimeoutError):
            await workflow.wait_condition(lambda: not self._open, timeout=STOP_PATIENCE)

    async def _stop_batch(self, batch: int, stop: Stop) -> None:
        handle: workflow.ExternalWorkflowHandle[BatchWorkflow] = workflow.get_external_workflow_handle_for(
            BatchWorkflow.run, batch_workflow_id(self._campaign_id, batch)
        )
        try:
            await handle.signal(BatchWorkflow.stop, stop)
        except FailureError as error:
            workflow.logger.info("batch %s has ended already: %s", batch, error)
            self._open.discard(batch)

    def _show(self) -> None:
        lanes = "\n".join(
            f"- sender {lane.sender_id}: batch {lane.started} of {lane.batches}"
            + (", sending" if lane.sending else "")
            for lane in self._lanes
        )
        ended = ", ".join(f"{count} {state}" for state, count in sorted(self._states.items()))
        workflow.set_current_details(
            f"{'**Paused.** ' if self._paused else ''}{len(self._open)} batches open; "
            f"ended contacts: {ended or 'none'}\n\n{lanes}"
        )

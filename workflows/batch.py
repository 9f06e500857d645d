"""A batch: 25 to 100 contacts that start together, and the collection of their final states."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ChildWorkflowError, FailureError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.campaigns import BatchRef, CampaignActivities, FailInput
    from domain.contact_signals import Stop
    from domain.contact_states import ContactState
    from domain.identifiers import (
        CAMPAIGN_ATTRIBUTE,
        SENDER_ATTRIBUTE,
        campaign_workflow_id,
        contact_workflow_id,
    )
    from workflows.contact import CONTACT_STATE, UNLIMITED, ContactInput, ContactWorkflow

CAMPAIGN = SearchAttributeKey.for_keyword(CAMPAIGN_ATTRIBUTE)
SENDER = SearchAttributeKey.for_keyword(SENDER_ATTRIBUTE)
ALREADY_RUNS_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class BatchInput:
    """One batch of one lane; batches are numbered through the whole campaign."""

    campaign_id: str
    sender_id: str
    batch: int
    open_only: bool = False  # it is taken up again, for those who have no final state


@dataclass(frozen=True, kw_only=True)
class BatchDone:
    """What a batch tells its campaign when its last contact has ended."""

    batch: int
    states: dict[str, int] = field(default_factory=dict)  # contacts by final ContactState


@workflow.defn
class BatchWorkflow:
    """Starts one child per contact and waits for all of them."""

    @workflow.init
    def __init__(self, batch: BatchInput) -> None:
        self._batch = batch
        self._open: dict[str, workflow.ChildWorkflowHandle[ContactWorkflow, str]] = {}
        self._states: Counter[str] = Counter()
        self._stopped: Stop | None = None

    @workflow.run
    async def run(self, batch: BatchInput) -> dict[str, int]:
        """Returns how many contacts ended in each state; tells the campaign as well."""
        loaded = await workflow.execute_activity_method(
            CampaignActivities.load_batch,
            BatchRef(campaign_id=batch.campaign_id, batch=batch.batch, open_only=batch.open_only),
            start_to_close_timeout=timedelta(seconds=20),
            retry_policy=UNLIMITED,
            summary="Load the contacts of the batch",
        )
        await asyncio.gather(
            *(self._follow(contact_id, loaded.window_s, loaded.grace_s) for contact_id in loaded.contact_ids)
        )
        states = dict(sorted(self._states.items()))
        await self._report(states)
        return states

    @workflow.signal
    async def stop(self, stop: Stop) -> None:
        """Ends every contact that is still open."""
        self._stopped = self._stopped or stop
        await asyncio.gather(*(self._tell(contact_id) for contact_id in list(self._open)))

    @workflow.query
    def progress(self) -> dict[str, int]:
        """Contacts that ended, by final state, and those still open."""
        return {**self._states, "open": len(self._open)}

    async def _follow(self, contact_id: str, window_s: float, grace_s: float) -> None:
        try:
            handle = await self._start_once(contact_id, window_s, grace_s)
            self._open[contact_id] = handle
            if self._stopped:
                await self._tell(contact_id)
            state = await handle
        except ChildWorkflowError as error:
            # Terminated or cancelled by an operator, or broken: recorded, so that nobody is forgotten.
            await self._give_up(contact_id, str(error.cause or error))
            state = ContactState.FAILED
        self._open.pop(contact_id, None)
        self._states[state] += 1
        self._show()

    async def _start_once(
        self, contact_id: str, window_s: float, grace_s: float
    ) -> workflow.ChildWorkflowHandle[ContactWorkflow, str]:
        while True:
            try:
                return await self._start(contact_id, window_s, grace_s)
            except WorkflowAlreadyStartedError:
                # It was taken up again by itself. Once it has ended, another one only reads how.
                await workflow.sleep(ALREADY_RUNS_PAUSE)

    async def _start(
        self, contact_id: str, window_s: float, grace_s: float
    ) -> workflow.ChildWorkflowHandle[ContactWorkflow, str]:
        batch = self._batch
        return await workflow.start_child_workflow(
            ContactWorkflow.run,
            ContactInput(
                campaign_id=batch.campaign_id,
                contact_id=contact_id,
                sender_id=batch.sender_id,
                window_s=window_s,
                grace_s=grace_s,
            ),
            id=contact_workflow_id(batch.campaign_id, contact_id),
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(CAMPAIGN, batch.campaign_id),
                    SearchAttributePair(SENDER, batch.sender_id),
                    SearchAttributePair(CONTACT_STATE, ContactState.PENDING),
                ]
            ),
            static_summary=f"Contact of batch {batch.batch}: Message 1, the window, Message 2 or none",
        )

    async def _tell(self, contact_id: str) -> None:
        handle = self._open.get(contact_id)
        if handle is None or self._stopped is None:
            return
        try:
            await handle.signal(ContactWorkflow.stop, self._stopped)
        except FailureError as error:
            workflow.logger.info("contact %s ended before it could be stopped: %s", contact_id, error)

    async def _give_up(self, contact_id: str, reason: str) -> None:
        workflow.logger.error("contact %s ended without a final state: %s", contact_id, reason)
        await workflow.execute_activity_method(
            CampaignActivities.fail_contact,
            FailInput(
                campaign_id=self._batch.campaign_id, contact_id=contact_id, reason=f"workflow ended: {reason}"
            ),
            start_to_close_timeout=timedelta(seconds=20),
            retry_policy=UNLIMITED,
            summary="Record that a contact's workflow broke",
        )

    async def _report(self, states: dict[str, int]) -> None:
        campaign = workflow.get_external_workflow_handle(campaign_workflow_id(self._batch.campaign_id))
        try:
            await campaign.signal("batch_done", BatchDone(batch=self._batch.batch, states=states))
        except FailureError as error:
            workflow.logger.warning("the campaign has ended before this batch: %s", error)

    def _show(self) -> None:
        ended = ", ".join(f"{count} {state}" for state, count in sorted(self._states.items()))
        workflow.set_current_details(f"{len(self._open)} contacts open; ended: {ended or 'none'}")

"""A start in the future: a durable timer that reads the database again before it does anything.

Not the start delay of the campaign's own workflow: that cannot be moved, and nothing could be looked at before
it fires. Not a Temporal Schedule either, which would be a second place that knows when a campaign starts.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.alerts import Alert, AlertActivities
    from activities.scheduling import ScheduledStartInput, SchedulingActivities, StartDecision
    from domain.campaign_progress import CampaignInput
    from domain.identifiers import campaign_workflow_id
    from workflows.batch import CAMPAIGN
    from workflows.campaign import CampaignWorkflow
    from workflows.contact import UNLIMITED


@workflow.defn
class ScheduledStartWorkflow:
    """Waits for the start of one campaign, wherever it is moved to."""

    @workflow.init
    def __init__(self, start: ScheduledStartInput) -> None:
        self._campaign_id = start.campaign_id
        self._rung = False

    @workflow.run
    async def run(self, start: ScheduledStartInput) -> str:
        """Returns what came of it: "start", "refused" or "over"."""
        while True:
            self._rung = False
            decision = await workflow.execute_activity_method(
                SchedulingActivities.decide_start,
                self._campaign_id,
                start_to_close_timeout=timedelta(minutes=2),
                retry_policy=UNLIMITED,
                summary="Is it to start now?",
            )
            if decision.action == "over" and self._rung:
                continue  # scheduled again, just after it was over
            if decision.action != "wait":
                break
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(
                    lambda: self._rung,
                    timeout=timedelta(seconds=decision.wait_s),
                    timeout_summary="Until it is to start",
                )
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(start)
        if decision.action == "start":
            await self._start()
        elif decision.action == "refused":
            await self._tell(decision)
        return decision.action

    @workflow.signal
    def change(self) -> None:
        """The start was moved or removed: look again now."""
        self._rung = True

    async def _start(self) -> None:
        with suppress(WorkflowAlreadyStartedError):  # by a person
            await workflow.start_child_workflow(
                CampaignWorkflow.run,
                CampaignInput(campaign_id=self._campaign_id),
                id=campaign_workflow_id(self._campaign_id),
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                search_attributes=TypedSearchAttributes([SearchAttributePair(CAMPAIGN, self._campaign_id)]),
                static_summary=f"Campaign {self._campaign_id}: scheduled",
            )

    async def _tell(self, decision: StartDecision) -> None:
        await workflow.execute_activity_method(
            AlertActivities.send_alert,
            Alert(
                title="A scheduled campaign was not started",
                body=f"{decision.name} ({self._campaign_id}): {decision.problem}",
            ),
            start_to_close_timeout=timedelta(seconds=60),
            retry_policy=replace(UNLIMITED, maximum_attempts=20),
            summary="Tell people",
        )

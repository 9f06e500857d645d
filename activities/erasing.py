"""Erases people from where the request to erase them did not reach, for as long as the process lives."""

import asyncio

import structlog
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    DescribeWorkflowExecutionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.loops import goes_on
from domain.identifiers import contact_workflow_id
from storage import erasures
from storage.database import Pool
from storage.erasures import Traces

log = structlog.get_logger(__name__)

PAUSE_S = 1.0
PEOPLE_AT_ONCE = 5000
WORKFLOWS_AT_ONCE = 8


class Eraser:
    """Whoever is claimed and not done, because something was away, gets another turn.

    Several processes share the work: no row is claimed twice at once, and everything here may be done twice.
    """

    def __init__(self, pool: Pool, temporal: Client) -> None:
        self._pool = pool
        self._temporal = temporal

    async def run(self) -> None:
        """Until cancelled."""
        while goes_on():
            try:
                while await self.work_off():
                    pass
            except Exception:
                log.exception("people are not erased everywhere yet, trying again")
            await asyncio.sleep(PAUSE_S)

    async def work_off(self) -> bool:
        """One round; whether there was anybody whose turn it was. Raises what PostgreSQL and Temporal raise."""
        traces = await erasures.claim(self._pool, PEOPLE_AT_ONCE)
        if not traces.ids:
            return False
        left = await self._erase_in_temporal(traces)
        if traces.uncleared and not await erasures.erase_in_database(self._pool, traces):
            log.info("a webhook of somebody erased is not worked off yet", people=len(traces.uncleared))
            left.update(traces.uncleared)
        finished = await erasures.forget(self._pool, [one for one in traces.ids if one not in left])
        for erasure_id in finished:
            log.info("erased everywhere", erasure_id=erasure_id)
        return True

    async def _erase_in_temporal(self, traces: Traces) -> set[str]:
        """Deletes the histories of their workflows. Gives those of whom there still is one."""
        free = asyncio.Semaphore(WORKFLOWS_AT_ONCE)
        left = set()

        async def erase(row_id: str, campaign_id: str, contact_id: str) -> None:
            async with free:
                if not await self._is_gone(contact_workflow_id(campaign_id, contact_id)):
                    left.add(row_id)

        found = await erasures.campaigns_of(self._pool, traces)
        await asyncio.gather(*(erase(*one) for one in found))
        return left

    async def _is_gone(self, workflow_id: str) -> bool:
        """Asks for its deletion, unless it runs: to delete it then would end it before its time.

        Temporal deletes some time after it was asked to, so only the next look says that it has.
        """
        namespace, execution = self._temporal.namespace, WorkflowExecution(workflow_id=workflow_id)
        service = self._temporal.workflow_service
        try:
            described = await service.describe_workflow_execution(
                DescribeWorkflowExecutionRequest(namespace=namespace, execution=execution)
            )
            running = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
            if described.workflow_execution_info.status != running:
                await service.delete_workflow_execution(
                    DeleteWorkflowExecutionRequest(namespace=namespace, workflow_execution=execution)
                )
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return True
        return False

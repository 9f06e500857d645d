"""Starts the background work that people asked for, and starts it later when Temporal is away.

What is to be done is stored first, so that a request is answered without waiting for Temporal.
"""

import asyncio
from datetime import timedelta

import structlog
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from domain.identifiers import CAMPAIGN_QUEUE, contact_import_workflow_id, number_check_workflow_id
from storage import imports, number_checks
from storage.database import Pool

log = structlog.get_logger(__name__)

START_TIMEOUT = timedelta(seconds=2)
LOOK_EVERY_S = 5.0


class BackgroundStarter:
    """Starts the workflows of imports and number checks, each once."""

    def __init__(self, pool: Pool, temporal: Client) -> None:
        self._pool = pool
        self._temporal = temporal

    async def start_import(self, import_id: str) -> None:
        """Never raises: a worker starts what this could not."""
        await self._start("ContactImportWorkflow", import_id, contact_import_workflow_id(import_id))

    async def start_number_check(self, check_id: str) -> None:
        """Never raises: a worker starts what this could not."""
        await self._start("NumberCheckWorkflow", check_id, number_check_workflow_id(check_id))

    async def _start(self, workflow: str, subject_id: str, identity: str) -> None:
        try:
            await self._temporal.start_workflow(
                workflow,
                subject_id,
                id=identity,
                task_queue=CAMPAIGN_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                rpc_timeout=START_TIMEOUT,
            )
        except (RPCError, RuntimeError) as error:  # a RuntimeError is what a client raises before it connects
            log.warning("background work starts later", workflow=identity, error=str(error))

    async def run(self) -> None:
        """Starts what was left behind, until cancelled."""
        while True:
            try:
                for import_id in await imports.waiting_imports(self._pool):
                    await self.start_import(import_id)
                for check_id in await number_checks.waiting_checks(self._pool):
                    await self.start_number_check(check_id)
            except Exception:
                log.exception("cannot look for background work, trying again")
            await asyncio.sleep(LOOK_EVERY_S)

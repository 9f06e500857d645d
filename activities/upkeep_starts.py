"""Starts upkeep: every hour by a Temporal Schedule, or now because somebody wants it."""

import asyncio
from datetime import timedelta

import structlog
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from domain.identifiers import CAMPAIGN_QUEUE, UPKEEP_SCHEDULE_ID, UPKEEP_WORKFLOW_ID
from domain.upkeep import UpkeepReason

log = structlog.get_logger(__name__)

RPC_TIMEOUT = timedelta(seconds=5)
KEEP_EVERY_S = 300.0
RETRY_S = 5.0
# Runs that were due while nothing ran: one that is this late is as good as the next.
CATCH_UP = timedelta(minutes=10)


async def start_upkeep(temporal: Client, reason: UpkeepReason) -> str:
    """Starts a run now, or finds the one that runs; returns the id of its workflow. Raises RPCError."""
    handle = await temporal.start_workflow(
        "UpkeepWorkflow",
        {"reason": reason},
        # What a confirmation sets off is more than a run that is under way.
        id=f"{UPKEEP_WORKFLOW_ID}-restore" if reason is UpkeepReason.RESTORE else UPKEEP_WORKFLOW_ID,
        task_queue=CAMPAIGN_QUEUE,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary="Upkeep, as somebody wanted it",
        rpc_timeout=RPC_TIMEOUT,
    )
    return handle.id


class UpkeepKeeper:
    """Sees to it that the schedule is there, as it should be, whatever became of Temporal."""

    def __init__(self, temporal: Client, *, every_s: float) -> None:
        self._temporal = temporal
        self._every_s = every_s

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.ensure()
            except (RPCError, RuntimeError) as error:
                log.warning("the schedule of upkeep is not there yet", error=str(error))
                await asyncio.sleep(RETRY_S)
            else:
                await asyncio.sleep(KEEP_EVERY_S)

    async def ensure(self) -> bool:
        """Brings the schedule up to date; several workers may do so at once. Returns whether it was missing."""
        try:
            await self._temporal.create_schedule(UPKEEP_SCHEDULE_ID, self._wanted(), rpc_timeout=RPC_TIMEOUT)
        except ScheduleAlreadyRunningError:
            handle = self._temporal.get_schedule_handle(UPKEEP_SCHEDULE_ID)
            await handle.update(self._updated, rpc_timeout=RPC_TIMEOUT)
            return False
        return True

    def _wanted(self) -> Schedule:
        return Schedule(
            action=ScheduleActionStartWorkflow(
                "UpkeepWorkflow",
                {"reason": UpkeepReason.SCHEDULE},
                id=UPKEEP_SCHEDULE_ID,
                task_queue=CAMPAIGN_QUEUE,
                static_summary="Upkeep",
            ),
            spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(seconds=self._every_s))]),
            policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
        )

    def _updated(self, found: ScheduleUpdateInput) -> ScheduleUpdate | None:
        wanted = self._wanted()
        if found.description.schedule.spec.intervals == wanted.spec.intervals:
            return None
        # Whoever has paused it in the Temporal Web UI wants it paused.
        wanted.state = found.description.schedule.state
        return ScheduleUpdate(schedule=wanted)

"""Upkeep: looks every hour for what was left behind, and repairs it. Runs beside each other do no harm."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.repairs import RepairActivities
    from activities.restore import RestoreActivities
    from activities.upkeep import UpkeepActivities, UpkeepRef, UpkeepReport
    from domain.upkeep import Finding, FindingKind, Looked, UpkeepReason
    from workflows.contact import UNLIMITED

# What cannot be done within a few tries is told in the report; the next run tries again.
FEW_TRIES = RetryPolicy(initial_interval=timedelta(seconds=2), backoff_coefficient=3, maximum_attempts=3)

NEEDED = frozenset({"restore", "history", "old workflows"})  # before a restored installation may send


@dataclass(frozen=True, kw_only=True)
class UpkeepInput:
    """Why it runs (an UpkeepReason)."""

    reason: str


@workflow.defn
class UpkeepWorkflow:
    """One run."""

    @workflow.run
    async def run(self, upkeep: UpkeepInput) -> int:
        """Returns how much was found wrong."""
        run_id = str(workflow.uuid4())
        await workflow.execute_activity_method(
            UpkeepActivities.begin_upkeep,
            UpkeepRef(run_id=run_id, reason=upkeep.reason),
            start_to_close_timeout=timedelta(seconds=20),
            retry_policy=UNLIMITED,
            summary="Note the run",
        )
        is_restore = upkeep.reason == UpkeepReason.RESTORE
        # What was sent is marked before anything else, and replies come before windows and workflows: what was
        # missed may be what a contact waits for.
        looked = [
            *([await self._look("restore", RestoreActivities.adopt_sent)] if is_restore else []),
            await self._look("webhook", UpkeepActivities.check_webhook),
            await self._look("outcomes", UpkeepActivities.resolve_stuck),
            await self._look("history", UpkeepActivities.read_history),
            *([await self._look("old workflows", RestoreActivities.end_old_workflows)] if is_restore else []),
            await self._look("workflows", RepairActivities.restart_workflows, is_restore),
            await self._look("replies", RepairActivities.tell_replies),
            await self._look("windows", RepairActivities.settle_windows),
            await self._look("counters", RepairActivities.recount),
        ]
        if is_restore:
            looked.append(await self._release(looked))
        await workflow.execute_activity_method(
            UpkeepActivities.finish_upkeep,
            UpkeepReport(run_id=run_id, looked=looked),
            start_to_close_timeout=timedelta(seconds=20),
            retry_policy=UNLIMITED,
            summary="Store the report",
        )
        count = sum(finding.found for part in looked for finding in part.findings)
        workflow.set_current_details(f"{count} found: {_shown(looked) or 'all is well'}")
        return count

    async def _release(self, looked: list[Looked]) -> Looked:
        """Nothing may leave while anybody does not know what was sent."""
        unknown = [part.part for part in looked if part.part in NEEDED and _failed(part)]
        if unknown:
            detail = f"the installation stays held, because this is not known: {', '.join(unknown)}"
            stays = Finding(kind=FindingKind.NOT_LOOKED, found=1, fixed=0, detail=detail, subjects=unknown)
            return Looked(part="release", looked_at=1, findings=[stays])
        await workflow.execute_activity_method(
            RestoreActivities.release_hold,
            start_to_close_timeout=timedelta(minutes=2),
            retry_policy=UNLIMITED,
            summary="Let messages leave again",
        )
        return Looked(part="release", looked_at=1)

    async def _look(self, part: str, look: Callable[..., Awaitable[Looked]], *given: bool) -> Looked:
        """One part, which may fail without the others."""
        try:
            looked: Looked = await workflow.execute_activity_method(
                look,
                args=given,
                start_to_close_timeout=timedelta(minutes=30),
                heartbeat_timeout=timedelta(seconds=60),
                retry_policy=FEW_TRIES,
                summary=f"Look at {part}",
            )
        except ActivityError as error:
            reason = f"could not be looked at: {error.cause or error}"[:300]
            problem = Finding(kind=FindingKind.NOT_LOOKED, found=1, fixed=0, detail=reason, subjects=[part])
            return Looked(part=part, looked_at=0, findings=[problem])
        return looked


def _failed(part: Looked) -> bool:
    return any(finding.kind == FindingKind.NOT_LOOKED for finding in part.findings)


def _shown(looked: list[Looked]) -> str:
    findings = (finding for part in looked for finding in part.findings)
    return ", ".join(f"{finding.kind} {finding.fixed} of {finding.found} repaired" for finding in findings)

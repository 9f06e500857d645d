"""Upkeep: what the last runs found, a run now, and the confirmation of a restored installation."""

from typing import Any

from fastapi import APIRouter, status
from pydantic import AwareDatetime, BaseModel, Field
from temporalio.service import RPCError

from activities.upkeep_starts import start_upkeep
from api.dependencies import Needs, Resources
from api.guard import CurrentCaller
from api.problems import PROBLEM_RESPONSES, Problem
from domain.upkeep import UpkeepReason
from storage import audit, installation, upkeep
from storage.upkeep import UpkeepRun

router = APIRouter(prefix="/api", tags=["operations"], responses=PROBLEM_RESPONSES)

RUNS_SHOWN = 10


class FindingOut(BaseModel):
    """What a run found of one kind."""

    kind: str
    found: int
    fixed: int
    detail: str
    subjects: list[str] = Field(description="Ids of examples, at most 20")


class LookedOut(BaseModel):
    """One part of a run."""

    part: str
    looked_at: int
    findings: list[FindingOut]


class UpkeepRunOut(BaseModel):
    """One run."""

    id: str
    reason: str = Field(description="schedule, person or restore")
    started_at: AwareDatetime
    finished_at: AwareDatetime | None
    found: int
    fixed: int
    looked: list[LookedOut]


class HoldOut(BaseModel):
    """Why nothing is sent: this installation, or a part of it, comes from a backup."""

    since: AwareDatetime
    reason: str
    confirmed_at: AwareDatetime | None = Field(description="A person has confirmed; the gateway is being asked")


class UpkeepOut(BaseModel):
    """How the last runs went, and whether messages may leave at all."""

    held: HoldOut | None
    runs: list[UpkeepRunOut] = Field(description="The newest first")


@router.get("/upkeep")
async def get_upkeep(needs: Needs) -> UpkeepOut:
    """What was left behind and repaired, by the last ten runs."""
    return await _look(needs)


@router.post("/upkeep", status_code=status.HTTP_202_ACCEPTED)
async def run_upkeep(needs: Needs, caller: CurrentCaller) -> UpkeepOut:
    """Looks now; while a run that somebody wanted is under way, this changes nothing."""
    await _start(needs, UpkeepReason.PERSON)
    await audit.note(needs.pool, caller.actor, "upkeep.started", "upkeep", "now")
    return await _look(needs)


@router.post("/restore/confirm", status_code=status.HTTP_202_ACCEPTED)
async def confirm_restore(needs: Needs, caller: CurrentCaller) -> UpkeepOut:
    """Lets a restored installation send again, once the gateway was asked what it has sent already."""
    if not await installation.confirm(needs.pool, actor=caller.actor):
        raise Problem(409, "Nothing to confirm", "this installation is not held: it sends")
    await _start(needs, UpkeepReason.RESTORE)
    return await _look(needs)


async def _start(needs: Resources, reason: UpkeepReason) -> None:
    try:
        await start_upkeep(needs.temporal, reason)
    except (RPCError, RuntimeError) as error:
        raise Problem(503, "Temporal is away", "try again in a moment") from error


async def _look(needs: Resources) -> UpkeepOut:
    known = await installation.get_installation(needs.pool)
    held = None
    if known.held_since is not None:
        held = HoldOut(since=known.held_since, reason=known.hold_reason or "", confirmed_at=known.confirmed_at)
    return UpkeepOut(held=held, runs=[_shown(run) for run in await upkeep.latest_runs(needs.pool, RUNS_SHOWN)])


def _shown(run: UpkeepRun) -> UpkeepRunOut:
    findings: list[dict[str, Any]] = [finding for part in run.looked for finding in part["findings"]]
    return UpkeepRunOut(
        id=run.id,
        reason=run.reason,
        started_at=run.started_at,
        finished_at=run.finished_at,
        found=sum(finding["found"] for finding in findings),
        fixed=sum(finding["fixed"] for finding in findings),
        looked=[LookedOut.model_validate(part) for part in run.looked],
    )

"""Scheduled starts: whether one is to happen now, whether it still may, and that something waits for it."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog
from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from activities.bell import SenderBell
from activities.plans import find_plan_problem
from domain.identifiers import CAMPAIGN_QUEUE, scheduled_start_workflow_id
from domain.run_settings import RunSettings
from storage import campaigns, installation, scheduling
from storage.campaigns import Campaign
from storage.database import Pool
from storage.scheduling import ScheduledStart

log = structlog.get_logger(__name__)

KEEP_EVERY_S = 15.0
HELD_LOOK_S = 30.0  # a restored installation starts nothing before a person has confirmed it
RPC_TIMEOUT = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class ScheduledStartInput:
    """Which campaign."""

    campaign_id: str


class StartBell:
    """Sees to it that a workflow waits for the start of a campaign."""

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal

    async def ring(self, campaign_id: str, *, changed: bool = True) -> bool:
        """Starts that workflow if there is none; `changed` makes it look at the database again.

        Never raises: what is stored counts, and the worker rings again. Returns whether it was heard.
        """
        try:
            await self._temporal.start_workflow(
                "ScheduledStartWorkflow",
                ScheduledStartInput(campaign_id=campaign_id),
                id=scheduled_start_workflow_id(campaign_id),
                task_queue=CAMPAIGN_QUEUE,
                start_signal="change" if changed else None,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                static_summary=f"Campaign {campaign_id}: its start",
                rpc_timeout=RPC_TIMEOUT,
            )
        except (RPCError, RuntimeError) as error:
            log.warning("Temporal hears of a scheduled start later", campaign_id=campaign_id, error=str(error))
            return False
        return True


class StartKeeper:
    """Repairs what an outage of Temporal, or a crash at the wrong moment, has left without a workflow."""

    def __init__(self, pool: Pool, temporal: Client) -> None:
        self._pool = pool
        self._bell = StartBell(temporal)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                for campaign_id in await scheduling.list_scheduled(self._pool):
                    await self._bell.ring(campaign_id, changed=False)
            except Exception:
                log.exception("cannot look for scheduled campaigns, trying again")
            await asyncio.sleep(KEEP_EVERY_S)


@dataclass(frozen=True, kw_only=True)
class StartDecision:
    """What to do about a scheduled start: wait, start, tell people of a problem, or nothing more."""

    action: str  # "wait", "start", "refused", "over"
    wait_s: float = 0
    name: str = ""
    problem: str = ""


OVER = StartDecision(action="over")
START = StartDecision(action="start")
LOOK_AGAIN = StartDecision(action="wait")


class SchedulingActivities:
    """The activity of a scheduled start."""

    def __init__(self, pool: Pool, defaults: RunSettings, bell: SenderBell, *, latest_start_s: float) -> None:
        self._pool = pool
        self._defaults = defaults
        self._bell = bell
        self._latest_start_s = latest_start_s

    @activity.defn
    async def decide_start(self, campaign_id: str) -> StartDecision:
        """Reads the database again. What is due and fits is running when this returns "start".

        What does not fit any more, or is due for too long, becomes a draft with its problem: a person decides.
        """
        found = await scheduling.look(self._pool, campaign_id)
        if found is None or found.status in {"draft", "completed", "cancelled"}:
            return OVER
        if found.status != "scheduled" or found.due_in_s is None:
            return START  # by an earlier attempt, or by a person: a second start finds the first
        if found.due_in_s > 0:
            return StartDecision(action="wait", wait_s=found.due_in_s)
        if (await installation.get_installation(self._pool)).held_since is not None:
            return StartDecision(action="wait", wait_s=HELD_LOOK_S)
        campaign = await campaigns.get_campaign(self._pool, campaign_id)
        return OVER if campaign is None else await self._start_or_refuse(campaign, found)

    async def _start_or_refuse(self, campaign: Campaign, found: ScheduledStart) -> StartDecision:
        if campaign.start_at is None or campaign.start_at != found.start_at:
            return LOOK_AGAIN
        late_s = -(found.due_in_s or 0)
        if late_s > self._latest_start_s:
            return await self._refuse(
                campaign,
                f"nothing was running when it should have started, {_duration(late_s)} ago; so late it is not "
                "started without a person: start it now, or schedule it again",
            )
        problem = await find_plan_problem(self._pool, self._defaults, campaign)
        if problem is not None:
            return await self._refuse(campaign, f"{problem.title}: {problem.detail}")
        if not await scheduling.start_due(self._pool, campaign.id, campaign.start_at):
            return LOOK_AGAIN
        log.info("scheduled campaign started", campaign_id=campaign.id, late_s=round(late_s, 1))
        for sender_id in campaign.sender_ids:
            await self._bell.ring(sender_id)
        return START

    async def _refuse(self, campaign: Campaign, problem: str) -> StartDecision:
        if campaign.start_at is None or not await scheduling.refuse(
            self._pool, campaign.id, campaign.start_at, problem
        ):
            return LOOK_AGAIN
        log.error("scheduled campaign not started", campaign_id=campaign.id, problem=problem)
        return StartDecision(action="refused", name=campaign.name, problem=problem)


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"

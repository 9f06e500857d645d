"""Campaigns: draft, start, watch, cancel."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.estimates import estimate_campaign, senders_to_add
from api.dependencies import Needs, Resources
from api.estimates import EstimateOut, in_words, shown_estimate, ways_out
from api.pausing import PauseIn, PauseScope
from api.problems import PROBLEM_RESPONSES, Problem, not_found
from domain.campaign_progress import CampaignInput
from domain.identifiers import CAMPAIGN_QUEUE, campaign_workflow_id
from domain.template import check_template
from storage import campaigns, run_settings
from storage.campaigns import Campaign, UnknownReferenceError
from workflows.batch import CAMPAIGN
from workflows.campaign import CampaignWorkflow

router = APIRouter(prefix="/api/campaigns", tags=["campaigns"], responses=PROBLEM_RESPONSES)

RPC_TIMEOUT = timedelta(seconds=5)


class CampaignIn(BaseModel):
    """A draft. Durations in seconds; what is unset comes from the settings."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    message_1: str = Field(description="May hold {{variables}}, with a fallback as in {{name|there}}")
    message_2: str
    sender_ids: list[UUID] = Field(min_length=1, max_length=100)
    category_ids: list[UUID] = Field(default=[], max_length=100)
    everyone: bool = Field(default=False, description="All contacts, instead of categories")
    window_s: float | None = Field(default=None, gt=0, le=30 * 86400)
    grace_s: float | None = Field(default=None, ge=0, le=3600)
    max_age_s: float | None = Field(default=None, gt=0, le=90 * 86400)
    batch_size: int | None = Field(default=None, ge=25, le=100)
    batch_pause_s: float | None = Field(default=None, ge=0, le=3600)

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        for name in ("message_1", "message_2"):
            problems = check_template(getattr(self, name))
            if problems:
                raise ValueError(f"{name}: {'; '.join(problems)}")
        if self.everyone == bool(self.category_ids):
            raise ValueError("choose either category_ids or everyone")
        if len(set(self.sender_ids)) < len(self.sender_ids):
            raise ValueError("sender_ids: a sender is named twice")
        return self


class CampaignCounts(BaseModel):
    """Live counters, exact."""

    total_contacts: int
    messages_sent: int
    messages_1_sent: int
    messages_2_sent: int
    messages_delivered: int
    messages_read: int
    interactions: int
    suppressed_duplicates: int
    failures: int
    final_contacts: int
    contacts_by_state: dict[str, int]


class CampaignOut(BaseModel):
    """A campaign with its live counters; `report` is set once it has closed."""

    id: str
    name: str
    status: str
    pause_scope: str | None
    message_1: str
    message_2: str
    everyone: bool
    sender_ids: list[str]
    category_ids: list[str]
    window_s: float
    grace_s: float
    max_age_s: float
    batch_size: int
    batch_pause_s: float | None = Field(description="Unset: as the settings say when a batch ends")
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    closes_by: AwareDatetime | None
    closed_at: AwareDatetime | None
    close_reason: str | None
    workflow_id: str
    counts: CampaignCounts
    report: dict[str, Any] | None


@router.post("", status_code=status.HTTP_201_CREATED)
async def add_campaign(draft: CampaignIn, needs: Needs) -> CampaignOut:
    """Stores a draft; nothing is sent before it is started."""
    defaults = await run_settings.load(needs.pool, needs.settings.run_settings)
    try:
        campaign = await campaigns.add_campaign(
            needs.pool,
            name=draft.name,
            message_1=draft.message_1,
            message_2=draft.message_2,
            everyone=draft.everyone,
            sender_ids=[str(sender_id) for sender_id in draft.sender_ids],
            category_ids=[str(category_id) for category_id in draft.category_ids],
            window_s=_or_default(draft.window_s, defaults.window_s),
            grace_s=_or_default(draft.grace_s, defaults.grace_s),
            max_age_s=_or_default(draft.max_age_s, defaults.max_age_s),
            batch_size=draft.batch_size or defaults.batch_size,
            batch_pause_s=draft.batch_pause_s,
        )
    except UnknownReferenceError as error:
        raise Problem(422, "Unknown sender or category", str(error)) from error
    return await _shown(needs, campaign)


def _or_default(value: float | None, default: float) -> float:
    return default if value is None else value


@router.get("")
async def list_campaigns(needs: Needs) -> list[CampaignOut]:
    """The newest hundred campaigns."""
    return [await _shown(needs, campaign) for campaign in await campaigns.list_campaigns(needs.pool, 100)]


@router.get("/{campaign_id}")
async def get_campaign(campaign_id: UUID, needs: Needs) -> CampaignOut:
    """One campaign with its live counters."""
    return await _shown(needs, await _existing(needs, campaign_id))


@router.get("/{campaign_id}/estimate")
async def get_estimate(campaign_id: UUID, needs: Needs) -> EstimateOut:
    """When the campaign will be done, from what is known now; for a draft, as if it started now.

    The same rules that pace the sending are run ahead on a simulated clock: quota, rests, nights, warm-up,
    replies, and the campaigns that share its senders.
    """
    campaign = await _existing(needs, campaign_id)
    return shown_estimate(await estimate_campaign(needs.pool, needs.settings.run_settings, campaign))


@router.post("/{campaign_id}/start", status_code=status.HTTP_202_ACCEPTED)
async def start_campaign(campaign_id: UUID, needs: Needs) -> CampaignOut:
    """Starts a draft. Starting a running campaign again changes nothing.

    Refused (409) when the campaign has ended, has nobody to write to, or cannot fit its maximum age.
    """
    campaign = await _existing(needs, campaign_id)
    if campaign.status in {"completed", "cancelled"}:
        raise Problem(409, "Campaign has ended", f"this campaign is {campaign.status}; make a new one")
    if campaign.status == "draft":
        await _check_plan(needs, campaign)
    try:
        await needs.temporal.start_workflow(
            CampaignWorkflow.run,
            CampaignInput(campaign_id=campaign.id),
            id=campaign_workflow_id(campaign.id),
            task_queue=CAMPAIGN_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=TypedSearchAttributes([SearchAttributePair(CAMPAIGN, campaign.id)]),
            static_summary=f"Campaign {campaign.id}: {len(campaign.sender_ids)} senders",
            rpc_timeout=RPC_TIMEOUT,
        )
    except WorkflowAlreadyStartedError:
        pass
    except (RPCError, RuntimeError) as error:
        raise _temporal_unavailable(error) from error
    await campaigns.mark_started(needs.pool, campaign.id)
    for sender_id in campaign.sender_ids:
        await needs.bell.ring(sender_id)
    return await _shown(needs, await _existing(needs, campaign_id))


@router.post("/{campaign_id}/pause", status_code=status.HTTP_202_ACCEPTED)
async def pause_campaign(campaign_id: UUID, needs: Needs, pause: PauseIn | None = None) -> CampaignOut:
    """From this answer on no Message 1 leaves; with the scope `all`, no Message 2 either.

    Windows go on and the maximum age is not extended. Pausing again with another scope changes the scope.
    """
    campaign = await _existing(needs, campaign_id)
    scope = (pause or PauseIn()).scope
    # Then Message 2 goes on: what of it was refused has to be woken.
    is_narrower = campaign.pause_scope == PauseScope.ALL and scope is not PauseScope.ALL
    if not await campaigns.pause_campaign(needs.pool, campaign.id, scope):
        raise _not_running(campaign)
    with suppress(Problem):  # without Temporal the pause holds all the same: it is stored
        await _tell(needs, campaign, CampaignWorkflow.pause)
    for sender_id in campaign.sender_ids:
        await needs.bell.ring(sender_id, resumed=is_narrower)
    return await _shown(needs, await _existing(needs, campaign_id))


@router.post("/{campaign_id}/resume", status_code=status.HTTP_202_ACCEPTED)
async def resume_campaign(campaign_id: UUID, needs: Needs) -> CampaignOut:
    """Goes on with the next contact. Resuming a running campaign changes nothing."""
    campaign = await _existing(needs, campaign_id)
    if not await campaigns.resume_campaign(needs.pool, campaign.id) and campaign.status != "running":
        raise _not_running(campaign)
    await _tell(needs, campaign, CampaignWorkflow.resume)
    for sender_id in campaign.sender_ids:
        await needs.bell.ring(sender_id, resumed=True)
    return await _shown(needs, await _existing(needs, campaign_id))


@router.post("/{campaign_id}/cancel", status_code=status.HTTP_202_ACCEPTED)
async def cancel_campaign(campaign_id: UUID, needs: Needs) -> CampaignOut:
    """Ends a campaign now: nobody gets anything any more. Cancelling twice changes nothing."""
    campaign = await _existing(needs, campaign_id)
    if campaign.status == "draft" and await campaigns.cancel_draft(needs.pool, campaign.id):
        return await _shown(needs, await _existing(needs, campaign_id))
    if campaign.status == "completed":
        raise Problem(409, "Campaign has ended", "this campaign is completed already")
    await _tell(needs, campaign, CampaignWorkflow.cancel)
    return await _shown(needs, await _existing(needs, campaign_id))


async def _tell(needs: Resources, campaign: Campaign, signal: Callable[[CampaignWorkflow], None]) -> None:
    """Signals the campaign's workflow; one that has ended need not know."""
    handle = needs.temporal.get_workflow_handle_for(CampaignWorkflow.run, campaign_workflow_id(campaign.id))
    try:
        await handle.signal(signal, rpc_timeout=RPC_TIMEOUT)
    except (RPCError, RuntimeError) as error:
        if not (isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND):
            raise _temporal_unavailable(error) from error


def _not_running(campaign: Campaign) -> Problem:
    return Problem(409, "Campaign is not running", f"this campaign is {campaign.status}: start it first")


def _temporal_unavailable(error: RPCError | RuntimeError) -> Problem:
    # A RuntimeError is what the client raises before its first connection.
    return Problem(503, "Temporal is not available", f"try again in a moment: {error}")


async def _check_plan(needs: Resources, campaign: Campaign) -> None:
    defaults = needs.settings.run_settings
    estimate = await estimate_campaign(needs.pool, defaults, campaign)
    if estimate.contacts == 0:
        raise Problem(409, "Nobody to write to", "import contacts into one of the campaign's categories first")
    if estimate.fits:
        return
    extra = await senders_to_add(needs.pool, defaults, campaign)
    raise Problem(
        409,
        "The campaign cannot fit its maximum age",
        f"{in_words(estimate)}; {ways_out(estimate, extra)}",
        duration_s=estimate.duration_s,
        max_age_s=campaign.max_age_s,
        senders_to_add=extra,
        estimate=shown_estimate(estimate).model_dump(mode="json"),
    )


async def _existing(needs: Resources, campaign_id: UUID) -> Campaign:
    campaign = await campaigns.get_campaign(needs.pool, str(campaign_id))
    if campaign is None:
        raise not_found("campaign", str(campaign_id))
    return campaign


async def _shown(needs: Resources, campaign: Campaign) -> CampaignOut:
    counters = await campaigns.get_counters(needs.pool, campaign.id)
    shared = {name: getattr(campaign, name) for name in CampaignOut.model_fields if hasattr(campaign, name)}
    counts = {name: getattr(counters, name) for name in CampaignCounts.model_fields if hasattr(counters, name)}
    shared["closes_by"] = campaign.closes_by if campaign.started_at else None
    return CampaignOut(
        **shared,
        workflow_id=campaign_workflow_id(campaign.id),
        counts=CampaignCounts(**counts, contacts_by_state=counters.by_state()),
    )

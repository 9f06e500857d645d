"""What makes a campaign send, stop, or start later; and messages to try it out."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import structlog
from fastapi import APIRouter, Request, status
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.plans import find_plan_problem
from activities.scheduling import StartBell
from api import idempotency
from api.campaign_models import CampaignOut, ScheduleIn, SendTestIn, SendTestsOut, shown
from api.dependencies import Needs, Resources
from api.estimates import shown_estimate
from api.guard import CurrentCaller
from api.listing import as_page, read_key
from api.pages import Cursor, Page, PageSize
from api.pausing import PauseIn, PauseScope
from api.problems import DATABASE_AWAY, PROBLEM_RESPONSES, Problem, not_found
from domain.access import Caller
from domain.campaign_progress import CampaignInput
from domain.identifiers import (
    CAMPAIGN_QUEUE,
    campaign_workflow_id,
    send_test_workflow_id,
)
from domain.messages import MessageType
from domain.template import render
from storage import audit, campaigns, drafts, scheduling, senders, test_sends
from storage.campaigns import Campaign
from storage.test_sends import SendTest
from workflows.batch import CAMPAIGN
from workflows.campaign import CampaignWorkflow
from workflows.test_send import SendTestWorkflow

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/api/campaigns", tags=["campaigns"], responses=PROBLEM_RESPONSES)

RPC_TIMEOUT = timedelta(seconds=5)
LATEST_SCHEDULE = timedelta(days=366)


@router.post("/{campaign_id}/start", status_code=status.HTTP_202_ACCEPTED)
async def start_campaign(campaign_id: UUID, needs: Needs, caller: CurrentCaller) -> CampaignOut:
    """Starts a draft, or a scheduled campaign before its time. Starting a running one changes nothing.

    Refused (409) when the campaign has ended, has nobody to write to, or cannot fit its maximum age.
    After a 503 it may have been started all the same: look at it, or start it again.
    """
    campaign = await _existing(needs, campaign_id)
    if campaign.status in {"completed", "cancelled"}:
        raise Problem(409, "Campaign has ended", f"this campaign is {campaign.status}; make a new one")
    if campaign.status in {"draft", "scheduled"}:
        await _check_plan(needs, campaign)
    # A draft whose workflow has ended was started in a time that a restored database does not know.
    is_new = campaign.status in {"draft", "scheduled"}
    try:
        await needs.temporal.start_workflow(
            CampaignWorkflow.run,
            CampaignInput(campaign_id=campaign.id),
            id=campaign_workflow_id(campaign.id),
            task_queue=CAMPAIGN_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE
            if is_new
            else WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=TypedSearchAttributes([SearchAttributePair(CAMPAIGN, campaign.id)]),
            static_summary=f"Campaign {campaign.id}: {len(campaign.sender_ids)} senders",
            rpc_timeout=RPC_TIMEOUT,
        )
    except WorkflowAlreadyStartedError:
        pass
    except (RPCError, RuntimeError) as error:
        raise _temporal_unavailable(error) from error
    try:
        return await _started(needs, campaign, caller)
    except DATABASE_AWAY as error:
        log.exception("a campaign was handed over to be started, and its start could not be stored")
        raise Problem(
            503,
            "Start not confirmed",
            "the campaign was handed over and starts once the database answers again: look at it in a moment; "
            "to keep it from sending, cancel it; starting it again changes nothing",
        ) from error


@router.post("/{campaign_id}/pause", status_code=status.HTTP_202_ACCEPTED)
async def pause_campaign(
    campaign_id: UUID, needs: Needs, caller: CurrentCaller, pause: PauseIn | None = None
) -> CampaignOut:
    """From this answer on no Message 1 leaves; with the scope `all`, no Message 2 either.

    Windows go on and the maximum age is not extended. Pausing again with another scope changes the scope.
    """
    campaign = await _existing(needs, campaign_id)
    scope = (pause or PauseIn()).scope
    # Then Message 2 goes on: what of it was refused has to be woken.
    is_narrower = campaign.pause_scope == PauseScope.ALL and scope is not PauseScope.ALL
    if not await campaigns.pause_campaign(needs.pool, campaign.id, scope, actor=caller.actor):
        raise _not_running(campaign)
    with suppress(Problem):  # without Temporal the pause holds all the same: it is stored
        await _tell(needs, campaign, CampaignWorkflow.pause)
    for sender_id in campaign.sender_ids:
        await needs.bell.ring(sender_id, resumed=is_narrower)
    return await _shown(needs, campaign_id)


@router.post("/{campaign_id}/resume", status_code=status.HTTP_202_ACCEPTED)
async def resume_campaign(campaign_id: UUID, needs: Needs, caller: CurrentCaller) -> CampaignOut:
    """Goes on with the next contact. Resuming a running campaign changes nothing."""
    campaign = await _existing(needs, campaign_id)
    if (
        not await campaigns.resume_campaign(needs.pool, campaign.id, actor=caller.actor)
        and campaign.status != "running"
    ):
        raise _not_running(campaign)
    await _tell(needs, campaign, CampaignWorkflow.resume)
    for sender_id in campaign.sender_ids:
        await needs.bell.ring(sender_id, resumed=True)
    return await _shown(needs, campaign_id)


@router.post("/{campaign_id}/cancel", status_code=status.HTTP_202_ACCEPTED)
async def cancel_campaign(campaign_id: UUID, needs: Needs, caller: CurrentCaller) -> CampaignOut:
    """Ends a campaign now: nobody gets anything any more. Cancelling twice changes nothing."""
    campaign = await _existing(needs, campaign_id)
    if campaign.status in {"draft", "scheduled"} and await campaigns.cancel_draft(
        needs.pool, campaign.id, actor=caller.actor
    ):
        await StartBell(needs.temporal).ring(campaign.id)
        # Somebody may be starting it: its workflow is there before its status says so. Without Temporal, that
        # workflow finds nothing to run.
        with suppress(Problem):
            await _tell(needs, campaign, CampaignWorkflow.cancel)
        return await _shown(needs, campaign_id)
    if campaign.status == "completed":
        raise Problem(409, "Campaign has ended", "this campaign is completed already")
    heard = await _tell(needs, campaign, CampaignWorkflow.cancel)
    if heard:
        await audit.note(needs.pool, caller.actor, "campaign.cancelled", "campaign", campaign.id)
    answer = await _shown(needs, campaign_id)
    if not heard and answer.closed_at is None:
        # A scheduled start says "running" a moment before its workflow is there.
        raise Problem(409, "Campaign is starting", "it is being started at this moment: try again in a second")
    return answer


@router.post("/{campaign_id}/schedule", status_code=status.HTTP_202_ACCEPTED)
async def schedule_campaign(
    campaign_id: UUID, schedule: ScheduleIn, needs: Needs, caller: CurrentCaller
) -> CampaignOut:
    """Starts a draft at a time in the future, or moves the start of a scheduled campaign.

    The plan is checked when it starts. What does not fit then, or could not be started in time, becomes a draft
    again with `start_problem`, and an alert goes out.
    """
    campaign = await _existing(needs, campaign_id)
    now = datetime.now(UTC)
    if not now < schedule.start_at <= now + LATEST_SCHEDULE:
        raise Problem(422, "Invalid start", "start_at: choose a time in the future, at most 366 days away")
    if not await scheduling.schedule(needs.pool, campaign.id, schedule.start_at, actor=caller.actor):
        raise Problem(
            409, "Campaign has started", f"this campaign is {campaign.status}: duplicate it to send it again"
        )
    await StartBell(needs.temporal).ring(campaign.id)
    return await _shown(needs, campaign_id)


@router.delete("/{campaign_id}/schedule", status_code=status.HTTP_204_NO_CONTENT)
async def unschedule_campaign(campaign_id: UUID, needs: Needs, caller: CurrentCaller) -> None:
    """Makes a scheduled campaign a draft again."""
    campaign = await _existing(needs, campaign_id)
    if not await scheduling.unschedule(needs.pool, campaign.id, actor=caller.actor):
        raise Problem(409, "Campaign is not scheduled", f"this campaign is {campaign.status}")
    await StartBell(needs.temporal).ring(campaign.id)


@router.post("/{campaign_id}/test-send", status_code=status.HTTP_202_ACCEPTED)
async def send_test(
    campaign_id: UUID, test: SendTestIn, needs: Needs, caller: CurrentCaller, request: Request
) -> SendTestsOut:
    """Sends Message 1, Message 2 or both to one number, really, and outside the campaign's results.

    It takes a place in the sender's rhythm and quota like every other message. Numbers that opted out and
    senders that are paused or stopped are refused (409); how it goes on, GET .../test-sends says.
    """
    campaign = await _existing(needs, campaign_id)
    sender_id = str(test.sender_id) if test.sender_id else campaign.sender_ids[0]
    await _check_test(needs, campaign, sender_id, test.phone)
    known = await drafts.contact_variables(needs.pool, phone=test.phone)
    variables = {**(known or {}), **test.variables}
    stored = await test_sends.add(
        needs.pool,
        {
            message_type: render(getattr(campaign, message_type.value), variables)
            for message_type in ([test.message] if test.message else MessageType)
        },
        campaign_id=campaign.id,
        sender_id=sender_id,
        phone=test.phone,
        request_key=_request_key(caller, request.headers.get(idempotency.HEADER), test),
        actor=caller.actor,
    )
    for nth, each in enumerate(stored):
        try:
            await _send_test(needs, each)
        except Problem:
            for left in stored[nth:]:
                await test_sends.end_unstarted(needs.pool, left.id, "Temporal was not available")
            raise
    return SendTestsOut(test_sends=stored)


@router.get("/{campaign_id}/test-sends")
async def list_test_sends(
    campaign_id: UUID, needs: Needs, *, limit: PageSize = 20, cursor: Cursor = None
) -> Page[SendTest]:
    """The test messages of a campaign and what became of them, the newest first."""
    found = await test_sends.list_of_campaign(
        needs.pool, str(campaign_id), after=read_key("test", cursor, 1), limit=limit
    )
    if not found.items:
        await _existing(needs, campaign_id)
    return as_page("test", found)


async def end_workflow(needs: Resources, campaign_id: str, reason: str) -> None:
    """Ends a campaign's workflow for which there is no campaign; usually there is none."""
    try:
        await needs.temporal.get_workflow_handle(campaign_workflow_id(campaign_id)).terminate(
            reason, rpc_timeout=RPC_TIMEOUT
        )
    except (RPCError, RuntimeError) as error:
        if not (isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND):
            log.warning("a workflow without a campaign may be left", campaign_id=campaign_id, error=str(error))


async def _started(needs: Resources, campaign: Campaign, caller: Caller) -> CampaignOut:
    """Stores that it was started, once its workflow is there. Raises Problem when it is not to run any more."""
    if not await campaigns.mark_started(needs.pool, campaign.id, actor=caller.actor):
        found = await campaigns.get_campaign(needs.pool, campaign.id)
        if found is None:
            await end_workflow(needs, campaign.id, "the draft was deleted while it was being started")
            raise not_found("campaign", campaign.id)
        if found.status == "cancelled":
            raise Problem(409, "Campaign has ended", "this campaign was cancelled while it was being started")
    for sender_id in campaign.sender_ids:
        await needs.bell.ring(sender_id)
    return await _shown(needs, UUID(campaign.id))


async def _check_test(needs: Resources, campaign: Campaign, sender_id: str, phone: str) -> None:
    if sender_id not in campaign.sender_ids:
        raise Problem(422, "Not its sender", f"sender_id: choose one of {', '.join(campaign.sender_ids)}")
    sender = await senders.get_sender(needs.pool, sender_id)
    if sender is None:
        raise not_found("sender", sender_id)
    if sender.status != "active":
        raise Problem(
            409, "Sender cannot send", f"{sender.name} is {sender.status}: resume it first, or choose another"
        )
    if campaign.status == "paused":
        raise Problem(409, "Campaign is paused", "resume it first")
    if await test_sends.is_suppressed(needs.pool, phone):
        raise Problem(409, "Opted out", f"{phone} has opted out: nothing may be sent to this number")


def _request_key(caller: Caller, key: str | None, test: SendTestIn) -> str:
    """One for the same request of the same caller; nobody gets the messages of another."""
    parts = [caller.identity, key or str(uuid4()), test.model_dump(mode="json")]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


async def _send_test(needs: Resources, test: SendTest) -> None:
    try:
        await needs.temporal.start_workflow(
            SendTestWorkflow.run,
            test.id,
            id=send_test_workflow_id(test.id),
            task_queue=CAMPAIGN_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"Test of {test.message_type}",
            rpc_timeout=RPC_TIMEOUT,
        )
    except WorkflowAlreadyStartedError:
        pass
    except (RPCError, RuntimeError) as error:
        raise _temporal_unavailable(error) from error


async def _tell(needs: Resources, campaign: Campaign, signal: Callable[[CampaignWorkflow], None]) -> bool:
    """Signals the campaign's workflow; False if there is none, as when it has ended."""
    handle = needs.temporal.get_workflow_handle(campaign_workflow_id(campaign.id))
    try:
        await handle.signal(signal, rpc_timeout=RPC_TIMEOUT)
    except (RPCError, RuntimeError) as error:
        if not (isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND):
            raise _temporal_unavailable(error) from error
        return False
    return True


def _not_running(campaign: Campaign) -> Problem:
    return Problem(409, "Campaign is not running", f"this campaign is {campaign.status}: start it first")


def _temporal_unavailable(error: RPCError | RuntimeError) -> Problem:
    # A RuntimeError is what the client raises before its first connection.
    return Problem(503, "Temporal is not available", f"try again in a moment: {error}")


async def _check_plan(needs: Resources, campaign: Campaign) -> None:
    problem = await find_plan_problem(needs.pool, needs.settings.run_settings, campaign)
    if problem is None:
        return
    if problem.estimate is None:
        raise Problem(409, problem.title, problem.detail)
    raise Problem(
        409,
        problem.title,
        problem.detail,
        duration_s=problem.estimate.duration_s,
        max_age_s=campaign.max_age_s,
        senders_to_add=problem.senders_to_add,
        estimate=shown_estimate(problem.estimate).model_dump(mode="json"),
    )


async def _existing(needs: Resources, campaign_id: UUID) -> Campaign:
    campaign = await campaigns.get_campaign(needs.pool, str(campaign_id))
    if campaign is None:
        raise not_found("campaign", str(campaign_id))
    return campaign


async def _shown(needs: Resources, campaign_id: UUID) -> CampaignOut:
    found = await campaigns.get_with_counters(needs.pool, str(campaign_id))
    if found is None:
        raise not_found("campaign", str(campaign_id))
    return shown(needs, *found)

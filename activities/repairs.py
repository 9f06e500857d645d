"""Repairs what Temporal and the database disagree about: the parts of an upkeep run that concern our own side.

The database says what has to happen, so a workflow that is missing is started again from it. That sends nothing
twice: every send asks the database first, and finds there what was sent.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import structlog
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.service import RPCError, RPCStatusCode

from domain.campaign_progress import CampaignInput, CampaignProgress, LaneProgress
from domain.contact_signals import Interaction
from domain.contact_states import ContactState, is_final
from domain.identifiers import (
    CAMPAIGN_ATTRIBUTE,
    CAMPAIGN_QUEUE,
    CONTACT_STATE_ATTRIBUTE,
    SENDER_ATTRIBUTE,
    batch_workflow_id,
    campaign_workflow_id,
    contact_workflow_id,
)
from domain.upkeep import FindingKind, Looked, found
from storage import campaigns, interactions, upkeep, upkeep_counters
from storage.campaigns import Campaign
from storage.database import Pool
from storage.upkeep import OpenContact, UntoldReply

log = structlog.get_logger(__name__)

RPC_TIMEOUT = timedelta(seconds=5)
AT_ONCE = 500  # of each kind in one run; the next one goes on
APPEARS_WITHIN_S = 10.0  # a contact's workflow, after its batch was started again

CAMPAIGN = SearchAttributeKey.for_keyword(CAMPAIGN_ATTRIBUTE)
CONTACT_STATE = SearchAttributeKey.for_keyword(CONTACT_STATE_ATTRIBUTE)
SENDER = SearchAttributeKey.for_keyword(SENDER_ATTRIBUTE)


class Missing:
    """The ids of what had no workflow, by kind."""

    def __init__(self) -> None:
        self.campaigns: list[str] = []
        self.batches: list[str] = []
        self.contacts: list[str] = []


class RepairActivities:
    """Workflows that are missing, windows that nobody closed, counters that are wrong."""

    def __init__(self, pool: Pool, temporal: Client, *, patience_s: float) -> None:
        self._pool = pool
        self._temporal = temporal
        self._patience_s = patience_s

    @activity.defn
    async def restart_workflows(self, at_once: bool = False) -> Looked:
        """Starts again what should run and does not: campaigns, their batches, single contacts.

        `at_once`: also what has only just begun, since somebody has ended it on purpose.
        """
        patience_s = 0.0 if at_once else self._patience_s
        missing = Missing()
        looked_at = 0
        for campaign_id in await upkeep.campaigns_under_way(self._pool, older_than_s=patience_s):
            activity.heartbeat()
            campaign = await campaigns.get_campaign(self._pool, campaign_id)
            if campaign is None or campaign.closed_at is not None:
                continue
            looked_at += 1
            if not await self._runs(campaign_workflow_id(campaign_id)):
                await self._start_campaign(campaign)
                missing.campaigns.append(campaign_id)
            looked_at += await self._check_contacts(campaign, missing, patience_s)
            missing.batches += await self._report_ended_batches(campaign_id)
            if len(missing.batches) + len(missing.contacts) >= AT_ONCE:
                break
        return Looked(
            part="workflows",
            looked_at=looked_at,
            findings=[
                *found(
                    FindingKind.CAMPAIGN_WITHOUT_WORKFLOW,
                    missing.campaigns,
                    "campaigns without a workflow, which goes on from the database now",
                ),
                *found(
                    FindingKind.BATCH_WITHOUT_WORKFLOW,
                    missing.batches,
                    "batches without a workflow, started again or reported to their campaign",
                ),
                *found(
                    FindingKind.CONTACT_WITHOUT_WORKFLOW,
                    missing.contacts,
                    "contacts without a workflow, which goes on from the database now",
                ),
            ],
        )

    async def _start_campaign(self, campaign: Campaign) -> None:
        progress = await self._progress(campaign) if campaign.opened_at else None
        await self._temporal.start_workflow(
            "CampaignWorkflow",
            CampaignInput(campaign_id=campaign.id, progress=progress),
            id=campaign_workflow_id(campaign.id),
            task_queue=CAMPAIGN_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=TypedSearchAttributes([SearchAttributePair(CAMPAIGN, campaign.id)]),
            static_summary=f"Campaign {campaign.id}: taken up again",
            rpc_timeout=RPC_TIMEOUT,
        )

    async def _progress(self, campaign: Campaign) -> CampaignProgress:
        """Where a campaign stands by the database, as its workflow would have carried it on."""
        lanes = await campaigns.open_campaign(self._pool, campaign.id)
        started = await upkeep.started_batches(self._pool, campaign.id)
        numbers = {lane.lane: 0 for lane in lanes}
        for batch in started:
            lane = batch.number % len(lanes)
            numbers[lane] = max(numbers[lane], batch.number // len(lanes) + 1)
        return CampaignProgress(
            name=campaign.name,
            lanes=[
                LaneProgress(
                    sender_id=lane.sender_id,
                    lane=lane.lane,
                    batches=lane.batches,
                    started=numbers[lane.lane],
                    sending=numbers[lane.lane] > 0,  # if not, its wait ends at once, and the pause follows
                )
                for lane in lanes
            ],
            closes_by=campaign.closes_by,
            batch_pause_s=campaign.batch_pause_s or 0,
            open_batches=[batch.number for batch in started if batch.is_open],
            paused=campaign.status == "paused",
        )

    async def _check_contacts(self, campaign: Campaign, missing: Missing, patience_s: float) -> int:
        contacts = await upkeep.open_contacts(self._pool, campaign.id, older_than_s=patience_s)
        if not contacts:
            return 0
        running = {workflow_id async for workflow_id in self._running_contacts(campaign.id)}
        for batch, members in groupby(contacts, key=lambda contact: contact.batch):
            activity.heartbeat()
            if len(missing.batches) + len(missing.contacts) >= AT_ONCE:
                break
            everybody = list(members)
            alone = [member for member in everybody if _identity(member) not in running]
            if not alone:
                continue
            if alone == everybody and not await self._runs(batch_workflow_id(campaign.id, batch)):
                await self._start_batch(alone[0])
                missing.batches.append(batch_workflow_id(campaign.id, batch))
                continue
            for contact in alone:
                if await self._start_contact(campaign, contact):
                    missing.contacts.append(contact.contact_id)
        return len(contacts)

    async def _running_contacts(self, campaign_id: str) -> AsyncIterator[str]:
        query = (
            f"WorkflowType='ContactWorkflow' AND RelanceCampaign='{campaign_id}' AND ExecutionStatus='Running'"
        )
        async for execution in self._temporal.list_workflows(query):
            activity.heartbeat()
            yield execution.id

    async def _start_batch(self, member: OpenContact) -> None:
        batch: dict[str, Any] = {
            "campaign_id": member.campaign_id,
            "sender_id": member.sender_id,
            "batch": member.batch,
            "open_only": True,
        }
        await self._temporal.start_workflow(
            "BatchWorkflow",
            batch,
            id=batch_workflow_id(member.campaign_id, member.batch),
            task_queue=CAMPAIGN_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(CAMPAIGN, member.campaign_id),
                    SearchAttributePair(SENDER, member.sender_id),
                ]
            ),
            static_summary=f"Batch {member.batch}: taken up again",
            rpc_timeout=RPC_TIMEOUT,
        )

    async def _start_contact(self, campaign: Campaign, contact: OpenContact) -> bool:
        """False: it runs, which the list did not know yet, or it has ended meanwhile."""
        if await self._runs(_identity(contact)):
            return False
        if not await upkeep.is_still_open(self._pool, contact.campaign_id, contact.contact_id):
            return False
        start: dict[str, Any] = {
            "campaign_id": contact.campaign_id,
            "contact_id": contact.contact_id,
            "sender_id": contact.sender_id,
            "window_s": campaign.window_s,
            "grace_s": campaign.grace_s,
        }
        await self._temporal.start_workflow(
            "ContactWorkflow",
            start,
            id=_identity(contact),
            task_queue=CAMPAIGN_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(CAMPAIGN, contact.campaign_id),
                    SearchAttributePair(SENDER, contact.sender_id),
                    SearchAttributePair(CONTACT_STATE, ContactState.PENDING),
                ]
            ),
            static_summary="Contact taken up again",
            rpc_timeout=RPC_TIMEOUT,
        )
        return True

    async def _report_ended_batches(self, campaign_id: str) -> list[str]:
        """Tells a campaign of batches that have ended without telling it."""
        handle = self._temporal.get_workflow_handle(campaign_workflow_id(campaign_id))
        try:
            progress: dict[str, Any] | None = await handle.query("progress", rpc_timeout=RPC_TIMEOUT)
        except (RPCError, WorkflowQueryFailedError) as error:
            log.warning("a campaign does not say where it stands", campaign_id=campaign_id, error=str(error))
            return []
        reported = []
        for batch in progress["open_batches"] if progress else []:
            activity.heartbeat()
            states = await upkeep.batch_states(self._pool, campaign_id, batch)
            if not states or not all(is_final(ContactState(state)) for state in states):
                continue
            identity = batch_workflow_id(campaign_id, batch)
            if await self._runs(identity, else_if_unknown=True):
                continue
            await handle.signal("batch_done", {"batch": batch, "states": states}, rpc_timeout=RPC_TIMEOUT)
            reported.append(identity)
        return reported

    @activity.defn
    async def tell_replies(self) -> Looked:
        """Tells contacts' workflows of reactions that are stored and that they do not know."""
        untold = await upkeep.untold_replies(self._pool, older_than_s=self._patience_s, limit=AT_ONCE)
        found_untold, told = [], 0
        for reply in untold:
            activity.heartbeat()
            knows = await self._knows_a_reply(reply)
            if knows is not True:
                found_untold.append(reply.contact_id)
                told += knows is False and await self._tell(reply)
        findings = found(
            FindingKind.REPLY_NOT_TOLD,
            found_untold,
            "contacts that have reacted, and whose workflow was not told",
            fixed=told,
        )
        return Looked(part="replies", looked_at=len(untold), findings=findings)

    async def _knows_a_reply(self, reply: UntoldReply) -> bool | None:
        """None: it has no workflow. One whose batch was just started again appears in a moment."""
        handle = self._temporal.get_workflow_handle(contact_workflow_id(reply.campaign_id, reply.contact_id))
        deadline = asyncio.get_running_loop().time() + APPEARS_WITHIN_S
        while True:
            if await self._runs(handle.id):
                progress: dict[str, Any] = await handle.query("progress", rpc_timeout=RPC_TIMEOUT)
                return bool(progress["interactions"])
            if asyncio.get_running_loop().time() > deadline:
                return None
            await asyncio.sleep(0.5)

    async def _tell(self, reply: UntoldReply) -> bool:
        handle = self._temporal.get_workflow_handle(contact_workflow_id(reply.campaign_id, reply.contact_id))
        interaction = Interaction(
            id=reply.interaction_id,
            occurred_at=reply.occurred_at,
            received_at=reply.received_at,
            message_1_sent_at=reply.message_1_sent_at,
        )
        try:
            await handle.signal("interact", interaction, rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False
        return True

    @activity.defn
    async def settle_windows(self) -> Looked:
        """Settles windows that have closed without a final state (E13)."""
        overdue = await upkeep.overdue_windows(self._pool, older_than_s=self._patience_s, limit=AT_ONCE)
        settled = 0
        for contact in overdue:
            activity.heartbeat()
            settlement = await interactions.settle_window(
                self._pool, contact.campaign_id, contact.contact_id, now=datetime.now(UTC)
            )
            settled += is_final(settlement.state)
        findings = found(
            FindingKind.OVERDUE_WINDOW,
            [contact.contact_id for contact in overdue],
            "windows that had closed without a final state",
            fixed=settled,
        )
        return Looked(part="windows", looked_at=len(overdue), findings=findings)

    @activity.defn
    async def recount(self) -> Looked:
        """Counts what the counters count, and corrects those that are wrong."""
        looked_at, wrong, details = 0, [], []
        for campaign_id in await upkeep_counters.counted_campaigns(self._pool):
            activity.heartbeat()
            looked_at += 1
            if drift := await upkeep_counters.correct(self._pool, campaign_id):
                wrong.append(campaign_id)
                details.append(", ".join(f"{name} {value:+d}" for name, value in sorted(drift.items())))
        findings = found(FindingKind.COUNTER_DRIFT, wrong, f"counters corrected by: {'; '.join(details)[:500]}")
        return Looked(part="counters", looked_at=looked_at, findings=findings)

    async def _runs(self, workflow_id: str, *, else_if_unknown: bool = False) -> bool:
        """Whether a workflow of this id runs now; `else_if_unknown` for one that Temporal does not know."""
        try:
            execution = await self._temporal.get_workflow_handle(workflow_id).describe(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return else_if_unknown
        return execution.status is WorkflowExecutionStatus.RUNNING


def _identity(contact: OpenContact) -> str:
    return contact_workflow_id(contact.campaign_id, contact.contact_id)

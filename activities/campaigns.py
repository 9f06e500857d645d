"""Opens, feeds, settles and closes campaigns: the activities that touch the database only."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.beating import heartbeats
from activities.estimates import share_load
from domain.contact_states import ContactState
from domain.run_settings import RunSettings
from storage import batches, campaigns, interactions, run_settings
from storage.campaigns import Campaign, Lane, NothingToRunError
from storage.database import Pool
from storage.interactions import NotWorkedOffError

log = structlog.get_logger(__name__)

POLL_S = 0.5
NOT_WORKED_OFF_S = 1.0
NOTHING_TO_RUN = "NothingToRun"


@dataclass(frozen=True, kw_only=True)
class OpenedCampaign:
    """What the campaign workflow needs to know; durations in seconds."""

    name: str
    lanes: list[Lane]
    closes_by: datetime  # the maximum age
    batch_pause_s: float


@dataclass(frozen=True, kw_only=True)
class BatchRef:
    """One batch of one campaign."""

    campaign_id: str
    batch: int
    open_only: bool = False  # of a batch that is taken up again: the others have ended


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The contacts of a batch, and how long they may take to react."""

    contact_ids: list[str]
    window_s: float
    grace_s: float


@dataclass(frozen=True, kw_only=True)
class SettleInput:
    """Whose window has ended, by the workflow's clock."""

    campaign_id: str
    contact_id: str
    now: datetime


@dataclass(frozen=True, kw_only=True)
class SettleOutcome:
    """The contact's state now; `reply` means that Message 2 is due, `wait` that the window is still open."""

    state: str
    sent_at: datetime
    reply: bool
    wait: bool


@dataclass(frozen=True, kw_only=True)
class FailInput:
    """Whose workflow ended without a final state, and how."""

    campaign_id: str
    contact_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class StopInput:
    """Ends every open contact of a campaign in that final state."""

    campaign_id: str
    state: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CloseInput:
    """Why the campaign closes: all_final, max_age or cancelled."""

    campaign_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CloseOutcome:
    """The report in one sentence."""

    summary: str


class CampaignActivities:
    """Everything a campaign does besides sending."""

    def __init__(self, pool: Pool, defaults: RunSettings) -> None:
        self._pool = pool
        self._defaults = defaults

    @activity.defn
    async def open_campaign(self, campaign_id: str) -> OpenedCampaign:
        """Snapshots the audience into batches and lanes, the load shared by what each sender can still send.

        Raises an ApplicationError that no retry mends for a campaign that was cancelled or deleted meanwhile.
        """
        try:
            async with heartbeats():
                return await self._open(campaign_id)
        except NothingToRunError as error:
            raise ApplicationError(
                str(error),
                type=NOTHING_TO_RUN,
                non_retryable=True,
                category=ApplicationErrorCategory.BENIGN,
            ) from error

    async def _open(self, campaign_id: str) -> OpenedCampaign:
        campaign = await self._campaign(campaign_id)
        shares = await share_load(self._pool, self._defaults, campaign) if campaign.opened_at is None else None
        lanes = await campaigns.open_campaign(self._pool, campaign_id, shares)
        campaign = await self._campaign(campaign_id)
        log.info("campaign opened", campaign_id=campaign_id, lanes=len(lanes))
        return OpenedCampaign(
            name=campaign.name,
            lanes=lanes,
            closes_by=campaign.closes_by,
            batch_pause_s=await self._batch_pause_s(campaign),
        )

    @activity.defn
    async def load_batch(self, ref: BatchRef) -> Batch:
        """The contacts of a batch, which keeps the settings of this moment."""
        campaign = await self._campaign(ref.campaign_id)
        sender_id = await batches.batch_sender(self._pool, ref.campaign_id, ref.batch)
        if sender_id is not None:
            settings = await run_settings.for_batch(
                self._pool, self._defaults, sender_id=sender_id, campaign_id=ref.campaign_id
            )
            await batches.start_batch(self._pool, ref.campaign_id, ref.batch, sender_id, settings)
        return Batch(
            contact_ids=await batches.list_batch(
                self._pool, ref.campaign_id, ref.batch, open_only=ref.open_only
            ),
            window_s=campaign.window_s,
            grace_s=campaign.grace_s,
        )

    @activity.defn
    async def await_messages_sent(self, ref: BatchRef) -> float | None:
        """Waits until nobody in the batch lacks Message 1; returns the pause that follows, in seconds."""
        while await batches.has_pending(self._pool, ref.campaign_id, ref.batch):
            activity.heartbeat()
            if activity.is_worker_shutdown():
                raise ApplicationError(
                    "this worker stops, another one waits on",
                    next_retry_delay=timedelta(seconds=POLL_S),
                    category=ApplicationErrorCategory.BENIGN,
                )
            await asyncio.sleep(POLL_S)
        return await self._batch_pause_s(await self._campaign(ref.campaign_id))

    async def _batch_pause_s(self, campaign: Campaign) -> float:
        return await run_settings.batch_pause_s(self._pool, self._defaults, campaign.id, campaign.batch_pause_s)

    @activity.defn
    async def settle_contact(self, settle: SettleInput) -> SettleOutcome:
        """Settles a window that has ended, by what is stored (E12).

        Raises a retryable ApplicationError while a webhook that landed in time waits to be worked off.
        """
        try:
            settlement = await interactions.settle_window(
                self._pool, settle.campaign_id, settle.contact_id, now=settle.now
            )
        except NotWorkedOffError as error:
            raise ApplicationError(
                "a webhook that landed in time is not worked off yet",
                type="NotWorkedOff",
                next_retry_delay=timedelta(seconds=NOT_WORKED_OFF_S),
                category=ApplicationErrorCategory.BENIGN,
            ) from error
        log.info(
            "window settled",
            campaign_id=settle.campaign_id,
            contact_id=settle.contact_id,
            state=settlement.state,
        )
        return SettleOutcome(
            state=settlement.state,
            sent_at=settlement.sent_at,
            reply=settlement.interaction_id is not None,
            wait=settlement.wait,
        )

    @activity.defn
    async def stop_contacts(self, stop: StopInput) -> int:
        """Ends every open contact in that state; returns how many there were."""
        async with heartbeats():
            return await campaigns.stop_contacts(
                self._pool, stop.campaign_id, ContactState(stop.state), stop.reason
            )

    @activity.defn
    async def fail_contact(self, fail: FailInput) -> None:
        """Records that a contact's workflow ended without a final state, so that nobody is forgotten."""
        await campaigns.fail_contact(self._pool, fail.campaign_id, fail.contact_id, fail.reason)

    @activity.defn
    async def close_campaign(self, close: CloseInput) -> CloseOutcome:
        """Stores the final statistics and the report, and logs them (E16)."""
        left_over = ContactState.CANCELLED if close.reason == "cancelled" else ContactState.EXPIRED
        async with heartbeats():
            report = await campaigns.close_campaign(
                self._pool, close.campaign_id, close_reason=close.reason, left_over=left_over
            )
        log.info("campaign closed", **report.to_json())
        return CloseOutcome(summary=report.summary())

    async def _campaign(self, campaign_id: str) -> campaigns.Campaign:
        campaign = await campaigns.get_campaign(self._pool, campaign_id)
        if campaign is None:
            raise NothingToRunError(f"there is no campaign {campaign_id}")
        return campaign

"""What follows when a person confirms a restored installation: the gateway is asked, then things go on."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from activities.bell import SenderBell
from activities.installation import CLOCKS_DIFFER, end_campaign_workflows, our_reference
from domain.providers import Provider
from domain.upkeep import Finding, FindingKind, Looked, found
from providers.base import DeliveryStatus, Gateway, GatewayMessage
from storage import installation, lost_sends, outcomes, senders, sending
from storage.database import Pool
from storage.installation import LatestSend
from storage.lost_sends import TakenMessage

log = structlog.get_logger(__name__)

REQUEST_GAP_S = 0.2
MOST_PAGES = 5000  # of one sender: half a million messages
# Where the database does not say when it was alive, what matters is not older than any campaign.
LONGEST_UNKNOWN = timedelta(days=7)
NOT_TO_BE_ASKED = (
    "the installation was restored, and Meta does not tell what this number has sent since the backup: whoever "
    "resumes it may send some messages of running campaigns twice; to be safe, cancel those first"
)


class RestoreActivities:
    """The steps of a confirmation; each may be repeated."""

    def __init__(self, pool: Pool, temporal: Client, gateway: Gateway, bell: SenderBell) -> None:
        self._pool = pool
        self._temporal = temporal
        self._gateway = gateway
        self._bell = bell

    @activity.defn
    async def adopt_sent(self) -> Looked:
        """Marks what the gateway took and this database does not know. Raises GatewayError.

        What failed at the gateway reached nobody, and is left out.
        """
        known = await installation.get_installation(self._pool)
        if known.held_since is None:
            return Looked(part="restore", looked_at=0)
        since = (known.unknown_since or known.now - LONGEST_UNKNOWN) - CLOCKS_DIFFER
        looked_at = 0
        marked: list[str] = []
        kept: list[str] = []
        for sender in await installation.latest_sends(self._pool):
            if sender.provider == Provider.META:
                # Nobody can be asked what it sent since the backup: a person decides between twice and never.
                await senders.stop_sender(self._pool, sender.sender_id, NOT_TO_BE_ASKED)
                continue
            for page in range(MOST_PAGES):
                activity.heartbeat()
                await asyncio.sleep(REQUEST_GAP_S)
                taken, more = await self._gateway.list_accepted(
                    device=sender.device_id, since=since, until=datetime.now(UTC), page=page
                )
                looked_at += len(taken)
                await self._adopt(sender, taken, marked, kept)
                if not more:
                    break
            else:
                raise ApplicationError(f"too many messages of sender {sender.sender_id} to look at")
        claimed = await self._claim()
        return Looked(part="restore", looked_at=looked_at, findings=await self._findings(marked, kept, claimed))

    async def _adopt(
        self, sender: LatestSend, taken: list[GatewayMessage], marked: list[str], kept: list[str]
    ) -> None:
        ours = {reference: message for message in taken if (reference := our_reference(message))}
        handed_over, waiting = await lost_sends.split_known(self._pool, list(ours))
        for reference, message in ours.items():
            if reference in handed_over or message.status is DeliveryStatus.FAILED:
                continue
            accepted_at = message.accepted_at or datetime.now(UTC)
            ours_taken = TakenMessage(
                provider_id=message.provider_id,
                sender_id=sender.sender_id,
                reference=reference,
                phone=message.phone or "",
                body=message.body or "",
                wa_id=message.wa_id,
                accepted_at=accepted_at,
                sent_at=message.sent_at,
            )
            if reference in waiting:
                if await outcomes.adopt(self._pool, reference, ours_taken):
                    marked.append(reference)
            elif await lost_sends.keep(self._pool, ours_taken):
                kept.append(reference)

    async def _claim(self) -> int:
        """Messages that are due here take the place of those that were sent before the restore."""
        claimed = 0
        for claim in await lost_sends.claims(self._pool):
            activity.heartbeat()
            step = await sending.begin_attempt(
                self._pool, claim.campaign_id, claim.contact_id, claim.message_type
            )
            claimed += isinstance(step, outcomes.Settled) and step.sent_at is not None
        return claimed

    async def _findings(self, marked: list[str], kept: list[str], claimed: int) -> list[Finding]:
        left = await lost_sends.count_unclaimed(self._pool)
        detail = (
            f"messages that were sent and that the database did not know: {len(marked)} are marked as sent, "
            f"{claimed} took the place of one that was due, {left} fit nothing that is stored here so far"
        )
        return found(FindingKind.SENT_BEFORE_RESTORE, [*marked, *kept], detail)

    @activity.defn
    async def end_old_workflows(self) -> Looked:
        """Ends the campaigns, batches and contacts that Temporal runs: the database knows where each stands.

        They may be of another time than the database. What is under way is started again from it afterwards.
        """
        if (await installation.get_installation(self._pool)).held_since is None:
            return Looked(part="old workflows", looked_at=0)
        ended = await end_campaign_workflows(self._temporal, activity.heartbeat)
        return Looked(part="old workflows", looked_at=ended)

    @activity.defn
    async def release_hold(self) -> bool:
        """Lets messages leave again; False if nobody has confirmed, or nothing was held."""
        if not await installation.release(self._pool):
            return False
        log.warning("a person has confirmed the restored installation: messages leave again")
        for sender in await senders.list_senders(self._pool):
            await self._bell.ring(sender.id, resumed=True)
        return True

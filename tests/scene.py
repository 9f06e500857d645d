"""One open campaign for one test, and short ways to look at what the database says of it."""

from dataclasses import dataclass
from typing import Any

from domain.messages import MessageType
from domain.report import CampaignCounters
from storage import campaigns, sending
from storage.campaigns import Campaign
from storage.database import Pool
from storage.outcomes import Settled
from storage.reservations import Held
from storage.senders import Sender
from tests.conftest import Town

CONTACTS = """
    SELECT cc.contact_id::text FROM campaign_contacts cc JOIN contacts co ON co.id = cc.contact_id
    WHERE cc.campaign_id = $1 ORDER BY co.phone
"""
# What the counters have to say, counted from the rows themselves.
RECOUNT = """
    SELECT * FROM (
        SELECT count(*) AS total_contacts,
            count(*) FILTER (WHERE state = 'pending') AS pending,
            count(*) FILTER (WHERE state = 'message_1_sent') AS message_1_sent,
            count(*) FILTER (WHERE state = 'message_2_sent') AS message_2_sent,
            count(*) FILTER (WHERE state = 'no_interaction') AS no_interaction,
            count(*) FILTER (WHERE state = 'late_interaction') AS late_interaction,
            count(*) FILTER (WHERE state = 'failed') AS failed,
            count(*) FILTER (WHERE state = 'opted_out') AS opted_out,
            count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
            count(*) FILTER (WHERE state = 'expired') AS expired
        FROM campaign_contacts WHERE campaign_id = $1
    ) contacts_by_state, (
        SELECT
            count(*) FILTER (WHERE message_type = 'message_1' AND accepted_at IS NOT NULL) AS messages_1_sent,
            count(*) FILTER (WHERE message_type = 'message_2' AND accepted_at IS NOT NULL) AS messages_2_sent,
            count(*) FILTER (WHERE message_type = 'message_1' AND status IN ('delivered', 'read'))
                AS messages_1_delivered,
            count(*) FILTER (WHERE message_type = 'message_1' AND status = 'read') AS messages_1_read,
            count(*) FILTER (WHERE status IN ('delivered', 'read')) AS messages_delivered,
            count(*) FILTER (WHERE status = 'read') AS messages_read,
            count(*) FILTER (WHERE status = 'failed') AS failures
        FROM messages WHERE campaign_id = $1
    ) messages_by_status, (
        SELECT count(*) AS interactions,
            count(*) FILTER (WHERE suppressed_duplicate) AS suppressed_duplicates
        FROM interactions WHERE campaign_id = $1
    ) reactions
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """A running campaign with its snapshot taken and no workflow: the test itself takes every step."""

    town: Town
    sender: Sender
    campaign: Campaign
    phones: list[str]
    contact_ids: list[str]  # in the order of the phones

    @property
    def pool(self) -> Pool:
        return self.town.pool

    async def state(self, nth: int = 0) -> str:
        """The state of one contact."""
        return str((await self.contact(nth))["state"])

    async def contact(self, nth: int = 0) -> Any:
        """The row of one contact in this campaign."""
        return await self.pool.fetchrow(
            "SELECT * FROM campaign_contacts WHERE campaign_id = $1 AND contact_id = $2",
            self.campaign.id,
            self.contact_ids[nth],
        )

    async def message(self, nth: int = 0, message_type: MessageType = MessageType.MESSAGE_1) -> Any:
        """One message of one contact, or None; `id` as text."""
        return await self.pool.fetchrow(
            "SELECT *, id::text AS id FROM messages "
            "WHERE campaign_id = $1 AND contact_id = $2 AND message_type = $3",
            self.campaign.id,
            self.contact_ids[nth],
            message_type,
        )

    async def sends(self, nth: int = 0) -> list[Any]:
        """The log of attempts for one contact, in their order."""
        return await self.pool.fetch(
            "SELECT * FROM sends WHERE campaign_id = $1 AND contact_id = $2 ORDER BY id",
            self.campaign.id,
            self.contact_ids[nth],
        )

    async def outcomes(self, nth: int = 0) -> list[str | None]:
        """What became of each attempt for one contact."""
        return [row["outcome"] for row in await self.sends(nth)]

    async def interactions(self, nth: int = 0) -> list[Any]:
        """The stored reactions of one contact, in the order of their storing."""
        return await self.pool.fetch(
            "SELECT * FROM interactions WHERE campaign_id = $1 AND contact_id = $2 ORDER BY id",
            self.campaign.id,
            self.contact_ids[nth],
        )

    async def recounted(self) -> CampaignCounters:
        """The counters as the rows tell them."""
        row = await self.pool.fetchrow(RECOUNT, self.campaign.id)
        assert row is not None
        return CampaignCounters(**row)

    async def begin(
        self, nth: int = 0, message_type: MessageType = MessageType.MESSAGE_1
    ) -> sending.Ready | sending.Unresolved | Held | Settled:
        """The stored intent, as a sending activity makes it."""
        return await sending.begin_attempt(self.pool, self.campaign.id, self.contact_ids[nth], message_type)


async def open_scene(
    town: Town,
    behaviours: list[dict[str, Any]] | int = 1,
    *,
    sender: Sender | None = None,
    **changes: Any,
) -> Scene:
    """A new campaign, opened, to that many silent people or to people of those behaviours."""
    if isinstance(behaviours, int):
        behaviours = [{"script": []}] * behaviours
    category_id, phones = await town.people(behaviours)
    account = sender or await town.sender()
    campaign = await town.campaign(category_id, [account.id], **changes)
    await campaigns.open_campaign(town.pool, campaign.id)
    rows = await town.pool.fetch(CONTACTS, campaign.id)
    return Scene(town, account, campaign, phones, [row["contact_id"] for row in rows])

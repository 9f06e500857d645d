"""When will a campaign be done? The rules of pacing on a simulated clock, from what is known now (P9)."""

import asyncio
from dataclasses import dataclass, replace

from domain.pacing.forecast import CampaignForecast, forecast
from domain.run_settings import RunSettings
from storage.campaigns import Campaign
from storage.database import Pool
from storage.outlooks import Outlook, gather_outlook

LONGEST_LOOK_S = 90 * 86400.0
SAMPLE = 20_000  # of the contacts, when only the shares of the senders are asked for
MOST_EXTRA_SENDERS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A campaign's forecast. Moments in unix seconds; a draft is looked at as if it started at `now`."""

    now: float
    contacts: int  # to whom Message 1 is still to be sent
    senders: int
    max_age_s: float
    closes_by: float  # the maximum age
    forecast: CampaignForecast

    @property
    def fits(self) -> bool:
        """Whether the campaign can end before its maximum age does."""
        return self.forecast.closes_at is not None and self.forecast.closes_at <= self.closes_by

    @property
    def duration_s(self) -> float | None:
        """From now until it closes; None if that is too far away to say."""
        return None if self.forecast.closes_at is None else self.forecast.closes_at - self.now


async def estimate_campaign(pool: Pool, defaults: RunSettings, campaign: Campaign) -> Estimate:
    """The estimate from what is known at this moment."""
    return await asyncio.to_thread(_estimate, await gather_outlook(pool, defaults, campaign), campaign)


def _estimate(outlook: Outlook, campaign: Campaign) -> Estimate:
    found = forecast(outlook.now, outlook.senders, outlook.campaigns, LONGEST_LOOK_S).get(campaign.id)
    started = campaign.started_at.timestamp() if campaign.started_at else outlook.now
    ended = campaign.closed_at.timestamp() if campaign.closed_at else outlook.now
    nothing_to_do = CampaignForecast(
        messages_1_done_at=ended, closes_at=ended, shares={}, per_day=(), limits={}
    )
    return Estimate(
        now=outlook.now,
        contacts=outlook.contacts,
        senders=len(outlook.senders),
        max_age_s=campaign.max_age_s,
        closes_by=started + campaign.max_age_s,
        forecast=found or nothing_to_do,
    )


async def senders_to_add(pool: Pool, defaults: RunSettings, campaign: Campaign) -> int | None:
    """How many more senders like the first one would let the campaign fit its maximum age.

    None if not even many of them would: then its window alone is longer, or nothing can be sent at all.
    """
    outlook = await gather_outlook(pool, defaults, campaign)
    return await asyncio.to_thread(_senders_to_add, outlook, campaign)


def _senders_to_add(outlook: Outlook, campaign: Campaign) -> int | None:
    def fits(extra: int) -> bool:
        added = [replace(outlook.senders[0], id=f"extra-{number}") for number in range(extra)]
        own = next(each for each in outlook.campaigns if each.id == campaign.id)
        wider = replace(own, sender_ids=[*own.sender_ids, *(sender.id for sender in added)])
        courses = [wider if each.id == campaign.id else each for each in outlook.campaigns]
        found = forecast(outlook.now, [*outlook.senders, *added], courses, campaign.max_age_s)
        return found[campaign.id].closes_at is not None

    if not outlook.senders or not fits(MOST_EXTRA_SENDERS):
        return None
    enough, too_few = MOST_EXTRA_SENDERS, 0
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        if fits(middle):
            enough = middle
        else:
            too_few = middle
    return enough


async def share_load(pool: Pool, defaults: RunSettings, campaign: Campaign) -> dict[str, float]:
    """The part of the audience that each sender can best take, by sender id; they add up to 1.

    Each gets what it can send until all of them are done at the same time. One that cannot send gets nothing,
    unless none can.
    """
    outlook = await gather_outlook(pool, defaults, campaign)
    courses = [
        replace(each, unassigned=min(each.unassigned, SAMPLE)) if each.id == campaign.id else each
        for each in outlook.campaigns
    ]
    found = await asyncio.to_thread(forecast, outlook.now, outlook.senders, courses, campaign.max_age_s)
    shares = found[campaign.id].shares if campaign.id in found else {}
    total = sum(shares.values())
    if not total:
        return dict.fromkeys(campaign.sender_ids, 1 / len(campaign.sender_ids))
    return {sender_id: share / total for sender_id, share in shares.items() if share}

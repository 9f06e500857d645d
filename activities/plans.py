"""Whether a campaign can start as it is, and in words what it needs otherwise."""

from dataclasses import dataclass
from math import ceil

from activities.estimates import LONGEST_LOOK_S, Estimate, estimate_campaign, senders_to_add
from domain.pacing.simulation import Hold
from domain.run_settings import RunSettings
from storage.campaigns import Campaign
from storage.database import Pool

_LIMITS = {
    Hold.PACE: "the pace of its senders",
    Hold.REST: "rests of its senders",
    Hold.BATCH_PAUSE: "pauses between batches",
    Hold.NIGHT: "the night",
    Hold.QUOTA: "the quota of its senders",
    Hold.WARM_UP: "the warm-up of young accounts",
    Hold.UNAVAILABLE: "senders that are paused or stopped",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanProblem:
    """Why a campaign cannot start; `estimate` is set when it would take too long."""

    title: str
    detail: str
    estimate: Estimate | None = None
    senders_to_add: int | None = None


async def find_plan_problem(pool: Pool, defaults: RunSettings, campaign: Campaign) -> PlanProblem | None:
    """What stands against starting the campaign now; None: nothing."""
    estimate = await estimate_campaign(pool, defaults, campaign)
    if not estimate.contacts:
        return PlanProblem(
            title="Nobody to write to",
            detail="import contacts into one of the campaign's categories first",
        )
    if estimate.fits:
        return None
    more = await senders_to_add(pool, defaults, campaign)
    return PlanProblem(
        title="The campaign cannot fit its maximum age",
        detail=f"{_in_words(estimate)}; {_ways_out(estimate, more)}",
        estimate=estimate,
        senders_to_add=more,
    )


def _in_words(estimate: Estimate) -> str:
    """Why a campaign does not fit, with its numbers."""
    senders = "1 sender" if estimate.senders == 1 else f"{estimate.senders} senders"
    contacts = "1 contact" if estimate.contacts == 1 else f"{estimate.contacts} contacts"
    takes = (
        f"about {_hours(estimate.duration_s)}"
        if estimate.duration_s is not None
        else f"more than {LONGEST_LOOK_S / 86400:.0f} days"
    )
    text = f"{contacts} over {senders} take {takes}, and the maximum age is {_hours(estimate.max_age_s)}"
    limit = next(iter(estimate.forecast.limits), None)
    return f"{text}: most of it is {_LIMITS[limit]}" if limit else text


def _ways_out(estimate: Estimate, senders_to_add: int | None) -> str:
    """What a person can do about it."""
    ways = []
    if estimate.duration_s is not None:
        # A draft may have no more than what an estimate looks ahead.
        tenths_of_hours = ceil(min(estimate.duration_s * 1.1, LONGEST_LOOK_S) / 360)
        ways.append(f"raise max_age_s to {tenths_of_hours * 360} ({tenths_of_hours / 10:.1f} h)")
    if senders_to_add:
        more = "one more sender" if senders_to_add == 1 else f"{senders_to_add} more senders"
        ways.append(f"add {more} like the first")
    return " or ".join(ways) or "resume a sender, or write to fewer contacts"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h"

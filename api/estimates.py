"""Estimates as people read them: when, how many from which sender, and what holds it up."""

from datetime import UTC, date, datetime
from math import ceil

from pydantic import AwareDatetime, BaseModel, Field

from activities.estimates import LONGEST_LOOK_S, Estimate
from domain.pacing.simulation import Hold

_LIMITS = {
    Hold.PACE: "the pace of its senders",
    Hold.REST: "rests of its senders",
    Hold.BATCH_PAUSE: "pauses between batches",
    Hold.NIGHT: "the night",
    Hold.QUOTA: "the quota of its senders",
    Hold.WARM_UP: "the warm-up of young accounts",
    Hold.UNAVAILABLE: "senders that are paused or stopped",
}


class DayOut(BaseModel):
    """One day in UTC."""

    day: date
    messages: int = Field(description="Both kinds together")


class EstimateOut(BaseModel):
    """When a campaign will be done."""

    estimated_at: AwareDatetime
    contacts: int = Field(description="To whom Message 1 is still to be sent")
    messages_1_done_at: AwareDatetime | None = Field(description="Unset: too far away to say")
    closes_at: AwareDatetime | None
    closes_by: AwareDatetime = Field(description="The maximum age")
    fits: bool = Field(description="Whether it closes before its maximum age")
    messages_1_by_sender: dict[str, int]
    per_day: list[DayOut]
    held_up_by: dict[str, float] = Field(description="What Messages 1 wait for, in seconds, longest first")


def shown_estimate(estimate: Estimate) -> EstimateOut:
    """The estimate as the API answers it."""
    found = estimate.forecast
    return EstimateOut(
        estimated_at=_moment(estimate.now),
        contacts=estimate.contacts,
        messages_1_done_at=_moment(found.messages_1_done_at) if found.messages_1_done_at else None,
        closes_at=_moment(found.closes_at) if found.closes_at else None,
        closes_by=_moment(estimate.closes_by),
        fits=estimate.fits,
        messages_1_by_sender=found.shares,
        per_day=[DayOut(day=day, messages=messages) for day, messages in found.per_day],
        held_up_by={str(hold): round(seconds) for hold, seconds in found.limits.items()},
    )


def in_words(estimate: Estimate) -> str:
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


def ways_out(estimate: Estimate, senders_to_add: int | None) -> str:
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


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)

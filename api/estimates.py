"""Estimates as people read them: when, how many from which sender, and what holds it up."""

from datetime import UTC, date, datetime

from pydantic import AwareDatetime, BaseModel, Field

from activities.estimates import Estimate


class EstimatedDayOut(BaseModel):
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
    per_day: list[EstimatedDayOut]
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
        per_day=[EstimatedDayOut(day=day, messages=messages) for day, messages in found.per_day],
        held_up_by={str(hold): round(seconds) for hold, seconds in found.limits.items()},
    )


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)

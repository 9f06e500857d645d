"""Statistics: of everything, of a campaign, of a category, and by day.

They are read from counters that change in the transaction of each message, in one statement each (A4 to A6).
"""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from api.caching import GLOBAL, Cached, answer, of_campaign, of_category, of_days
from api.dependencies import Needs
from api.problems import PROBLEM_RESPONSES, not_found
from domain.statistics import REPLY_TIME_LIMITS_S, rate
from storage import statistics
from storage.statistics import Statistics

router = APIRouter(prefix="/api", tags=["statistics"], responses=PROBLEM_RESPONSES)

Days = Annotated[int, Query(ge=1, le=90, description="How many days in UTC, today included")]


class ReplyTimeOut(BaseModel):
    """How many contacts reacted within a time after Message 1."""

    name: str
    under_s: float | None = Field(description="Seconds; each contact is in the first class that it is under")
    contacts: int


class StatisticsOut(BaseModel):
    """What was reached. Rates from 0 to 1."""

    total_contacts: int = Field(description="Of the campaign; of a category or in all: contacts there are now")
    enrolled_contacts: int = Field(description="Contacts in campaigns, once per campaign")
    messages_sent: int = Field(description="That the provider accepted, both messages together")
    messages_1_sent: int
    messages_2_sent: int
    messages_1_delivered: int = Field(description="Of Message 1 alone; a message that was read counts as well")
    messages_1_read: int
    messages_delivered: int
    messages_read: int
    interactions: int = Field(description="Reactions, however many of one contact")
    suppressed_duplicates: int = Field(description="Reactions that earned nothing, as an earlier one had")
    failures: int = Field(description="Messages that failed for good")
    opted_out_contacts: int
    contacts_replied: int
    interaction_rate: float = Field(description="Contacts who reacted, of those who got Message 1")
    delivery_rate: float
    read_rate: float
    failure_rate: float = Field(description="Of the messages that were sent or failed")
    contacts_by_state: dict[str, int]
    reply_times: list[ReplyTimeOut]
    as_of: AwareDatetime
    frozen: bool = Field(description="The campaign has closed: these are the numbers of its report")


class DayOut(BaseModel):
    """One day in UTC."""

    day: date
    messages_sent: int
    messages_1_sent: int
    messages_2_sent: int
    messages_delivered: int
    messages_read: int
    interactions: int
    failures: int


class DailyOut(BaseModel):
    """A series of days, the oldest first, today last; days on which nothing happened are in it."""

    days: list[DayOut]


@router.get("/statistics", response_model=StatisticsOut)
async def get_statistics(needs: Needs, cache: Cached) -> Response:
    """Everything together."""

    async def load() -> StatisticsOut:
        return _shown(await statistics.global_statistics(needs.pool))

    return await answer(cache, GLOBAL, load)


@router.get("/statistics/daily", response_model=DailyOut)
async def get_daily_statistics(
    needs: Needs,
    cache: Cached,
    days: Days = 7,
    campaign_id: Annotated[UUID | None, Query(description="Of this campaign alone")] = None,
) -> Response:
    """What happened on each of the last days."""
    campaign = None if campaign_id is None else str(campaign_id)

    async def load() -> DailyOut | None:
        found = await statistics.daily_statistics(needs.pool, days, campaign)
        if found is None:
            return None
        return DailyOut(
            days=[
                DayOut(
                    messages_sent=day.messages_1_sent + day.messages_2_sent,
                    **{name: getattr(day, name) for name in DayOut.model_fields if hasattr(day, name)},
                )
                for day in found
            ]
        )

    return await answer(cache, of_days(days, campaign), load, not_found("campaign", str(campaign)))


@router.get("/campaigns/{campaign_id}/statistics", response_model=StatisticsOut)
async def get_campaign_statistics(campaign_id: UUID, needs: Needs, cache: Cached) -> Response:
    """One campaign: live while it is open, and as in its report once it has closed."""

    async def load() -> StatisticsOut | None:
        found = await statistics.campaign_statistics(needs.pool, str(campaign_id))
        return _shown(found) if found else None

    return await answer(cache, of_campaign(str(campaign_id)), load, not_found("campaign", str(campaign_id)))


@router.get("/categories/{category_id}/statistics", response_model=StatisticsOut)
async def get_category_statistics(category_id: UUID, needs: Needs, cache: Cached) -> Response:
    """The campaigns made for a category; a campaign for several categories counts fully in each."""

    async def load() -> StatisticsOut | None:
        found = await statistics.category_statistics(needs.pool, str(category_id))
        return _shown(found) if found else None

    return await answer(cache, of_category(str(category_id)), load, not_found("category", str(category_id)))


def _shown(found: Statistics) -> StatisticsOut:
    counters, reply_times = found.counters, found.reply_times
    opted_out = found.opted_out_contacts
    return StatisticsOut(
        total_contacts=found.total_contacts,
        enrolled_contacts=counters.total_contacts,
        messages_sent=counters.messages_sent,
        messages_1_sent=counters.messages_1_sent,
        messages_2_sent=counters.messages_2_sent,
        messages_1_delivered=counters.messages_1_delivered,
        messages_1_read=counters.messages_1_read,
        messages_delivered=counters.messages_delivered,
        messages_read=counters.messages_read,
        interactions=counters.interactions,
        suppressed_duplicates=counters.suppressed_duplicates,
        failures=counters.failures,
        opted_out_contacts=counters.opted_out if opted_out is None else opted_out,
        contacts_replied=reply_times.contacts,
        interaction_rate=rate(reply_times.contacts, counters.messages_1_sent),
        delivery_rate=rate(counters.messages_delivered, counters.messages_sent),
        read_rate=rate(counters.messages_read, counters.messages_sent),
        failure_rate=rate(counters.failures, counters.messages_sent + counters.failures),
        contacts_by_state=counters.by_state(),
        reply_times=[
            ReplyTimeOut(name=name, under_s=limit_s, contacts=getattr(reply_times, name))
            for name, limit_s in REPLY_TIME_LIMITS_S.items()
        ],
        as_of=found.as_of,
        frozen=found.frozen,
    )

"""Reactions, and everything that happened between one contact and us."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.dependencies import Needs
from api.listing import as_page, read_key
from api.pages import Cursor, Page, PageSize
from api.problems import PROBLEM_RESPONSES, not_found
from domain.interactions import InteractionKind
from storage import interaction_lists
from storage.interaction_lists import ListedInteraction, TimelineEntry

router = APIRouter(prefix="/api", tags=["interactions"], responses=PROBLEM_RESPONSES)


@router.get("/interactions")
async def list_interactions(
    needs: Needs,
    *,
    limit: PageSize = 50,
    cursor: Cursor = None,
    campaign_id: UUID | None = None,
    contact_id: UUID | None = None,
    interaction_type: Annotated[
        list[InteractionKind] | None, Query(description="Repeat it for several")
    ] = None,
    in_time: Annotated[bool | None, Query(description="Inside the campaign's window, or after it")] = None,
) -> Page[ListedInteraction]:
    """The reactions that were received last come first; of long texts only the beginning."""
    found = await interaction_lists.list_interactions(
        needs.pool,
        after=read_key("received", cursor, 1),
        limit=limit,
        campaign_id=None if campaign_id is None else str(campaign_id),
        contact_id=None if contact_id is None else str(contact_id),
        types=interaction_type,
        in_time=in_time,
    )
    return as_page("received", found)


@router.get("/contacts/{contact_id}/timeline")
async def get_timeline(
    contact_id: UUID,
    needs: Needs,
    *,
    limit: PageSize = 50,
    cursor: Cursor = None,
    campaign_id: Annotated[UUID | None, Query(description="Only what belongs to this campaign")] = None,
) -> Page[TimelineEntry]:
    """What happened with a contact, the latest first: messages, reactions, states, opt-out."""
    found = await interaction_lists.list_timeline(
        needs.pool,
        str(contact_id),
        after=read_key("timeline", cursor, 2),
        limit=limit,
        campaign_id=None if campaign_id is None else str(campaign_id),
    )
    if found is None:
        raise not_found("contact", str(contact_id))
    return as_page("timeline", found)

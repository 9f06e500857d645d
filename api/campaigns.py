"""Campaigns: the drafts, the lists, and what one looks like from all sides."""

from typing import Annotated, Any
from uuid import UUID

import pydantic
from fastapi import APIRouter, Query, status

from activities.estimates import estimate_campaign
from api.campaign_actions import end_workflow
from api.campaign_models import (
    AudienceIn,
    AudienceOut,
    CampaignChange,
    CampaignIn,
    CampaignName,
    CampaignOut,
    DraftPreviewIn,
    PreviewIn,
    PreviewOut,
    RenderedMessage,
    shown,
)
from api.dependencies import Needs, Resources
from api.estimates import EstimateOut, shown_estimate
from api.guard import CurrentCaller
from api.listing import Search, as_page, read_key
from api.pages import Cursor, Page, PageSize
from api.problems import PROBLEM_RESPONSES, Problem, not_found
from domain.contact_states import ContactState
from domain.report import NOTHING_YET
from domain.run_settings import RunSettings
from domain.template import check_template, missing_variables, render
from storage import campaign_lists, campaigns, drafts, run_settings
from storage.campaign_lists import (
    CAMPAIGN_ORDERS,
    BatchProgress,
    CampaignOrder,
    CampaignPacingChange,
    LaneProgress,
    ListedCampaign,
    ListedContact,
)
from storage.campaigns import Campaign, UnknownReferenceError
from storage.drafts import AlreadyStartedError, Draft

router = APIRouter(prefix="/api/campaigns", tags=["campaigns"], responses=PROBLEM_RESPONSES)

SAMPLE_SIZE = 10
COPY_OF = "Copy of "
LONGEST_NAME = 200
NAME = pydantic.TypeAdapter(CampaignName)


@router.post("", status_code=status.HTTP_201_CREATED)
async def add_campaign(draft: CampaignIn, needs: Needs) -> CampaignOut:
    """Stores a draft; nothing is sent before it is started."""
    return await _add(needs, await _filled(needs, draft))


@router.get("")
async def list_campaigns(
    needs: Needs,
    *,
    limit: PageSize = 50,
    cursor: Cursor = None,
    order: CampaignOrder = CampaignOrder.CREATED,
    status: Annotated[
        list[str] | None,
        Query(description="draft, scheduled, running, paused, completed or cancelled; repeatable"),
    ] = None,
    sender_id: UUID | None = None,
    category_id: UUID | None = None,
    q: Annotated[str | None, Query(min_length=1, max_length=100, description="A part of the name")] = None,
) -> Page[ListedCampaign]:
    """Campaigns with their live counters, without their texts.

    `created` and `started` list the newest first, `name` goes from A to Z.
    """
    found = await campaign_lists.list_campaigns(
        needs.pool,
        order=order,
        after=read_key(order, cursor, len(CAMPAIGN_ORDERS[order].keys)),
        limit=limit,
        statuses=status,
        sender_id=_text(sender_id),
        category_id=_text(category_id),
        q=q,
    )
    return as_page(order, found)


@router.post("/audience")
async def preview_audience(audience: AudienceIn, needs: Needs) -> AudienceOut:
    """How many contacts a campaign would reach now, who is left out and why, and ten of those it reaches."""
    category_ids = [str(category_id) for category_id in audience.category_ids]
    try:
        measured = await drafts.measure_audience(
            needs.pool, everyone=audience.everyone, category_ids=category_ids
        )
    except UnknownReferenceError as error:
        raise Problem(422, "Unknown category", str(error)) from error
    return AudienceOut(
        audience=measured,
        sample=await drafts.sample_audience(
            needs.pool, everyone=audience.everyone, category_ids=category_ids, size=SAMPLE_SIZE
        ),
    )


@router.post("/preview")
async def preview_draft(preview: DraftPreviewIn, needs: Needs) -> PreviewOut:
    """Both messages as one contact would get them, before they are stored."""
    return await _rendered(needs, preview, preview.message_1, preview.message_2)


@router.get("/{campaign_id}")
async def get_campaign(campaign_id: UUID, needs: Needs) -> CampaignOut:
    """One campaign with its live counters."""
    found = await campaigns.get_with_counters(needs.pool, str(campaign_id))
    if found is None:
        raise not_found("campaign", str(campaign_id))
    return shown(needs, *found)


@router.patch("/{campaign_id}")
async def change_campaign(campaign_id: UUID, change: CampaignChange, needs: Needs) -> CampaignOut:
    """Changes a draft or a scheduled campaign. Once it has started, only its name can be changed (409)."""
    defaults = await run_settings.load(needs.pool, needs.settings.run_settings)

    def merge(campaign: Campaign) -> Draft:
        if campaign.status not in drafts.NOT_STARTED:
            return _renamed(campaign, change)
        return _draft_of(_checked(campaign, change), defaults)

    try:
        found = await drafts.change(needs.pool, str(campaign_id), merge)
    except AlreadyStartedError as error:
        raise Problem(
            409,
            "Campaign has started",
            f"this campaign is {error}: only its name can be changed; duplicate it to send something else",
        ) from error
    except UnknownReferenceError as error:
        raise Problem(422, "Unknown sender or category", str(error)) from error
    if not found:
        raise not_found("campaign", str(campaign_id))
    return await get_campaign(campaign_id, needs)


@router.delete("/{campaign_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_campaign(campaign_id: UUID, needs: Needs, caller: CurrentCaller) -> None:
    """Deletes a draft for good. What has started stays, with its results (409); cancel it instead."""
    campaign = await existing(needs, campaign_id)
    if not await drafts.delete(needs.pool, campaign.id, actor=caller.actor):
        hint = (
            "remove its schedule first"
            if campaign.status == "scheduled"
            else "its results are kept; a running campaign can be cancelled"
        )
        raise Problem(409, "Not a draft", f"this campaign is {campaign.status}: {hint}")
    await end_workflow(needs, campaign.id, "the draft was deleted while it was being started")


@router.post("/{campaign_id}/duplicate", status_code=status.HTTP_201_CREATED)
async def duplicate_campaign(campaign_id: UUID, needs: Needs) -> CampaignOut:
    """A new draft with the same texts, senders, categories and durations."""
    campaign = await existing(needs, campaign_id)
    fields = {name: getattr(campaign, name) for name in Draft.__dataclass_fields__}
    return await _add(needs, Draft(**{**fields, "name": f"{COPY_OF}{campaign.name}"[:LONGEST_NAME]}))


@router.post("/{campaign_id}/preview")
async def preview_messages(campaign_id: UUID, preview: PreviewIn, needs: Needs) -> PreviewOut:
    """Both messages as one contact would get them, and which of their variables have no value."""
    campaign = await existing(needs, campaign_id)
    return await _rendered(needs, preview, campaign.message_1, campaign.message_2)


@router.get("/{campaign_id}/estimate")
async def get_estimate(campaign_id: UUID, needs: Needs) -> EstimateOut:
    """When the campaign will be done, from what is known now; for a draft, as if it started now.

    The same rules that pace the sending are run ahead on a simulated clock: quota, rests, nights, warm-up,
    replies, and the campaigns that share its senders.
    """
    campaign = await existing(needs, campaign_id)
    return shown_estimate(await estimate_campaign(needs.pool, needs.settings.run_settings, campaign))


@router.get("/{campaign_id}/contacts")
async def list_contacts(
    campaign_id: UUID,
    needs: Needs,
    *,
    limit: PageSize = 50,
    cursor: Cursor = None,
    state: ContactState | None = None,
    q: Search = None,
) -> Page[ListedContact]:
    """The contacts of a campaign since it started, each with its two messages and its last reaction."""
    found = await campaign_lists.list_contacts(
        needs.pool, str(campaign_id), after=read_key("contact", cursor, 1), limit=limit, state=state, q=q
    )
    if not found.items:
        await existing(needs, campaign_id)
    return as_page("contact", found)


@router.get("/{campaign_id}/lanes")
async def list_lanes(campaign_id: UUID, needs: Needs) -> list[LaneProgress]:
    """How far each sender got with its part: batches and contacts, started and in total (P10)."""
    found = await campaign_lists.list_lanes(needs.pool, str(campaign_id))
    if not found:
        await existing(needs, campaign_id)
    return found


@router.get("/{campaign_id}/batches")
async def list_batches(
    campaign_id: UUID, needs: Needs, *, limit: PageSize = 20, cursor: Cursor = None
) -> Page[BatchProgress]:
    """The batches that have started, the latest first, with what their contacts do now (P10)."""
    found = await campaign_lists.list_batches(
        needs.pool, str(campaign_id), after=read_key("batch", cursor, 1), limit=limit
    )
    if not found.items:
        await existing(needs, campaign_id)
    return as_page("batch", found)


@router.get("/{campaign_id}/pacing-changes")
async def list_pacing_changes(
    campaign_id: UUID, needs: Needs, *, limit: PageSize = 50, cursor: Cursor = None
) -> Page[CampaignPacingChange]:
    """How the pace of its senders changed while it ran, and why; the newest first (P6)."""
    found = await campaign_lists.list_pacing_changes(
        needs.pool, str(campaign_id), after=read_key("change", cursor, 1), limit=limit
    )
    if not found.items:
        await existing(needs, campaign_id)
    return as_page("change", found)


async def existing(needs: Resources, campaign_id: UUID) -> Campaign:
    """The campaign. Raises Problem (404)."""
    campaign = await campaigns.get_campaign(needs.pool, str(campaign_id))
    if campaign is None:
        raise not_found("campaign", str(campaign_id))
    return campaign


async def _add(needs: Resources, draft: Draft) -> CampaignOut:
    fields: dict[str, Any] = {name: getattr(draft, name) for name in Draft.__dataclass_fields__}
    try:
        campaign = await campaigns.add_campaign(needs.pool, **fields)
    except UnknownReferenceError as error:
        raise Problem(422, "Unknown sender or category", str(error)) from error
    # Not read again: what could fail after the commit would be repeated, and make a second draft.
    return shown(needs, campaign, NOTHING_YET)


async def _filled(needs: Resources, draft: CampaignIn) -> Draft:
    return _draft_of(draft, await run_settings.load(needs.pool, needs.settings.run_settings))


def _draft_of(draft: CampaignIn, defaults: RunSettings) -> Draft:
    return Draft(
        name=draft.name,
        message_1=draft.message_1,
        message_2=draft.message_2,
        everyone=draft.everyone,
        sender_ids=[str(sender_id) for sender_id in draft.sender_ids],
        category_ids=[str(category_id) for category_id in draft.category_ids],
        window_s=defaults.window_s if draft.window_s is None else draft.window_s,
        grace_s=defaults.grace_s if draft.grace_s is None else draft.grace_s,
        max_age_s=defaults.max_age_s if draft.max_age_s is None else draft.max_age_s,
        batch_size=draft.batch_size or defaults.batch_size,
        batch_pause_s=draft.batch_pause_s,
    )


def _checked(campaign: Campaign, change: CampaignChange) -> CampaignIn:
    """The whole campaign as it would be. Raises Problem (422) when that makes no sense."""
    before = {name: getattr(campaign, name) for name in CampaignIn.model_fields}
    try:
        return CampaignIn.model_validate({**before, **change.model_dump(exclude_unset=True)})
    except pydantic.ValidationError as error:
        raise _invalid(error) from error


def _renamed(campaign: Campaign, change: CampaignChange) -> Draft:
    """A campaign that has started, with what was named; the storage refuses all but another name.

    Nothing else is checked: it was made under the rules of its time, and its categories may be gone since.
    """
    given = change.model_dump(exclude_unset=True, mode="json")
    if "name" in given:
        try:
            given["name"] = NAME.validate_python(given["name"])
        except pydantic.ValidationError as error:
            raise _invalid(error, field="name") from error
    return Draft(**{**{name: getattr(campaign, name) for name in Draft.__dataclass_fields__}, **given})


def _invalid(error: pydantic.ValidationError, *, field: str = "") -> Problem:
    errors = [
        {"field": ".".join(str(part) for part in item["loc"]) or field, "reason": item["msg"]}
        for item in error.errors()
    ]
    detail = "; ".join(f"{item['field']}: {item['reason']}".removeprefix(": ") for item in errors)
    return Problem(422, "Invalid request", detail, errors=errors)


async def _rendered(needs: Resources, preview: PreviewIn, message_1: str, message_2: str) -> PreviewOut:
    variables: dict[str, str] = {}
    if preview.contact_id is not None:
        known = await drafts.contact_variables(needs.pool, contact_id=str(preview.contact_id))
        if known is None:
            raise not_found("contact", str(preview.contact_id))
        variables |= known
    variables |= preview.variables or {}
    first, second = (
        RenderedMessage(
            text=render(template, variables),
            missing_variables=missing_variables(template, variables),
            problems=check_template(template),
        )
        for template in (message_1, message_2)
    )
    return PreviewOut(message_1=first, message_2=second, variables=variables)


def _text(identity: UUID | None) -> str | None:
    return None if identity is None else str(identity)

"""The settings that may change while Relance runs, and the log of who changed what."""

import asyncio
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, WithJsonSchema

from api.dependencies import Needs, Resources
from api.guard import CurrentCaller
from api.listing import as_page, read_key
from api.pages import Cursor, Page, PageSize
from api.problems import PROBLEM_RESPONSES, Problem, not_found
from domain.run_settings import (
    CATALOGUE,
    Effective,
    Setting,
    SettingScope,
    UnknownSettingError,
    WrongScopeError,
)
from storage import audit, run_settings, senders
from storage.run_settings import UnknownTargetError

router = APIRouter(prefix="/api", tags=["settings"], responses=PROBLEM_RESPONSES)

# Any: what is wrong with a value, the catalogue says better than a schema.
SettingValue = Annotated[Any, WithJsonSchema({"type": ["string", "number"]})]
OfSender = Annotated[UUID | None, Query(description="With the overrides of this sender")]
OfCampaign = Annotated[UUID | None, Query(description="With the overrides of this campaign")]


class SettingIn(BaseModel):
    """A new value: for one sender, for one campaign, or for everything when no id is given."""

    model_config = ConfigDict(extra="forbid")

    value: SettingValue = Field(description="A number or a text; GET /api/settings says which are allowed")
    sender_id: UUID | None = None
    campaign_id: UUID | None = None


class SettingOut(BaseModel):
    """One setting as it is now. Limits and choices are null where there are none."""

    name: str
    value: str | int | float
    source: str = Field(description="default, environment, stored (for everything), sender or campaign")
    default: str | int | float = Field(description="The built-in default")
    unit: str
    help: str
    lowest: float | None
    above: float | None = Field(description="A lower limit that is not allowed itself")
    highest: float | None
    choices: list[str] | None
    pattern: str | None
    scopes: list[SettingScope] = Field(description="What it can be overridden for")
    takes_effect: str


class AuditEntryOut(BaseModel):
    """One change: `before` is null when there was nothing, `after` when nothing is left."""

    id: str
    at: datetime
    actor: str
    action: str
    subject_type: str
    subject_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@router.get("/settings")
async def list_settings(
    needs: Needs, sender_id: OfSender = None, campaign_id: OfCampaign = None
) -> list[SettingOut]:
    """What every setting is now, and where it comes from.

    The narrowest value counts: the campaign's, else the sender's, else the one stored for everything, else the
    environment's, else the built-in default. A batch reads its values when it starts, and keeps them.
    """
    try:
        await run_settings.check_targets(needs.pool, sender_id=_text(sender_id), campaign_id=_text(campaign_id))
    except UnknownTargetError as error:
        raise not_found(error.what, error.identity) from error
    effective = await _effective(needs, sender_id, campaign_id)
    return [_shown(setting, effective[name]) for name, setting in CATALOGUE.items()]


@router.put("/settings/{name}")
async def change_setting(name: str, change: SettingIn, needs: Needs, caller: CurrentCaller) -> SettingOut:
    """Overrides a setting, for everything or for one sender or campaign; answers with what counts there now.

    A change of the rhythm applies to batches that start after it; what runs already keeps its values.
    `takes_effect` names the settings that wait for the next campaign, and those that count at once.
    """
    try:
        await run_settings.set_override(
            needs.pool,
            name,
            change.value,
            sender_id=_text(change.sender_id),
            campaign_id=_text(change.campaign_id),
            actor=caller.actor,
        )
    except (ValueError, UnknownTargetError) as error:
        raise _refusal(error) from error
    await _tell_senders(needs, change.sender_id)
    effective = await _effective(needs, change.sender_id, change.campaign_id)
    return _shown(CATALOGUE[name], effective[name])


@router.delete("/settings/{name}")
async def reset_setting(
    name: str, needs: Needs, caller: CurrentCaller, sender_id: OfSender = None, campaign_id: OfCampaign = None
) -> SettingOut:
    """Goes back to the wider value, for batches that start from now on; answers with that value.

    Doing it twice changes nothing.
    """
    try:
        await run_settings.remove_override(
            needs.pool, name, sender_id=_text(sender_id), campaign_id=_text(campaign_id), actor=caller.actor
        )
    except (ValueError, UnknownTargetError) as error:
        raise _refusal(error) from error
    await _tell_senders(needs, sender_id)
    effective = await _effective(needs, sender_id, campaign_id)
    return _shown(CATALOGUE[name], effective[name])


@router.get("/audit-log")
async def list_audit_log(
    needs: Needs,
    *,
    limit: PageSize = 100,
    cursor: Cursor = None,
    subject_type: Annotated[str | None, Query(description="Such as setting, sender or campaign")] = None,
    subject_id: Annotated[str | None, Query(description="Together with subject_type")] = None,
    actor: Annotated[
        str | None, Query(description="A name, `key` and the name of an API key, or relance")
    ] = None,
    action: Annotated[str | None, Query(description="Such as setting.set or campaign.started")] = None,
    since: Annotated[AwareDatetime | None, Query(description="At this time or later")] = None,
) -> Page[AuditEntryOut]:
    """Who changed what, and who took data out, the newest first."""
    if subject_id is not None and subject_type is None:
        raise Problem(422, "Invalid request", "subject_id: say with subject_type what it is the id of")
    found = await audit.list_entries(
        needs.pool,
        limit,
        after=read_key("audit", cursor, 1),
        subject_type=subject_type,
        subject_id=subject_id,
        actor=actor,
        action=action,
        since=since,
    )
    page = as_page("audit", found)
    return Page(
        items=[AuditEntryOut.model_validate(entry, from_attributes=True) for entry in page.items],
        next_cursor=page.next_cursor,
    )


async def _tell_senders(needs: Resources, sender_id: UUID | None) -> None:
    """What takes effect at once does so without waiting for the next look of a sender's workflow."""
    if sender_id is not None:
        await needs.bell.ring(str(sender_id))
        return
    await asyncio.gather(*(needs.bell.ring(sender.id) for sender in await senders.list_senders(needs.pool)))


def _refusal(error: ValueError | UnknownTargetError) -> Problem:
    match error:
        case UnknownTargetError():
            return not_found(error.what, error.identity)
        case UnknownSettingError():
            return Problem(404, "Not found", str(error), names=list(CATALOGUE))
        case WrongScopeError():
            return Problem(422, "Wrong scope", str(error))
        case _:
            return Problem(422, "Invalid value", str(error))


async def _effective(
    needs: Resources, sender_id: UUID | None, campaign_id: UUID | None
) -> dict[str, Effective]:
    return await run_settings.effective(
        needs.pool,
        needs.settings.run_settings,
        needs.settings.given_by_environment,
        sender_id=_text(sender_id),
        campaign_id=_text(campaign_id),
    )


def _text(identity: UUID | None) -> str | None:
    return None if identity is None else str(identity)


def _shown(setting: Setting, effective: Effective) -> SettingOut:
    return SettingOut(
        name=setting.name,
        value=effective.value,
        source=effective.source,
        default=setting.default,
        unit=setting.unit,
        help=setting.help,
        lowest=setting.lowest,
        above=setting.above,
        highest=setting.highest,
        choices=None if setting.choices is None else list(setting.choices),
        pattern=setting.pattern,
        scopes=list(setting.scopes),
        takes_effect=setting.takes_effect,
    )

"""The opt-out list: numbers that must never be written to again."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from temporalio.service import RPCError

from activities.intake import Intake
from api.caching import Cached, touched_contacts
from api.cursors import page_of, read_id_cursor
from api.dependencies import Needs, Resources
from api.guard import CurrentCaller
from api.pages import Cursor, Page, PageSize
from api.problems import PROBLEM_RESPONSES, Problem, not_found
from domain.phone import InvalidPhoneError, parse_phone
from storage import suppressions
from storage.suppressions import Suppression

router = APIRouter(prefix="/api/opt-outs", tags=["opt-outs"], responses=PROBLEM_RESPONSES)

ORDER = "created"
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


class OptOutIn(BaseModel):
    """A number that asked us to stop, by whatever way."""

    model_config = ConfigDict(extra="forbid")

    phone: str = Field(max_length=50)
    country: str | None = Field(
        default=None, pattern="^[A-Z]{2}$", description="For a number in national format"
    )
    reason: Reason | None = None


class OptOutOut(BaseModel):
    """A number on the list."""

    id: str
    phone: str | None = Field(description="Unset: they were erased, and the number is known by a hash alone")
    opted_out_at: AwareDatetime
    reason: str | None
    contact_id: str | None = Field(description="Unset: nobody of this number is a contact now")
    created_at: AwareDatetime
    erased_at: AwareDatetime | None = Field(description="Since when the number is gone")


@router.get("")
async def list_opt_outs(
    needs: Needs,
    q: Annotated[str | None, Query(max_length=50, description="A part of a number")] = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> Page[OptOutOut]:
    """Numbers on the list, the latest first."""
    after_id = read_id_cursor(ORDER, cursor)
    found = await suppressions.list_suppressions(needs.pool, limit=limit + 1, after_id=after_id, q=q)
    return page_of(OptOutOut, ORDER, found, limit)


@router.post("", status_code=status.HTTP_201_CREATED)
async def add_opt_out(given: OptOutIn, needs: Needs, cache: Cached, caller: CurrentCaller) -> OptOutOut:
    """Suppresses a number, known or not, and stops it in every running campaign. Repeating it is harmless."""
    try:
        phone = parse_phone(given.phone, given.country or needs.settings.default_country)
    except InvalidPhoneError as error:
        raise Problem(422, "Invalid phone number", f"phone: {error}") from error
    entry = await stop_number(needs, phone, given.reason, actor=caller.actor)
    await touched_contacts(cache, [])
    return OptOutOut.model_validate(entry, from_attributes=True)


@router.delete("/{opt_out_id}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_opt_out(
    opt_out_id: UUID,
    needs: Needs,
    cache: Cached,
    caller: CurrentCaller,
    reason: Annotated[Reason, Query(description="How the person agreed again; the audit log keeps it")],
) -> None:
    """Takes a number off the list, because its owner has agreed again."""
    identity = str(opt_out_id)
    if not await suppressions.allow_again(needs.pool, identity, actor=caller.actor, reason=reason):
        raise not_found("opt-out", str(opt_out_id))
    await touched_contacts(cache, [])


async def stop_number(needs: Resources, phone: str, reason: str | None, *, actor: str) -> Suppression:
    """Suppresses a number and stops it in every running campaign. Raises Problem; repeating it is harmless."""
    at = datetime.now(UTC)
    entry, stopped = await suppressions.suppress(needs.pool, phone, at, reason, actor=actor)
    intake = Intake(needs.pool, needs.temporal, needs.bell)
    try:
        await intake.stop_opted_out(f"opt-out-{entry.id}", at, stopped)
    except (RPCError, RuntimeError) as error:  # a RuntimeError is what a client raises before it connects
        detail = f"the number is suppressed; send this again, so that running campaigns know at once: {error}"
        raise Problem(503, "Temporal is not available", detail) from error
    return entry

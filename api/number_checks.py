"""Checks of which numbers are on WhatsApp, in the background and at a gentle rate."""

from typing import Self
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from api.cursors import page_of, read_id_cursor
from api.dependencies import Needs, Resources
from api.imports import Starter
from api.pages import Cursor, Page, PageSize
from api.problems import PROBLEM_RESPONSES, Problem, not_found
from storage import categories, number_checks
from storage.number_checks import NumberCheck

router = APIRouter(prefix="/api/number-checks", tags=["number checks"], responses=PROBLEM_RESPONSES)

ORDER = "created"


class NumberCheckIn(BaseModel):
    """Whose numbers: those of a category, or of these contacts."""

    model_config = ConfigDict(extra="forbid")

    category_id: UUID | None = None
    contact_ids: list[UUID] | None = Field(default=None, min_length=1, max_length=10_000)
    recheck: bool = Field(default=False, description="Also numbers whose answer is known")

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        if (self.category_id is None) == (self.contact_ids is None):
            raise ValueError("choose either category_id or contact_ids")
        return self


class NumberCheckOut(BaseModel):
    """A check and what came of it so far."""

    id: str
    state: str = Field(description="queued, running, completed, cancelled or failed")
    category_id: str | None
    recheck: bool
    total: int = Field(description="Numbers to ask about, when the check was made")
    checked: int
    on_whatsapp: int
    not_on_whatsapp: int
    undecided: int = Field(description="No clear answer: these contacts stay as they were")
    error: str | None
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None


@router.post("", status_code=status.HTTP_202_ACCEPTED)
async def add_check(asked: NumberCheckIn, needs: Needs, starter: Starter) -> NumberCheckOut:
    """Asks the gateway about each number, one after the other. Campaigns leave out those not on WhatsApp."""
    category_id = None if asked.category_id is None else str(asked.category_id)
    if category_id is not None and await categories.get_category(needs.pool, category_id) is None:
        raise not_found("category", category_id)
    check = await number_checks.add_check(
        needs.pool,
        category_id=category_id,
        contact_ids=None if asked.contact_ids is None else [str(chosen) for chosen in asked.contact_ids],
        recheck=asked.recheck,
    )
    await starter.start_number_check(check.id)
    return _shown(check)


@router.get("")
async def list_checks(needs: Needs, limit: PageSize = 50, cursor: Cursor = None) -> Page[NumberCheckOut]:
    """Checks, the latest first."""
    after_id = read_id_cursor(ORDER, cursor)
    found = await number_checks.list_checks(needs.pool, limit=limit + 1, after_id=after_id)
    return page_of(NumberCheckOut, ORDER, found, limit)


@router.get("/{check_id}")
async def get_check(check_id: UUID, needs: Needs) -> NumberCheckOut:
    """One check and how far it is."""
    return _shown(await _existing(needs, check_id))


@router.post("/{check_id}/cancel")
async def cancel_check(check_id: UUID, needs: Needs) -> NumberCheckOut:
    """Asks about no further number; what is known stays. Cancelling twice changes nothing."""
    found = await _existing(needs, check_id)
    if not await number_checks.finish_check(needs.pool, found.id, "cancelled"):
        found = await _existing(needs, check_id)
        if found.state != "cancelled":
            raise Problem(409, "Check has ended", f"this check is {found.state} already")
    return _shown(await _existing(needs, check_id))


async def _existing(needs: Resources, check_id: UUID) -> NumberCheck:
    check = await number_checks.get_check(needs.pool, str(check_id))
    if check is None:
        raise not_found("number check", str(check_id))
    return check


def _shown(check: NumberCheck) -> NumberCheckOut:
    return NumberCheckOut.model_validate(check, from_attributes=True)

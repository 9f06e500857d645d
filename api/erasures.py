"""Erasures of people: what was asked for, and whether the last trace is gone. They name nobody."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from api.cursors import page_of, read_id_cursor
from api.dependencies import Needs
from api.pages import Cursor, Page, PageSize
from api.problems import PROBLEM_RESPONSES, not_found
from storage import erasures

router = APIRouter(prefix="/api/erasures", tags=["contacts"], responses=PROBLEM_RESPONSES)

ORDER = "requested"


class ErasureOut(BaseModel):
    """Contacts that somebody deleted, and what is left to do about them."""

    id: str
    actor: str = Field(description="Who asked for it, as in the audit log")
    people: int
    left: int = Field(description="Of whom raw webhooks, kept answers or workflows still tell")
    requested_at: AwareDatetime
    finished_at: AwareDatetime | None = Field(description="Since then nothing is left, this row excepted")


@router.get("")
async def list_erasures(needs: Needs, limit: PageSize = 50, cursor: Cursor = None) -> Page[ErasureOut]:
    """Erasures, the latest first."""
    after_id = read_id_cursor(ORDER, cursor)
    found = await erasures.list_erasures(needs.pool, limit=limit + 1, after_id=after_id)
    return page_of(ErasureOut, ORDER, found, limit)


@router.get("/{erasure_id}")
async def get_erasure(erasure_id: UUID, needs: Needs) -> ErasureOut:
    """One erasure and how far it is."""
    found = await erasures.get_erasure(needs.pool, str(erasure_id))
    if found is None:
        raise not_found("erasure", str(erasure_id))
    return ErasureOut.model_validate(found, from_attributes=True)

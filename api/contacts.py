"""Contacts: the import of a file."""

from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel

from api.dependencies import Needs
from api.problems import PROBLEM_RESPONSES, Problem
from domain.contact_file import ContactFileError, RejectedRow, read_contacts
from storage import contacts

router = APIRouter(prefix="/api/contacts", tags=["contacts"], responses=PROBLEM_RESPONSES)


class Imported(BaseModel):
    """What became of the rows of a file."""

    created: int
    updated: int
    opted_out: int
    category_id: str | None
    rejected: list[RejectedRow]


@router.post("/import")
async def import_contacts(
    needs: Needs,
    data: Annotated[bytes, Body(media_type="text/csv")] = b"",
    category: Annotated[str | None, Query(max_length=100, description="Made if it does not exist")] = None,
    country: Annotated[str | None, Query(pattern="^[A-Z]{2}$", description="For national formats")] = None,
) -> Imported:
    """Imports a CSV file: any usual separator and encoding, headers in French or English.

    A column `phone` suffices; other columns become variables for the messages. Each row that is no contact is
    reported with its line, its value and a reason; known numbers are updated, never duplicated.
    """
    try:
        file = read_contacts(data, country or needs.settings.default_country)
    except ContactFileError as error:
        raise Problem(422, "Unreadable file", str(error)) from error
    category_id = await contacts.save_category(needs.pool, category) if category else None
    result = await contacts.import_contacts(needs.pool, file.contacts, category_id)
    return Imported(
        created=result.created,
        updated=result.updated,
        opted_out=result.opted_out,
        category_id=category_id,
        rejected=file.rejected,
    )

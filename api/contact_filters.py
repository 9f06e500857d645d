"""Which contacts: the same filters for lists, exports and bulk actions."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from storage.contact_lists import ContactFilter

SEARCH_HELP = "A part of a name, without regard to case and accents, or of a number"

WhatsappState = Literal["yes", "no", "unknown"]


class ContactFilterIn(BaseModel):
    """What is unset does not matter."""

    model_config = ConfigDict(extra="forbid")

    category_id: UUID | None = None
    whatsapp: WhatsappState | None = None
    opted_out: bool | None = None
    q: str | None = Field(default=None, max_length=100, description=SEARCH_HELP)

    def chosen(self) -> ContactFilter:
        """As the storage takes it."""
        return ContactFilter(
            category_id=None if self.category_id is None else str(self.category_id),
            whatsapp=self.whatsapp,
            opted_out=self.opted_out,
            q=self.q,
        )


def _from_query(
    category_id: Annotated[UUID | None, Query(description="Only contacts of this category")] = None,
    whatsapp: Annotated[WhatsappState | None, Query(description="Whether the number is on WhatsApp")] = None,
    opted_out: Annotated[bool | None, Query(description="Only those who did, or did not, opt out")] = None,
    q: Annotated[str | None, Query(max_length=100, description=SEARCH_HELP)] = None,
) -> ContactFilter:
    given = ContactFilterIn(category_id=category_id, whatsapp=whatsapp, opted_out=opted_out, q=q)
    return given.chosen()


ChosenContacts = Annotated[ContactFilter, Depends(_from_query)]

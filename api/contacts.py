"""Contacts: lists, single contacts, what is done to many at once, and the import of a small file."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response, status
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.caching import Cached, answer, first_page, touched_contacts
from api.contact_files import CSV_BODY, Country, FileCategory
from api.contact_filters import ChosenContacts, ContactFilterIn, WhatsappState
from api.cursors import page_of, read_cursor
from api.dependencies import Needs, Resources
from api.guard import CurrentCaller
from api.opt_outs import Reason, stop_number
from api.pages import Cursor, Page, PageSize
from api.problems import PROBLEM_RESPONSES, Problem, not_found
from domain.contact_file import ContactFileError, RejectedRow, read_contacts
from domain.contact_limits import LONGEST_NAME, LONGEST_TITLE, LONGEST_VALUE, MOST_VARIABLES
from domain.phone import InvalidPhoneError, parse_phone
from storage import audit, contact_lists, contacts
from storage.cache import Area
from storage.contact_lists import ContactFilter, ContactOrder, Removal
from storage.contacts import Contact, ContactBusyError, ContactExistsError, UnknownCategoryError
from storage.suppression_key import SuppressionKeyError

router = APIRouter(prefix="/api/contacts", tags=["contacts"], responses=PROBLEM_RESPONSES)

Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_NAME)]
VariableName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TITLE)]
Value = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_VALUE)]
Variables = dict[VariableName, Value]


class ContactListItem(BaseModel):
    """A contact as a list shows it."""

    id: str
    phone: str
    name: str | None
    whatsapp: WhatsappState
    opted_out: bool
    category_ids: list[str]
    created_at: AwareDatetime


class ContactOut(BaseModel):
    """A contact, as far as we know it."""

    id: str
    phone: str
    name: str | None
    variables: dict[str, str] = Field(description="What messages may mention as {{variables}}")
    whatsapp: WhatsappState
    whatsapp_checked_at: AwareDatetime | None
    opted_out_at: AwareDatetime | None
    category_ids: list[str]
    import_id: str | None = Field(description="The last file that named this contact")
    import_line: int | None
    created_at: AwareDatetime
    updated_at: AwareDatetime


class ContactIn(BaseModel):
    """A new contact."""

    model_config = ConfigDict(extra="forbid")

    phone: str = Field(max_length=50, description="As people write it")
    country: str | None = Field(
        default=None, pattern="^[A-Z]{2}$", description="For a number in national format"
    )
    name: Name | None = None
    variables: Variables = Field(default={}, max_length=MOST_VARIABLES)
    category_ids: list[UUID] = Field(default=[], max_length=100)


class ContactChange(BaseModel):
    """What is to change; what is not given stays. Lists and variables are replaced as a whole."""

    model_config = ConfigDict(extra="forbid")

    phone: str | None = Field(default=None, max_length=50)
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    name: Name | None = None
    variables: Variables | None = Field(default=None, max_length=MOST_VARIABLES)
    category_ids: list[UUID] | None = Field(default=None, max_length=100)


class BulkIn(BaseModel):
    """One action on many contacts: those of `ids`, or all that `filter` leaves."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["add_to_category", "remove_from_category", "opt_out", "delete"]
    category_id: UUID | None = Field(default=None, description="For the two actions on categories")
    reason: Reason | None = Field(default=None, description="For opt_out: by which way they asked")
    ids: list[UUID] | None = Field(default=None, min_length=1, max_length=10_000)
    filter: ContactFilterIn | None = Field(default=None, description="An empty one means everybody")

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        if (self.ids is None) == (self.filter is None):
            raise ValueError("choose either ids or filter")
        if (self.category_id is not None) != self.action.endswith("_category"):
            raise ValueError("category_id: needed for add_to_category and remove_from_category, and only there")
        if self.reason is not None and self.action != "opt_out":
            raise ValueError("reason: only for opt_out")
        return self


class BulkOut(BaseModel):
    """What the action did."""

    changed: int = Field(description="Contacts that were added, removed, opted out or deleted")
    erased: int = Field(
        default=0, description="Deleted, but kept without name and number in results of campaigns"
    )
    refused: int = Field(default=0, description="Not deleted, because a campaign writes to them now")
    erasure_id: str | None = Field(
        default=None, description="Of GET /api/erasures: how far their traces are gone"
    )


class ContactCount(BaseModel):
    """How many contacts there are."""

    count: int


class Imported(BaseModel):
    """What became of the rows of a file."""

    created: int
    updated: int
    opted_out: int
    category_id: str | None
    rejected: list[RejectedRow]


@router.get("", response_model=Page[ContactListItem])
async def list_contacts(
    needs: Needs,
    cache: Cached,
    *,
    chosen: ChosenContacts,
    order: ContactOrder = ContactOrder.CREATED,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> Response:
    """Contacts: the newest first, or by name or number."""

    async def load() -> Page[ContactListItem]:
        found = await contact_lists.list_contacts(
            needs.pool, chosen, order, limit=limit + 1, after=read_cursor(order, cursor)
        )
        return page_of(ContactListItem, order, found, limit)

    return await answer(cache, first_page(Area.CONTACTS, cursor, chosen=chosen, order=order, limit=limit), load)


@router.get("/count", response_model=ContactCount)
async def count_contacts(needs: Needs, cache: Cached, chosen: ChosenContacts) -> Response:
    """How many contacts the filters leave."""

    async def load() -> ContactCount:
        return ContactCount(count=await contact_lists.count_contacts(needs.pool, chosen))

    return await answer(cache, first_page(Area.CONTACTS, None, counted=chosen), load)


@router.post("", status_code=status.HTTP_201_CREATED)
async def add_contact(contact: ContactIn, needs: Needs, cache: Cached) -> ContactOut:
    """Adds a contact. Refused (409) when the number is known: `contact_id` says whose it is."""
    try:
        added = await contacts.add_contact(
            needs.pool,
            phone=_parsed(needs, contact.phone, contact.country),
            name=contact.name or None,
            variables=contact.variables,
            category_ids=[str(category_id) for category_id in contact.category_ids],
        )
    except (ContactExistsError, UnknownCategoryError) as error:
        raise _refused(error) from error
    await touched_contacts(cache, added.category_ids)
    return _shown(added)


@router.get("/{contact_id}")
async def get_contact(contact_id: UUID, needs: Needs) -> ContactOut:
    """One contact."""
    contact = await contacts.get_contact(needs.pool, str(contact_id))
    if contact is None:
        raise not_found("contact", str(contact_id))
    return _shown(contact)


@router.patch("/{contact_id}")
async def change_contact(contact_id: UUID, change: ContactChange, needs: Needs, cache: Cached) -> ContactOut:
    """Changes a contact. Another number is refused (409) while a campaign writes to the present one."""
    given = change.model_dump(include=change.model_fields_set & {"name", "variables"})
    if given.get("variables", {}) is None:
        given["variables"] = {}
    if given.get("name") == "":
        given["name"] = None
    if change.phone is not None:
        given["phone"] = _parsed(needs, change.phone, change.country)
    left = await _categories_of(needs, contact_id) if change.category_ids is not None else []
    categories = None if change.category_ids is None else [str(chosen) for chosen in change.category_ids]
    try:
        changed = await contacts.change_contact(needs.pool, str(contact_id), given, categories)
    except (ContactExistsError, ContactBusyError, UnknownCategoryError) as error:
        raise _refused(error) from error
    if changed is None:
        raise not_found("contact", str(contact_id))
    await touched_contacts(cache, {*left, *changed.category_ids})
    return _shown(changed)


@router.delete("/{contact_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_contact(contact_id: UUID, needs: Needs, cache: Cached, caller: CurrentCaller) -> None:
    """Deletes a contact. One that campaigns wrote to is erased: their results stay, nothing personal does.

    Refused (409) while a campaign writes to it. What other places hold of the number goes in
    the background: see `GET /api/erasures`. An opt-out stays known, by a hash of the number.
    """
    left = await _categories_of(needs, contact_id)
    removal = await _remove(needs, [str(contact_id)], caller.actor)
    if removal.refused:
        raise Problem(
            409,
            "Contact is in a campaign",
            "a campaign writes to this contact now: let it end or cancel it first, or opt the number out",
        )
    if not removal.deleted + removal.erased:
        raise not_found("contact", str(contact_id))
    await touched_contacts(cache, left)


@router.post("/bulk")
async def change_many(bulk: BulkIn, needs: Needs, cache: Cached, caller: CurrentCaller) -> BulkOut:
    """Adds many contacts to a category, takes them out of one, or deletes them, all in one transaction; or opts
    them out, one after the other.

    Deleting works as for a single contact; those that a campaign writes to now are left alone and counted.
    """
    chosen = bulk.filter.chosen() if bulk.filter else [str(identity) for identity in bulk.ids or []]
    if bulk.action == "opt_out":
        phones = await contact_lists.list_reachable(needs.pool, chosen)
        for phone in phones:
            await stop_number(needs, phone, bulk.reason, actor=caller.actor)
        await touched_contacts(cache, [])
        return BulkOut(changed=len(phones))
    if bulk.action == "delete":
        removal = await _remove(needs, chosen, caller.actor)
        await audit.note(
            needs.pool, caller.actor, "contacts.deleted", "contacts", "many", after=asdict(removal)
        )
        await touched_contacts(cache, None)
        return BulkOut(
            changed=removal.deleted + removal.erased,
            erased=removal.erased,
            refused=removal.refused,
            erasure_id=removal.erasure_id,
        )
    category_id = str(bulk.category_id)
    if bulk.action == "remove_from_category":
        removed = await contact_lists.remove_from_category(needs.pool, chosen, category_id)
        await touched_contacts(cache, [category_id])
        return BulkOut(changed=removed)
    added = await contact_lists.add_to_category(needs.pool, chosen, category_id)
    if added is None:
        raise not_found("category", category_id)
    await touched_contacts(cache, [category_id])
    return BulkOut(changed=added)


@router.post("/import", openapi_extra=CSV_BODY)
async def import_contacts(
    *,
    request: Request,
    needs: Needs,
    cache: Cached,
    caller: CurrentCaller,
    category: FileCategory = None,
    country: Country = None,
) -> Imported:
    """Imports a small CSV file (up to 1 MiB) at once, all or nothing; large ones go to POST /api/imports.

    Any usual separator and encoding, headers in French or English. A column `phone` suffices; other columns
    become variables for the messages. Each row that is no contact is reported with its line, its value and a
    reason; known numbers are updated, never duplicated.
    """
    data = await request.body()
    try:
        # In a thread, because it takes longer than other requests may wait.
        file = await asyncio.to_thread(read_contacts, data, country or needs.settings.default_country)
    except ContactFileError as error:
        raise Problem(422, "Unreadable file", str(error)) from error
    result = await contacts.import_contacts(needs.pool, file.contacts, category=category)
    counts = {"created": result.created, "updated": result.updated, "category": category}
    await audit.note(needs.pool, caller.actor, "contacts.imported", "contacts", "many", after=counts)
    await touched_contacts(cache, None)
    return Imported(
        created=result.created,
        updated=result.updated,
        opted_out=result.opted_out,
        category_id=result.category_id,
        rejected=file.rejected,
    )


async def _remove(needs: Resources, chosen: ContactFilter | list[str], actor: str) -> Removal:
    try:
        return await contact_lists.remove_contacts(needs.pool, chosen, actor=actor)
    except SuppressionKeyError as error:
        raise Problem(409, "No key for opt-outs", str(error)) from error


async def _categories_of(needs: Resources, contact_id: UUID) -> list[str]:
    contact = await contacts.get_contact(needs.pool, str(contact_id))
    return contact.category_ids if contact else []


def _parsed(needs: Resources, phone: str, country: str | None) -> str:
    try:
        return parse_phone(phone, country or needs.settings.default_country)
    except InvalidPhoneError as error:
        raise Problem(422, "Invalid phone number", f"phone: {error}") from error


def _refused(error: ContactExistsError | ContactBusyError | UnknownCategoryError) -> Problem:
    match error:
        case ContactExistsError():
            return Problem(
                409, "Contact exists", f"{error}: change that one instead", contact_id=error.contact_id
            )
        case ContactBusyError():
            return Problem(409, "Contact is in a campaign", f"{error}: change its number when that has ended")
        case _:
            return Problem(422, "Unknown category", str(error))


def _shown(contact: Contact) -> ContactOut:
    return ContactOut.model_validate(contact, from_attributes=True)

"""Categories: the groups of contacts that campaigns write to."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from api.caching import Cached, answer, category_detail, first_page, touched_category, touched_contacts
from api.cursors import page_of, read_cursor
from api.dependencies import Needs
from api.pages import Cursor, Page, PageSize
from api.problems import PROBLEM_RESPONSES, Problem, not_found
from domain.contact_limits import LONGEST_CATEGORY
from storage import categories, contact_lists
from storage.cache import Area
from storage.categories import CategoryExistsError, CategoryInUseError, CategoryOrder

router = APIRouter(prefix="/api/categories", tags=["categories"], responses=PROBLEM_RESPONSES)

# Without the signs that part several categories in one cell of a file.
CategoryName = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=LONGEST_CATEGORY, pattern=r"^[^|;\x00]+$"
    ),
]
Colour = Annotated[str, StringConstraints(to_lower=True, pattern="^#[0-9a-fA-F]{6}$")]


class CategoryIn(BaseModel):
    """A new category."""

    model_config = ConfigDict(extra="forbid")

    name: CategoryName
    colour: Colour = Field(default="#64748b", description="As #rrggbb")


class CategoryChange(BaseModel):
    """What is to change; what is not given stays."""

    model_config = ConfigDict(extra="forbid")

    name: CategoryName | None = None
    colour: Colour | None = None


class CategoryOut(BaseModel):
    """A category and how many contacts it has."""

    id: str
    name: str
    colour: str
    contact_count: int
    created_at: AwareDatetime


class ContactIdsIn(BaseModel):
    """Contacts by their ids; bulk actions on contacts take filters as well."""

    model_config = ConfigDict(extra="forbid")

    contact_ids: list[UUID] = Field(min_length=1, max_length=10_000)


class ContactsAdded(BaseModel):
    """How many contacts were not in the category before."""

    added: int


@router.get("", response_model=Page[CategoryOut])
async def list_categories(
    needs: Needs,
    cache: Cached,
    *,
    order: CategoryOrder = CategoryOrder.NAME,
    q: Annotated[str | None, Query(max_length=100, description="A part of the name")] = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> Response:
    """Categories with the numbers of their contacts (A4)."""

    async def load() -> Page[CategoryOut]:
        after = read_cursor(order, cursor)
        found = await categories.list_categories(needs.pool, order, limit=limit + 1, after=after, q=q)
        return page_of(CategoryOut, order, found, limit)

    return await answer(cache, first_page(Area.CATEGORIES, cursor, order=order, q=q, limit=limit), load)


@router.post("", status_code=status.HTTP_201_CREATED)
async def add_category(category: CategoryIn, needs: Needs, cache: Cached) -> CategoryOut:
    """Makes a category. Refused (409) when one has this name: `category_id` says which."""
    try:
        added = await categories.add_category(needs.pool, category.name, category.colour)
    except CategoryExistsError as error:
        raise _taken(error) from error
    await touched_category(cache, added.id)
    return CategoryOut.model_validate(added, from_attributes=True)


@router.get("/{category_id}", response_model=CategoryOut)
async def get_category(category_id: UUID, needs: Needs, cache: Cached) -> Response:
    """One category."""

    async def load() -> CategoryOut | None:
        category = await categories.get_category(needs.pool, str(category_id))
        return CategoryOut.model_validate(category, from_attributes=True) if category else None

    return await answer(cache, category_detail(str(category_id)), load, not_found("category", str(category_id)))


@router.patch("/{category_id}")
async def change_category(
    category_id: UUID, change: CategoryChange, needs: Needs, cache: Cached
) -> CategoryOut:
    """Renames or recolours a category."""
    try:
        changed = await categories.change_category(
            needs.pool, str(category_id), name=change.name, colour=change.colour
        )
    except CategoryExistsError as error:
        raise _taken(error) from error
    if changed is None:
        raise not_found("category", str(category_id))
    await touched_category(cache, str(category_id))
    return CategoryOut.model_validate(changed, from_attributes=True)


@router.delete("/{category_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_category(category_id: UUID, needs: Needs, cache: Cached) -> None:
    """Deletes a category, not its contacts. Refused (409) while a campaign that has not ended uses it."""
    try:
        deleted = await categories.delete_category(needs.pool, str(category_id))
    except CategoryInUseError as error:
        raise Problem(
            409, "Category in use", f"campaigns use this category: {error}. Let them end or cancel them first"
        ) from error
    if not deleted:
        raise not_found("category", str(category_id))
    await touched_contacts(cache, [str(category_id)])


@router.post("/{category_id}/contacts")
async def add_contacts(category_id: UUID, chosen: ContactIdsIn, needs: Needs, cache: Cached) -> ContactsAdded:
    """Puts contacts into the category; those that are in it stay, ids of no contact count for nothing."""
    contact_ids = [str(contact_id) for contact_id in chosen.contact_ids]
    added = await contact_lists.add_to_category(needs.pool, contact_ids, str(category_id))
    # Nobody to add is no proof that there is such a category.
    if added is None or (not added and await categories.get_category(needs.pool, str(category_id)) is None):
        raise not_found("category", str(category_id))
    await touched_contacts(cache, [str(category_id)])
    return ContactsAdded(added=added)


@router.delete("/{category_id}/contacts/{contact_id}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_contact(category_id: UUID, contact_id: UUID, needs: Needs, cache: Cached) -> None:
    """Takes a contact out of the category."""
    if not await contact_lists.remove_from_category(needs.pool, [str(contact_id)], str(category_id)):
        raise not_found("contact of this category", str(contact_id))
    await touched_contacts(cache, [str(category_id)])


def _taken(error: CategoryExistsError) -> Problem:
    return Problem(
        409, "Category exists", f"{error}: use that one, or another name", category_id=error.category_id
    )

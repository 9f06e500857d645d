"""Pages of lists whose rows have a sort key and an id."""

from collections.abc import Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel

from api.pages import Page, decode_cursor, encode_cursor
from api.problems import Problem

Shown = TypeVar("Shown", bound=BaseModel)


class Identified(Protocol):
    """A row of a list."""

    @property
    def id(self) -> str:
        """Unique, and the last part of every order."""
        ...


def read_cursor(order: str, cursor: str | None) -> tuple[str, str] | None:
    """The sort key and the id of the last item of the page before; None for the first page.

    Raises Problem (422) for a cursor of another list.
    """
    if cursor is None:
        return None
    try:
        key, identity = decode_cursor(order, cursor)
        return str(key), str(UUID(identity))
    except (ValueError, AttributeError, TypeError) as error:
        raise Problem(
            422, "Invalid cursor", "cursor: take `next_cursor` of a page of this very list, with the same order"
        ) from error


def read_id_cursor(order: str, cursor: str | None) -> str | None:
    """The same for lists that are sorted by id alone."""
    after = read_cursor(order, cursor)
    return after and after[1]


def page_of(kind: type[Shown], order: str, found: Sequence[Identified], limit: int) -> Page[Shown]:
    """A page of what was found; one row more than the limit says that there is another page."""
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[kind.model_validate(item, from_attributes=True) for item in found[:limit]],
        next_cursor=last and encode_cursor(order, (getattr(last, "sort_key", ""), last.id)),
    )

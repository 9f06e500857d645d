"""From a part of a stored list to a page of the API."""

from typing import Annotated, TypeVar

from fastapi import Query

from api.pages import Page, decode_cursor, encode_cursor
from api.problems import Problem
from storage.keyset import Slice

Item = TypeVar("Item")

SHORTEST_SEARCH = 3  # characters: an index of trigrams finds nothing shorter

Search = Annotated[
    str | None, Query(min_length=SHORTEST_SEARCH, max_length=100, description="A part of it, in any case")
]


def read_key(order: str, cursor: str | None, size: int) -> list[str] | None:
    """Where the page begins. Raises Problem (422) for a cursor that this list did not give."""
    if cursor is None:
        return None
    key = decode_cursor(order, cursor)
    if len(key) != size or not all(isinstance(part, str) for part in key):
        raise Problem(422, "Invalid cursor", "cursor: take `next_cursor` of a page of this very list")
    return key


def as_page(order: str, found: Slice[Item]) -> Page[Item]:
    """The page, with the cursor of the next one."""
    return Page(
        items=found.items,
        next_cursor=encode_cursor(order, found.next_key) if found.next_key else None,
    )

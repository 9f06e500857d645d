"""Lists in pages, by keyset: a page names where the next one begins, so that long lists stay quick."""

import base64
import json
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from api.problems import Problem

Item = TypeVar("Item")

PageSize = Annotated[int, Query(ge=1, le=200, description="How many items at most")]
Cursor = Annotated[
    str | None, Query(max_length=2000, description="`next_cursor` of the page before; unset: the first page")
]


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next_cursor: str | None = Field(
        description="Give it as `cursor` for the next page; unset: this is the last"
    )


def encode_cursor(order: str, key: Sequence[Any]) -> str:
    """Where a page ends: the values of the sort key of its last item, under the name of the order."""
    # Not escaped: a name of 200 emojis would not fit into a cursor.
    text = json.dumps([order, *key], default=str, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(order: str, cursor: str) -> list[Any]:
    """The sort key in a cursor. Raises Problem (422) for one that was not given by the same list and order."""
    try:
        content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):  # nested without end, it goes as deep as Python lets it
        content = None
    if not isinstance(content, list) or content[:1] != [order]:
        raise Problem(
            422, "Invalid cursor", "cursor: take `next_cursor` of a page of this very list, with the same order"
        )
    return content[1:]

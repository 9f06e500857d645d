"""What the two ways to import a file of contacts have in common: at once, or in the background."""

from typing import Annotated, Any

from fastapi import Query, Request

from api.categories import CategoryName
from api.problems import Problem

LARGEST_AT_ONCE = 1024 * 1024  # of some 20,000 rows, which take about a second

CSV_BODY: dict[str, Any] = {
    "requestBody": {"content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}}
}

Country = Annotated[str | None, Query(pattern="^[A-Z]{2}$", description="For national formats, such as FR")]
FileCategory = Annotated[CategoryName | None, Query(description="Made if it does not exist")]


async def read_small_file(request: Request) -> bytes:
    """The body, if it is small enough to be imported at once; else raises Problem (413)."""
    # Not `max_body_size`, which cannot say where larger files go. No more is read than is taken.
    announced = request.headers.get("content-length", "")
    data = bytearray()
    if not announced.isdecimal() or int(announced) <= LARGEST_AT_ONCE:
        async for chunk in request.stream():
            data += chunk
            if len(data) > LARGEST_AT_ONCE:
                break
        else:
            return bytes(data)
    raise Problem(
        413, "File too large", "a file of more than 1 MiB is imported in the background: POST /api/imports"
    )

"""What the two ways to import a file of contacts have in common: at once, or in the background."""

from typing import Annotated, Any

from fastapi import Query

from api.categories import CategoryName

CSV_BODY: dict[str, Any] = {
    "requestBody": {"content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}}
}

Country = Annotated[str | None, Query(pattern="^[A-Z]{2}$", description="For national formats, such as FR")]
FileCategory = Annotated[CategoryName | None, Query(description="Made if it does not exist")]

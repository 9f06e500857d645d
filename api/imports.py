"""Imports of contact files, of any size: sent once, stored, and worked off in the background."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, status
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from activities.starter import BackgroundStarter
from api.contact_files import CSV_BODY, Country, FileCategory
from api.cursors import page_of, read_id_cursor
from api.dependencies import Needs, Resources
from api.exports import CsvResponse, stream_csv
from api.guard import CurrentCaller
from api.pages import Cursor, Page, PageSize, decode_cursor, encode_cursor
from api.problems import PROBLEM_RESPONSES, Problem, not_found
from domain.contact_columns import Meaning
from domain.contact_file import ContactFileError, EncodingFinder, Layout, examine, find_encoding, first_cells
from storage import audit, exports, imports
from storage.imports import PART_BYTES, Duplicates, Import

router = APIRouter(prefix="/api/imports", tags=["imports"], responses=PROBLEM_RESPONSES)

LARGEST_FILE = 512 * 1024 * 1024
HEAD_BYTES = 256 * 1024
PREVIEW_ROWS = 10
ORDER = "created"

MAPPING = TypeAdapter(dict[str, Meaning])

Mapping = Annotated[
    str | None,
    Query(
        max_length=4000,
        description='What columns mean, by their titles, as JSON: {"Tél 2": "phone"}; the rest are variables',
    ),
]


class ImportOut(BaseModel):
    """A file and what became of its rows so far."""

    id: str
    file_name: str | None
    state: str = Field(description="queued, running, completed, cancelled or failed")
    category_id: str | None
    country: str
    duplicates: Duplicates
    size_bytes: int
    position_bytes: int = Field(description="How much of the file is done")
    rows_read: int
    created: int
    updated: int
    skipped: int = Field(description="Known numbers that were left as they are")
    rejected: int = Field(description="Rows that are no contacts; rejected.csv says why")
    opted_out: int = Field(description="Contacts that the file marks as opted out")
    error: str | None = Field(description="Why the file could not be read to its end")
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None


class RejectedOut(BaseModel):
    """A row that is no contact, and why."""

    line: int
    value: str
    reason: str


class ColumnOut(BaseModel):
    """A column and what it seems to mean."""

    title: str
    meaning: Meaning


class Preview(BaseModel):
    """What a file looks like before it is imported."""

    encoding: str = Field(description="utf-8 or windows-1252")
    delimiter: str
    has_header: bool
    country: str = Field(description="Where numbers in national format would be taken to be from")
    columns: list[ColumnOut] = Field(description="None of them may be `phone` yet: an import needs one that is")
    rows: list[list[str]] = Field(description="The cells of the first ten rows")


def _starter(needs: Needs) -> BackgroundStarter:
    return BackgroundStarter(needs.pool, needs.temporal)


Starter = Annotated[BackgroundStarter, Depends(_starter)]


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    openapi_extra=CSV_BODY,
    max_body_size=LARGEST_FILE,
)
async def add_import(
    *,
    request: Request,
    needs: Needs,
    caller: CurrentCaller,
    starter: Starter,
    category: FileCategory = None,
    country: Country = None,
    duplicates: Duplicates = Duplicates.UPDATE,
    name: Annotated[str | None, Query(max_length=200, description="The name of the file")] = None,
    mapping: Mapping = None,
) -> ImportOut:
    """Takes a CSV file and imports it in the background; GET /api/imports/{id} says how far it is.

    Any usual separator and encoding, headers in French or English. A column `phone` suffices; a column of
    categories puts contacts into them; others become variables for the messages.
    """
    meanings = _meanings(mapping)
    import_id = await imports.open_import(
        needs.pool,
        file_name=name,
        country=country or needs.settings.default_country,
        duplicates=duplicates,
    )
    try:
        layout, size_bytes = await _receive(needs, import_id, request, meanings)
        queued = await imports.queue_import(needs.pool, import_id, layout, size_bytes, category)
    except BaseException:  # whatever ends the upload, a client that leaves included
        await imports.delete_import(needs.pool, import_id)
        raise
    kept = {"file_name": name, "category": category, "size_bytes": size_bytes}
    await audit.note(needs.pool, caller.actor, "import.started", "import", import_id, after=kept)
    await starter.start_import(import_id)
    return _shown(queued)


async def _receive(
    needs: Resources, import_id: str, request: Request, mapping: dict[str, Meaning] | None
) -> tuple[Layout, int]:
    """Stores the file as it comes. A header that cannot be right is refused before the rest is read."""
    encoding = EncodingFinder()
    head = b""
    size_bytes = number = 0
    async for part in _parts(request.stream()):
        if number == 0:
            head = _head(part)
            _layout(head, find_encoding([part], complete=False), mapping)
        encoding.feed(part)
        await imports.add_part(needs.pool, import_id, number, part)
        size_bytes += len(part)
        number += 1
    return _layout(head, encoding.found(), mapping), size_bytes


async def _parts(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The stream in pieces of the size that is stored."""
    held = bytearray()
    async for chunk in stream:
        held += chunk
        while len(held) >= PART_BYTES:
            yield bytes(held[:PART_BYTES])
            del held[:PART_BYTES]
    if held:
        yield bytes(held)


@router.post("/preview", openapi_extra=CSV_BODY, max_body_size=LARGEST_FILE)
async def preview_import(
    request: Request, needs: Needs, country: Country = None, mapping: Mapping = None
) -> Preview:
    """Says how a file would be read. Nothing is stored; the first 256 kB of the file are enough."""
    data = bytearray()
    async for chunk in request.stream():
        if len(data) < HEAD_BYTES:
            data += chunk
    is_whole = len(data) < HEAD_BYTES
    head = bytes(data) if is_whole else _head(bytes(data))
    layout = _layout(head, find_encoding([head], complete=is_whole), _meanings(mapping), needs_phone=False)
    return Preview(
        encoding="windows-1252" if layout.encoding == "cp1252" else "utf-8",
        delimiter=layout.delimiter,
        has_header=layout.has_header,
        country=country or needs.settings.default_country,
        columns=[ColumnOut.model_validate(column, from_attributes=True) for column in layout.columns],
        rows=first_cells(head, layout, PREVIEW_ROWS),
    )


@router.get("")
async def list_imports(needs: Needs, limit: PageSize = 50, cursor: Cursor = None) -> Page[ImportOut]:
    """Imports, the latest first."""
    after_id = read_id_cursor(ORDER, cursor)
    found = await imports.list_imports(needs.pool, limit=limit + 1, after_id=after_id)
    return page_of(ImportOut, ORDER, found, limit)


@router.get("/{import_id}")
async def get_import(import_id: UUID, needs: Needs) -> ImportOut:
    """One import and how far it is."""
    return _shown(await _existing(needs, import_id))


@router.get("/{import_id}/rejected")
async def list_rejected(
    import_id: UUID, needs: Needs, limit: PageSize = 50, cursor: Cursor = None
) -> Page[RejectedOut]:
    """The rows that are no contacts, in the order of their lines."""
    await _existing(needs, import_id)
    try:
        [after_line] = [0] if cursor is None else map(int, decode_cursor("line", cursor))
    except (ValueError, TypeError) as error:
        raise Problem(
            422, "Invalid cursor", "cursor: take `next_cursor` of a page of this very list"
        ) from error
    found = await imports.list_rejections(needs.pool, str(import_id), limit=limit + 1, after_line=after_line)
    return Page(
        items=[RejectedOut.model_validate(row, from_attributes=True) for row in found[:limit]],
        next_cursor=encode_cursor("line", [found[limit - 1].line]) if len(found) > limit else None,
    )


@router.get("/{import_id}/rejected.csv", response_class=CsvResponse)
async def export_rejected(import_id: UUID, needs: Needs, caller: CurrentCaller) -> CsvResponse:
    """The rows that are no contacts: line, value and reason, for a spreadsheet."""
    await _existing(needs, import_id)
    await audit.note(needs.pool, caller.actor, "import.exported", "import", str(import_id))
    rows = exports.export_rejections(needs.pool, str(import_id))
    return await stream_csv(f"rejected-{import_id}.csv", rows, bom=True)


@router.post("/{import_id}/cancel")
async def cancel_import(import_id: UUID, needs: Needs, caller: CurrentCaller) -> ImportOut:
    """Imports no further row; contacts that are imported stay. Cancelling twice changes nothing."""
    found = await _existing(needs, import_id)
    if not await imports.cancel_import(needs.pool, found.id):
        found = await _existing(needs, import_id)
        if found.state != "cancelled":
            raise Problem(409, "Import has ended", f"this import is {found.state} already")
    else:
        await audit.note(needs.pool, caller.actor, "import.cancelled", "import", found.id)
    return _shown(await _existing(needs, import_id))


def _meanings(mapping: str | None) -> dict[str, Meaning] | None:
    try:
        return None if mapping is None else MAPPING.validate_json(mapping)
    except ValidationError as error:
        meanings = ", ".join(Meaning)
        detail = (
            f'mapping: give a JSON object of titles and meanings ({meanings}), such as {{"Tél 2": "phone"}}'
        )
        raise Problem(422, "Invalid mapping", detail) from error


def _head(part: bytes) -> bytes:
    """Its whole lines, if it has any."""
    lines, end, _rest = part[:HEAD_BYTES].rpartition(b"\n")
    return lines + end or part[:HEAD_BYTES]


def _layout(
    head: bytes, encoding: str, mapping: dict[str, Meaning] | None, *, needs_phone: bool = True
) -> Layout:
    try:
        return examine(head, encoding=encoding, mapping=mapping, needs_phone=needs_phone)
    except ContactFileError as error:
        raise Problem(422, "Unreadable file", str(error)) from error


async def _existing(needs: Resources, import_id: UUID) -> Import:
    found = await imports.get_import(needs.pool, str(import_id))
    if found is None:
        raise not_found("import", str(import_id))
    return found


def _shown(found: Import) -> ImportOut:
    return ImportOut.model_validate(found, from_attributes=True)

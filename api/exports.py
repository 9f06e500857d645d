"""Exports as CSV files, streamed while they are read."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from api.contact_filters import ChosenContacts
from api.dependencies import Needs
from api.guard import CurrentCaller
from api.listing import Search
from api.problems import PROBLEM_RESPONSES, not_found
from domain.csv_cells import BYTE_ORDER_MARK, csv_text
from domain.messages import MessageStatus, MessageType
from storage import audit, campaigns, exports
from storage.exports import MessageFilter, Row

router = APIRouter(prefix="/api", tags=["exports"], responses=PROBLEM_RESPONSES)

BLOCK_ROWS = 500

WithMark = Annotated[
    bool, Query(description="Begin with a byte order mark, by which Excel knows that the file is UTF-8")
]


class CsvResponse(StreamingResponse):
    """A CSV file in UTF-8. Cells that a spreadsheet would compute carry a single quote in front."""

    media_type = "text/csv"


@router.get("/contacts/export.csv", response_class=CsvResponse)
async def export_contacts(
    needs: Needs, caller: CurrentCaller, chosen: ChosenContacts, bom: WithMark = False
) -> CsvResponse:
    """The contacts that the filters leave, with their variables as columns; an import takes this file back."""
    filters = [name for name, value in asdict(chosen).items() if value is not None]
    await audit.note(
        needs.pool, caller.actor, "contacts.exported", "contacts", "export", after={"filters": filters}
    )
    return await stream_csv("contacts.csv", exports.export_contacts(needs.pool, chosen), bom=bom)


@router.get("/campaigns/{campaign_id}/results.csv", response_class=CsvResponse)
async def export_results(
    campaign_id: UUID, needs: Needs, caller: CurrentCaller, bom: WithMark = False
) -> CsvResponse:
    """What became of each contact of a campaign."""
    if await campaigns.get_campaign(needs.pool, str(campaign_id)) is None:
        raise not_found("campaign", str(campaign_id))
    await audit.note(needs.pool, caller.actor, "campaign.exported", "campaign", str(campaign_id))
    rows = exports.export_results(needs.pool, str(campaign_id))
    return await stream_csv(f"campaign-{campaign_id}.csv", rows, bom=bom)


@router.get("/messages/export.csv", response_class=CsvResponse)
async def export_messages(
    *,
    needs: Needs,
    caller: CurrentCaller,
    campaign_id: UUID | None = None,
    contact_id: UUID | None = None,
    sender_id: UUID | None = None,
    message_type: MessageType | None = None,
    status: MessageStatus | None = None,
    since: Annotated[AwareDatetime | None, Query(description="Sent at this time or later")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Sent before this time")] = None,
    q: Search = None,
    bom: WithMark = False,
) -> CsvResponse:
    """Messages with their texts and times."""
    chosen = MessageFilter(
        campaign_id=None if campaign_id is None else str(campaign_id),
        contact_id=None if contact_id is None else str(contact_id),
        sender_id=None if sender_id is None else str(sender_id),
        message_type=message_type,
        status=status,
        since=since,
        until=until,
        q=q,
    )
    filters = {name: str(value) for name, value in asdict(chosen).items() if value is not None}
    await audit.note(needs.pool, caller.actor, "messages.exported", "messages", "export", after=filters)
    return await stream_csv("messages.csv", exports.export_messages(needs.pool, chosen), bom=bom)


async def stream_csv(name: str, rows: AsyncIterator[Row], *, bom: bool) -> CsvResponse:
    """A file of that name, of a header and rows, read while it is sent."""
    # The header is read before the answer begins: a database that is away is an error and no empty file.
    header = await anext(rows)
    return CsvResponse(
        _blocks(header, rows, bom=bom), headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


async def _blocks(header: Row, rows: AsyncIterator[Row], *, bom: bool) -> AsyncIterator[str]:
    yield (BYTE_ORDER_MARK if bom else "") + csv_text([header])
    block: list[Row] = []
    async for row in rows:
        block.append(row)
        if len(block) == BLOCK_ROWS:
            yield csv_text(block)
            block = []
    yield csv_text(block)

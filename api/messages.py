"""Messages: what was sent to whom, how far it got, and every attempt."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from api.dependencies import Needs
from api.listing import Search, as_page, read_key
from api.pages import Cursor, Page, PageSize
from api.problems import PROBLEM_RESPONSES, Problem, not_found
from domain.messages import MessageStatus, MessageType
from storage import messages
from storage.messages import ORDERS, Attempt, FullMessage, ListedMessage, MessageFilter, MessageOrder

router = APIRouter(prefix="/api/messages", tags=["messages"], responses=PROBLEM_RESPONSES)


class MessageOut(BaseModel):
    """One message, its text, and every attempt to hand it over, in their order."""

    message: FullMessage
    attempts: list[Attempt]


@router.get("")
async def list_messages(
    needs: Needs,
    *,
    limit: PageSize = 50,
    cursor: Cursor = None,
    order: MessageOrder = MessageOrder.CREATED,
    campaign_id: UUID | None = None,
    contact_id: UUID | None = None,
    sender_id: UUID | None = None,
    message_type: Annotated[list[MessageType] | None, Query(description="Repeat it for several")] = None,
    status: Annotated[list[MessageStatus] | None, Query(description="Repeat it for several")] = None,
    since: Annotated[
        AwareDatetime | None, Query(alias="from", description="Of the time by which the list is sorted")
    ] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="Before this moment")] = None,
    q: Search = None,
) -> Page[ListedMessage]:
    """The newest messages first: by their making, or by their sending with `order=sent`.

    `q` looks in the texts of messages and in names, and in phone numbers when it looks like a part of one.
    """
    if q is not None and order is MessageOrder.SENT:
        raise Problem(
            422, "Invalid request", "q: leave `order` out, a search is sorted by the making of messages"
        )
    found = await messages.list_messages(
        needs.pool,
        MessageFilter(
            campaign_id=_text(campaign_id),
            contact_id=_text(contact_id),
            sender_id=_text(sender_id),
            types=message_type,
            statuses=status,
            since=since,
            until=until,
            q=q,
        ),
        order=order,
        after=read_key(order, cursor, len(ORDERS[order].keys)),
        limit=limit,
    )
    return as_page(order, found)


@router.get("/{message_id}")
async def get_message(message_id: UUID, needs: Needs) -> MessageOut:
    """One message with its text, the times of its statuses, and its attempts."""
    found = await messages.get_message(needs.pool, str(message_id))
    if found is None:
        raise not_found("message", str(message_id))
    message, attempts = found
    return MessageOut(message=message, attempts=attempts)


def _text(identity: UUID | None) -> str | None:
    return None if identity is None else str(identity)

"""Senders: the WhatsApp accounts that campaigns send from."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.dependencies import Needs
from api.problems import PROBLEM_RESPONSES, not_found
from domain.phone import parse_phone
from storage import senders
from storage.senders import Sender

router = APIRouter(prefix="/api/senders", tags=["senders"], responses=PROBLEM_RESPONSES)


def _international(text: str) -> str:
    return parse_phone(text, "ZZ")


class SenderIn(BaseModel):
    """A WhatsApp account that is linked at the gateway."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    phone: Annotated[str, AfterValidator(_international)] = Field(description="E.164, with the plus sign")
    device_id: str = Field(pattern="^[0-9a-f]{24}$", description="The device's id at the gateway")
    message_1_rate_per_s: float | None = Field(
        default=None, gt=0, le=1000, description="Message 1 per second; unset: the default of the settings"
    )
    message_2_rate_per_s: float | None = Field(default=None, gt=0, le=1000)


@router.post("", status_code=status.HTTP_201_CREATED)
async def save_sender(sender: SenderIn, needs: Needs) -> Sender:
    """Adds a sender, or changes the one that has this device. Running workers pick it up within seconds."""
    return await senders.save_sender(needs.pool, **sender.model_dump())


@router.get("")
async def list_senders(needs: Needs) -> list[Sender]:
    """All senders, oldest first."""
    return await senders.list_senders(needs.pool)


@router.post("/{sender_id}/resume")
async def resume_sender(sender_id: UUID, needs: Needs) -> Sender:
    """Lets a stopped sender send again, once a person has made sure that it may."""
    sender = await senders.resume_sender(needs.pool, str(sender_id))
    if sender is None:
        raise not_found("sender", str(sender_id))
    return sender

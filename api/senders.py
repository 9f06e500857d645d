"""Senders: the WhatsApp accounts that campaigns send from."""

import asyncio
from dataclasses import asdict
from datetime import date
from typing import Annotated, Self
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, status
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from api.dependencies import Needs, Resources
from api.guard import CurrentCaller
from api.listing import as_page, read_key
from api.pages import Cursor, Page, PageSize
from api.pausing import PauseIn, PauseScope
from api.problems import PROBLEM_RESPONSES, Problem, not_found
from api.sender_health import LONGEST_LOOK_S, CurrentGateway
from domain.pacing.pace import Maturity
from domain.phone import parse_phone
from domain.providers import Provider, is_account_id
from providers.base import GatewayError
from providers.gateways import Gateways
from storage import audit, paces, run_settings, sender_lists, senders
from storage.delivery_latency import DeliveryLatency, delivery_latency
from storage.paces import PacingChange
from storage.sender_lists import ListedSender
from storage.senders import Sender, SenderExistsError

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/api/senders", tags=["senders"], responses=PROBLEM_RESPONSES)


def _international(text: str) -> str:
    return parse_phone(text, "ZZ")


TemplateName = Annotated[str, Field(pattern="^[a-z0-9_]{1,512}$")]
TemplateLanguage = Annotated[str, Field(pattern="^[a-z]{2,3}(_[A-Z]{2})?$")]
_TEMPLATE = ("template_name", "template_language")
_IDS = {
    Provider.WASSENGER: "its devices have 24 hexadecimal digits",
    Provider.META: "its phone number ids have 5 to 20 digits",
}


class SenderIn(BaseModel):
    """A WhatsApp account that is linked at the gateway."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    phone: Annotated[str, AfterValidator(_international)] = Field(description="E.164, with the plus sign")
    provider: Provider = Field(
        default=Provider.WASSENGER, description="Whose gateway: wassenger, or meta for WhatsApp's Cloud API"
    )
    device_id: str = Field(
        min_length=5,
        max_length=24,
        description="The account's id at the gateway: a device of Wassenger (24 hexadecimal digits), or a "
        "phone number id of Meta (digits)",
    )
    template_name: TemplateName | None = Field(
        default=None,
        description="Meta only, needed there: the approved template of Message 1, whose one body parameter is "
        "the text of the message",
    )
    template_language: TemplateLanguage | None = Field(
        default=None,
        description="Meta only, needed there: the template's language, such as fr or en_US",
    )
    message_1_rate_per_s: float | None = Field(
        default=None,
        gt=0,
        le=1000,
        description="A fixed pace in Messages 1 per second, without profile, warm-up and rests: for trying "
        "things out. Unset: as the account's maturity allows",
    )
    message_2_rate_per_s: float | None = Field(default=None, gt=0, le=1000)
    maturity: Maturity | None = Field(
        default=None, description="Instead of the maturity that its own history tells: for accounts you know"
    )
    account_since: date | None = Field(
        default=None, description="Since when the WhatsApp account exists; unset: since it was added here"
    )

    @field_validator("device_id")
    @classmethod
    def _is_of_its_provider(cls, device_id: str, info: ValidationInfo) -> str:
        provider = info.data.get("provider", Provider.WASSENGER)
        if not is_account_id(provider, device_id):
            raise ValueError(f"this is no account of {provider.capitalize()}: {_IDS[provider]}")
        return device_id

    @model_validator(mode="after")
    def _fits_its_provider(self) -> Self:
        has_template = self.template_name is not None and self.template_language is not None
        if self.provider is Provider.META and not has_template:
            raise ValueError("Meta sends Message 1 as an approved template: give its name and its language")
        if self.provider is not Provider.META and (self.template_name or self.template_language):
            raise ValueError("only senders of Meta have a template")
        return self


@router.post("", status_code=status.HTTP_201_CREATED)
async def save_sender(sender: SenderIn, needs: Needs, caller: CurrentCaller, gateway: CurrentGateway) -> Sender:
    """Adds a sender, or changes the one that has this device. Running workers pick it up within seconds.

    One that was removed comes back, with its history, by its device or by its number. Refused (409) when
    another sender has the number: `sender_id` says which.
    """
    try:
        saved = await senders.save_sender(needs.pool, **sender.model_dump())
    except SenderExistsError as error:
        hint = "change that one, or remove it first"
        raise Problem(409, "Sender exists", f"{error}: {hint}", sender_id=error.sender_id) from error
    kept = sender.model_dump(mode="json", exclude={"phone"})
    await audit.note(needs.pool, caller.actor, "sender.saved", "sender", saved.id, after=kept)
    await needs.bell.ring(saved.id)
    if sender.provider is Provider.META and gateway is not None:
        await _direct_webhooks(needs, gateway, saved.device_id)
    return saved


async def _direct_webhooks(needs: Resources, gateway: Gateways, number: str) -> None:
    """At once, since a campaign may start at once; what fails here is tried again behind the scenes."""
    if (callback := needs.settings.meta_webhook) is None:
        return
    try:
        async with asyncio.timeout(LONGEST_LOOK_S):
            await gateway.direct_webhook(number, url=callback[0], verify_token=callback[1])
    except (GatewayError, TimeoutError, ValueError) as error:
        log.warning("webhooks of a Meta number not directed here yet", number=number, error=str(error))


class SenderChange(BaseModel):
    """What to change; what is not named stays. Another device or number is another sender."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=100)
    template_name: TemplateName | None = Field(
        default=None, description="Meta only: counts from the next message"
    )
    template_language: TemplateLanguage | None = None
    message_1_rate_per_s: float | None = Field(default=None, gt=0, le=1000, description="null: no fixed pace")
    message_2_rate_per_s: float | None = Field(default=None, gt=0, le=1000)
    maturity: Maturity | None = Field(default=None, description="null: as its history tells")
    account_since: date | None = None


@router.get("")
async def list_senders(
    needs: Needs,
    *,
    limit: PageSize = 50,
    cursor: Cursor = None,
    status: Annotated[str | None, Query(description="active, paused or stopped")] = None,
    q: Annotated[str | None, Query(min_length=1, max_length=100, description="Of the name or phone")] = None,
) -> Page[ListedSender]:
    """The senders and what each of them does now, the oldest first."""
    found = await sender_lists.list_senders(
        needs.pool,
        after=read_key("created", cursor, len(sender_lists.ORDER.keys)),
        limit=limit,
        status=status,
        q=q,
    )
    return as_page("created", found)


class PaceOut(BaseModel):
    """What a sender does at present, why, and how its messages fare. Durations in seconds."""

    state: str = Field(description="new, sending, resting, night, quota, break, paused or stopped")
    reason: str | None
    opens_at: AwareDatetime | None = Field(description="When Message 1 goes on by itself")
    profile: str
    maturity: str
    delay_s: float | None = Field(description="Mean time between two Messages 1")
    error_factor: float = Field(description="By how much the delay is longer because of errors")
    error_rate: float = Field(description="Of the last messages that were evaluated, from 0 to 1")
    quota: int | None = Field(description="Messages in any 24 hours")
    sent_in_a_day: int = Field(description="Messages in the last 24 hours")
    kept_for_replies: int = Field(description="Places in the quota that Message 1 leaves alone")
    next_message_1_at: AwareDatetime | None
    warnings: list[str]
    delivery: DeliveryLatency = Field(description="Of the last 24 hours")


class SenderOut(BaseModel):
    """A sender and its pace."""

    sender: Sender
    pace: PaceOut


@router.get("/{sender_id}")
async def get_sender(sender_id: UUID, needs: Needs) -> SenderOut:
    """One sender: what it does now and why, what is left of its quota, and how fast its messages arrive."""
    sender = await _existing(needs, sender_id)
    pace = await paces.get_pace(needs.pool, sender.id)
    threshold = (await run_settings.load(needs.pool, needs.settings.run_settings)).error_threshold
    delivery = await delivery_latency(needs.pool, sender_id=sender.id)
    return SenderOut(
        sender=sender,
        pace=PaceOut(**asdict(pace), warnings=pace.warnings(threshold), delivery=delivery),
    )


@router.patch("/{sender_id}")
async def change_sender(sender_id: UUID, change: SenderChange, needs: Needs, caller: CurrentCaller) -> Sender:
    """Changes the name, the pace or the maturity of a sender; what concerns the pace takes effect at once."""
    given = change.model_dump(exclude_unset=True)
    if missing := [
        name for name in ("name", "account_since", *_TEMPLATE) if name in given and given[name] is None
    ]:
        raise Problem(422, "Invalid request", f"{', '.join(missing)}: give a value, or leave it out")
    existing = await _existing(needs, sender_id)
    if existing.provider != Provider.META and any(name in given for name in _TEMPLATE):
        raise Problem(422, "Invalid request", "only senders of Meta have a template")
    sender = await senders.change_sender(needs.pool, str(sender_id), given)
    if sender is None:
        raise not_found("sender", str(sender_id))
    kept = change.model_dump(mode="json", exclude_unset=True)
    await audit.note(needs.pool, caller.actor, "sender.changed", "sender", sender.id, after=kept)
    await needs.bell.ring(sender.id)
    return sender


@router.delete("/{sender_id}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_sender(sender_id: UUID, needs: Needs, caller: CurrentCaller) -> None:
    """Removes a sender; refused (409) while campaigns that have not ended use it.

    The messages that it has sent stay. Adding its device or its number again brings it back, with its history.
    """
    used_by = await senders.remove_sender(needs.pool, str(sender_id))
    if used_by is None:
        raise not_found("sender", str(sender_id))
    if used_by:
        names = ", ".join(f"“{name}”" for name in used_by)
        raise Problem(
            409,
            "Sender is in use",
            f"campaigns that have not ended use it, such as {names}: end or change them first",
        )
    await audit.note(needs.pool, caller.actor, "sender.removed", "sender", str(sender_id))
    await needs.bell.ring(str(sender_id))


@router.get("/{sender_id}/pacing-changes")
async def list_pacing_changes(
    sender_id: UUID, needs: Needs, limit: PageSize = 100, cursor: Cursor = None
) -> Page[PacingChange]:
    """How the pace of a sender changed and why, the newest first."""
    sender = await _existing(needs, sender_id)
    after = read_key("change", cursor, 1)
    return as_page("change", await paces.list_changes(needs.pool, sender.id, limit, after=after))


@router.post("/{sender_id}/pause")
async def pause_sender(
    sender_id: UUID, needs: Needs, caller: CurrentCaller, pause: PauseIn | None = None
) -> Sender:
    """From this answer on no Message 1 leaves this sender; with the scope `all`, no Message 2 either."""
    existing = await _existing(needs, sender_id)
    scope = (pause or PauseIn()).scope
    # Then Message 2 goes on: what of it was refused has to be woken.
    is_narrower = existing.pause_scope == PauseScope.ALL and scope is not PauseScope.ALL
    sender = await senders.pause_sender(needs.pool, existing.id, scope)
    if sender is None:
        raise Problem(409, "Sender is stopped", f"nothing leaves it anyway: {existing.status_reason}")
    await audit.note(needs.pool, caller.actor, "sender.paused", "sender", sender.id, after={"scope": scope})
    await needs.bell.ring(sender.id, resumed=is_narrower)
    return sender


@router.post("/{sender_id}/resume")
async def resume_sender(sender_id: UUID, needs: Needs, caller: CurrentCaller) -> Sender:
    """Lets a paused or stopped sender send again, once a person has made sure that it may."""
    sender = await senders.resume_sender(needs.pool, str(sender_id))
    if sender is None:
        raise not_found("sender", str(sender_id))
    await audit.note(needs.pool, caller.actor, "sender.resumed", "sender", sender.id)
    await needs.bell.ring(sender.id, resumed=True)
    return sender


async def _existing(needs: Resources, sender_id: UUID) -> Sender:
    sender = await senders.get_sender(needs.pool, str(sender_id))
    if sender is None:
        raise not_found("sender", str(sender_id))
    return sender

"""`/control`: what a test decides about the world, and what it may look at. No token is needed."""

import secrets
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from sandbox.api.account import shown
from sandbox.api.requesting import CurrentWorld, universe_of
from sandbox.clock import iso, parse_moment
from sandbox.errors import ApiError
from sandbox.faults import Fault, PlannedFault
from sandbox.journal import journal, notification_entry
from sandbox.store import Json
from sandbox.webhooks.payloads import envelope
from sandbox.webhooks.registry import webhook_object
from sandbox.whatsapp.devices import DEFAULT_AGE_DAYS, DEFAULT_TIMEZONE, born_at
from sandbox.whatsapp.inbound import Doing
from sandbox.whatsapp.outbound import Message
from sandbox.whatsapp.people import Habits, InboundKind, Person
from sandbox.world import World

router = APIRouter(prefix="/control")

PHONE = r"^\+[1-9]\d{6,14}$"
ACCOUNT = r"^([0-9a-f]{24}|[0-9]{5,20})$"  # Wassenger's device, or Meta's phone number id


class Strict(BaseModel):
    """A misspelt field is an error, never silence."""

    model_config = ConfigDict(extra="forbid")


def known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise ValueError(f"{name!r} is no time zone; one is Europe/Paris") from None
    return name


Timezone = Annotated[str, AfterValidator(known_timezone)]


class NewDevice(Strict):
    id: str | None = Field(None, pattern=ACCOUNT)
    phone: str = Field(pattern=PHONE)
    alias: str = "Sandbox"
    delivery_per_minute: float | None = Field(None, gt=0)
    age_days: float = Field(DEFAULT_AGE_DAYS, ge=0)  # since the number came to WhatsApp
    timezone: Timezone = DEFAULT_TIMEZONE


class DeviceChanges(Strict):
    session: str | None = None
    status: str | None = None
    offline_mode: Literal["queue", "refuse"] | None = None
    delivery_per_minute: float | None = Field(None, gt=0)
    age_days: float = Field(DEFAULT_AGE_DAYS, ge=0)
    timezone: Timezone = DEFAULT_TIMEZONE


class PeopleUpdate(Strict):
    people: list[Person] = []
    default: Habits | None = None


class InboundOrder(Strict):
    device: str = Field(pattern=ACCOUNT)
    phone: str = Field(pattern=PHONE)
    kind: InboundKind = "text"
    body: str | None = None
    quote_reference: str | None = None
    occurred_at: str | None = None
    delay_s: float = Field(0.0, ge=0)  # of the webhook; it happened at `occurred_at`
    copies: int = Field(1, ge=1, le=100)
    hide_phone: bool = False


class WebhookChanges(Strict):
    """What only the provider itself changes."""

    status: Literal["active", "pending", "failed", "error"]


class ClockOrder(Strict):
    advance_s: float = Field(ge=0)


@router.post("/devices", status_code=201, response_model=None)
async def add_device(order: NewDevice, world: CurrentWorld) -> Json:
    device = world.devices.add(
        order.id or secrets.token_hex(12),
        order.phone,
        order.alias,
        order.delivery_per_minute,
        age_days=order.age_days,
        timezone=order.timezone,
    )
    return shown(world, device)


@router.patch("/devices/{device_id}", response_model=None)
async def change_device(device_id: str, changes: DeviceChanges, world: CurrentWorld) -> Json:
    device = world.devices.get(device_id)
    given = changes.model_dump(exclude_unset=True)
    session = given.pop("session", None)
    if "age_days" in given:
        given["born_at"] = born_at(given.pop("age_days"), world.clock.now())
    if device.banned_at is not None and given.get("status", "banned") != "banned":
        world.bans.pardon(device)
    world.devices.change(device, **given)
    if session is not None:
        world.set_session(device, session)
    world.delivery.queues.pump(device_id, world.clock.now())
    return shown(world, device)


@router.get("/devices/{device_id}/bans", response_model=None)
async def read_bans(device_id: str, world: CurrentWorld) -> JSONResponse:
    """What WhatsApp holds against a number: its score, how it came to it, and the verdict."""
    return JSONResponse(world.bans.shown(world.devices.get(device_id), world.clock.now()))


@router.put("/people", response_model=None)
async def put_people(update: PeopleUpdate, world: CurrentWorld) -> Json:
    world.people.put(update.people, update.default)
    return {"people": len(update.people)}


@router.post("/inbound", status_code=202, response_model=None)
async def inject_inbound(order: InboundOrder, world: CurrentWorld) -> Json:
    """Somebody does something on a phone, now or at `occurred_at`."""
    doing = Doing(
        device=world.devices.get(order.device),
        phone=order.phone,
        kind=order.kind,
        body=order.body,
        at=moment(order.occurred_at) if order.occurred_at else world.clock.now(),
        quotes=quoted_message(world, order.quote_reference),
        hides_phone=order.hide_phone,
    )
    event = world.inbox.event_for(doing)
    world.notifier.emit(event, delay_s=order.delay_s, copies=order.copies)
    return {"wa_id": event.object_id, "event": envelope(event, world.settings.behaviour)}


@router.post("/faults", status_code=201, response_model=None)
async def add_fault(fault: Fault, world: CurrentWorld) -> Json:
    return fault_object(world.faults.add(fault))


@router.get("/faults", response_model=None)
async def list_faults(world: CurrentWorld) -> list[Json]:
    return [fault_object(planned) for planned in world.faults.planned]


@router.delete("/faults", response_model=None)
async def clear_faults(world: CurrentWorld) -> Json:
    world.faults.planned.clear()
    return {"faults": 0}


@router.get("/journal", response_model=None)
async def read_journal(
    world: CurrentWorld,
    phone: str | None = None,
    reference: str | None = None,
    since: Annotated[str | None, Query(description="ISO date or unix seconds")] = None,
) -> JSONResponse:
    wanted = f"+{phone.strip(' +')}" if phone is not None else None  # a bare + in a query is a blank
    content = journal(world.messages, phone=wanted, reference=reference, since=moment(since) if since else None)
    return JSONResponse(content)


@router.get("/requests", response_model=None)
async def list_requests(world: CurrentWorld) -> JSONResponse:
    return JSONResponse({"requests": world.requests.listed()})


@router.get("/webhooks", response_model=None)
async def list_notifications(world: CurrentWorld) -> JSONResponse:
    entries = [notification_entry(entry, world.webhooks) for entry in world.webhooks.notifications()]
    return JSONResponse({"webhooks": entries})


@router.patch("/webhooks/{webhook_id}", response_model=None)
async def change_webhook(webhook_id: str, changes: WebhookChanges, world: CurrentWorld) -> Json:
    """Switches an address off, as after too many failures."""
    webhook = world.webhooks.get(webhook_id)
    world.webhooks.change(webhook, status=changes.status)
    return webhook_object(webhook)


@router.get("/settings", response_model=None)
async def read_settings(world: CurrentWorld) -> Json:
    return world.settings.behaviour.model_dump()


@router.post("/settings", response_model=None)
async def change_settings(changes: dict[str, Any], world: CurrentWorld) -> Json:
    """Takes the settings that are named; the others stay."""
    try:
        world.settings.change(changes)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None
    return world.settings.behaviour.model_dump()


@router.get("/clock", response_model=None)
async def read_clock(world: CurrentWorld) -> Json:
    now = world.clock.now()
    return {
        "now": iso(now),
        "now_unix": now,
        "offset_s": world.clock.offset_s,
        "planned_actions": len(world.agenda),
    }


@router.post("/clock", response_model=None)
async def advance_clock(order: ClockOrder, world: CurrentWorld) -> Json:
    world.advance(order.advance_s)
    return await read_clock(world)


@router.post("/reset", response_model=None)
async def reset(request: Request) -> Json:
    await universe_of(request).reset()
    return {"status": "ok"}


def moment(text: str) -> float:
    try:
        return parse_moment(text)
    except ValueError:
        raise ApiError(422, f"{text!r} is neither an ISO date nor unix seconds") from None


def quoted_message(world: World, reference: str | None) -> Message | None:
    if reference is None:
        return None
    sent = [message for message in world.messages.with_reference(reference) if message.wa_id is not None]
    if not sent:
        raise ApiError(409, f"No message with reference {reference!r} was sent yet, so none can be quoted")
    return sent[-1]


def fault_object(planned: PlannedFault) -> Json:
    return {"id": planned.id, **planned.fault.model_dump(), "seen": planned.seen, "fired": planned.fired}

"""`/v1/devices`, `/v1/chat` and `/v1/numbers`: the account's numbers, their history, who is on WhatsApp."""

from collections.abc import Callable

from fastapi import APIRouter, Request

from sandbox.api.requesting import CurrentWorld, Query, filtered_by, json_object
from sandbox.api.validation import is_phone, is_text, problem, refusal
from sandbox.clock import iso, parse_moment
from sandbox.errors import ApiError, Problem, not_found
from sandbox.store import Json
from sandbox.webhooks.payloads import outbound_data
from sandbox.whatsapp.devices import Device, device_object
from sandbox.world import World

router = APIRouter(prefix="/v1")

FASTEST_PER_MINUTE = 150


def shown(world: World, device: Device) -> Json:
    waiting, scheduled = world.delivery.queues.counts(device.id)
    return device_object(device, world.settings.behaviour.plan, waiting, scheduled)


@router.get("/devices", response_model=None)
async def list_devices(request: Request, world: CurrentWorld) -> list[Json]:
    query = Query(request)
    has_status = filtered_by(query.many("status"), lambda device: device.status)
    has_session = filtered_by(query.many("sessionStatus"), lambda device: device.session)
    search = query.one("search") or ""
    found = (
        device
        for device in world.devices
        if not device.is_meta
        and has_status(device)
        and has_session(device)
        and search in f"{device.phone} {device.alias}"
    )
    return [shown(world, device) for device in query.page_of(found)]


@router.get("/devices/{device_id}", response_model=None)
@router.get("/devices/{device_id}/sync", response_model=None)
async def get_device(device_id: str, world: CurrentWorld) -> Json:
    return shown(world, world.devices.get(device_id))


@router.patch("/devices/{device_id}", response_model=None)
async def change_device(device_id: str, request: Request, world: CurrentWorld) -> Json:
    """Takes the alias and `settings.deliverySpeed`; 0 gives the plan's speed, here unlimited."""
    device = world.devices.get(device_id)
    changes = await json_object(request)
    settings = changes.get("settings", {})
    speed = settings.get("deliverySpeed", 0) if isinstance(settings, dict) else None
    problems = unknown_fields(changes, {"alias", "settings"})
    if "alias" in changes and not is_text(changes["alias"]):
        problems.append(problem("alias", "must be text"))
    if not isinstance(speed, int | float) or not 0 <= speed <= FASTEST_PER_MINUTE:
        problems.append(problem("settings.deliverySpeed", f"must be from 0 to {FASTEST_PER_MINUTE}"))
    if problems:
        raise refusal(problems)
    if "alias" in changes:
        world.devices.change(device, alias=changes["alias"])
    if "deliverySpeed" in settings:
        world.devices.change(device, delivery_per_minute=speed or None)
        world.delivery.queues.pump(device_id, world.clock.now())
    return shown(world, device)


@router.get("/devices/{device_id}/health", response_model=None)
async def get_health(device_id: str, world: CurrentWorld) -> Json:
    """The fields of the real answer are not known; these carry what a caller needs."""
    device = world.devices.get(device_id)
    is_healthy = device.status == "operative" and device.session == "online"
    return {
        "id": device.id,
        "status": device.status,
        "session": {"status": device.session},
        "healthy": is_healthy,
        "checkedAt": iso(world.clock.now()),
    }


@router.post("/devices/{device_id}/start", response_model=None)
@router.post("/devices/{device_id}/reboot", response_model=None)
async def start_device(device_id: str, world: CurrentWorld) -> Json:
    """Brings the session back, unless WhatsApp blocks the number."""
    device = world.devices.get(device_id)
    if device.session != "blocked":
        world.set_session(device, "online")
    return shown(world, device)


@router.get("/chat/{device_id}/messages", response_model=None)
async def chat_history(device_id: str, request: Request, world: CurrentWorld) -> list[Json]:
    """What WhatsApp knows of a device's chats, newest first: the way to catch up on missed webhooks."""
    if world.settings.behaviour.plan == "gateway":
        raise ApiError(403, "The chat history needs a Platform plan")
    device = world.devices.get(device_id)
    query = Query(request)
    passes = history_filter(query)
    found = [data for data in chat_messages(world, device) if passes(data)]
    oldest_first = query.one("sort") == "date:asc"
    found.sort(key=lambda data: str(data["date"]), reverse=not oldest_first)
    return list(query.page_of(found))


@router.get("/chat/{device_id}/messages/{wa_id}", response_model=None)
async def chat_message(device_id: str, wa_id: str, world: CurrentWorld) -> Json:
    for data in chat_messages(world, world.devices.get(device_id)):
        if data["id"] == wa_id:
            return data
    raise not_found("message", wa_id)


@router.post("/numbers/exists", response_model=None)
async def number_exists(request: Request, world: CurrentWorld) -> Json:
    body = await json_object(request)
    problems = unknown_fields(body, {"phone"})
    if not is_phone(body.get("phone")):
        problems.append(problem("phone", "must be E.164 with a leading +"))
    if problems:
        raise refusal(problems)
    phone = body["phone"]
    if world.people.find(phone).on_whatsapp:
        digits = phone.lstrip("+")
        return {
            "exists": True,
            "phone": phone,
            "wid": f"{digits}@c.us",
            "isBusiness": False,
            "link": f"https://wa.me/{digits}",
        }
    if world.settings.behaviour.number_check == "not_found":
        raise not_found("phone", phone)
    return {"exists": False, "phone": phone, "wid": None, "isBusiness": False}


def unknown_fields(body: Json, known: set[str]) -> list[Problem]:
    return [
        {"code": "field:unknown", "reason": "additionalProperties", "message": f"{name} is not allowed"}
        for name in body
        if name not in known
    ]


def chat_messages(world: World, device: Device) -> list[Json]:
    """Both directions; ours appear once they were sent."""
    sent = (
        outbound_data(message, device)
        for message in world.messages
        if message.device == device.id and message.wa_id is not None
    )
    return [*world.inbox.history(device.id), *sent]


def history_filter(query: Query) -> Callable[[Json], bool]:
    after, before = query.moment("after"), query.moment("before")
    filters: list[Callable[[Json], bool]] = [
        filtered_by(query.many("flow"), lambda data: data["flow"]),
        filtered_by(query.many("chat"), lambda data: data["chat"]["id"]),
        filtered_by(query.many("from"), lambda data: data["from"]),
        filtered_by(query.many("type"), lambda data: data["type"]),
        filtered_by(query.many("ack"), lambda data: data["ack"]),
        filtered_by(query.many("reference"), lambda data: data.get("reference")),
        lambda data: after is None or parse_moment(data["date"]) >= after,
        lambda data: before is None or parse_moment(data["date"]) < before,
    ]
    return lambda data: all(passes(data) for passes in filters)

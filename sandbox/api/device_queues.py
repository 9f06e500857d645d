"""`/v1/devices/{id}/queue`: look at a device's queue, stop it, move it, empty it."""

from fastapi import APIRouter, Request

from sandbox.api.account import shown, unknown_fields
from sandbox.api.requesting import CurrentWorld, Query, json_object
from sandbox.api.validation import problem, refusal
from sandbox.store import Json
from sandbox.whatsapp.devices import Device
from sandbox.whatsapp.outbound import Message
from sandbox.world import World

router = APIRouter(prefix="/v1/devices/{device_id}/queue")

QUEUE_STATES = ("active", "pause", "reject", "freeze")
"""`pause` accepts and does not deliver, `reject` delivers and refuses new ones, `freeze` does neither."""

FLUSH_S = 30 * 60


@router.get("", response_model=None)
async def get_queue(device_id: str, world: CurrentWorld) -> Json:
    return queue_object(world, world.devices.get(device_id))


@router.post("", response_model=None)
async def set_queue(device_id: str, request: Request, world: CurrentWorld) -> Json:
    """Sets the state of the queue; `force` empties it without the pace of the device for 30 minutes."""
    device = world.devices.get(device_id)
    body = await json_object(request)
    problems = unknown_fields(body, {"status", "force"})
    if body.get("status", device.queue_status) not in QUEUE_STATES:
        problems.append(problem("status", f"must be one of {', '.join(QUEUE_STATES)}"))
    if not isinstance(body.get("force", False), bool):
        problems.append(problem("force", "must be true or false"))
    if problems:
        raise refusal(problems)
    now = world.clock.now()
    world.devices.change(
        device,
        queue_status=body.get("status", device.queue_status),
        flush_until=now + FLUSH_S if body.get("force") else device.flush_until,
    )
    world.delivery.queues.pump(device_id, now)
    return queue_object(world, device)


@router.patch("", response_model=None)
async def move_queue(device_id: str, request: Request, world: CurrentWorld) -> Json:
    """Gives everything that waits to another device."""
    body = await json_object(request)
    problems = unknown_fields(body, {"device"})
    if problems:
        raise refusal(problems)
    other = world.devices.get(str(body.get("device")))
    for message in waiting_on(world, device_id):
        world.messages.change(message, device=other.id)
        world.delivery.queues.put(message, world.clock.now())
    return queue_object(world, other)


@router.delete("", response_model=None)
async def empty_queue(device_id: str, request: Request, world: CurrentWorld) -> Json:
    """Cancels what waits, or the part of it that the filters name."""
    query = Query(request)
    ids, phones = query.many("ids"), {f"+{phone.strip(' +')}" for phone in query.many("phones")}
    keeps_scheduled = query.one("skipScheduled") in ("true", "1")
    removed = 0
    for message in waiting_on(world, device_id):
        if (
            (ids and message.id not in ids)
            or (phones and message.phone not in phones)
            or (keeps_scheduled and message.deliver_at is not None)
        ):
            continue
        world.delivery.remove(message)
        removed += 1
    return {"removed": removed}


def waiting_on(world: World, device_id: str) -> list[Message]:
    device = world.devices.get(device_id)
    return [message for message in world.messages if message.device == device.id and message.status == "queued"]


def queue_object(world: World, device: Device) -> Json:
    queue: Json = shown(world, device)["queue"]
    return queue

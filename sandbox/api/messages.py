"""`/v1/messages`: take a message, find it again, change it, take it back."""

import secrets
from collections.abc import Callable, Iterable, Iterator

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from sandbox.api.front import ARRIVED_AT
from sandbox.api.requesting import CurrentWorld, Query, filtered_by, json_object
from sandbox.api.validation import check_message, deliver_at, expires_at
from sandbox.errors import ApiError
from sandbox.store import Json
from sandbox.whatsapp.delivery import NOT_ON_WHATSAPP
from sandbox.whatsapp.outbound import Message, Messages, message_object
from sandbox.world import World

router = APIRouter(prefix="/v1/messages")

DEFAULT_RETRIES = 25
ROUTING = ("phone", "group", "channel", "chat", "device")  # the rest of a request is content


@router.post("", response_model=None)
async def create_message(request: Request, world: CurrentWorld) -> JSONResponse:
    body = check_message(await json_object(request))
    device = world.devices.get(body["device"]) if "device" in body else world.devices.first()
    device.check_accepts()
    phone, chat = recipient(body)
    if world.settings.behaviour.not_on_whatsapp == "sync" and not world.people.find(phone).on_whatsapp:
        raise ApiError(400, NOT_ON_WHATSAPP, "phone:invalid")
    now = world.clock.now()
    message = Message(
        n=world.messages.next_n(),
        id=secrets.token_hex(12),
        device=device.id,
        chat=chat,
        phone=phone,
        content=content_of(body),
        accepted_at=request.scope[ARRIVED_AT],
        created_at=now,
        deliver_at=deliver_at(body, now),
        expires_at=expires_at(body, now),
        max_retries=body.get("retries", DEFAULT_RETRIES),
    )
    world.messages.add(message)
    accepted = message_object(message)
    world.delivery.take(message)
    # Only a message without a queue is under way already, and shows it.
    return JSONResponse(accepted if message.wa_id is None else message_object(message), status_code=201)


@router.get("", response_model=None)
async def list_messages(request: Request, world: CurrentWorld) -> list[Json]:
    query = Query(request)
    found: Iterable[Message] = filter(message_filter(query), candidates(query, world.messages))
    if query.one("sort") in ("date:asc", "createdAt:asc"):
        found = sorted(found, key=lambda message: message.n)
    return [message_object(message) for message in query.page_of(found)]


@router.get("/{message_id}", response_model=None)
async def get_message(message_id: str, world: CurrentWorld) -> Json:
    return message_object(world.messages.get(message_id))


@router.patch("/{message_id}", response_model=None)
async def change_message(message_id: str, request: Request, world: CurrentWorld) -> Json:
    """Changes a message that still waits; the whole must be a message that would be taken."""
    message = world.messages.get(message_id)
    if message.status != "queued":
        raise ApiError(409, f"The message is {message.status}: only a queued one can be changed")
    changes = await json_object(request)
    removed = changes.pop("remove", [])
    before = {**target_of(message), "device": message.device, **message.content}
    after = check_message({name: value for name, value in {**before, **changes}.items() if name not in removed})
    rewrite(world, message, after)
    return message_object(message)


@router.delete("/{message_id}", response_model=None)
async def delete_message(message_id: str, request: Request, world: CurrentWorld) -> Json:
    message = world.messages.get(message_id)
    forced = Query(request).one("force") in ("true", "1")
    if message.status != "queued" and not forced:
        raise ApiError(409, f"The message is {message.status}: force=true is needed to delete it")
    world.delivery.remove(message)
    return message_object(message)


def recipient(body: Json) -> tuple[str | None, str]:
    """The phone, if there is one, and the WhatsApp id of the chat."""
    if "phone" in body:
        return body["phone"], f"{body['phone'].lstrip('+')}@c.us"
    chat = str(body.get("chat") or body.get("group") or body.get("channel"))
    if chat.endswith("@c.us"):
        return f"+{chat.removesuffix('@c.us')}", chat
    return None, chat


def content_of(body: Json) -> Json:
    return {name: value for name, value in body.items() if name not in ROUTING}


def target_of(message: Message) -> Json:
    return {"phone": message.phone} if message.phone else {"chat": message.chat}


def rewrite(world: World, message: Message, after: Json) -> None:
    """Gives a queued message its new content and a new place in the queue of its device."""
    device = world.devices.get(after["device"])
    phone, chat = recipient(after)
    now = world.clock.now()
    world.messages.rewrite(message, content_of(after), chat, phone)
    world.messages.change(
        message,
        device=device.id,
        deliver_at=deliver_at(after, now),
        max_retries=after.get("retries", message.max_retries),
    )
    world.delivery.queues.put(message, now)


def candidates(query: Query, messages: Messages) -> Iterable[Message]:
    """The messages that can match at all, newest first: an index does it where one fits."""
    ids, wa_ids, references = query.many("ids"), query.many("waIds"), query.many("reference")
    phones = query.many("phone")
    if ids:
        found: Iterator[Message] = (message for key in ids if (message := messages.find(key)))
    elif wa_ids:
        found = (message for key in wa_ids if (message := messages.with_wa_id(key)))
    elif references:
        found = (message for key in references for message in messages.with_reference(key))
    elif phones:
        found = (message for phone in phones for message in messages.to_chat(f"{phone.strip(' +')}@c.us"))
    else:
        return messages.newest_first()
    return sorted(found, key=lambda message: message.n, reverse=True)


def message_filter(query: Query) -> Callable[[Message], bool]:
    phones = {f"+{phone.strip(' +')}" for phone in query.many("phone")}  # a bare + in a query is a blank
    filters: list[Callable[[Message], bool]] = [
        filtered_by(query.many("ids"), lambda message: message.id),
        filtered_by(query.many("waIds"), lambda message: message.wa_id),
        filtered_by(query.many("reference"), lambda message: message.reference),
        filtered_by(query.many("status"), lambda message: message.status),
        filtered_by(query.many("deliveryStatus"), lambda message: message.delivery_status),
        filtered_by(query.many("webhookStatus"), lambda message: message.webhook_status),
        filtered_by(query.many("priority"), lambda message: message.priority),
        filtered_by(query.many("device", "devices"), lambda message: message.device),
        filtered_by(phones, lambda message: message.phone),
        created_between(query.moment("createdAfter"), query.moment("createdBefore")),
        sent_between(query.moment("after"), query.moment("before")),
    ]
    search = query.one("search")
    if search is not None:
        filters.append(lambda message: search in (message.body or ""))
    return lambda message: all(passes(message) for passes in filters)


def created_between(after: float | None, before: float | None) -> Callable[[Message], bool]:
    return lambda message: (
        (after is None or message.created_at >= after) and (before is None or message.created_at < before)
    )


def sent_between(after: float | None, before: float | None) -> Callable[[Message], bool]:
    if after is None and before is None:
        return lambda _message: True
    return lambda message: (
        message.sent_at is not None
        and (after is None or message.sent_at >= after)
        and (before is None or message.sent_at < before)
    )

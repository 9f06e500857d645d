"""Reads what Wassenger's webhooks say.

Bodies come as one object or as an array, with `data` flat or nested under `message`. The top-level `id` is the
WhatsApp id of the message, shared by all events about it, so what makes an event unique is (event, device, id,
and the acknowledgement or reaction). What counts as an interaction is decided by event and direction, never by
text, because most kinds have none.
"""

import hashlib
import json
import re
from datetime import datetime
from typing import Any

from domain.interactions import InteractionKind, is_emoji_only
from providers.base import (
    DeliveryStatus,
    DeliveryUpdate,
    Ignored,
    InboundMessage,
    SessionUpdate,
    UnreadableWebhookError,
    WebhookItem,
    WebhookNews,
)
from providers.storable import storable
from providers.wassenger_statuses import read_status
from providers.wassenger_times import read_time

MOST_ITEMS = 100  # Wassenger documents at most 25 events in one body
LONGEST_KEY = 500  # real ones have about 100 characters; an index of PostgreSQL takes 2700 bytes

Json = dict[str, Any]

_PHONE = re.compile(r"^\+?([1-9]\d{6,14})(?:@(?:c\.us|s\.whatsapp\.net))?$", re.ASCII)
_REMOVED = {"", "-", "removed", "none", "false"}
_SYSTEM_KINDS = ("notification", "notification_template", ":event")  # how their names end
_KINDS = {
    "image": InteractionKind.IMAGE,
    "video": InteractionKind.VIDEO,
    "document": InteractionKind.DOCUMENT,
    "audio": InteractionKind.AUDIO,
    "voice": InteractionKind.VOICE,
    "ptt": InteractionKind.VOICE,
    "sticker": InteractionKind.STICKER,
    "location": InteractionKind.LOCATION,
    "contacts": InteractionKind.CONTACTS,
    "contact": InteractionKind.CONTACTS,
    "vcard": InteractionKind.CONTACTS,
    "poll": InteractionKind.POLL,
    "poll_vote": InteractionKind.POLL_VOTE,
    "buttons_response": InteractionKind.BUTTONS_RESPONSE,
    "interactive": InteractionKind.BUTTONS_RESPONSE,
    "list_response": InteractionKind.LIST_RESPONSE,
    "reaction": InteractionKind.REACTION,
}


def split_webhook(raw: bytes) -> list[WebhookItem]:
    """The events of one body. Raises UnreadableWebhookError when it holds anything else."""
    try:
        # NaN and the like are not JSON, and cannot be stored.
        return _items(json.loads(raw, parse_constant=str))
    except UnreadableWebhookError:
        raise
    except (ValueError, RecursionError) as error:
        raise UnreadableWebhookError(f"no JSON: {error}") from error


def _items(body: object) -> list[WebhookItem]:
    items = body if isinstance(body, list) else [body]
    if not items or len(items) > MOST_ITEMS:
        raise UnreadableWebhookError(f"{len(items)} events in one body")
    return [webhook_item(item) for item in items]


def webhook_item(payload: object) -> WebhookItem:
    """One event as it can be stored. Raises UnreadableWebhookError."""
    if not isinstance(payload, dict):
        raise UnreadableWebhookError(f"an event is a {type(payload).__name__}, not an object")
    event = payload.get("event")
    if not isinstance(event, str) or not event:
        raise UnreadableWebhookError("an event has no name")
    event = storable(event)
    stored: Json = storable(payload)
    return WebhookItem(event=event, key=_key(event, stored), payload=stored)


def _key(event: str, payload: Json) -> str:
    data = _data(payload)
    identity = _text(payload.get("entityId")) or _text(data.get("id"))
    parts = [event, _device(payload), identity]
    if event == "message:out:ack":
        parts.append(_ack(payload, data))
    elif event == "message:reaction":
        reacted_by = _text(data.get("from")) or _text(data.get("fromNumber"))
        parts += [_reaction(data), reacted_by, _target(data)]
    elif not event.startswith(("message:in:", "message:out:")) or not identity:
        # An update of the same message may come many times, each with other content.
        content = json.dumps(payload, sort_keys=True).encode()
        parts.append(hashlib.sha256(content).hexdigest()[:24])
    key = "|".join(parts)
    return key if len(key) <= LONGEST_KEY else f"{event[:60]}|{hashlib.sha256(key.encode()).hexdigest()}"


def interpret(payload: Json, received_at: datetime) -> WebhookNews:
    """What one event means. Never raises: odd content is `Ignored` with its reason."""
    event = _text(payload.get("event"))
    data = _data(payload)
    occurred_at = _occurred_at(payload, data, received_at)
    if event in {"message:in:new", "message:reaction", "message:update"}:
        return _inbound(event, payload, data, occurred_at)
    if event.startswith("message:out:"):
        return _outbound(event, payload, data, occurred_at, received_at)
    if event == "number:session":
        session = _object(data.get("session"))
        status = _text(session.get("status")) or _text(data.get("session")) or _text(data.get("status"))
        return SessionUpdate(device=_device(payload), session=status)
    return Ignored(f"event {event[:60]}")


def _inbound(event: str, payload: Json, data: Json, occurred_at: datetime) -> WebhookNews:
    meta = _object(data.get("meta"))
    is_ours = _text(data.get("flow")) == "outbound"
    chat = _text(_object(data.get("chat")).get("id")) or _text(data.get("to" if is_ours else "from"))
    is_vote = event == "message:update" and _is_vote(data)
    if meta.get("isGroup") or meta.get("isChannel") or chat.endswith(("@g.us", "@newsletter", "@broadcast")):
        return Ignored("not a chat with one person")
    if meta.get("isNotification") or _text(data.get("type")).endswith(_SYSTEM_KINDS):
        return Ignored("a notification")
    if event == "message:update" and not is_vote:
        return Ignored("an edit")
    if is_ours and not is_vote:
        return Ignored("our own message")
    if event == "message:reaction" and _reaction(data) in _REMOVED:
        return Ignored("a reaction taken back")
    quoted = _object(data.get("quoted"))
    text = _body(data)
    if is_vote:  # it shows our own message, with the votes
        text, quoted = None, {"wid": data.get("id"), "reference": data.get("reference")}
    kind = _kind(event, data, text)
    return InboundMessage(
        device=_device(payload),
        phone=_contact_phone(data, chat),
        kind=kind,
        text=text,
        quoted_wa_id=_text(quoted.get("wid")) or _text(quoted.get("id")) or _target(data) or None,
        quoted_reference=_text(quoted.get("reference")) or None,
        occurred_at=occurred_at,
    )


def _kind(event: str, data: Json, text: str | None) -> InteractionKind:
    if event == "message:reaction":
        return InteractionKind.REACTION
    if event == "message:update":
        return InteractionKind.POLL_VOTE
    kind = _text(data.get("type")) or "text"
    if kind == "text":
        return InteractionKind.EMOJI if text and is_emoji_only(text) else InteractionKind.TEXT
    if kind == "audio" and _text(_object(data.get("media")).get("format")) == "ptt":
        return InteractionKind.VOICE
    return _KINDS.get(kind, InteractionKind.OTHER)


def _is_vote(data: Json) -> bool:
    poll = _object(data.get("poll"))
    votes = poll.get("votes") or data.get("votes")
    return bool(votes) or any(_object(option).get("votes") for option in _list(poll.get("options")))


def _body(data: Json) -> str | None:
    media = _object(data.get("media"))
    response = _object(data.get("response"))
    for value in (data.get("body"), media.get("caption"), response.get("text")):
        if isinstance(value, str) and value:
            return value
    return None


def _contact_phone(data: Json, chat: str) -> str | None:
    theirs = ("toNumber", "to") if _text(data.get("flow")) == "outbound" else ("fromNumber", "from")
    for value in (chat, *(data.get(name) for name in theirs)):
        match = _PHONE.match(_text(value))
        if match:
            return f"+{match[1]}"
    return None


def _outbound(
    event: str, payload: Json, data: Json, occurred_at: datetime, received_at: datetime
) -> WebhookNews:
    status = {
        "message:out:new": DeliveryStatus.SENT,
        "message:out:sent": DeliveryStatus.SENT,
        "message:out:failed": DeliveryStatus.FAILED,
    }.get(event) or read_status(_ack(payload, data))
    if status is DeliveryStatus.QUEUED:
        return Ignored("no news about a message")
    identity = _text(data.get("id"))
    is_api_id = bool(payload.get("entityId")) or re.fullmatch("[0-9a-f]{24}", identity) is not None
    return DeliveryUpdate(
        provider_id=_text(payload.get("entityId")) or (identity if is_api_id else "") or None,
        wa_id=_text(data.get("waId")) or ("" if is_api_id else identity) or None,
        reference=_text(data.get("reference")) or None,
        status=status,
        occurred_at=min(_status_time(data, status) or occurred_at, received_at),
        failure_reason=_text(data.get("failureReason")) or None,
    )


def _status_time(data: Json, status: DeliveryStatus) -> datetime | None:
    """When it happened, as `data.events` or the dates of the message tell."""
    events = _object(data.get("events"))
    names = {
        DeliveryStatus.SENT: ("sent", "sentAt"),
        DeliveryStatus.DELIVERED: ("delivered",),
        DeliveryStatus.READ: ("readed", "read", "played"),
        DeliveryStatus.FAILED: ("failed", "failedAt"),
    }[status]
    times = (read_time(_object(events.get(name)).get("date")) or read_time(data.get(name)) for name in names)
    return next((time for time in times if time), None)


def _occurred_at(payload: Json, data: Json, received_at: datetime) -> datetime:
    """The provider's time, never later than our receipt. A vote dates from its event, not from the poll."""
    precise = read_time(data.get("date"))
    seconds = read_time(data.get("timestamp"))
    if precise and seconds and abs((precise - seconds).total_seconds()) >= 1:
        precise = None  # `date` belongs to something else, as in an edited or voted message
    created = read_time(payload.get("created")) or read_time(payload.get("date"))
    if created and payload.get("event") == "message:update":
        return min(created, received_at)
    return min(precise or seconds or created or received_at, received_at)


def _ack(payload: Json, data: Json) -> str:
    return _text(payload.get("ack")) or _text(data.get("ack"))


def _reaction(data: Json) -> str:
    value = data.get("reaction")
    if isinstance(value, dict):
        value = value.get("emoji") or value.get("reaction") or value.get("text")
    return _text(value) or _text(data.get("body"))


def _target(data: Json) -> str:
    """The message that a reaction is about."""
    return _text(data.get("messageId")) or _text(_object(data.get("reaction")).get("messageId"))


def _data(payload: Json) -> Json:
    data = _object(payload.get("data"))
    nested = data.get("message")
    return nested if isinstance(nested, dict) else data


def _device(payload: Json) -> str:
    device = payload.get("device")
    if isinstance(device, str):
        return device
    return _text(_object(device).get("id")) or _text(_data(payload).get("device"))


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

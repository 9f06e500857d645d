"""Webhook bodies as Wassenger sends them, for tests that need one at an exact time or in an odd order."""

import json
import secrets
from datetime import UTC, datetime
from typing import Any

from activities.intake import Intake
from providers.wassenger_events import split_webhook
from storage import webhook_events
from storage.database import Pool
from storage.webhook_events import WebhookEvent

Json = dict[str, Any]


def new_wa_id() -> str:
    """A WhatsApp message id."""
    return "3EB0" + secrets.token_hex(9).upper()


def inbound(
    device_id: str,
    phone: str,
    *,
    at: datetime | None = None,
    hides_phone: bool = False,
    quotes: Json | None = None,
    **content: Any,
) -> Json:
    """Somebody wrote; `content` is what the kind of message carries, a text unless the test says otherwise."""
    moment = at or datetime.now(UTC)
    digits = phone.lstrip("+")
    chat = f"{digits[::-1]}@lid" if hides_phone else f"{digits}@c.us"
    data: Json = {
        "id": new_wa_id(),
        "flow": "inbound",
        "from": chat,
        "chat": {"id": chat, "type": "chat"},
        "date": moment.isoformat(),
        "timestamp": int(moment.timestamp()),
        "meta": {"isGroup": False, "isNotification": False},
        **(content or {"type": "text", "body": "yes"}),
    }
    if not hides_phone:
        data["fromNumber"] = phone
    if quotes:
        data["quoted"] = quotes
    return _envelope("message:in:new", device_id, data)


def acknowledgement(device_id: str, ack: str, *, reference: str | None, wa_id: str, at: datetime) -> Json:
    """WhatsApp says how far a message of ours got."""
    data: Json = {"id": wa_id, "flow": "outbound", "ack": ack, "date": at.isoformat()}
    if reference:
        data["reference"] = reference
    return {**_envelope("message:out:ack", device_id, data), "ack": ack}


def failure(device_id: str, *, reference: str, provider_id: str, at: datetime) -> Json:
    """Wassenger gives a message up."""
    data = {
        "id": provider_id,
        "reference": reference,
        "status": "failed",
        "failureReason": "The number is not on WhatsApp",
        "failedAt": at.isoformat(),
    }
    return {
        "event": "message:out:failed",
        "entity": "message",
        "entityId": provider_id,
        "date": at.isoformat(),
        "device": {"id": device_id},
        "data": data,
    }


def session(device_id: str, status: str) -> Json:
    """An account went online or offline."""
    data = {"id": device_id, "session": {"status": status}, "nonce": secrets.token_hex(4)}
    return _envelope("number:session", device_id, data)


def _envelope(event: str, device_id: str, data: Json) -> Json:
    return {
        "id": data["id"],
        "object": "message",
        "event": event,
        "created": int(datetime.now(UTC).timestamp()),
        "device": {"id": device_id},
        "data": data,
    }


async def store(pool: Pool, payload: Json) -> WebhookEvent | None:
    """What the receiver does before it answers; None for an event that is known."""
    [item] = split_webhook(json.dumps(payload).encode())
    return await webhook_events.store_event(pool, key=item.key, event=item.event, payload=item.payload)


async def deliver(pool: Pool, intake: Intake, payload: Json) -> str:
    """The whole way of one webhook; gives what it did."""
    event = await store(pool, payload)
    return await intake.process(event) if event else "known"

"""Webhook bodies in the shapes that Wassenger documents, written down independently of the sandbox."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from providers.base import WebhookItem, WebhookNews
from providers.wassenger_events import interpret, split_webhook

Json = dict[str, Any]

DEVICE = "61b37a069cba0c15d6c89757"
OUR_PHONE = "+33199000001"
PHONE = "+33639980001"
CHAT = "33639980001@c.us"
WA_ID = "3EB03EBAF8863B70BA00AF"
API_ID = "5bf612faa893b00016c0f13d"
REFERENCE = "0198f0a2-7c11-7e3a-9d55-2f1c3b7a9e10"
AT = datetime(2026, 3, 28, 10, 0, 5, 250_000, tzinfo=UTC)
RECEIVED_AT = AT + timedelta(seconds=2)


def iso(moment: datetime) -> str:
    """As Wassenger writes a moment."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def envelope(event: str, data: Json, **more: Any) -> Json:
    """The object of Platform plans: `id` is the WhatsApp id, shared by all events about a message."""
    return {
        "id": data.get("id", WA_ID),
        "object": "message",
        "event": event,
        "created": int(AT.timestamp()) + 1,
        "device": {"id": DEVICE, "phone": OUR_PHONE, "alias": "Demo", "plan": "io-enterprise", "version": 1},
        "data": data,
        **more,
    }


def inbound_data(**content: Any) -> Json:
    """`data` of something that a contact sent: a text unless the test says otherwise."""
    return {
        "id": WA_ID,
        "type": "text",
        "flow": "inbound",
        "status": "active",
        "ack": "delivered",
        "from": CHAT,
        "fromNumber": PHONE,
        "to": "33199000001@c.us",
        "toNumber": OUR_PHONE,
        "date": iso(AT),
        "timestamp": int(AT.timestamp()),
        "chat": {"id": CHAT, "type": "chat", "contact": {"wid": CHAT, "phone": PHONE, "displayName": "Zoé"}},
        "events": {"sent": {"date": iso(AT)}},
        "meta": {"isGroup": False, "isNotification": False, "isForwarded": False, "source": "android"},
        **content,
    }


def outbound_data(**more: Any) -> Json:
    """`data` of a message of ours."""
    return {
        "id": WA_ID,
        "type": "text",
        "flow": "outbound",
        "status": "active",
        "ack": "sent",
        "from": "33199000001@c.us",
        "fromNumber": OUR_PHONE,
        "to": CHAT,
        "toNumber": PHONE,
        "date": iso(AT),
        "timestamp": int(AT.timestamp()),
        "body": "Hello",
        "chat": {"id": CHAT, "type": "chat"},
        "meta": {"isGroup": False, "isNotification": False, "source": "api"},
        "reference": REFERENCE,
        **more,
    }


def media(kind: str, **more: Any) -> Json:
    """An attachment."""
    return {"id": "5a0db0c5e1a2b3c4d5e6fa00", "type": kind, "mime": f"{kind}/x", "size": 4096, **more}


def incoming(**content: Any) -> Json:
    """Something that a contact sent."""
    return envelope("message:in:new", inbound_data(**content))


def reaction(emoji: object = "👍", **more: Any) -> Json:
    """A reaction to Message 1."""
    return envelope(
        "message:reaction", inbound_data(type="reaction", messageId="3EB0AAAA", reaction=emoji, **more)
    )


def vote(**more: Any) -> Json:
    """A vote shows our own poll, with its own times, and the votes."""
    poll = {"name": "When?", "options": [{"name": "Today", "votes": 1}, {"name": "Later", "votes": 0}]}
    return envelope("message:update", outbound_data(type="poll", poll=poll, **more))


def ack(status: str, **more: Any) -> Json:
    """WhatsApp says how far our message got."""
    return envelope("message:out:ack", outbound_data(ack=status, **more), ack=status)


def gateway_item(event: str, **more: Any) -> Json:
    """One item of the array of Gateway plans: here ids are those of the API."""
    data = {
        "id": API_ID,
        "phone": PHONE,
        "status": "processed",
        "deliveryStatus": "sent",
        "createdAt": iso(AT),
        "sentAt": iso(AT),
        "failedAt": None,
        "reference": REFERENCE,
        "message": "Hello",
        "device": DEVICE,
        **more,
    }
    return {
        "event": event,
        "date": iso(AT + timedelta(seconds=1)),
        "entity": "message",
        "entityId": API_ID,
        "entityUrl": f"/v1/messages/{API_ID}",
        "user": "5a0db0c5e1a2b3c4d5e6f000",
        "data": data,
    }


def split(*payloads: Json) -> list[WebhookItem]:
    """The events of one body; several become an array."""
    body: Any = payloads[0] if len(payloads) == 1 else list(payloads)
    return split_webhook(json.dumps(body).encode())


def key(payload: Json) -> str:
    """What makes this event unique."""
    [item] = split(payload)
    return item.key


def news(payload: Json, received_at: datetime = RECEIVED_AT) -> WebhookNews:
    """What an event means after its way over the wire."""
    [item] = split(payload)
    return interpret(item.payload, received_at)

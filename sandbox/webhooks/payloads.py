"""What webhooks carry: the flat envelope of Platform plans and the array of Gateway plans."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sandbox.behaviour import Behaviour
from sandbox.clock import iso
from sandbox.store import Json
from sandbox.whatsapp.devices import Device, plan_name
from sandbox.whatsapp.outbound import Message, message_object

ACK_DATES = {"sent": "sent_at", "delivered": "delivered_at", "read": "read_at"}
ACK_NAMES = {"read": "readed"}  # sic: so the dates are called in `data.events`


@dataclass(frozen=True, slots=True)
class Event:
    """Something that webhooks are told."""

    name: str
    device: Device
    at: float
    object_id: str  # the WhatsApp id on Platform events, the API id on Gateway events
    data: Json
    phone: str | None = None
    reference: str | None = None
    ack: str | None = None
    message: str | None = None  # the API id of the message of ours that it tells about
    is_gateway: bool = False


def envelope(event: Event, behaviour: Behaviour) -> Json:
    """The JSON object that a webhook gets for one event; Gateway events are items of an array."""
    if event.is_gateway and behaviour.failed_envelope == "array":
        return gateway_item(event)
    body: Json = {
        "id": event.object_id,
        "object": "number" if event.name == "number:session" else "message",
        "event": event.name,
        "created": int(event.at),
        "device": {
            "id": event.device.id,
            "phone": event.device.phone,
            "alias": event.device.alias,
            "plan": plan_name(behaviour.plan),
            "version": 1,
        },
        "data": event.data,
    }
    if event.ack is not None:
        body["ack"] = event.ack
    return as_skills_envelope(body) if behaviour.envelope == "skills" else body


def gateway_item(event: Event) -> Json:
    return {
        "event": event.name,
        "date": iso(event.at),
        "entity": "message",
        "entityId": event.object_id,
        "entityUrl": f"/v1/messages/{event.object_id}",
        "user": "5a0db0c5e1a2b3c4d5e6f000",
        "data": event.data,
    }


def as_skills_envelope(flat: Json) -> Json:
    """The envelope that only the vendor's texts for AI agents describe: `evt_` id, nested `data.message`."""
    data = flat["data"]
    identity = "/".join(str(flat.get(name)) for name in ("event", "id", "ack"))
    nested = {**data, "from": data.get("fromNumber") or data.get("from")}
    return {
        **flat,
        "id": "evt_" + hashlib.sha256(identity.encode()).hexdigest()[:24],
        "data": {"message": nested},
    }


def message_event(name: str, message: Message, device: Device, at: float, ack: str | None = None) -> Event:
    """A Platform event about a message of ours."""
    if message.wa_id is None:
        raise ValueError(f"Message {message.id} has no WhatsApp id yet, so no Platform event can name it")
    return Event(
        name=name,
        device=device,
        at=at,
        object_id=message.wa_id,
        data=outbound_data(message, device),
        phone=message.phone,
        reference=message.reference,
        ack=ack,
        message=message.id,
    )


def gateway_event(name: str, message: Message, device: Device, at: float) -> Event:
    """An event about a message of ours that names it by its API id."""
    return Event(
        name=name,
        device=device,
        at=at,
        object_id=message.id,
        data=message_object(message),
        phone=message.phone,
        reference=message.reference,
        message=message.id,
        is_gateway=True,
    )


def session_event(device: Device, at: float) -> Event:
    """A number went online or offline; the real `data` is unconfirmed."""
    data = {"id": device.id, "phone": device.phone, "status": device.status, "session": device.session}
    return Event(name="number:session", device=device, at=at, object_id=device.id, data=data)


def outbound_data(message: Message, device: Device) -> Json:
    """`data` of `message:out:new` and `message:out:ack`, and the message in the chat history."""
    sent_at = message.sent_at or message.created_at
    data: Json = {
        "id": message.wa_id,
        "type": outbound_type(message),
        "flow": "outbound",
        "status": "active",
        "ack": message.delivery_status,
        "from": device.wid,
        "fromNumber": device.phone,
        "to": message.chat,
        "toNumber": message.phone,
        "date": iso(sent_at),
        "timestamp": int(sent_at),
        "body": message.body,
        "chat": chat_object(message.chat, message.phone, last_outbound_at=sent_at),
        "events": {
            ACK_NAMES.get(ack, ack): {"date": iso(getattr(message, column))}
            for ack, column in ACK_DATES.items()
            if getattr(message, column) is not None
        },
        "meta": meta(source="api", via="api"),
    }
    for name in ("reference", "poll", "media", "location", "contacts"):
        if name in message.content:
            data[name] = message.content[name]
    return data


def outbound_type(message: Message) -> str:
    if "media" in message.content:
        return "audio" if message.content["media"].get("format") == "ptt" else "image"
    return next((kind for kind in ("poll", "location", "contacts") if kind in message.content), "text")


def chat_object(
    chat: str,
    phone: str | None,
    *,
    last_inbound_at: float | None = None,
    last_outbound_at: float | None = None,
) -> Json:
    is_group = chat.endswith("@g.us")
    contact: Json = {"wid": chat, "phone": phone, "displayName": "Group" if is_group else "Camille"}
    if phone is None:
        contact = {"wid": chat, "displayName": "Camille", "isPhoneHidden": True}
    return {
        "id": chat,
        "type": "group" if is_group else "chat",
        "status": "active",
        "lastInboundMessageAt": iso(last_inbound_at),
        "lastOutboundMessageAt": iso(last_outbound_at),
        "labels": [],
        "owner": {"agent": None},
        "contact": contact,
    }


def meta(**more: Any) -> Json:
    return {
        "isGroup": False,
        "isNotification": False,
        "isForwarded": False,
        "isEphemeral": False,
        "isChannel": False,
        **more,
    }

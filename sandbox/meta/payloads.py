"""What Meta's webhooks carry: one object with entries, changes in them, messages and statuses in those."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.behaviour import Behaviour
from sandbox.meta.errors import META_GENERIC, status_error
from sandbox.store import Json
from sandbox.whatsapp.devices import Device
from sandbox.whatsapp.outbound import Message

if TYPE_CHECKING:
    from sandbox.webhooks.payloads import Event

BUSINESS_ACCOUNT = "200000000000001"

NOT_ON_WHATSAPP = 131026
LOCKED = 131031
REENGAGEMENT = 131047
_CODES = {"The number is not on WhatsApp": NOT_ON_WHATSAPP, "The number of the device is banned": LOCKED}


def update_of(event: "Event", message: Message | None, behaviour: Behaviour) -> Json | None:
    """One update as it stands in a change, with the number that it is about; None where Meta is silent."""
    if message is not None:
        status = _status_of(event)
        if status is None or (status == "delivered" and behaviour.meta_skips_delivered):
            return None
        return _of_number(event.device, statuses=[_status(status, message, event)])
    if event.name not in ("message:in:new", "message:reaction"):
        return None
    content = _content(event.data)
    if content is None:
        return None
    digits = (event.data.get("fromNumber") or "").lstrip("+")
    inbound: Json = {"id": f"wamid.{event.object_id}", "timestamp": str(int(event.at)), **content}
    contact: Json = {"profile": {"name": "Camille"}, "wa_id": digits}
    if digits:
        inbound["from"] = digits
    else:  # somebody with a user name
        inbound["from_user_id"] = contact["user_id"] = f"FR.{event.data['from'].partition('@')[0]}"
    quoted = event.data.get("quoted")
    if quoted and event.name == "message:in:new":
        inbound["context"] = {"from": event.device.phone.lstrip("+"), "id": quoted["wid"]}
    return _of_number(event.device, contacts=[contact], messages=[inbound])


def _status_of(event: "Event") -> str | None:
    if event.name == "message:out:ack":
        return event.ack
    return {"message:out:new": "sent", "message:out:failed": "failed"}.get(event.name)


def _status(status: str, message: Message, event: "Event") -> Json:
    told: Json = {
        "id": message.id,
        "status": status,
        "timestamp": str(int(event.at)),
        "recipient_id": (message.phone or "").lstrip("+"),
    }
    if message.reference is not None:
        told["biz_opaque_callback_data"] = message.reference
    if status == "failed":
        reason = message.failure_reason or "Message failed"
        told["errors"] = [status_error(message.failure_code or _CODES.get(reason, META_GENERIC), reason)]
    else:
        kind = "marketing" if message.content.get("template") else "service"
        free = {"billable": False, "pricing_model": "PMP", "type": "free_customer_service", "category": kind}
        told["pricing"] = free if kind == "service" else {**free, "billable": True, "type": "regular"}
    return told


def _of_number(device: Device, **lists: list[Json]) -> Json:
    metadata = {"display_phone_number": device.phone.lstrip("+"), "phone_number_id": device.id}
    return {"metadata": metadata, **lists}


def _content(data: Json) -> Json | None:
    if data.get("meta", {}).get("isGroup") or data.get("meta", {}).get("isNotification"):
        return None
    kind = data["type"]
    if kind in _CONTENT:
        return _CONTENT[kind](data)
    return {"type": kind, kind: _media(data)} if "media" in data else _unsupported(data)


def _text(data: Json) -> Json:
    return {"type": "text", "text": {"body": data["body"]}}


def _reaction(data: Json) -> Json:
    reaction = {"message_id": data["messageId"]}
    if data.get("reaction") not in (None, "", "-"):
        reaction["emoji"] = data["reaction"]
    return {"type": "reaction", "reaction": reaction}


def _location(data: Json) -> Json:
    place = data["location"]
    shown = {"name": place["name"], "latitude": place["lat"], "longitude": place["lon"]}
    return {"type": "location", "location": shown}


def _contacts(data: Json) -> Json:
    return {"type": "contacts", "contacts": [{"name": {"formatted_name": data["contacts"][0]["name"]}}]}


def _button(data: Json) -> Json:
    text = data["response"]["text"]
    return {"type": "button", "button": {"payload": text, "text": text}}


def _list_reply(data: Json) -> Json:
    reply = {"id": data["response"]["selectedId"], "title": data["response"]["text"]}
    return {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": reply}}


def _unsupported(_data: Json) -> Json:
    return {"type": "unsupported", "errors": [status_error(131051, "Message type is not currently supported")]}


_CONTENT: dict[str, Callable[[Json], Json]] = {
    "text": _text,
    "reaction": _reaction,
    "location": _location,
    "contacts": _contacts,
    "buttons_response": _button,
    "list_response": _list_reply,
}


def _media(data: Json) -> Json:
    attachment = data["media"]
    shown: Json = {"id": str(int(attachment["id"], 16))[:15], "mime_type": attachment["mime"], "sha256": "x"}
    if data["type"] == "audio":
        shown["voice"] = attachment.get("format") == "ptt"
    if "caption" in attachment:
        shown["caption"] = attachment["caption"]
    return shown


def meta_body(updates: list[Json]) -> Json:
    """One POST: the statuses share a change, so do the messages; all are about one number."""
    changes = []
    for names in (("contacts", "messages"), ("statuses",)):
        told = [update for update in updates if names[-1] in update]
        if told:
            lists: dict[str, list[Any]] = {name: [each for one in told for each in one[name]] for name in names}
            value = {"messaging_product": "whatsapp", "metadata": told[0]["metadata"], **lists}
            changes.append({"field": "messages", "value": value})
    return {"object": "whatsapp_business_account", "entry": [{"id": BUSINESS_ACCOUNT, "changes": changes}]}


def of_number(body: Json, device: Device) -> Json:
    """The same body as if it were about another number."""
    metadata = {"display_phone_number": device.phone.lstrip("+"), "phone_number_id": device.id}
    entries = [
        {
            **entry,
            "changes": [
                {**change, "value": {**change["value"], "metadata": metadata}} for change in entry["changes"]
            ],
        }
        for entry in body["entry"]
    ]
    return {**body, "entry": entries}

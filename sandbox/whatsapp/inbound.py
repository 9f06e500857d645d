"""Everything that comes from the phones: replies, reactions, votes, and what the owner types himself."""

import secrets
from dataclasses import dataclass
from typing import Any

from sandbox.behaviour import Settings
from sandbox.clock import iso
from sandbox.errors import ApiError
from sandbox.store import Json, Store
from sandbox.webhooks import inbound_payloads
from sandbox.webhooks.payloads import Event, chat_object, meta, outbound_data
from sandbox.whatsapp.devices import Device
from sandbox.whatsapp.outbound import Message, Messages
from sandbox.whatsapp.people import InboundKind

GROUP = "120363000000000001@g.us"
NOT_TO_THE_NUMBER = ("group", "notification", "own_phone")
"""What people do that says nothing to the owner of the number."""


@dataclass(frozen=True, slots=True)
class Doing:
    """What somebody does with a phone."""

    device: Device
    phone: str
    kind: InboundKind
    body: str | None
    at: float
    quotes: Message | None = None
    hides_phone: bool = False  # the chat is an @lid and no number is shown

    @property
    def chat(self) -> str:
        if self.kind == "group":
            return GROUP
        digits = self.phone.lstrip("+")
        return f"{digits[::-1]}@lid" if self.hides_phone else f"{digits}@c.us"

    @property
    def shown_phone(self) -> str | None:
        return None if self.hides_phone else self.phone


class Inbox:
    """Turns what people do into events, and keeps the chat history."""

    def __init__(self, store: Store, settings: Settings, messages: Messages) -> None:
        self._store = store
        self._settings = settings
        self._messages = messages
        self._history: dict[str, tuple[str, Json]] = {}  # WhatsApp id: device, data
        self._heard: dict[str, float] = {}  # device and phone: when somebody last wrote or reacted

    def event_for(self, doing: Doing) -> Event:
        """Stores what somebody did and gives the event that tells of it."""
        is_reaction = doing.kind in ("reaction", "reaction_removed")
        opens_window = not is_reaction or self._settings.behaviour.meta_reaction_opens_window
        if doing.kind not in NOT_TO_THE_NUMBER and (opens_window or not doing.device.is_meta):
            self._hear(f"{doing.device.id}/{doing.phone}", doing.at)
        if is_reaction:
            data = self._reaction(doing)
            self._keep(doing.device.id, data)  # an assumption: whether the real history has them is not known
            return self._event("message:reaction", doing, data)
        if doing.kind == "poll_vote":
            return self._event("message:update", doing, self._poll_vote(doing))
        if doing.kind == "edit":
            return self._event("message:update", doing, self._edit(doing))
        if doing.kind == "own_phone":
            data = self._typed_on_own_phone(doing)
            name = "message:out:new"
        else:
            data = self._received(doing)
            name = "message:in:new"
        self._keep(doing.device.id, data)
        return self._event(name, doing, data)

    def history(self, device_id: str) -> list[Json]:
        """What a device received, and what was typed on it, oldest first."""
        return [data for device, data in self._history.values() if device == device_id]

    def last_heard(self, device_id: str, phone: str) -> float | None:
        """When somebody last wrote or reacted to a device; None for a stranger."""
        return self._heard.get(f"{device_id}/{phone}")

    def restore(self, documents: dict[str, Json], heard: dict[str, Json]) -> None:
        for wa_id, fields in documents.items():
            self._history[wa_id] = (fields["device"], fields["data"])
        self._heard = {key: fields["at"] for key, fields in heard.items()}

    def _hear(self, key: str, at: float) -> None:
        self._heard[key] = max(at, self._heard.get(key, at))
        self._store.save("heard", key, {"at": self._heard[key]})

    def _keep(self, device_id: str, data: Json) -> None:
        self._history[data["id"]] = (device_id, data)
        self._store.save("inbound", data["id"], {"device": device_id, "data": data})

    def _event(self, name: str, doing: Doing, data: Json) -> Event:
        return Event(
            name=name,
            device=doing.device,
            at=doing.at,
            object_id=data["id"],
            data=data,
            phone=doing.phone,
        )

    def _received(self, doing: Doing) -> Json:
        content = dict(inbound_payloads.MESSAGE_CONTENT[doing.kind](doing.body))
        more_meta = content.pop("meta", {})
        data = self._from_contact(doing, **content)
        data["meta"].update(more_meta)
        if "media" in data:
            data["media"]["expiresAt"] = iso(doing.at + inbound_payloads.MEDIA_LIFETIME_S)
        if doing.quotes is not None:
            data["quoted"] = quoted(doing.quotes)
        return data

    def _from_contact(self, doing: Doing, **content: Any) -> Json:
        """What all that a contact does has in common."""
        last = self._messages.last_sent_to(f"{doing.phone.lstrip('+')}@c.us", doing.device.id)
        data: Json = {
            "id": new_wa_id(),
            "flow": "inbound",
            "status": "active",
            "ack": "delivered",
            "from": doing.chat,
            "fromNumber": doing.shown_phone,
            "to": doing.device.wid,
            "toNumber": doing.device.phone,
            "date": iso(doing.at),
            "timestamp": int(doing.at),
            "chat": chat_object(
                doing.chat,
                doing.shown_phone,
                last_inbound_at=doing.at,
                last_outbound_at=last.sent_at if last else None,
            ),
            "events": {"sent": {"date": iso(doing.at)}},
            "meta": meta(notifyName="Camille", source="android", isPhoneHidden=doing.hides_phone),
            **content,
        }
        if doing.hides_phone:
            del data["fromNumber"]
        if doing.kind == "group":
            data["author"] = f"{doing.phone.lstrip('+')}@c.us"
        return data

    def _reaction(self, doing: Doing) -> Json:
        """The real shape is unconfirmed: this one joins the usual fields with `messageId` and `reaction`."""
        target = self._target(doing)
        removed = doing.kind == "reaction_removed"
        data = self._from_contact(
            doing,
            type="reaction",
            messageId=target.wa_id if target else new_wa_id(),  # else: to a message from before our time
            reaction=self._settings.behaviour.reaction_removed_as if removed else doing.body or "👍",
        )
        if target is not None:
            data["quoted"] = quoted(target)
        return data

    def _poll_vote(self, doing: Doing) -> Json:
        """A vote changes the poll that we sent, so the event shows our message with the votes."""
        target = self._target(doing)
        if target is None:
            raise ApiError(409, f"Nothing was sent to {doing.phone} that could be voted on")
        poll = target.content.get("poll", {"name": "When?", "options": ["Today", "Later"]})
        choice = doing.body or str(poll["options"][0])
        voted = {"name": choice, "voters": [doing.chat], "votes": 1}
        return {
            **outbound_data(target, doing.device),
            "type": "poll",
            "poll": {**poll, "votes": [voted]},
            "date": iso(doing.at),
            "timestamp": int(doing.at),
        }

    def _edit(self, doing: Doing) -> Json:
        """An edit repeats an earlier message with its new body; without one it edits a message from before."""
        data = self._from_contact(doing, type="text", body=doing.body or "Hello (edited)")
        for earlier in reversed(self.history(doing.device.id)):
            if earlier["flow"] == "inbound" and earlier["chat"]["id"] == doing.chat:
                return {**earlier, "body": data["body"], "edited": True}
        return {**data, "edited": True}

    def _typed_on_own_phone(self, doing: Doing) -> Json:
        return {
            "id": new_wa_id(),
            "type": "text",
            "flow": "outbound",
            "status": "active",
            "ack": "sent",
            "from": doing.device.wid,
            "fromNumber": doing.device.phone,
            "to": doing.chat,
            "toNumber": doing.phone,
            "date": iso(doing.at),
            "timestamp": int(doing.at),
            "body": doing.body or "Typed by hand",
            "chat": chat_object(doing.chat, doing.phone, last_outbound_at=doing.at),
            "events": {"sent": {"date": iso(doing.at)}},
            "meta": meta(source="android", via="phone"),
        }

    def _target(self, doing: Doing) -> Message | None:
        """The message of ours that a reaction or a vote is about."""
        return doing.quotes or self._messages.last_sent_to(f"{doing.phone.lstrip('+')}@c.us", doing.device.id)


def quoted(message: Message) -> Json:
    answered: Json = {"wid": message.wa_id, "type": "text", "body": message.body}
    if message.reference is not None:
        answered["reference"] = message.reference
    return answered


def new_wa_id() -> str:
    """A WhatsApp message id: 22 hexadecimal digits in capitals."""
    return "3EB0" + secrets.token_hex(9).upper()

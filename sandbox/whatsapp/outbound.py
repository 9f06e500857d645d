"""Messages that the account asked to send, and the ways to find them again."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.clock import iso
from sandbox.errors import not_found
from sandbox.store import Json, Store


@dataclass(slots=True)
class Message:
    """One accepted message and how far it came."""

    n: int  # in the order of acceptance
    id: str
    device: str
    chat: str  # the WhatsApp id that it goes to
    phone: str | None  # None for groups and channels
    content: Json  # everything else that the request said
    accepted_at: float  # real time, whatever the sandbox's clock says: benchmarks measure against it
    created_at: float
    deliver_at: float | None = None
    expires_at: float | None = None
    max_retries: int = 25
    status: str = "queued"
    delivery_status: str = "queued"
    webhook_status: str = "pending"
    wa_id: str | None = None
    failure_reason: str | None = None
    failure_code: int | None = None  # Meta's
    attempts: int = 0  # failed ones
    last_retry_at: float | None = None
    processed_at: float | None = None
    sent_at: float | None = None
    delivered_at: float | None = None
    read_at: float | None = None
    failed_at: float | None = None
    expired_at: float | None = None
    nth_for_phone: int = 0  # set on delivery: the first message of a device to a phone is 1
    ticket: int = field(default=0)  # grows whenever the message takes a new place in its queue

    @property
    def reference(self) -> str | None:
        return self.content.get("reference")

    @property
    def body(self) -> str | None:
        return self.content.get("message")

    @property
    def priority(self) -> str:
        return str(self.content.get("priority", "normal"))


class Messages:
    """Every message of the account, indexed by what callers search for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_id: dict[str, Message] = {}
        self._by_wa_id: dict[str, Message] = {}
        self._by_reference: defaultdict[str, list[Message]] = defaultdict(list)
        self._by_chat: defaultdict[str, list[Message]] = defaultdict(list)
        self._last_n = 0

    def __iter__(self) -> Iterator[Message]:
        return iter(self._by_id.values())

    def newest_first(self) -> Iterator[Message]:
        return reversed(self._by_id.values())

    def next_n(self) -> int:
        return self._last_n + 1

    def add(self, message: Message) -> None:
        self._index(message)
        self._store.save("message", message.id, asdict(message))

    def change(self, message: Message, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(message, name, value)
        if message.wa_id is not None:
            self._by_wa_id[message.wa_id] = message
        self._store.save("message", message.id, changes)

    def rewrite(self, message: Message, content: Json, chat: str, phone: str | None) -> None:
        """Replaces what a queued message says and to whom."""
        self._unindex(message)
        message.content, message.chat, message.phone = content, chat, phone
        self._index(message)
        self._store.save("message", message.id, asdict(message))

    def get(self, message_id: str) -> Message:
        if message_id not in self._by_id:
            raise not_found("message", message_id)
        return self._by_id[message_id]

    def find(self, message_id: str) -> Message | None:
        return self._by_id.get(message_id)

    def with_wa_id(self, wa_id: str) -> Message | None:
        return self._by_wa_id.get(wa_id)

    def with_reference(self, reference: str) -> list[Message]:
        return self._by_reference.get(reference, [])

    def to_chat(self, chat: str) -> list[Message]:
        return self._by_chat.get(chat, [])

    def last_sent_to(self, chat: str, device_id: str) -> Message | None:
        for message in reversed(self.to_chat(chat)):
            if message.device == device_id and message.wa_id is not None:
                return message
        return None

    def restore(self, documents: dict[str, Json]) -> None:
        for fields in documents.values():
            self._index(Message(**fields))

    def _index(self, message: Message) -> None:
        self._by_id[message.id] = message
        self._by_chat[message.chat].append(message)
        self._last_n = max(self._last_n, message.n)
        if message.reference is not None:
            self._by_reference[message.reference].append(message)
        if message.wa_id is not None:
            self._by_wa_id[message.wa_id] = message

    def _unindex(self, message: Message) -> None:
        self._by_chat[message.chat].remove(message)
        if message.reference is not None:
            self._by_reference[message.reference].remove(message)


def message_object(message: Message) -> Json:
    """A message as the API and gateway events show it."""
    shown = {
        "id": message.id,
        "waId": message.wa_id,
        "phone": message.phone,
        "wid": message.chat,
        "chat": message.chat,
        "device": message.device,
        "source": "api",
        "status": message.status,
        "deliveryStatus": message.delivery_status,
        "webhookStatus": message.webhook_status,
        "failureReason": message.failure_reason,
        "retry": {
            "max": message.max_retries,
            "count": message.attempts,
            "lastRetryAt": iso(message.last_retry_at),
        },
        "priority": message.priority,
        "createdAt": iso(message.created_at),
        "deliverAt": iso(message.deliver_at),
        "processedAt": iso(message.processed_at),
        "sentAt": iso(message.sent_at),
        "failedAt": iso(message.failed_at),
        "expiresAt": iso(message.expires_at),
        "expiredAt": iso(message.expired_at),
        **{name: message.content[name] for name in SHOWN_CONTENT if name in message.content},
    }
    if message.wa_id is None:
        del shown["waId"]  # "known only once sent": absent before, as real clients observed
    return shown


SHOWN_CONTENT = (
    "message",
    "reference",
    "media",
    "poll",
    "location",
    "contacts",
    "template",
    "quote",
    "agent",
)

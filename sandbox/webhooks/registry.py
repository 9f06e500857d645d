"""The addresses that want to be told, and every notification made for them."""

import secrets
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sandbox.clock import Clock, iso
from sandbox.errors import not_found
from sandbox.meta.payloads import meta_body
from sandbox.store import Json, Store
from sandbox.whatsapp.devices import Device

EVENTS = frozenset(
    {
        "message:in:new",
        "message:out:new",
        "message:out:ack",
        "message:out:sent",
        "message:out:failed",
        "message:out:expired",  # an older name, still in the vendor's list of logged events
        "message:update",
        "message:reaction",
        "number:session",
        "chat:update",
        "contact:update",
        "group:update",
        "status:update",
        "channel:in",
    }
)

ENDED_KEPT = 100_000  # ended notifications in memory; the oldest go first
ANSWER_KEPT = 3000  # characters
META_BATCH = "meta"


@dataclass(slots=True)
class Webhook:
    """One address with the events that it asked for."""

    id: str
    name: str
    url: str
    events: list[str]
    created_at: float
    device: str | None = None  # None is the whole account
    headers: dict[str, str] = field(default_factory=dict)
    secret: str = ""
    is_meta: bool = False  # then it covers one number, and is signed with the app's secret
    status: str = "active"
    retries: int = 0  # failures in a row
    last_run_at: float | None = None
    last_retry_at: float | None = None
    last_failure_at: float | None = None

    def wants(self, event: str, device: Device) -> bool:
        if self.status != "active" or self.is_meta is not device.is_meta:
            return False
        return event in self.events and self.device in (None, device.id)


@dataclass(slots=True)
class Notification:
    """One event on its way to one webhook."""

    id: str
    webhook: str
    event: str
    object_id: str
    device: str
    phone: str | None
    reference: str | None
    ack: str | None
    messages: list[str]  # API ids of the messages of ours that it tells about
    bodies: list[Json]  # several only when Gateway events share one array
    is_array: bool
    created_at: float
    is_meta: bool = False
    happened_at: float | None = None  # what it tells about; None in what an older version stored
    said: str | None = None
    fault: str | None = None  # what struck its first post
    status: str = "pending"  # notified, failed, dropped, cancelled
    attempts: int = 0
    next_at: float | None = None
    delivered_at: float | None = None
    answer_status: int | None = None
    answer: str | None = None

    @property
    def batch(self) -> str:
        """What shares one POST with it: Meta mixes all that happens to a number."""
        return META_BATCH if self.is_meta else self.event

    @property
    def payload(self) -> Json | list[Json]:
        if self.is_meta:
            return meta_body(self.bodies)
        return self.bodies if self.is_array else self.bodies[0]


class Webhooks:
    """The registered webhooks and their notifications."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._by_id: dict[str, Webhook] = {}
        self._pending: dict[str, Notification] = {}
        self._ended: deque[Notification] = deque(maxlen=ENDED_KEPT)

    def __iter__(self) -> Iterator[Webhook]:
        return iter(list(self._by_id.values()))

    def get(self, webhook_id: str) -> Webhook:
        if webhook_id not in self._by_id:
            raise not_found("webhook", webhook_id)
        return self._by_id[webhook_id]

    def add(
        self,
        name: str,
        url: str,
        events: list[str],
        device: str | None,
        headers: dict[str, str],
        *,
        is_meta: bool = False,
    ) -> Webhook:
        webhook = Webhook(
            id=secrets.token_hex(12),
            name=name,
            url=url,
            events=events,
            created_at=self._clock.now(),
            device=device,
            headers=headers,
            secret=secrets.token_hex(16),
            is_meta=is_meta,
        )
        self._by_id[webhook.id] = webhook
        self._store.save("webhook", webhook.id, asdict(webhook))
        return webhook

    def change(self, webhook: Webhook, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(webhook, name, value)
        self._store.save("webhook", webhook.id, changes)

    def remove(self, webhook: Webhook) -> None:
        del self._by_id[webhook.id]
        webhook.status = "removed"
        self._store.forget("webhook", webhook.id)

    def find(self, webhook_id: str) -> Webhook | None:
        return self._by_id.get(webhook_id)

    def open(self, notification: Notification) -> None:
        self._pending[notification.id] = notification
        self._store.save("notification", notification.id, asdict(notification))

    def update(self, notification: Notification, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(notification, name, value)
        self._store.save("notification", notification.id, changes)

    def close(self, notification: Notification, status: str) -> None:
        """The end of a notification; its body is let go, a benchmark makes millions of them."""
        delivered_at = self._clock.now() if status == "notified" else None
        if self._pending.pop(notification.id, None) is not None:
            self._ended.append(notification)
        self.update(notification, status=status, delivered_at=delivered_at, next_at=None, bodies=[])

    def pending(self) -> list[Notification]:
        return list(self._pending.values())

    def notifications(self) -> list[Notification]:
        """Oldest first; what ended before what is on its way."""
        return [*self._ended, *self._pending.values()]

    def restore(self, webhooks: dict[str, Json], notifications: dict[str, Json]) -> None:
        for fields in webhooks.values():
            self._by_id[fields["id"]] = Webhook(**fields)
        for fields in notifications.values():
            notification = Notification(**fields)
            if notification.status == "pending":
                self._pending[notification.id] = notification
            else:
                self._ended.append(notification)


def webhook_object(webhook: Webhook) -> Json:
    """A webhook as the API shows it, without its secrets."""
    return {
        "id": webhook.id,
        "name": webhook.name,
        "url": webhook.url,
        "events": webhook.events,
        "device": webhook.device,
        "status": webhook.status,
        "retries": webhook.retries,
        "createdAt": iso(webhook.created_at),
        "lastRunAt": iso(webhook.last_run_at),
        "lastRetryAt": iso(webhook.last_retry_at),
        "lastFailureAt": iso(webhook.last_failure_at),
    }


def log_object(notification: Notification) -> Json:
    """An entry of `GET /webhooks/{id}/logs`."""
    return {
        "id": notification.id,
        "objectId": notification.object_id,
        "event": notification.event,
        "status": notification.status,
        "attempts": notification.attempts,
        "createdAt": iso(notification.created_at),
        "deliveredAt": iso(notification.delivered_at),
        "responseStatus": notification.answer_status,
        "responseBody": notification.answer,
    }


def without_query(url: str) -> str:
    """An address fit to be shown: secrets travel in the query."""
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))

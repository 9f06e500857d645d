"""The judge of "nothing lost, nothing twice": what was accepted, and what reached a phone."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.clock import iso
from sandbox.store import Json
from sandbox.webhooks.registry import Notification, Webhooks, without_query
from sandbox.whatsapp.outbound import Message

REQUESTS_KEPT = 100_000


@dataclass(slots=True)
class ApiRequest:
    """One request to the API; its query is not kept, the token may be in there."""

    n: int
    method: str
    path: str
    at: float
    status: int | None = None  # None: no answer was given
    fault: str | None = None


class Requests:
    """The latest requests to the API."""

    def __init__(self) -> None:
        self._kept: deque[ApiRequest] = deque(maxlen=REQUESTS_KEPT)
        self._last_n = 0

    def open(self, method: str, path: str, at: float) -> ApiRequest:
        self._last_n += 1
        request = ApiRequest(self._last_n, method, path, at)
        self._kept.append(request)
        return request

    def listed(self) -> list[Json]:
        return [
            {
                "n": request.n,
                "method": request.method,
                "path": request.path,
                "status": request.status,
                "at": iso(request.at),
                "at_unix": request.at,
                "fault": request.fault,
            }
            for request in self._kept
        ]


def journal(messages: Iterable[Message], **filters: Any) -> Json:
    """Every message that matches, in the order of acceptance, and how many came how far."""
    entries = [entry(message) for message in messages if matches(message, **filters)]
    return {
        "messages": entries,
        "counts": {
            "accepted": len(entries),
            "reached": sum(1 for shown in entries if shown["reached_phone"]),
            "failed": sum(1 for shown in entries if shown["status"] == "failed"),
        },
    }


def matches(message: Message, phone: str | None, reference: str | None, since: float | None) -> bool:
    return (
        phone in (None, message.phone)
        and reference in (None, message.reference)
        and (since is None or message.accepted_at >= since)
    )


def entry(message: Message) -> Json:
    return {
        "n": message.n,
        "device": message.device,
        "phone": message.phone,
        "chat": message.chat,
        "reference": message.reference,
        "body": message.body,
        "id": message.id,
        "wa_id": message.wa_id,
        "accepted_at": iso(message.accepted_at),
        "accepted_at_unix": message.accepted_at,
        "sent_at": iso(message.sent_at),
        "sent_at_unix": message.sent_at,
        "delivered_at": iso(message.delivered_at),
        "read_at": iso(message.read_at),
        "status": message.status,
        "delivery_status": message.delivery_status,
        "failure_reason": message.failure_reason,
        "reached_phone": message.delivered_at is not None,
    }


def notification_entry(notification: Notification, webhooks: Webhooks) -> Json:
    webhook = webhooks.find(notification.webhook)
    return {
        "notification": notification.id,
        "webhook": notification.webhook,
        "url": without_query(webhook.url) if webhook else None,
        "event": notification.event,
        "id": notification.object_id,
        "ack": notification.ack,
        "phone": notification.phone,
        "reference": notification.reference,
        "status": notification.status,
        "attempts": notification.attempts,
        "answer_status": notification.answer_status,
        "created_at": iso(notification.created_at),
        "next_at": iso(notification.next_at),
        "delivered_at": iso(notification.delivered_at),
        "created_at_unix": notification.created_at,
        "delivered_at_unix": notification.delivered_at,
        "happened_at_unix": notification.happened_at,
        "said": notification.said,
        "fault": notification.fault,
    }

"""What Relance needs of a WhatsApp gateway, and the ways in which one can fail.

Each gateway (Wassenger, Meta's Cloud API) implements `Gateway`. The error classes are the whole vocabulary in
which a gateway reports trouble: what is safe to do next depends on the class alone.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from domain.interactions import InteractionKind


class DeliveryStatus(StrEnum):
    """How far a message got, as the gateway tells it."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageTemplate:
    """A template that was approved for the account; its one body parameter is the text of the message."""

    name: str
    language: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingMessage:
    """One message to hand to a gateway."""

    device: str  # the gateway's own id of the sending account
    phone: str  # E.164 with the plus sign
    body: str  # at most 6000 characters
    reference: str  # our message id; the only way to find the message again after an unknown outcome
    attempt: int = 1
    template: MessageTemplate | None = None  # None: free-form


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewayMessage:
    """A message as the gateway knows it."""

    provider_id: str  # the id given when the message was accepted
    wa_id: str | None  # WhatsApp's own id, known only once sent
    reference: str | None
    status: DeliveryStatus
    accepted_at: datetime | None
    sent_at: datetime | None  # when the gateway says that the message left, if it says so
    failure_reason: str | None
    phone: str | None = None  # E.164, where the gateway says it
    body: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookItem:
    """One event, from the body of a webhook or from the gateway's history in the same words."""

    event: str
    key: str  # the same for every telling of the same event
    payload: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryPage:
    """A part of the gateway's history."""

    events: list[WebhookItem]
    more: bool  # whether a page follows


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceHealth:
    """Whether an account can send right now."""

    device: str
    name: str | None  # what people call it at the gateway
    phone: str | None
    status: str  # the gateway's own word, e.g. "operative"
    session: str  # the gateway's own word, e.g. "online"
    usable: bool


class GatewayError(Exception):
    """The root of everything a gateway can report.

    `code` is the gateway's own error code or the HTTP status as text; the message says what happened
    and never contains a token.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class MessageRejectedError(GatewayError):
    """Refused for good (400, 404, 409, 413, 415 ...): sending it again cannot help this message."""


class SenderStoppedError(GatewayError):
    """The whole account cannot send (401, 402, 403, session not usable): stop the sender, not the contact."""


class GatewayBusyError(GatewayError):
    """Certainly not sent, and worth trying later (429, or no connection could be opened at all)."""

    def __init__(
        self, message: str, *, code: str, retry_after_s: float | None, sender_wide: bool = True
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s
        self.sender_wide = sender_wide  # False: messages to others may go on


class OutcomeUnknownError(GatewayError):
    """The message may or may not have been accepted (timeout, reset, 5xx): look it up before resending."""


class CannotLookUpError(GatewayError):
    """This gateway keeps no book that could be read: what became of a message only its webhooks tell."""


class Gateway(Protocol):
    """One WhatsApp provider. Every method may raise any `GatewayError`."""

    async def send(self, message: OutgoingMessage) -> GatewayMessage:
        """Hands over one message. Never retries by itself."""
        ...

    async def find_by_reference(self, *, device: str, reference: str) -> GatewayMessage | None:
        """The newest message that carries this reference; None is a definite "never accepted".

        Raises CannotLookUpError where nobody can be asked.
        """
        ...

    async def withdraw(self, provider_id: str) -> bool:
        """Takes back a message that has not left yet; True only if it certainly never will."""
        ...

    async def device_health(self, device: str) -> DeviceHealth:
        """Whether this account can send right now."""
        ...

    async def list_devices(self) -> list[DeviceHealth]:
        """The accounts that are linked at the gateway, at most a thousand."""
        ...

    async def number_exists(self, phone: str) -> bool | None:
        """Whether this number (E.164) is on WhatsApp; None when the gateway gives no clear answer.

        Trouble of any kind is an error, never False.
        """
        ...

    async def register_webhook(self, *, url: str, name: str) -> list[str]:
        """Makes sure that exactly one active webhook of that name points at `url`.

        Returns what was wrong with it and is repaired, in words that hold no secret; nothing: all was well.
        """
        ...

    async def list_reactions(self, *, device: str, since: datetime, until: datetime, page: int) -> HistoryPage:
        """What people sent to this account in that time, oldest first; pages count from 0."""
        ...

    async def list_statuses(self, *, provider_ids: list[str]) -> list[WebhookItem]:
        """How far these messages got, at most a hundred; those without news are left out."""
        ...

    async def list_accepted(
        self, *, device: str, since: datetime, until: datetime, page: int
    ) -> tuple[list[GatewayMessage], bool]:
        """The messages that the gateway accepted in that time, oldest first, and whether a page follows."""
        ...

    async def close(self) -> None:
        """Releases the connections."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class InboundMessage:
    """A person reacted: a message to one of our accounts, or a reaction to one of our messages."""

    device: str
    phone: str | None  # E.164; None when WhatsApp hides it
    kind: InteractionKind
    text: str | None  # what was written, or a caption
    quoted_wa_id: str | None  # the message that it answers
    quoted_reference: str | None
    occurred_at: datetime  # the provider's time, never later than our receipt
    asks_to_stop: bool = False  # in a way of the gateway's own, whatever the text says


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryUpdate:
    """The provider reports how far one of our messages got."""

    provider_id: str | None
    wa_id: str | None
    reference: str | None
    status: DeliveryStatus
    occurred_at: datetime  # the provider's time, never later than our receipt
    failure_reason: str | None
    opted_out: bool = False  # the person has told WhatsApp to let no such messages through
    stops_sender: bool = False  # what failed is the account
    attempt: int | None = None  # at which the message was handed over, where the gateway says it
    is_held: bool = False  # told in the answer to the POST, such a failure only means to try again later


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionUpdate:
    """An account went online or offline."""

    device: str
    session: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that means nothing to a campaign."""

    reason: str


WebhookNews = InboundMessage | DeliveryUpdate | SessionUpdate | Ignored


class UnreadableWebhookError(ValueError):
    """The body of a webhook makes no sense; the message says why."""

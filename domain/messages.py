"""Messages: their two types, and how far one can get.

Statuses only move forward: an acknowledgement that arrives late never takes a message back.
"""

from enum import StrEnum


class MessageType(StrEnum):
    """The two messages of a campaign."""

    MESSAGE_1 = "message_1"
    MESSAGE_2 = "message_2"


class MessageStatus(StrEnum):
    """How far a message got."""

    PENDING = "pending"  # stored, not accepted by the provider
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    CANCELLED = "cancelled"  # never handed over, and never will be


# What may follow what. A failed message that turns up on a phone was not failed; proof of arrival wins.
_LATER: dict[MessageStatus, frozenset[MessageStatus]] = {
    MessageStatus.PENDING: frozenset(MessageStatus) - {MessageStatus.PENDING},
    MessageStatus.ACCEPTED: frozenset(
        {MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.FAILED}
    ),
    MessageStatus.SENT: frozenset({MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.FAILED}),
    MessageStatus.FAILED: frozenset({MessageStatus.DELIVERED, MessageStatus.READ}),
    MessageStatus.DELIVERED: frozenset({MessageStatus.READ}),
    MessageStatus.READ: frozenset(),
    MessageStatus.CANCELLED: frozenset(),
}


def moves_forward(current: MessageStatus, news: MessageStatus) -> bool:
    """Whether `news` says more about the message than `current`."""
    return news in _LATER[current]

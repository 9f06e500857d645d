"""Wassenger's words for how far a message got."""

from providers.base import DeliveryStatus

_STATUSES = {
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "readed": DeliveryStatus.READ,
    "played": DeliveryStatus.READ,
    "failed": DeliveryStatus.FAILED,
    "error": DeliveryStatus.FAILED,
    "expired": DeliveryStatus.FAILED,
    "cancelled": DeliveryStatus.FAILED,
    "removed": DeliveryStatus.FAILED,
    "invalid": DeliveryStatus.FAILED,
}


def read_status(text: object) -> DeliveryStatus:
    """Wassenger's word for how far a message got; an unknown word means no news."""
    return _STATUSES.get(str(text).lower(), DeliveryStatus.QUEUED)

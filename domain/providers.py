"""The gateways that a sender can send through, and the ids by which they know its account."""

import re
from enum import StrEnum


class Provider(StrEnum):
    """Who hands the messages of a sender to WhatsApp."""

    WASSENGER = "wassenger"
    META = "meta"


# The two never look alike, and the database holds each sender to its own: an id alone says who gave it.
ACCOUNT_IDS = {Provider.WASSENGER: r"[0-9a-f]{24}", Provider.META: r"[0-9]{5,20}"}
_WAMID = "wamid."


def is_account_id(provider: Provider, device_id: str) -> bool:
    """Whether this may be the provider's id of an account: a device of Wassenger, a phone number id of Meta."""
    return re.fullmatch(ACCOUNT_IDS[provider], device_id) is not None


def provider_of(device_id: str) -> Provider:
    """Whose account this is."""
    return Provider.META if is_account_id(Provider.META, device_id) else Provider.WASSENGER


def provider_of_message(provider_id: str) -> Provider:
    """Who accepted a message under this id."""
    return Provider.META if provider_id.startswith(_WAMID) else Provider.WASSENGER

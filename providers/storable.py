"""What a stranger sent, as PostgreSQL can hold it."""

from math import isfinite
from typing import Any

from providers.base import UnreadableWebhookError


def storable(value: Any) -> Any:
    """The same value without the two things that no PostgreSQL text can hold: NUL and half a character.

    Raises UnreadableWebhookError for a number that is too large.
    """
    if isinstance(value, str):
        return value.replace("\x00", "").encode(errors="replace").decode()
    if isinstance(value, float) and not isfinite(value):
        raise UnreadableWebhookError("a number is too large to be stored")
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    return [storable(item) for item in value] if isinstance(value, list) else value

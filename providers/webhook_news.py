"""What a stored webhook event means, whoever sent it."""

from datetime import datetime
from typing import Any

from providers import meta_events, wassenger_events
from providers.base import WebhookNews


def interpret(payload: dict[str, Any], received_at: datetime) -> WebhookNews:
    """Never raises: odd content is `Ignored` with its reason."""
    if payload.get("object") == meta_events.OBJECT:
        return meta_events.interpret(payload, received_at)
    return wassenger_events.interpret(payload, received_at)

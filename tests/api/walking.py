"""Walks through the pages of a list, and fills lists."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from domain.messages import MessageType
from storage import interactions, outcomes
from storage.sending import Ready
from storage.webhook_events import store_event
from tests.scene import Scene

Json = dict[str, Any]


async def all_pages(api: httpx.AsyncClient, path: str, *, limit: int = 2, **query: Any) -> list[Json]:
    """Every item of a list, in pages of that size."""
    items: list[Json] = []
    cursor: str | None = None
    while True:
        answer = await api.get(path, params={"limit": limit, **query, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        page: Json = answer.json()
        assert len(page["items"]) <= limit
        items.extend(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            return items


async def sent(
    scene: Scene, nth: int = 0, message_type: MessageType = MessageType.MESSAGE_1, *, minutes_ago: int = 0
) -> str:
    """A message of the scene that the provider has taken; gives its id."""
    ready = await scene.begin(nth, message_type)
    assert isinstance(ready, Ready)
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    await outcomes.record_accepted(
        scene.pool,
        ready.message_id,
        ready.attempt,
        provider_id=secrets.token_hex(12),
        wa_id=None,
        accepted_at=at,
        sent_at=at,
    )
    return ready.message_id


async def reacted(scene: Scene, nth: int = 0, *, kind: str = "text", text: str | None = "yes") -> str:
    """A stored reaction of a contact of the scene; gives its id."""
    event = await store_event(scene.pool, key=secrets.token_hex(8), event="test", payload={})
    assert event is not None
    now = datetime.now(UTC)
    stored = await interactions.record_interaction(
        scene.pool,
        webhook_event_id=event.id,
        campaign_id=scene.campaign.id,
        contact_id=scene.contact_ids[nth],
        interaction_type=kind,
        text=text,
        occurred_at=now,
        received_at=now,
    )
    return stored.id


def as_people_type(phone: str) -> list[str]:
    """A French number in E.164 and as people write it, whole or in part."""
    first, rest = f"0{phone[3]}", phone[4:]
    pairs = " ".join(rest[n : n + 2] for n in range(0, len(rest), 2))
    return [
        phone,
        f"{first} {pairs}",
        f"{first}.{rest}",
        f"+33 (0){phone[3]} {pairs}",
        f"00 33 {phone[3]} {pairs}",
        pairs,
    ]

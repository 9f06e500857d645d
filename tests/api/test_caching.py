"""Routes answer through the cache, show what was just written, and answer without Redis too."""

import asyncio
from typing import Any

import httpx
from structlog.testing import capture_logs

from api.app import create_app
from settings import Settings
from tests.api.applications import client_of
from tests.conftest import Town, next_phone
from tests.scene import open_scene


async def get(api: httpx.AsyncClient, path: str, **parameters: Any) -> Any:
    """The document at that path."""
    answer = await api.get(f"/api{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def make(api: httpx.AsyncClient, path: str, **body: Any) -> Any:
    """What a POST made."""
    answer = await api.post(f"/api{path}", json=body)
    assert answer.is_success, answer.text
    return answer.json()


async def test_a_contact_shows_at_once_wherever_it_counts(api: httpx.AsyncClient) -> None:
    """C5, property 4: its list, its categories with their counts, and the statistics; added, moved, deleted."""
    first, second = [(await make(api, "/categories", name=f"Cached {next_phone()}"))["id"] for _ in range(2)]

    async def seen() -> list[tuple[int, int, int, int]]:
        return [
            (
                len((await get(api, "/contacts", category_id=category_id))["items"]),
                (await get(api, f"/categories/{category_id}"))["contact_count"],
                (await get(api, f"/categories/{category_id}/statistics"))["total_contacts"],
                sum(
                    item["contact_count"]
                    for item in (await get(api, "/categories", limit=200))["items"]
                    if item["id"] == category_id
                ),
            )
            for category_id in (first, second)
        ]

    assert await seen() == [(0,) * 4, (0,) * 4]
    contact = await make(api, "/contacts", phone=next_phone(), category_ids=[first])
    assert await seen() == [(1,) * 4, (0,) * 4]
    moved = await api.patch(f"/api/contacts/{contact['id']}", json={"category_ids": [second]})
    assert moved.is_success
    assert await seen() == [(0,) * 4, (1,) * 4]
    await make(api, f"/categories/{first}/contacts", contact_ids=[contact["id"]])
    assert await seen() == [(1,) * 4, (1,) * 4]
    await make(api, "/contacts/bulk", action="remove_from_category", category_id=first, ids=[contact["id"]])
    assert await seen() == [(0,) * 4, (1,) * 4]
    assert (await api.delete(f"/api/contacts/{contact['id']}")).is_success
    assert await seen() == [(0,) * 4, (0,) * 4]


async def test_a_category_shows_its_change_at_once(api: httpx.AsyncClient) -> None:
    """C5: list and detail."""
    name = f"Cached {next_phone()}"
    category = await make(api, "/categories", name=name)
    path = f"/categories/{category['id']}"
    await get(api, path)
    await get(api, "/categories", q=name)

    assert (await api.patch(f"/api{path}", json={"colour": "#abcdef"})).is_success

    assert (await get(api, path))["colour"] == "#abcdef"
    assert [item["colour"] for item in (await get(api, "/categories", q=name))["items"]] == ["#abcdef"]
    assert (await api.delete(f"/api{path}")).is_success
    assert (await api.get(f"/api{path}")).status_code == 404
    assert (await get(api, "/categories", q=name))["items"] == []


async def test_without_redis_every_route_answers_from_the_database(settings: Settings, town: Town) -> None:
    """C4, property 2 of 003: reads and writes, and nobody sees an exception."""
    scene = await open_scene(town, 2)
    category_id = scene.campaign.category_ids[0]
    async with client_of(create_app(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"}))) as api:
        for _ in range(3):
            await asyncio.gather(
                get(api, "/statistics"),
                get(api, "/statistics/daily"),
                get(api, f"/campaigns/{scene.campaign.id}/statistics"),
                get(api, f"/categories/{category_id}/statistics"),
                get(api, "/monitoring/stats"),
                get(api, "/contacts"),
                get(api, "/categories"),
            )
        await make(api, "/contacts", phone=next_phone(), category_ids=[category_id])
        assert (await get(api, f"/categories/{category_id}"))["contact_count"] == 3
        found = await get(api, "/cache/stats")
    assert (found["connected"], found["hits"], found["misses"]) == (False, 0, 0)
    assert found["bypassed"] >= 21


async def test_a_dashboard_that_is_looked_at_again_hits_the_cache(settings: Settings) -> None:
    """C3: over 80 % in normal use, and no warning about misses."""
    with capture_logs() as logs:
        async with client_of(create_app(settings)) as api:
            for _ in range(30):
                for path in (
                    "/statistics",
                    "/statistics/daily",
                    "/contacts",
                    "/categories",
                    "/monitoring/stats",
                ):
                    await get(api, path)
            found = await get(api, "/cache/stats")
    assert found["hit_rate"] > 0.8
    assert not [entry for entry in logs if "misses" in entry["event"]]

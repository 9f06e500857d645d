"""Statistics through the API: always the same numbers, and never more than a few seconds old."""

import asyncio
from datetime import timedelta
from time import perf_counter
from typing import Any
from uuid import uuid4

import httpx
import pytest

from domain.contact_states import ContactState
from domain.messages import MessageType
from storage import campaigns
from tests.conftest import Town, eventually
from tests.scene import Scene, open_scene
from tests.storage.test_counters import attempt, react, take

ALWAYS = {
    "total_contacts",
    "messages_sent",
    "messages_delivered",
    "messages_read",
    "interactions",
    "failures",
}
ALLOWED_BEHIND_S = 5.0


async def get(api: httpx.AsyncClient, path: str, **parameters: Any) -> Any:
    """The document at that path."""
    answer = await api.get(f"/api{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def busy_scene(town: Town) -> Scene:
    """Four contacts: one got Message 2 after a reaction, one read, one failed, one is pending."""
    scene = await open_scene(town, 4, window_s=3600)
    for nth, end in enumerate(("accept", "accept", "reject")):
        await attempt(scene, end, nth, MessageType.MESSAGE_1)
    await react(scene, 0, timedelta(minutes=2))
    await attempt(scene, "accept", 0, MessageType.MESSAGE_2)
    await take(scene, "read", 1)
    return scene


async def test_a_campaign_has_all_its_numbers(api: httpx.AsyncClient, town: Town) -> None:
    """Property 14, A5: and the rates, the states and the times to a reply."""
    scene = await busy_scene(town)

    found = await get(api, f"/campaigns/{scene.campaign.id}/statistics")

    assert (
        found.items()
        >= {
            "total_contacts": 4,
            "enrolled_contacts": 4,
            "messages_sent": 3,
            "messages_1_sent": 2,
            "messages_2_sent": 1,
            "messages_1_delivered": 1,
            "messages_1_read": 1,
            "messages_delivered": 1,
            "messages_read": 1,
            "interactions": 1,
            "failures": 1,
            "contacts_replied": 1,
            "interaction_rate": 0.5,
            "failure_rate": 0.25,
            "frozen": False,
        }.items()
    )
    assert found["contacts_by_state"]["pending"] == 1
    times = {each["name"]: each["contacts"] for each in found["reply_times"]}
    assert times == {
        "under_1_min": 0,
        "under_5_min": 1,
        "under_30_min": 0,
        "under_1_h": 0,
        "under_6_h": 0,
        "under_24_h": 0,
        "later": 0,
    }


async def test_every_statistic_has_the_numbers_that_are_always_there(
    api: httpx.AsyncClient, town: Town
) -> None:
    """Property 14, A5."""
    scene = await busy_scene(town)
    for path in (
        "/statistics",
        f"/campaigns/{scene.campaign.id}/statistics",
        f"/categories/{scene.campaign.category_ids[0]}/statistics",
    ):
        assert (await get(api, path)).keys() >= ALWAYS, path
    for day in (await get(api, "/statistics/daily"))["days"]:
        assert day.keys() >= ALWAYS - {"total_contacts"}


async def test_a_category_counts_its_campaigns_and_its_contacts(api: httpx.AsyncClient, town: Town) -> None:
    """A4: in one statement."""
    scene = await busy_scene(town)
    found = await get(api, f"/categories/{scene.campaign.category_ids[0]}/statistics")
    assert (found["total_contacts"], found["messages_sent"], found["failures"]) == (4, 3, 1)


@pytest.mark.parametrize("days", [7, 30])
async def test_the_days_of_a_campaign_end_with_today(api: httpx.AsyncClient, town: Town, days: int) -> None:
    """Days on which nothing happened are there too."""
    scene = await busy_scene(town)
    found = (await get(api, "/statistics/daily", days=days, campaign_id=scene.campaign.id))["days"]
    assert len(found) == days
    assert found[-1]["messages_sent"] == 3
    assert sum(day["messages_sent"] for day in found[:-1]) == 0
    everything = (await get(api, "/statistics/daily", days=days))["days"]
    assert everything[-1]["messages_sent"] >= 3


@pytest.mark.parametrize(
    "path", ["/campaigns/{}/statistics", "/categories/{}/statistics", "/statistics/daily?campaign_id={}"]
)
async def test_what_does_not_exist_is_not_found(api: httpx.AsyncClient, path: str) -> None:
    """Also the second time, from the cache."""
    identity = uuid4()
    for _ in range(2):
        answer = await api.get(f"/api{path.format(identity)}")
        assert answer.status_code == 404
        assert str(identity) in answer.json()["detail"]


@pytest.mark.parametrize("days", [0, 91, "x"])
async def test_an_impossible_number_of_days_is_refused(api: httpx.AsyncClient, days: object) -> None:
    """With the name of the parameter."""
    answer = await api.get("/api/statistics/daily", params={"days": str(days)})
    assert answer.status_code == 422
    assert "days" in answer.json()["detail"]


async def test_a_change_shows_within_five_seconds(api: httpx.AsyncClient, town: Town) -> None:
    """Property 15, A6: although answers are cached, and whoever wrote it: here no route did."""
    scene = await busy_scene(town)
    paths = {
        f"/campaigns/{scene.campaign.id}/statistics": "messages_read",
        f"/categories/{scene.campaign.category_ids[0]}/statistics": "messages_read",
        "/statistics": "messages_read",
    }
    before = {path: (await get(api, path))[name] for path, name in paths.items()}
    monitoring = await get(api, "/monitoring/stats")
    await take(scene, "read", 0)
    await attempt(scene, "reject", 3, MessageType.MESSAGE_1)

    async def followed() -> bool:
        read = [(await get(api, path))[name] > before[path] for path, name in paths.items()]
        now = await get(api, "/monitoring/stats")
        return all(read) and now["sent_today"]["failures"] > monitoring["sent_today"]["failures"]

    await eventually(followed, within_s=ALLOWED_BEHIND_S, what="the new numbers")


async def test_new_contacts_show_within_five_seconds(api: httpx.AsyncClient, town: Town) -> None:
    """C5: also those that another process has imported."""
    category_id, _ = await town.people([{"script": []}])
    before = await get(api, "/statistics")
    await get(api, f"/categories/{category_id}/statistics")
    await town.people([{"script": []}] * 3)

    async def followed() -> bool:
        return bool((await get(api, "/statistics"))["total_contacts"] >= before["total_contacts"] + 3)

    await eventually(followed, within_s=ALLOWED_BEHIND_S, what="the new contacts")


async def test_a_closed_campaign_is_frozen(api: httpx.AsyncClient, town: Town) -> None:
    """E16: from its report."""
    scene = await busy_scene(town)
    await campaigns.close_campaign(
        scene.pool, scene.campaign.id, close_reason="cancelled", left_over=ContactState.CANCELLED
    )

    async def closed() -> Any:
        found = await get(api, f"/campaigns/{scene.campaign.id}/statistics")
        return found if found["frozen"] else None

    frozen = await eventually(closed, within_s=ALLOWED_BEHIND_S, what="the frozen numbers")
    await take(scene, "read", 0)
    await asyncio.sleep(1.5)
    assert await get(api, f"/campaigns/{scene.campaign.id}/statistics") == frozen
    assert (frozen["messages_read"], frozen["contacts_by_state"]["cancelled"]) == (1, 2)


async def test_answers_are_cached_and_quick(api: httpx.AsyncClient) -> None:
    """A1, C8, property 1 of 003: the median of many reads, on a machine that does other things too."""
    before = await get(api, "/cache/stats")
    took = []
    for _ in range(100):
        began = perf_counter()
        await get(api, "/statistics")
        took.append(perf_counter() - began)
    after = await get(api, "/cache/stats")
    assert sorted(took)[50] < 0.05
    assert after["hits"] + after["misses"] + after["bypassed"] >= 100 + before["hits"]
    assert 0 <= after["hit_rate"] <= 1
    assert after["latency_p50_ms"] is None or after["latency_p50_ms"] > 0

"""Prometheus can read everything: requests by route, the cache, the streams, messages and senders."""

from typing import Any
from uuid import uuid4

import httpx
from prometheus_client.parser import text_string_to_metric_families

from domain.masking import mask_phones
from domain.messages import MessageType
from tests.api.events import listening
from tests.conftest import Town, eventually
from tests.scene import open_scene
from tests.storage.test_counters import attempt


async def scrape(api: httpx.AsyncClient) -> dict[tuple[str, frozenset[Any]], float]:
    """Every sample by its name and labels."""
    answer = await api.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def labels(**values: str) -> frozenset[Any]:
    """As `scrape` has them."""
    return frozenset(values.items())


async def test_every_name_is_ours(api: httpx.AsyncClient) -> None:
    """Names begin with `relance_`, save those that every process has."""
    found = await scrape(api)
    assert found
    assert all(name.startswith(("relance_", "process_", "python_")) for name, _ in found)


async def test_requests_are_timed_by_the_template_of_their_route(api: httpx.AsyncClient) -> None:
    """W4: ids make no time series of their own, nor do paths that nobody serves."""
    for _ in range(3):
        await api.get(f"/api/campaigns/{uuid4()}/statistics")
        await api.get(f"/nowhere/{uuid4()}")

    found = await scrape(api)

    count = "relance_http_request_duration_seconds_count"
    campaign = labels(method="GET", route="/api/campaigns/{campaign_id}/statistics", status="404")
    assert found[count, campaign] >= 3
    assert found[count, labels(method="GET", route="unmatched", status="404")] >= 3
    assert not any("nowhere" in str(label) for _, each in found for label in each)
    assert found["relance_http_requests_in_flight", labels()] >= 1  # this very request


async def test_a_method_that_somebody_makes_up_adds_no_label(api: httpx.AsyncClient) -> None:
    """Nobody without a key makes the metrics grow."""
    for n in range(3):
        await api.request(f"MADEUP{n}", "/healthz")
    methods = {value for _, each in await scrape(api) for name, value in each if name == "method"}
    assert "other" in methods
    assert not any(method.startswith("MADEUP") for method in methods)


async def test_open_streams_are_counted(api: httpx.AsyncClient) -> None:
    """And they are not requests without an end."""
    before = await scrape(api)
    async with listening(api) as listener:
        await listener.next()
        during = await scrape(api)
        key = ("relance_live_listeners", labels())
        assert during[key] == before[key] + 1
        in_flight = ("relance_http_requests_in_flight", labels())
        assert during[in_flight] <= before[in_flight]

    async def gone() -> bool:
        return (await scrape(api))[key] == before[key]

    await eventually(gone, what="the end of the stream")


async def test_messages_senders_and_the_cache_are_there(api: httpx.AsyncClient, town: Town) -> None:
    """From counters: no scrape reads messages."""
    scene = await open_scene(town, 1, window_s=3600)
    await attempt(scene, "accept", 0, MessageType.MESSAGE_1)
    await api.get("/api/statistics")

    mine = labels(sender_id=scene.sender.id)

    async def there() -> Any:
        found = await scrape(api)
        return found if found.get(("relance_sender_sent_in_a_day_messages", mine)) else None

    found = await eventually(there, what="the message")
    assert found["relance_messages_sent_total", labels(message_type="message_1")] >= 1
    assert found["relance_senders", labels(status="active")] >= 1
    assert found["relance_campaigns", labels(status="running")] >= 1
    assert found["relance_database_up", labels()] == 1
    assert any(name == "relance_cache_lookups_total" for name, _ in found)
    assert found["relance_sender_sent_in_a_day_messages", mine] == 1
    assert found["relance_sender_info", labels(sender_id=scene.sender.id, name=mask_phones(scene.sender.name))]
    assert found["relance_contacts", labels(state="message_1_sent")] >= 1
    assert ("relance_workers_alive", labels()) in found
    assert ("relance_webhooks_waiting", labels()) in found

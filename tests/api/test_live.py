"""One stream tells everybody who watches what happens; it can be taken up again, and ends with the server."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from time import monotonic
from typing import Any

import httpx
import pytest

from api.live import EVENTS_KEPT, LiveFeed
from domain.contact_states import ContactState
from domain.messages import MessageType
from local.ports import free_port
from settings import Settings
from storage import campaigns, monitoring, senders
from storage.cache import Cache
from storage.database import Pool
from tests.api.events import Event, listening
from tests.conftest import AUTHORIZED, LOCAL_API_KEY, Town, eventually
from tests.scene import open_scene
from tests.storage.test_counters import attempt, react, take


async def test_a_listener_first_gets_everything(api: httpx.AsyncClient, town: Town) -> None:
    """U6: a `reset` with campaigns under way, senders, imports and warnings; and nothing holds it back."""
    scene = await open_scene(town, 2, window_s=3600)
    await attempt(scene, "accept", 0, MessageType.MESSAGE_1)

    async def shown() -> Any:
        async with listening(api) as listener:
            assert listener.answer.headers["content-type"].startswith("text/event-stream")
            assert "content-encoding" not in listener.answer.headers
            first = await listener.next()
        found = [row for row in first.data["campaigns"] if row["id"] == scene.campaign.id]
        return first if found and found[0]["messages_sent"] == 1 else None

    first = await eventually(shown, what="the campaign in the first event")
    assert first.name == "reset"
    assert scene.sender.id in {row["id"] for row in first.data["senders"]}
    assert {"imports", "warnings"} <= first.data.keys()


async def test_whoever_cannot_listen_asks_for_the_same(api: httpx.AsyncClient, town: Town) -> None:
    """What a `reset` holds, as an answer; each warning says of which kind it is."""
    scene = await open_scene(town, 1, window_s=3600)
    await senders.stop_sender(scene.pool, scene.sender.id, "the session is broken")

    async def shown() -> Any:
        answer = (await api.get("/api/live")).json()
        found = [each for each in answer["warnings"] if each["subject_id"] == scene.sender.id]
        return (answer, found[0]) if found else None

    answer, warning = await eventually(shown, what="the warning")
    assert (warning["kind"], warning["subject_type"]) == ("sender_stopped", "sender")
    assert scene.campaign.id in {row["id"] for row in answer["campaigns"]}
    async with listening(api) as listener:
        first = await listener.next()
    assert first.data.keys() == answer.keys()
    assert first.data["campaigns"][0].keys() == answer["campaigns"][0].keys()


async def test_counters_arrive_within_a_second_or_so(api: httpx.AsyncClient, town: Town) -> None:
    """P10, U6, property 15: from the write to the listener; the target is 5 s."""
    scene = await open_scene(town, 1, window_s=3600)

    def is_read(event: Event) -> bool:
        return (
            event.name == "campaign"
            and event.data["id"] == scene.campaign.id
            and bool(event.data["messages_read"])
        )

    async with listening(api) as listener:
        await listener.next()
        await attempt(scene, "accept", 0, MessageType.MESSAGE_1)
        await react(scene, 0, timedelta(0))
        await take(scene, "read", 0)
        began = monotonic()
        event = await listener.until(is_read)
    assert monotonic() - began < 3
    assert (event.data["total_contacts"], event.data["messages_sent"], event.data["interactions"]) == (1, 1, 1)


async def test_states_of_campaigns_and_senders_arrive(api: httpx.AsyncClient, town: Town) -> None:
    """A pause, a stop with its warning, the end of a campaign."""
    scene = await open_scene(town, 1, window_s=3600)

    def state(name: str, identity: str, status: str) -> Any:
        return lambda event: (
            event.name == name and (event.data["id"], event.data["status"]) == (identity, status)
        )

    def warned(event: Event) -> bool:
        return event.name == "warnings" and any(each["subject_id"] == scene.sender.id for each in event.data)

    async with listening(api) as listener:
        await campaigns.pause_campaign(scene.pool, scene.campaign.id, "all")
        await listener.until(state("campaign", scene.campaign.id, "paused"))
        await senders.stop_sender(scene.pool, scene.sender.id, "the session is broken")
        await listener.until(state("sender", scene.sender.id, "stopped"))
        await listener.until(warned)
        await campaigns.close_campaign(
            scene.pool, scene.campaign.id, close_reason="cancelled", left_over=ContactState.CANCELLED
        )
        await listener.until(state("campaign", scene.campaign.id, "cancelled"))


async def test_the_progress_of_an_import_arrives(api: httpx.AsyncClient, pool: Pool) -> None:
    """From the rows of the table, whoever writes them."""
    async with listening(api) as listener:
        import_id = await pool.fetchval(
            "INSERT INTO imports (state, country, duplicates) VALUES ('running', 'FR', 'skip') "
            "RETURNING id::text"
        )
        for rows in (100, 200):
            await pool.execute("UPDATE imports SET rows_read = $2 WHERE id = $1", import_id, rows)
            await listener.until(
                lambda event, rows=rows: (
                    event.name == "import"  # type: ignore[misc]
                    and (event.data["id"], event.data["rows_read"]) == (import_id, rows)
                )
            )
        await pool.execute(
            "UPDATE imports SET state = 'completed', finished_at = now() WHERE id = $1", import_id
        )
        await listener.until(
            lambda event: (
                event.name == "import" and (event.data["id"], event.data["state"]) == (import_id, "completed")
            )
        )


async def test_a_listener_that_comes_back_misses_nothing(api: httpx.AsyncClient, town: Town) -> None:
    """Last-Event-ID: what happened meanwhile, in its order and once; no reset."""
    scene = await open_scene(town, 1, window_s=3600)

    def changed(event: Event) -> bool:
        return event.name == "campaign" and event.data["id"] == scene.campaign.id

    async with listening(api) as listener:
        await listener.next()
        await campaigns.pause_campaign(scene.pool, scene.campaign.id, "all")
        last = await listener.until(lambda event: changed(event) and event.data["status"] == "paused")
    await campaigns.resume_campaign(scene.pool, scene.campaign.id)
    async with listening(api, last.id) as listener:
        event = await listener.until(lambda event: changed(event) or event.name == "reset")
    assert (event.name, event.data["status"]) == ("campaign", "running")


@pytest.mark.parametrize("last_event_id", ["other-1", "nonsense", "-", "x" * 90])
async def test_an_id_that_means_nothing_here_gets_a_reset(api: httpx.AsyncClient, last_event_id: str) -> None:
    """Another process, or a stranger's header."""
    async with listening(api, last_event_id) as listener:
        assert (await listener.next()).name == "reset"


class OneCampaign(LiveFeed):
    """A feed whose events a test makes itself."""

    def happens(self, times: int) -> None:
        """So many events."""
        self._publish(("campaign", {"n": n}) for n in range(times))
        self._wake()


async def test_a_listener_that_was_away_for_too_long_gets_a_reset(pool: Pool) -> None:
    """The events that are kept are bounded; within them nothing is lost."""
    feed = OneCampaign(pool, Cache(None))
    await feed.look()
    feed.happens(1)
    events = feed.follow(None)
    first = await anext(events)
    feed.happens(EVENTS_KEPT)
    assert first.event == "reset"
    kept = [await anext(events) for _ in range(EVENTS_KEPT)]
    assert [event.id for event in kept] == [
        f"{(first.id or '').split('-')[0]}-{n + 2}" for n in range(EVENTS_KEPT)
    ]
    feed.happens(EVENTS_KEPT + 1)
    assert (await anext(events)).event == "reset"

    feed.close()

    assert [event async for event in events] == []
    assert feed.listeners == 0


async def test_one_look_serves_all_listeners(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many listen, the process asks once a second."""
    looks = 0
    look = monitoring.picture

    async def counted(pool: Pool) -> dict[str, Any]:
        nonlocal looks
        looks += 1
        return await look(pool)

    monkeypatch.setattr(monitoring, "picture", counted)
    async with asyncio.timeout(20):
        exits = [listening(api) for _ in range(30)]
        listeners = [await each.__aenter__() for each in exits]
        reading = [asyncio.create_task(each.end()) for each in listeners]
        await asyncio.sleep(3)
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
        for each in exits:
            await each.__aexit__(None, None, None)
    assert 1 <= looks < 30  # 90 if each listener asked


@asynccontextmanager
async def api_process(
    settings: Settings,
) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    """The API as it runs for real."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "api",
        env={
            **os.environ,
            "RELANCE_DATABASE_URL": str(settings.database_url),
            "RELANCE_REDIS_URL": str(settings.redis_url),
            "RELANCE_TEMPORAL_ADDRESS": str(settings.temporal_address),
            "RELANCE_LOCAL_API_KEY": LOCAL_API_KEY,
            "RELANCE_API_PORT": str(port),
        },
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=30, headers=AUTHORIZED
        ) as client:

            async def ready() -> bool:
                with suppress(httpx.TransportError):
                    return (await client.get("/healthz")).is_success
                return False

            await eventually(ready, what="the API process")
            yield process, client
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_open_streams_do_not_keep_the_server_from_ending(
    settings: Settings, servers: object, number: signal.Signals
) -> None:
    """A real process with open streams is gone within 3 s, and each stream has come to its proper end."""
    async with api_process(settings) as (process, client), listening(client) as one, listening(client) as other:
        for listener in (one, other):
            assert (await listener.next()).name == "reset"
        began = monotonic()
        process.send_signal(number)
        for listener in (one, other):
            await listener.end()
        await asyncio.wait_for(process.wait(), 10)
    assert monotonic() - began < 3

"""What operators see: what was sent and may be sent, what failed, who is alive, and whether we are ready."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from activities import heartbeats
from activities.heartbeats import Heartbeat
from api.app import create_app
from domain.messages import MessageType
from domain.worker_roles import WorkerRole
from local.servers import Servers
from settings import Settings
from storage import database, monitoring
from storage.database import Pool
from storage.monitoring import SenderRoom
from tests.apart import new_database, set_pace
from tests.api.applications import client_of
from tests.api.cuttable import cuttable_way
from tests.conftest import Town, eventually
from tests.scene import open_scene
from tests.storage.test_counters import attempt


async def stats(api: httpx.AsyncClient) -> Any:
    """The monitoring document."""
    answer = await api.get("/api/monitoring/stats")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_it_shows_what_was_sent_and_what_failed_with_the_reason(
    api: httpx.AsyncClient, town: Town
) -> None:
    """C5, W4: a failed message and a failed attempt are both among the latest errors."""
    scene = await open_scene(town, 2, window_s=3600)
    before = await stats(api)
    await attempt(scene, "accept", 0, MessageType.MESSAGE_1)
    await attempt(scene, "reject", 1, MessageType.MESSAGE_1)

    async def shown() -> Any:
        found = await stats(api)
        ours = [each for each in found["last_errors"] if each["campaign_id"] == scene.campaign.id]
        return (found, ours) if len(ours) == 2 else None

    after, errors = await eventually(shown, within_s=30, what="the errors")
    assert after["sent_today"]["message_1"] >= before["sent_today"]["message_1"] + 1
    assert {each["what"] for each in errors} == {"message", "attempt"}
    assert all("refused" in each["reason"] for each in errors)
    assert {each["contact_id"] for each in errors} == {scene.contact_ids[1]}
    assert {each["contact_phone"] for each in errors} == {scene.phones[1]}
    assert {each["campaign_name"] for each in errors} == {"Test"}


async def test_it_shows_what_the_quota_of_each_sender_leaves(
    servers: Servers, settings: Settings, town: Town
) -> None:
    """P1: in messages, and in contacts who may all need a second message."""
    url = await new_database(servers.database_url)
    own = await database.connect(url, application="tests")
    scene = await open_scene(replace(town, pool=own), 3, window_s=3600)
    await set_pace(scene, quota=100, expected_replies=7.2, reply_rate=0.25)
    for nth in range(2):
        await attempt(scene, "accept", nth, MessageType.MESSAGE_1)

    alone = settings.model_copy(update={"database_url": url, "redis_url": None})
    async with client_of(create_app(alone)) as client:
        (sender,) = (await stats(client))["senders"]
    await own.close()
    assert sender["sent_in_a_day"] == 2
    assert sender["quota_left"] == 98
    assert sender["capacity_contacts"] == int((100 - 8 - 2) / 1.25)


async def test_what_a_person_does_to_a_sender_shows_within_seconds(api: httpx.AsyncClient, town: Town) -> None:
    """C5: although the answer is cached for a minute and no message has come or gone."""
    sender = await town.sender()

    async def shown_as(status: str) -> bool:
        return any(
            each["id"] == sender.id and each["status"] == status for each in (await stats(api))["senders"]
        )

    await eventually(lambda: shown_as("active"), within_s=30, what="the sender")
    (await api.post(f"/api/senders/{sender.id}/pause")).raise_for_status()
    await eventually(lambda: shown_as("paused"), within_s=30, what="its pause")


@pytest.mark.parametrize(("status", "quota"), [("paused", 100), ("stopped", 100), ("active", None)])
def test_a_sender_that_may_not_send_has_room_for_nobody(status: str, quota: int | None) -> None:
    """Paused, stopped, or not looked at yet."""
    sender = SenderRoom(
        id="x",
        name="X",
        status=status,
        status_reason=None,
        state="new",
        reason=None,
        profile="careful",
        quota=quota,
        delay_s=None,
        error_rate=0,
        expected_replies=0,
        reply_rate=0,
        sent_in_a_day=0,
    )
    assert sender.capacity_contacts == 0


async def test_a_worker_is_alive_until_it_signs_off(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """W1, W3: with its host and since when; one that ends as it should leaves no row behind."""
    monkeypatch.setattr(heartbeats, "EVERY_S", 0.1)
    known = {worker.id for worker in await monitoring.list_workers(pool)}
    beating = asyncio.create_task(Heartbeat(pool, [WorkerRole.SENDING], "v7").run())

    async def appeared() -> Any:
        found = [worker for worker in await monitoring.list_workers(pool) if worker.id not in known]
        return found[0] if found and found[0].beat_at > found[0].started_at else None

    worker = await eventually(appeared, what="the worker")
    assert worker.alive
    assert worker.process_id > 0
    assert (worker.roles, worker.build_id) == (["sending"], "v7")

    beating.cancel()
    await asyncio.gather(beating, return_exceptions=True)

    assert worker.id not in {each.id for each in await monitoring.list_workers(pool)}


async def test_a_worker_that_ends_while_it_beats_for_the_first_time_signs_off_too(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W3: its row is stored, and it has not heard yet of the row's id."""
    beat, stored = monitoring.beat, asyncio.Event()

    async def slow(*given: Any, **named: Any) -> str:
        worker_id = await beat(*given, **named)
        stored.set()
        await asyncio.sleep(0.1)
        return worker_id

    monkeypatch.setattr(monitoring, "beat", slow)
    beating = asyncio.create_task(Heartbeat(pool, [WorkerRole.SENDING], "brief").run())
    await stored.wait()
    assert "brief" in {worker.build_id for worker in await monitoring.list_workers(pool)}
    beating.cancel()
    await asyncio.gather(beating, return_exceptions=True)
    assert "brief" not in {worker.build_id for worker in await monitoring.list_workers(pool)}


async def test_a_worker_that_died_is_seen_to_be_dead(api: httpx.AsyncClient, pool: Pool) -> None:
    """W2: three missed heartbeats."""
    worker_id = await monitoring.beat(pool, None, host="gone", process_id=1)
    await pool.execute(
        "UPDATE worker_heartbeats SET beat_at = now() - interval '16 s' WHERE worker_id = $1", worker_id
    )
    found = {worker.id: worker.alive for worker in await monitoring.list_workers(pool)}
    assert found[worker_id] is False
    await monitoring.sign_off(pool, worker_id)


async def ready(application: FastAPI) -> httpx.Response:
    """What `/readyz` of an application answers."""
    async with client_of(application) as client:
        return await client.get("/readyz")


async def test_it_is_ready_with_database_migrations_and_temporal(api: httpx.AsyncClient) -> None:
    """Each is named."""
    answer = await api.get("/readyz")
    assert answer.status_code == 200, answer.text
    assert answer.json()["checks"].items() >= {"database": "ok", "migrations": "ok", "temporal": "ok"}.items()


async def test_without_redis_it_is_ready_all_the_same(settings: Settings) -> None:
    """C4."""
    answer = await ready(create_app(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})))
    assert (answer.status_code, answer.json()["ready"], answer.json()["checks"]["redis"]) == (
        200,
        True,
        "degraded",
    )


async def test_without_temporal_it_is_not_ready(settings: Settings) -> None:
    """503, and the reason."""
    answer = await ready(create_app(settings.model_copy(update={"temporal_address": "127.0.0.1:1"})))
    assert answer.status_code == 503
    assert answer.json()["checks"]["temporal"] != "ok"
    assert answer.json()["checks"]["database"] == "ok"


async def test_without_the_database_it_is_not_ready(settings: Settings) -> None:
    """503, in bounded time."""
    assert settings.database_url is not None
    async with cuttable_way(settings.database_url) as way:
        application = create_app(settings.model_copy(update={"database_url": way.url}))
        async with client_of(application) as client:
            assert (await client.get("/readyz")).status_code == 200
            await way.cut()
            answer = await asyncio.wait_for(client.get("/readyz"), 10)
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] != "ok"

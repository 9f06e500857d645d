"""The mirror in Redis: right within a round, healed by itself, and never in anybody's way (P13)."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from activities import mirror as mirroring
from activities.mirror import ProgressMirror
from domain.contact_states import ContactState
from domain.messages import MessageType
from local.servers import Servers
from storage import campaigns, database, locks, mirror
from storage.database import Pool
from tests.conftest import Town, eventually
from tests.scene import Scene, open_scene
from tests.storage.test_counters import attempt, react

TTL_S = 48 * 3600


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """A database of the real Valkey in which nobody else writes."""
    return urlsplit(servers.redis_url)._replace(path="/9").geturl()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """That database, empty, with time to answer."""
    client = Redis.from_url(redis_url, decode_responses=True)
    await client.flushdb()
    yield client
    await client.flushdb()
    await client.aclose()


@pytest.fixture
async def progress(redis_url: str, pool: Pool) -> AsyncIterator[ProgressMirror]:
    """The mirror as a process of the stack has it."""
    client = locks.connect(redis_url)
    yield ProgressMirror(pool, client)
    await client.aclose()


def progress_key(scene: Scene) -> str:
    """The key that the requirements name."""
    return f"campaign:progress:{scene.campaign.id}"


def sent_key(scene: Scene, at: datetime | None = None) -> str:
    """The key that the requirements name, for today unless told otherwise."""
    return f"whatsapp:sent:{scene.sender.id}:{(at or datetime.now(UTC)).date()}"


async def busy_scene(town: Town) -> Scene:
    """Four contacts: one waits, one failed, one reacted and got Message 2, one is pending."""
    scene = await open_scene(town, 4, window_s=3600)
    for nth, end in enumerate(["accept", "reject", "accept"]):
        await attempt(scene, end, nth, MessageType.MESSAGE_1)
    await react(scene, 2, timedelta(0))
    await attempt(scene, "accept", 2, MessageType.MESSAGE_2)
    return scene


EXPECTED = {
    "status": "running",
    "total_contacts": "4",
    "messages_1_sent": "2",
    "messages_2_sent": "1",
    "final_contacts": "2",
    "failures": "1",
    "interactions": "1",
}


async def fields(redis: Redis, key: str) -> dict[str, str]:
    """A hash, as its readers get it."""
    return {str(field): str(value) for field, value in (await redis.hgetall(key)).items()}


async def mirrored(redis: Redis, scene: Scene) -> dict[str, str]:
    """The campaign's hash, without the time."""
    stored = await fields(redis, progress_key(scene))
    del stored["updated_at"]
    return stored


async def test_a_running_campaign_and_its_senders_day_are_mirrored(
    town: Town, progress: ProgressMirror, redis: Redis
) -> None:
    """P13."""
    scene = await busy_scene(town)

    assert await progress.refresh()

    assert await mirrored(redis, scene) == EXPECTED
    updated_at = datetime.fromisoformat((await fields(redis, progress_key(scene)))["updated_at"])
    assert abs(datetime.now(UTC) - updated_at) < timedelta(seconds=10)
    assert await fields(redis, sent_key(scene)) == {"message_1": "2", "message_2": "1", "failed": "1"}
    for key in (progress_key(scene), sent_key(scene)):
        assert TTL_S - 10 < await redis.ttl(key) <= TTL_S


async def test_a_paused_campaign_is_mirrored_as_paused(
    town: Town, progress: ProgressMirror, redis: Redis
) -> None:
    """P13; it goes on to count reactions."""
    scene = await busy_scene(town)
    await town.pool.execute(
        "UPDATE campaigns SET status = 'paused', pause_scope = 'message_1' WHERE id = $1", scene.campaign.id
    )

    await progress.refresh()

    assert await mirrored(redis, scene) == {**EXPECTED, "status": "paused"}


async def test_a_draft_is_not_mirrored(town: Town, progress: ProgressMirror, redis: Redis) -> None:
    """P13; nothing of it has happened."""
    scene = await open_scene(town)
    draft = await town.campaign(scene.campaign.category_ids[0], [scene.sender.id])
    await progress.refresh()
    assert await redis.exists(progress_key(scene))
    assert not await redis.exists(f"campaign:progress:{draft.id}")


async def test_a_flushed_redis_is_whole_again_after_one_round(
    town: Town, progress: ProgressMirror, redis: Redis
) -> None:
    """P13; nothing but PostgreSQL is needed for it."""
    scene = await busy_scene(town)
    await progress.refresh()
    await redis.flushall()
    assert not await redis.exists(progress_key(scene))

    assert await progress.refresh()

    assert await mirrored(redis, scene) == EXPECTED
    assert await fields(redis, sent_key(scene)) == {"message_1": "2", "message_2": "1", "failed": "1"}


async def test_the_mirror_touches_no_key_but_its_own(
    town: Town, progress: ProgressMirror, redis: Redis
) -> None:
    """P13; locks live in the same Redis."""
    await busy_scene(town)
    await redis.set("lock:message2:campaign:contact", "a message", ex=300)
    await redis.hset("campaign:other:1", "status", "kept")

    await progress.refresh()

    keys = {key async for key in redis.scan_iter()}
    ours = {key for key in keys if key.startswith(("campaign:progress:", "whatsapp:sent:"))}
    assert keys - ours == {"lock:message2:campaign:contact", "campaign:other:1"}
    assert 290 < await redis.ttl("lock:message2:campaign:contact") <= 300
    assert await fields(redis, "campaign:other:1") == {"status": "kept"}


async def close(scene: Scene, *, ago: timedelta) -> None:
    """The campaign closes, as if that long ago."""
    await campaigns.close_campaign(
        scene.pool, scene.campaign.id, close_reason="cancelled", left_over=ContactState.CANCELLED
    )
    await scene.pool.execute(
        "UPDATE campaigns SET closed_at = clock_timestamp() - $2::interval WHERE id = $1",
        scene.campaign.id,
        ago,
    )


async def test_the_last_state_of_a_campaign_is_right(
    town: Town, progress: ProgressMirror, redis: Redis
) -> None:
    """P13; closing stops contacts after the last round that saw the campaign running."""
    scene = await busy_scene(town)
    await progress.refresh()
    await close(scene, ago=timedelta(seconds=30))

    await progress.refresh()

    assert await mirrored(redis, scene) == {**EXPECTED, "status": "cancelled", "final_contacts": "4"}


async def test_a_campaign_that_closed_long_ago_is_left_to_its_end(
    town: Town, progress: ProgressMirror, redis: Redis
) -> None:
    """P13; its hash expires by itself."""
    scene = await busy_scene(town)
    await progress.refresh()
    await close(scene, ago=timedelta(minutes=2))
    await redis.delete(progress_key(scene))

    await progress.refresh()

    assert not await redis.exists(progress_key(scene))


async def test_a_campaign_that_closed_while_nobody_mirrored_does_not_stay_running(
    town: Town, pool: Pool, progress: ProgressMirror, redis: Redis, redis_url: str
) -> None:
    """P13; a Redis that kept its data still says "running" when the mirror comes back."""
    scene = await busy_scene(town)
    await progress.refresh()
    await close(scene, ago=timedelta(hours=3))
    client = locks.connect(redis_url)

    await ProgressMirror(pool, client).refresh()

    await client.aclose()
    assert (await mirrored(redis, scene))["status"] == "cancelled"


async def test_yesterday_is_written_until_its_last_messages_are_in(
    town: Town, pool: Pool, redis: Redis
) -> None:
    """P13; what was accepted before midnight may be stored after it."""
    scene = await busy_scene(town)
    today = datetime.now(UTC)
    yesterday = today - timedelta(days=1)
    await pool.execute(
        "UPDATE messages SET accepted_at = $2 WHERE sender_id = $1 AND message_type = 'message_2'",
        scene.sender.id,
        yesterday,
    )

    await mirror.mirror_progress(pool, redis, ended_within=timedelta(hours=24))

    assert await fields(redis, sent_key(scene, yesterday)) == {
        "message_1": "0",
        "message_2": "1",
        "failed": "0",
    }
    assert (await fields(redis, sent_key(scene, today)))["message_2"] == "0"


async def test_a_redis_that_is_away_is_logged_once_and_never_raised(
    town: Town, pool: Pool, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P13; it starts failing once and works again once, however many rounds are between."""
    monkeypatch.setattr(mirroring, "PAUSE_S", 0.01)
    scene = await busy_scene(town)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        client = locks.connect(f"redis://127.0.0.1:{taken.getsockname()[1]}")
        progress = ProgressMirror(pool, client)
        with capture_logs() as logged:

            async def failed() -> bool:
                return any(line["event"].startswith("mirror") for line in logged)

            running = asyncio.create_task(progress.run())
            await eventually(failed, what="the first failure")
            assert not await progress.refresh()
            assert not await progress.refresh()
            client.connection_pool = redis.connection_pool  # Redis is there again
            await eventually(lambda: redis.exists(progress_key(scene)), what="the mirror")
            assert await progress.refresh()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
    told = [line["event"] for line in logged]  # with what the rest of the process tells
    assert [event for event in told if event.startswith("mirror")] == [
        "mirror in Redis fails, trying again",
        "mirror in Redis works again",
    ]


async def test_a_database_that_is_away_is_not_raised_either(servers: Servers, redis: Redis) -> None:
    """P13."""
    closed = await database.connect(servers.database_url, application="tests")
    await closed.close()
    with capture_logs() as logged:
        assert not await ProgressMirror(closed, redis).refresh()
    assert len(logged) == 1

"""The second guard around Message 2: a lock in Redis, which may hold, be somebody else's, or be away (E10)."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from time import monotonic
from typing import Literal

import pytest
from redis.asyncio import Redis

from domain.messages import MessageType
from local.servers import Servers
from storage import locks
from storage.locks import Message2Lock
from tests.activities.conftest import Post
from tests.activities.test_sending import accepted_by_provider, received
from tests.conftest import Town
from tests.scene import Scene, open_scene


@pytest.fixture
async def redis(servers: Servers) -> AsyncIterator[Redis]:
    """The real Valkey, with time to answer."""
    client = Redis.from_url(servers.redis_url, decode_responses=True)
    yield client
    await client.aclose()


def lock_key(scene: Scene) -> str:
    """The key that the requirements name."""
    return f"lock:message2:{scene.campaign.id}:{scene.contact_ids[0]}"


async def test_message_2_leaves_a_lock_of_five_minutes(town: Town, post: Post, redis: Redis) -> None:
    """E9, E10."""
    scene = await open_scene(town)
    await post.send(scene)
    assert not await redis.exists(lock_key(scene)), "Message 1 needs no lock"

    outcome = await post.send(scene, message_type=MessageType.MESSAGE_2)

    assert outcome.state == "message_2_sent"
    message_2 = await scene.message(message_type=MessageType.MESSAGE_2)
    assert await redis.get(lock_key(scene)) == message_2["id"]
    assert 0 < await redis.ttl(lock_key(scene)) <= 300
    assert [arrived["body"] for arrived in await received(scene, messages=2)] == ["Hello N0", "Thank you N0"]


async def test_a_lock_of_another_message_keeps_message_2_back(town: Town, post: Post, redis: Redis) -> None:
    """E9, E10; as after a database restored from before that message: Redis remembers it."""
    scene = await open_scene(town)
    await post.send(scene)
    await redis.set(lock_key(scene), "another message", ex=300)

    kind, delay_s = await post.refused(scene, message_type=MessageType.MESSAGE_2)

    assert (kind, delay_s) == ("GatewayBusyError", 10)
    assert len(await accepted_by_provider(scene)) == 1
    assert (await scene.message(message_type=MessageType.MESSAGE_2))["attempts"] == 0
    held = await town.pool.fetchval("SELECT held_until FROM senders WHERE id = $1", scene.sender.id)
    assert held is None, "the account itself has nothing to wait for"

    await redis.delete(lock_key(scene))
    assert (await post.send(scene, message_type=MessageType.MESSAGE_2)).state == "message_2_sent"
    assert len(await received(scene, messages=2)) == 2


@asynccontextmanager
async def redis_away(servers: Servers, how: Literal["closed", "frozen"]) -> AsyncIterator[str]:
    """The address of a Redis that refuses connections, or that accepts them and never answers."""
    if how == "frozen":
        servers.supervisor.pause("valkey")
        try:
            yield servers.redis_url
        finally:
            servers.supervisor.resume("valkey")
    else:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            yield f"redis://127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize("how", ["closed", "frozen"])
async def test_without_redis_message_2_goes_out_all_the_same_and_at_once(
    town: Town, post: Post, servers: Servers, how: Literal["closed", "frozen"]
) -> None:
    """E5, E9, E10; PostgreSQL alone guarantees one Message 2."""
    scene = await open_scene(town)
    await post.send(scene)
    async with redis_away(servers, how) as url:
        client = locks.connect(url)
        without = replace(post, lock=Message2Lock(client))
        began = monotonic()
        outcomes = [await without.send(scene, message_type=MessageType.MESSAGE_2) for _ in range(3)]
        took_s = monotonic() - began
        await client.aclose()

    assert {outcome.state for outcome in outcomes} == {"message_2_sent"}
    assert took_s < 1.5
    assert len(await received(scene, messages=2)) == 2

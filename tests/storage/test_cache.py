"""The cache beside the database: what it keeps, what it forgets, and life without Redis."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from time import monotonic
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from api import caching
from local.servers import Servers
from storage.cache import JITTER, NEGATIVE_TTL_S, TTL_S, Area, Cache, Key, Pattern, connect
from storage.cache_health import FAILURES_UNTIL_OPEN, OPEN_S, Breaker
from tests.conftest import eventually
from tests.storage.loads import Loads

KEY = Key(Area.STATS, "global")
PATIENT_S = 5.0  # a busy machine must not look like a Redis that is away


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """A database of the real Valkey in which nobody else writes."""
    return urlsplit(servers.redis_url)._replace(path="/8").geturl()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """That database, empty."""
    client = Redis.from_url(redis_url, decode_responses=True)
    await client.flushdb()
    yield client
    await client.flushdb()
    await client.aclose()


@pytest.fixture
async def cache(redis: Redis, redis_url: str) -> AsyncIterator[Cache]:
    """A cache as a process has it, with time to answer."""
    opened = Cache(connect(redis_url, timeout_s=PATIENT_S))
    yield opened
    await opened.close()


async def keys(redis: Redis) -> set[str]:
    """What is stored, without the generations."""
    return {str(key) for key in await redis.keys() if not str(key).startswith("cache:generation:")}


async def test_what_was_loaded_once_is_not_loaded_again(cache: Cache) -> None:
    """C1: cache-aside."""
    load = Loads(b'{"sent":1}')
    assert [await cache.read(KEY, load) for _ in range(3)] == [b'{"sent":1}'] * 3
    assert load.count == 1
    assert (cache.metrics.hits, cache.metrics.misses) == (2, 1)


@pytest.mark.parametrize("area", list(Area))
async def test_each_area_keeps_its_time_with_jitter(cache: Cache, redis: Redis, area: Area) -> None:
    """C1: 60 s for statistics and contacts, 120 s for categories; never longer, nor all to one moment."""
    for nth in range(20):
        await cache.read(Key(area, f"number-{nth}"), Loads())
    left_s = [await redis.pttl(str(Key(area, f"number-{nth}"))) / 1000 for nth in range(20)]
    assert max(left_s) <= TTL_S[area]
    assert min(left_s) >= TTL_S[area] * (1 - JITTER) - PATIENT_S
    assert len({round(left, 1) for left in left_s}) > 5
    assert all(key.startswith(f"cache:{area}:v1:") for key in await keys(redis))


async def test_what_does_not_exist_is_remembered_shortly(cache: Cache, redis: Redis) -> None:
    """A page of a campaign that is gone asks the database once in ten seconds, not at every look."""
    load = Loads(None)
    assert [await cache.read(KEY, load) for _ in range(3)] == [None] * 3
    assert load.count == 1
    assert 0 < await redis.pttl(str(KEY)) <= NEGATIVE_TTL_S * 1000


async def test_many_readers_at_once_wait_for_one_load(cache: Cache) -> None:
    """An expired key costs one query, however many look at it."""
    load = Loads(b"1", gated=True)
    readers = [asyncio.create_task(cache.read(KEY, load)) for _ in range(50)]

    async def missed() -> bool:
        return cache.metrics.misses == len(readers)

    await eventually(missed, what="the miss of every reader")
    readers[0].cancel()  # whoever came first goes away
    load.go_on.set()
    with suppress(asyncio.CancelledError):
        await readers[0]
    assert await asyncio.gather(*readers[1:]) == [b"1"] * 49
    assert load.count == 1


async def test_what_a_load_raises_reaches_every_reader_and_is_not_kept(cache: Cache) -> None:
    """An error of the database is no value."""

    async def fail() -> bytes:
        raise ValueError("no")

    results = await asyncio.gather(*(cache.read(KEY, fail) for _ in range(3)), return_exceptions=True)
    assert [str(result) for result in results] == ["no"] * 3
    assert await cache.read(KEY, Loads(b"1")) == b"1"


async def test_a_slow_read_does_not_bring_back_what_a_write_has_changed(
    cache: Cache, redis: Redis, redis_url: str
) -> None:
    """C5: also when the write happens in another process, between the load and the storing."""
    elsewhere = Cache(connect(redis_url, timeout_s=PATIENT_S))
    for writer in (cache, elsewhere):
        load = Loads(b"old", gated=True)
        reader = asyncio.create_task(cache.read(KEY, load))
        await load.began.wait()
        await writer.invalidate(KEY)
        load.go_on.set()
        assert await reader == b"old"
        assert await cache.read(KEY, Loads(b"new")) == b"new"
        assert await redis.get(str(KEY)) == "new"
        await cache.invalidate(KEY)
    await elsewhere.close()


async def test_who_reads_after_a_write_does_not_join_a_load_from_before(cache: Cache) -> None:
    """C5: read your writes."""
    load = Loads(b"old", gated=True)
    before = asyncio.create_task(cache.read(KEY, load))
    await load.began.wait()
    await cache.invalidate(Pattern(Area.STATS, "*"))
    assert await cache.read(KEY, Loads(b"new")) == b"new"
    load.go_on.set()
    assert await before == b"old"
    assert await cache.read(KEY, Loads(b"newer")) == b"new"


WRITES: dict[str, tuple[Callable[[Cache], Awaitable[None]], set[str]]] = {
    "contacts of one category": (
        lambda cache: caching.touched_contacts(cache, ["a"]),
        {
            "cache:stats:v1:global",
            "cache:stats:v1:monitoring",
            "cache:stats:v1:category:a",
            "cache:categories:v1:list:x",
            "cache:categories:v1:one:a",
            "cache:contacts:v1:list:x",
        },
    ),
    "contacts of any category": (
        lambda cache: caching.touched_contacts(cache, None),
        {
            "cache:stats:v1:global",
            "cache:stats:v1:monitoring",
            "cache:stats:v1:category:a",
            "cache:stats:v1:category:b",
            "cache:categories:v1:list:x",
            "cache:categories:v1:one:a",
            "cache:categories:v1:one:b",
            "cache:contacts:v1:list:x",
        },
    ),
    "a category": (
        lambda cache: caching.touched_category(cache, "a"),
        {"cache:categories:v1:list:x", "cache:categories:v1:one:a", "cache:stats:v1:category:a"},
    ),
    "messages of a campaign": (
        lambda cache: caching.touched_messages(cache, ["c"]),
        {
            "cache:stats:v1:global",
            "cache:stats:v1:monitoring",
            "cache:stats:v1:category:a",
            "cache:stats:v1:category:b",
            "cache:stats:v1:daily:all:7",
            "cache:stats:v1:daily:c:7",
            "cache:stats:v1:campaign:c",
        },
    ),
}
EVERYTHING = {
    *(f"cache:stats:v1:{name}" for name in ("global", "monitoring", "category:a", "category:b")),
    *(
        f"cache:stats:v1:{name}"
        for name in ("daily:all:7", "daily:c:7", "daily:d:7", "campaign:c", "campaign:d")
    ),
    *(f"cache:categories:v1:{name}" for name in ("list:x", "one:a", "one:b")),
    "cache:contacts:v1:list:x",
    "whatsapp:sent:x",
    "campaign:progress:x",
    "celery-task-meta-x",
    "lock:message2:x",
}


@pytest.mark.parametrize("write", list(WRITES))
async def test_a_write_forgets_exactly_what_it_touches(cache: Cache, redis: Redis, write: str) -> None:
    """C2, C5: and no key of anybody else."""
    await redis.mset(dict.fromkeys(EVERYTHING, b"1"))
    touch, gone = WRITES[write]
    await touch(cache)
    assert EVERYTHING - await keys(redis) == gone


class TestWithoutRedis:
    """C4, properties 2 and 3: everything answers, from the database."""

    async def test_everything_is_loaded_when_there_is_none(self) -> None:
        """An installation without Redis."""
        cache, load = Cache(None), Loads(b"1")
        assert [await cache.read(KEY, load) for _ in range(2)] == [b"1"] * 2
        await cache.invalidate(KEY)
        assert (load.count, cache.connected, await cache.ping()) == (2, False, False)
        assert (cache.metrics.hits, cache.metrics.misses, cache.metrics.bypassed) == (0, 0, 2)

    @pytest.mark.parametrize("silent", [False, True], ids=["refused", "silent"])
    async def test_a_redis_that_is_away_costs_next_to_nothing(self, silent: bool) -> None:
        """A few attempts at 50 ms each, and then none until it may be back."""
        with socket.socket() as away:
            away.bind(("127.0.0.1", 0))
            if silent:
                away.listen(100)
            cache = Cache(connect(f"redis://127.0.0.1:{away.getsockname()[1]}/0"))
            load, began = Loads(b"1"), monotonic()
            with capture_logs() as logs:
                for _ in range(100):
                    assert await cache.read(KEY, load) == b"1"
            took_s = monotonic() - began
            await cache.close()
        assert load.count == 100
        assert cache.metrics.errors == FAILURES_UNTIL_OPEN
        assert not cache.connected
        assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == [
            "cache away, answering from the database"
        ]
        assert took_s < 2

    async def test_what_was_written_meanwhile_is_forgotten_when_redis_is_back(
        self, redis: Redis, redis_url: str
    ) -> None:
        """A value from before the outage must not come back with the Redis that kept it."""
        now = [0.0]
        cache = Cache(connect(redis_url, timeout_s=PATIENT_S), Breaker(lambda: now[0]))
        await cache.read(KEY, Loads(b"old"))
        other = Key(Area.STATS, "campaign:c")
        await cache.read(other, Loads(b"untouched"))
        for _ in range(FAILURES_UNTIL_OPEN):
            cache.breaker.failed()
        await cache.invalidate(KEY)
        assert await redis.get(str(KEY)) == "old"
        assert await cache.read(KEY, Loads(b"new")) == b"new"

        now[0] += OPEN_S

        assert await cache.read(KEY, Loads(b"newer")) == b"newer"
        assert await cache.read(other, Loads()) == b"untouched"
        assert cache.connected
        await cache.close()


def test_the_breaker_opens_after_five_failures_and_lets_one_try_after_five_seconds() -> None:
    """C4: closed, open, one probe, closed again."""
    now = [100.0]
    breaker = Breaker(lambda: now[0])
    assert [breaker.failed() for _ in range(5)] == [False, False, False, False, True]
    assert not breaker.allows()
    now[0] += 4.9
    assert not breaker.allows()
    now[0] += 0.1
    assert [breaker.allows() for _ in range(3)] == [True, False, False]
    breaker.failed()
    assert not breaker.allows()
    now[0] += 5
    assert breaker.allows()
    breaker.released()  # that caller was cancelled
    assert breaker.allows()
    assert breaker.succeeded()
    assert all(breaker.allows() for _ in range(3))


async def test_every_operation_says_at_debug_what_it_took(cache: Cache) -> None:
    """C8."""
    with capture_logs() as logs:
        await cache.read(KEY, Loads(json.dumps({"a": 1}).encode()))
        await cache.invalidate(KEY)
    assert [(entry["operation"], entry["log_level"]) for entry in logs] == [
        ("read", "debug"),
        ("store", "debug"),
        ("invalidate", "debug"),
    ]
    assert all(entry["duration_ms"] > 0 for entry in logs)
    assert cache.metrics.latency_s(0.5)

"""The cache in Redis, aside of PostgreSQL: it may vanish at any time, and no caller notices but by the clock.

Keys are `cache:{area}:{version}:{name}`; nothing else in Redis is ever touched. Values are JSON documents as
bytes, ready to be answered. Whoever reads says how to load what is missing:

    body = await cache.read(Key(Area.STATS, "global"), load)

A write must not be overtaken by a slow read that loaded its value before: every invalidation raises the
generation of its area, and a value is stored only if the generation is still the one that its reader saw. That
holds for any number of processes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from random import SystemRandom
from time import monotonic
from typing import TypeVar, cast

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from storage.cache_health import Breaker, CacheMetrics

log = structlog.get_logger(__name__)

VERSION = "v1"  # raise it when the shape of what is stored changes
TIMEOUT_S = 0.05
CONNECTIONS = 16
JITTER = 0.1  # what was stored at one time does not expire at one time
NEGATIVE_TTL_S = 10.0  # that something does not exist is remembered, but not for long
SCAN_COUNT = 1000
MOST_OWED = 1000
_NOTHING = b""
_FAILURES = (RedisError, OSError, TimeoutError)

# Stores a value unless something was invalidated in its area since the reader looked.
_STORE = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1
"""

_random = SystemRandom()
_T = TypeVar("_T")

Load = Callable[[], Awaitable[bytes | None]]


class Area(StrEnum):
    """What is cached, and for how long at most."""

    STATS = "stats"
    CATEGORIES = "categories"
    CONTACTS = "contacts"


TTL_S = {Area.STATS: 60.0, Area.CATEGORIES: 120.0, Area.CONTACTS: 60.0}


@dataclass(frozen=True, slots=True)
class Key:
    """The name of one value in its area."""

    area: Area
    name: str

    def __str__(self) -> str:
        return f"cache:{self.area}:{VERSION}:{self.name}"


@dataclass(frozen=True, slots=True)
class Pattern:
    """Some values of an area: `*` stands for any characters, `?` for one, as Redis has it."""

    area: Area
    pattern: str

    def __str__(self) -> str:
        return f"cache:{self.area}:{VERSION}:{self.pattern}"


def connect(redis_url: str, *, timeout_s: float = TIMEOUT_S) -> "Redis":
    """The one pool of this process. It fails fast: the defaults of redis-py block a caller for seconds."""
    pool = BlockingConnectionPool.from_url(
        redis_url,
        max_connections=CONNECTIONS,
        timeout=timeout_s,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


class Cache:
    """Reads through, and forgets what was written. Without Redis (None, or away) every read loads."""

    def __init__(self, redis: "Redis | None", breaker: Breaker | None = None) -> None:
        self.metrics = CacheMetrics()
        self.breaker = breaker or Breaker()
        self._redis = redis
        self._loads: dict[str, asyncio.Task[bytes | None]] = {}  # what several readers may wait for
        # What could not be invalidated: it has to be, before anything of its area is believed again.
        self._owed: set[Key | Pattern] = set()

    @property
    def connected(self) -> bool:
        """Whether Redis is there, as far as the last operations tell."""
        return self._redis is not None and self.breaker.is_closed

    async def close(self) -> None:
        """Gives the connections back."""
        if self._redis is not None:
            await self._redis.aclose()

    async def read(self, key: Key, load: Load) -> bytes | None:
        """The stored value, or what `load` gives; None when there is no such thing.

        Readers who miss the same key at the same time wait for one load. Raises what `load` raises, and
        nothing of its own.
        """
        found, generation = await self._look_up(key)
        if found is not None:
            return found or None
        loading = self._loads.get(str(key)) or self._start_load(key, generation, load)
        return await asyncio.shield(loading)

    async def ping(self) -> bool:
        """Whether Redis answers now; False also while it is left alone."""
        return await self._timed("ping", _ping) is not None

    async def invalidate(self, *gone: Key | Pattern) -> None:
        """Forgets these values; call it after the commit. Never raises: what fails is made up for later."""
        for each in gone:
            self._leave(each)
        if self._redis is None:
            return
        if await self._timed("invalidate", lambda redis: _invalidate(redis, gone)) is None:
            self._owe(gone)

    async def _look_up(self, key: Key) -> tuple[bytes | None, bytes | None]:
        """The value and the generation of its area; the latter is None when nothing may be stored."""
        if self._redis is None or not await self._settled():
            self.metrics.bypassed += 1
            return None, None
        pair = await self._timed("read", lambda redis: _get_both(redis, key), key=str(key))
        if pair is None:
            self.metrics.bypassed += 1
            return None, None
        self.metrics.looked_up(key.area, hit=pair[0] is not None)
        return pair

    async def _settled(self) -> bool:
        """Whether nothing is owed (any more)."""
        if not self._owed:
            return True
        owed = set(self._owed)
        if await self._timed("settle", lambda redis: _invalidate(redis, owed)) is None:
            return False
        self._owed -= owed
        return True

    def _owe(self, gone: Iterable[Key | Pattern]) -> None:
        self._owed |= set(gone)
        if len(self._owed) > MOST_OWED:
            self._owed = {Pattern(area, "*") for area in Area}

    def _start_load(self, key: Key, generation: bytes | None, load: Load) -> "asyncio.Task[bytes | None]":
        # A task of its own: the reader who came first may go away, the others still want the value.
        loading = asyncio.create_task(self._load(key, generation, load))
        self._loads[str(key)] = loading

        def end(task: "asyncio.Task[bytes | None]") -> None:
            if self._loads.get(str(key)) is task:
                del self._loads[str(key)]
            if not task.cancelled():
                task.exception()  # each reader gets it; if all have gone, nobody needs to

        loading.add_done_callback(end)
        return loading

    async def _load(self, key: Key, generation: bytes | None, load: Load) -> bytes | None:
        value = await load()
        if generation is not None:
            ttl_s = TTL_S[key.area] if value is not None else NEGATIVE_TTL_S
            lasts_ms = int(1000 * ttl_s * (1 - JITTER * _random.random()))
            arguments = (generation, _NOTHING if value is None else value, lasts_ms)

            async def store(redis: "Redis") -> int:
                stored = redis.eval(_STORE, 2, _generation(key.area), str(key), *arguments)
                return int(await cast("Awaitable[int]", stored))

            await self._timed("store", store, key=str(key))
        return value

    def _leave(self, gone: Key | Pattern) -> None:
        """Whoever reads from now on does not wait for a load that began before the write."""
        if isinstance(gone, Key):
            self._loads.pop(str(gone), None)
            return
        for key in [key for key in self._loads if key.startswith(f"cache:{gone.area}:")]:
            del self._loads[key]

    async def _timed(self, operation: str, work: "Callable[[Redis], Awaitable[_T]]", **names: str) -> _T | None:
        """The result of `work`; None when Redis is away, or must be left alone for a while."""
        if self._redis is None or not self.breaker.allows():
            return None
        began = monotonic()
        try:
            result = await work(self._redis)
        except _FAILURES as error:
            if self.breaker.failed():
                log.warning("cache away, answering from the database", error=repr(error))
            self.metrics.errors += 1
            return None
        except asyncio.CancelledError:
            self.breaker.released()
            raise
        if self.breaker.succeeded():
            log.info("cache back")
        took_s = monotonic() - began
        self.metrics.took(took_s)
        log.debug("cache", operation=operation, duration_ms=round(took_s * 1000, 3), **names)
        return result


def _generation(area: Area) -> str:
    # Outside of every pattern of the area, so that no invalidation takes it back.
    return f"cache:generation:{area}"


async def _ping(redis: "Redis") -> bool:
    return bool(await redis.ping())


async def _get_both(redis: "Redis", key: Key) -> tuple[bytes | None, bytes]:
    async with redis.pipeline(transaction=False) as pipeline:
        pipeline.get(str(key))
        pipeline.get(_generation(key.area))
        value, generation = await pipeline.execute()
    return value, generation or b""


async def _invalidate(redis: "Redis", gone: Iterable[Key | Pattern]) -> bool:
    """The generations first: what is stored from then on was read after the write."""
    gone = list(gone)
    async with redis.pipeline(transaction=False) as pipeline:
        for area in sorted({each.area for each in gone}):
            pipeline.incr(_generation(area))
        keys = sorted({str(each) for each in gone if isinstance(each, Key)})
        if keys:
            pipeline.unlink(*keys)
        await pipeline.execute()
    for pattern in (each for each in gone if isinstance(each, Pattern)):
        cursor = 0
        while True:
            cursor, found = await redis.scan(cursor, match=str(pattern), count=SCAN_COUNT)
            if found:
                await redis.unlink(*found)
            if cursor == 0:
                break
    return True

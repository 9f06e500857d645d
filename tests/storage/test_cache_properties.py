"""The numbered properties of the cache, for any keys, values, writes and outages (document 004, 1 to 6)."""

import json
import re
import socket
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from structlog.testing import capture_logs

from api import caching
from local.servers import Servers
from storage.cache import Area, Cache, Key, Pattern, connect
from storage.cache_health import LOOKUPS_PER_JUDGEMENT, WORST_MISS_RATE, CacheMetrics
from tests.storage.loads import Loads

PROTECTED = ("whatsapp:", "campaign:", "celery", "lock:")
RELAXED = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
AREAS = st.sampled_from(list(Area))
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
# Few letters, so that patterns match often.
SHORT = st.text("ab:", min_size=1, max_size=4)
PATTERNS = st.text("ab:*?", min_size=1, max_size=4)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=15,
)
FIRST_CONTACTS = caching.first_page(Area.CONTACTS, None, order="name") or caching.GLOBAL
FIRST_CATEGORIES = caching.first_page(Area.CATEGORIES, None, order="name") or caching.GLOBAL
IDS = st.sampled_from(["a", "b", "c"])
CONTACT_WRITES = st.tuples(st.just("contacts"), st.lists(IDS, max_size=2))
WRITES = CONTACT_WRITES | st.tuples(st.sampled_from(["category", "messages"]), IDS)


@pytest.fixture(scope="module")
async def redis(servers: Servers) -> AsyncIterator[Redis]:
    """A database of the real Valkey in which nobody else writes."""
    client = Redis.from_url(urlsplit(servers.redis_url)._replace(path="/7").geturl(), decode_responses=True)
    yield client
    await client.flushdb()
    await client.aclose()


@pytest.fixture(scope="module")
async def cache(servers: Servers) -> AsyncIterator[Cache]:
    """A cache there, with time to answer."""
    opened = Cache(connect(urlsplit(servers.redis_url)._replace(path="/7").geturl(), timeout_s=5))
    yield opened
    await opened.close()


@given(area=AREAS, name=NAMES, pattern=NAMES)
def test_property_1_keys_are_isolated(area: Area, name: str, pattern: str) -> None:
    """Property 1 of 004; C2: every key and every pattern begins with the prefix of its area."""
    for text in (str(Key(area, name)), str(Pattern(area, pattern))):
        assert text.startswith(f"cache:{area}:")
        assert not text.startswith(PROTECTED)


@given(area=AREAS, name=NAMES, document=DOCUMENTS)
@RELAXED
async def test_property_2_what_is_stored_comes_back_as_it_was(
    cache: Cache, redis: Redis, area: Area, name: str, document: Any
) -> None:
    """Property 2 of 004: whatever JSON document, under whatever name."""
    await redis.flushdb()
    key, body = Key(area, name), json.dumps(document).encode()
    assert await cache.read(key, Loads(body)) == body
    again = Loads(b"not asked")
    found = await cache.read(key, again)
    assert again.count == 0
    assert found is not None
    assert json.loads(found) == document


@given(reads=st.lists(st.tuples(AREAS, NAMES, st.binary(min_size=1) | st.none()), min_size=1, max_size=10))
@RELAXED
async def test_property_3_without_redis_every_read_answers_from_the_database(
    reads: list[tuple[Area, str, bytes | None]],
) -> None:
    """Property 3 of 004, property 2 of 003; C4: no caller sees an exception, whatever is read and written."""
    with socket.socket() as away:
        away.bind(("127.0.0.1", 0))  # and does not listen
        cache = Cache(connect(f"redis://127.0.0.1:{away.getsockname()[1]}/0"))
        for area, name, value in reads:
            load = Loads(value)
            assert await cache.read(Key(area, name), load) == value
            assert load.count == 1
            await cache.invalidate(Key(area, name), Pattern(area, "*"))
        await cache.close()


@given(writes=st.lists(WRITES, min_size=1, max_size=4))
@RELAXED
async def test_property_4_after_a_write_the_next_read_misses(
    cache: Cache, redis: Redis, writes: list[tuple[str, Any]]
) -> None:
    """Property 4 of 004; C5: contacts and categories, and messages as well."""
    await redis.flushdb()
    touched: set[Key] = set()
    everything = [
        caching.GLOBAL,
        caching.MONITORING,
        FIRST_CONTACTS,
        FIRST_CATEGORIES,
        *(
            of(each)
            for of in (caching.of_category, caching.category_detail, caching.of_campaign)
            for each in "abc"
        ),
    ]
    for key in everything:
        await cache.read(key, Loads(b"old"))
    for kind, what in writes:
        match kind:
            case "contacts":
                await caching.touched_contacts(cache, what)
                touched |= {caching.GLOBAL, caching.MONITORING, FIRST_CONTACTS}
                touched |= {FIRST_CATEGORIES}
                touched |= {of(each) for of in (caching.of_category, caching.category_detail) for each in what}
            case "category":
                await caching.touched_category(cache, what)
                touched |= {FIRST_CATEGORIES}
                touched |= {caching.category_detail(what), caching.of_category(what)}
            case _:
                await caching.touched_messages(cache, [what])
                touched |= {caching.GLOBAL, caching.MONITORING, caching.of_campaign(what)}
                touched |= {caching.of_category(each) for each in "abc"}
    for key in everything:
        assert await cache.read(key, Loads(b"new")) == (b"new" if key in touched else b"old"), key


@given(area=AREAS, pattern=PATTERNS, names=st.sets(SHORT, max_size=12))
@RELAXED
async def test_property_5_a_pattern_forgets_all_that_it_matches_and_nothing_else(
    cache: Cache, redis: Redis, area: Area, pattern: str, names: set[str]
) -> None:
    """Property 5 of 004; C2, C6: in its own area; not the keys of others, whatever they are called."""
    await redis.flushdb()
    ours = {str(Key(each, name)) for each in Area for name in names}
    foreign = {f"{prefix}{name}" for prefix in ("whatsapp:", "campaign:", "celery", "") for name in names}
    if ours | foreign:
        await redis.mset(dict.fromkeys(ours | foreign, b"1"))
    expression = "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern)
    matching = {str(Key(area, name)) for name in names if re.fullmatch(expression, name)}

    await cache.invalidate(Pattern(area, pattern))

    left = {str(key) for key in await redis.keys()} - {f"cache:generation:{area}"}
    assert left == (ours | foreign) - matching


async def test_a_pattern_forgets_also_many_keys(cache: Cache, redis: Redis) -> None:
    """C6: more than one look of SCAN can find."""
    await redis.flushdb()
    await redis.mset({str(Key(Area.STATS, f"campaign:{nth}")): b"1" for nth in range(5000)})
    await redis.set("whatsapp:sent:x", b"1")
    await cache.invalidate(Pattern(Area.STATS, "campaign:*"))
    assert {str(key) for key in await redis.keys()} - {"cache:generation:stats"} == {"whatsapp:sent:x"}


@given(hits=st.integers(0, LOOKUPS_PER_JUDGEMENT))
def test_property_6_a_miss_rate_over_half_is_warned_of(hits: int) -> None:
    """Property 6 of 004; C3: of every hundred lookups, and not of fewer."""
    metrics = CacheMetrics()
    misses = LOOKUPS_PER_JUDGEMENT - hits
    outcomes = [True] * hits + [False] * misses
    assume(len(outcomes) == LOOKUPS_PER_JUDGEMENT)
    with capture_logs() as logs:
        for hit in outcomes:
            metrics.looked_up("stats", hit=hit)
    warned = [entry for entry in logs if entry["log_level"] == "warning"]
    assert bool(warned) == (misses / LOOKUPS_PER_JUDGEMENT > WORST_MISS_RATE)

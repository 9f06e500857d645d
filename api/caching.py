"""How routes use the cache: they answer through it, and tell it after a commit what they have written.

A list or a number that is asked for again and again is answered as

    return await answer(cache, key, load)

where `load` gives the response model, or None for what does not exist. Whoever writes calls `touched_contacts`,
`touched_category` or `touched_messages` after the commit: each forgets exactly what such a write changes (C5).
"""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import BaseModel, Field

from api.problems import PROBLEM_RESPONSES, Problem
from storage.cache import Area, Cache, Key, Pattern, connect

GLOBAL = Key(Area.STATS, "global")
MONITORING = Key(Area.STATS, "monitoring")


@asynccontextmanager
async def _open_cache(app: FastAPI) -> AsyncIterator[None]:
    redis_url = app.state.resources.settings.redis_url
    cache = app.state.cache = Cache(connect(redis_url) if redis_url else None)
    try:
        yield
    finally:
        await cache.close()


router = APIRouter(prefix="/api", tags=["operations"], responses=PROBLEM_RESPONSES, lifespan=_open_cache)


def _cache(request: Request) -> Cache:
    cache: Cache = request.app.state.cache
    return cache


Cached = Annotated[Cache, Depends(_cache)]


async def answer(
    cache: Cache,
    key: Key | None,
    load: Callable[[], Awaitable[BaseModel | None]],
    missing: Problem | None = None,
) -> Response:
    """The JSON of what `load` gives, from the cache if it is there; without a key it is not kept.

    Raises `missing` when `load` gives None; routes that cannot miss leave it out.
    """

    async def dump() -> bytes | None:
        model = await load()
        return None if model is None else model.model_dump_json().encode()

    body = await (dump() if key is None else cache.read(key, dump))
    if body is None:
        raise missing or LookupError(f"there is nothing to answer for {key}")
    return Response(body, media_type="application/json")


def of_campaign(campaign_id: str) -> Key:
    """Where the statistics of a campaign are."""
    return Key(Area.STATS, f"campaign:{campaign_id}")


def of_category(category_id: str) -> Key:
    """Where the statistics of a category are."""
    return Key(Area.STATS, f"category:{category_id}")


def of_days(days: int, campaign_id: str | None) -> Key:
    """Where a daily series is."""
    return Key(Area.STATS, f"daily:{campaign_id or 'all'}:{days}")


def first_page(area: Area, cursor: str | None, **parameters: object) -> Key | None:
    """Where the first page of a list with these parameters is; later pages are not worth keeping."""
    if cursor is not None:
        return None
    text = json.dumps(parameters, sort_keys=True, default=str)
    return Key(area, f"list:{hashlib.sha256(text.encode()).hexdigest()[:32]}")


def category_detail(category_id: str) -> Key:
    """Where one category is."""
    return Key(Area.CATEGORIES, f"one:{category_id}")


async def touched_contacts(cache: Cache, category_ids: Iterable[str] | None) -> None:
    """Contacts came, went or changed that are, or were, in these categories; None: in any."""
    gone: list[Key | Pattern] = [
        GLOBAL,
        MONITORING,  # it names those to whom messages failed
        Pattern(Area.CONTACTS, "*"),
        Pattern(Area.CATEGORIES, "list:*"),
    ]
    if category_ids is None:
        gone += [Pattern(Area.CATEGORIES, "one:*"), Pattern(Area.STATS, "category:*")]
    else:
        for category_id in category_ids:
            gone += [category_detail(category_id), of_category(category_id)]
    await cache.invalidate(*gone)


async def touched_category(cache: Cache, category_id: str) -> None:
    """A category was made, changed or removed."""
    await cache.invalidate(
        Pattern(Area.CATEGORIES, "list:*"), category_detail(category_id), of_category(category_id)
    )


async def touched_messages(cache: Cache, campaign_ids: Iterable[str]) -> None:
    """Messages or reactions of these campaigns came or changed."""
    gone: list[Key | Pattern] = [
        GLOBAL,
        MONITORING,
        Pattern(Area.STATS, "category:*"),
        Pattern(Area.STATS, "daily:all:*"),
    ]
    for campaign_id in campaign_ids:
        gone += [of_campaign(campaign_id), Pattern(Area.STATS, f"daily:{campaign_id}:*")]
    await cache.invalidate(*gone)


class AreaOut(BaseModel):
    """The lookups of one area."""

    hits: int
    misses: int


class CacheOut(BaseModel):
    """How the cache of this process does, since it started."""

    connected: bool = Field(description="false: answers come from the database")
    hits: int
    misses: int
    hit_rate: float = Field(description="From 0 to 1")
    bypassed: int = Field(description="Lookups while Redis was away: neither hit nor miss")
    errors: int
    latency_p50_ms: float | None = Field(description="Of the last operations")
    latency_p99_ms: float | None
    areas: dict[str, AreaOut]


@router.get("/cache/stats")
async def get_cache_stats(cache: Cached) -> CacheOut:
    """Hits, misses and latency (C8)."""
    metrics = cache.metrics
    return CacheOut(
        connected=cache.connected,
        hits=metrics.hits,
        misses=metrics.misses,
        hit_rate=round(metrics.hit_rate, 4),
        bypassed=metrics.bypassed,
        errors=metrics.errors,
        latency_p50_ms=_ms(metrics.latency_s(0.5)),
        latency_p99_ms=_ms(metrics.latency_s(0.99)),
        areas={area: AreaOut(hits=hits, misses=misses) for area, (hits, misses) in metrics.by_area.items()},
    )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)

"""When which part of Relance was up: a row per stretch, renewed with every sight of it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.uptime import BLINK, Span, Uptime, is_up, uptime
from storage.database import Pool

WINDOWS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
# Longer than the longest window, so that an outage at its beginning still has an end and a beginning.
KEPT = timedelta(days=90)

# A stretch that was not renewed for too long is over: what follows is another one.
SEEN = """
    WITH renewed AS (
        UPDATE uptime_spans SET seen_at = clock_timestamp()
        WHERE id = $1 AND seen_at > clock_timestamp() - $3::interval RETURNING id
    ), new AS (
        INSERT INTO uptime_spans (component) SELECT $2 WHERE NOT EXISTS (SELECT FROM renewed) RETURNING id
    )
    SELECT id::text FROM renewed UNION ALL SELECT id::text FROM new
"""
STOP = "UPDATE uptime_spans SET seen_at = clock_timestamp(), stopped = true WHERE id = $1"
FORGET = "DELETE FROM uptime_spans WHERE seen_at < statement_timestamp() - $1::interval"
# With the last stretch before the window: an outage may have begun before it.
SPANS = """
    SELECT component, began_at, seen_at, stopped, statement_timestamp() AS now
    FROM uptime_spans WHERE seen_at > statement_timestamp() - $1::interval
    UNION ALL
    SELECT s.component, s.began_at, s.seen_at, s.stopped, statement_timestamp()
    FROM (SELECT DISTINCT component FROM uptime_spans) c
    CROSS JOIN LATERAL (
        SELECT * FROM uptime_spans
        WHERE component = c.component AND seen_at <= statement_timestamp() - $1::interval
        ORDER BY seen_at DESC LIMIT 1
    ) s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ComponentUptime:
    """One part of Relance, such as the worker processes together."""

    component: str  # api, worker, temporal, redis
    up: bool  # seen a moment ago
    seen_at: datetime
    windows: dict[str, Uptime]  # by the names of WINDOWS


async def seen(pool: Pool, span_id: str | None, component: str) -> str:
    """It is up now, as the process knows that has this span; gives the span to renew next time."""
    identity: str = await pool.fetchval(SEEN, span_id, component, BLINK)
    if span_id is None:
        await pool.execute(FORGET, KEPT)
    return identity


async def stopped(pool: Pool, span_id: str) -> None:
    """Its process ends as it was told to."""
    await pool.execute(STOP, span_id)


async def report(pool: Pool) -> list[ComponentUptime]:
    """Every component that was ever seen, by name."""
    spans: defaultdict[str, list[Span]] = defaultdict(list)
    now = None
    for row in await pool.fetch(SPANS, max(WINDOWS.values())):
        now = row["now"]
        spans[row["component"]].append(
            Span(began_at=row["began_at"], seen_at=row["seen_at"], stopped=row["stopped"])
        )
    return [_of(component, seen, now) for component, seen in sorted(spans.items()) if now is not None]


def _of(component: str, spans: list[Span], now: datetime) -> ComponentUptime:
    return ComponentUptime(
        component=component,
        up=any(is_up(span, now) for span in spans),
        seen_at=max(span.seen_at for span in spans),
        windows={name: uptime(spans, now - window, now) for name, window in WINDOWS.items()},
    )

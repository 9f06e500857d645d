"""Alerts: what needs people and since when, and what they still have to be told about it.

An alert is there once per kind and subject for as long as it lasts, whoever raises it. Each stage of it
(raised, reminder, resolved) writes one notice, in the same transaction, which one process at a time claims.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.alerts import HOVERING, Facts, Finding, Thresholds
from storage.database import Connection, Pool
from storage.keyset import Order, Slice, Where, fetch_slice

CLAIM_S = 60.0  # longer than an attempt to deliver lasts
FIRST_RETRY_S = 10.0
LONGEST_RETRY_S = 300.0
GIVE_UP_AFTER_S = 24 * 3600.0
KEPT_DAYS = 90

RAISE = """
    WITH raised AS (
        INSERT INTO alerts (kind, subject, facts) VALUES ($1, $2, $3)
        ON CONFLICT (kind, subject) WHERE resolved_at IS NULL
            DO UPDATE SET facts = excluded.facts, seen_at = clock_timestamp()
        RETURNING id, old.id IS NULL AS is_new
    ), notice AS (
        INSERT INTO alert_notices (alert_id, stage) SELECT id, 'raised' FROM raised WHERE is_new
    )
    SELECT is_new FROM raised
"""
RESOLVE = """
    WITH over AS (
        UPDATE alerts SET resolved_at = clock_timestamp()
        WHERE kind = $1 AND subject = $2 AND resolved_at IS NULL
            AND seen_at <= clock_timestamp() - make_interval(secs => $3) RETURNING id
    ), notice AS (
        INSERT INTO alert_notices (alert_id, stage) SELECT id, 'resolved' FROM over
    )
    SELECT EXISTS (SELECT FROM over)
"""
REMIND = """
    WITH due AS (
        UPDATE alerts SET told_at = clock_timestamp()
        WHERE resolved_at IS NULL AND told_at <= clock_timestamp() - make_interval(secs => $1)
            AND NOT EXISTS (SELECT FROM alert_notices n WHERE n.alert_id = alerts.id AND n.ended_at IS NULL)
        RETURNING id
    )
    INSERT INTO alert_notices (alert_id, stage) SELECT id, 'reminder' FROM due
"""
OPEN = "SELECT kind, subject FROM alerts WHERE resolved_at IS NULL AND kind = ANY($1) ORDER BY kind, subject"
FORGET = "DELETE FROM alerts WHERE resolved_at < statement_timestamp() - make_interval(days => $1)"
LOOK = """
    UPDATE alert_looks SET looked_at = clock_timestamp()
    WHERE looked_at <= clock_timestamp() - make_interval(secs => $1) RETURNING true
"""
# In order: nobody hears that something is over before hearing of it.
CLAIM = """
    UPDATE alert_notices n SET due_at = clock_timestamp() + make_interval(secs => $1), tries = tries + 1
    FROM alerts a WHERE a.id = n.alert_id AND n.id = (
        SELECT w.id FROM alert_notices w
        WHERE w.ended_at IS NULL AND w.due_at <= clock_timestamp() AND NOT EXISTS (
            SELECT FROM alert_notices b WHERE b.alert_id = w.alert_id AND b.id < w.id AND b.ended_at IS NULL)
        ORDER BY w.id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING n.id::text, a.kind, a.subject, a.facts, n.stage, n.tries, n.reached, n.created_at,
        extract(epoch FROM coalesce(a.resolved_at, clock_timestamp()) - a.opened_at)::float8 AS lasted_s
"""
REACHED = "UPDATE alert_notices SET reached = array_append(reached, $2) WHERE id = $1 AND NOT $2 = ANY(reached)"
DELIVERED = "UPDATE alert_notices SET ended_at = clock_timestamp(), delivered = true WHERE id = $1"
LATER = """
    UPDATE alert_notices SET due_at = clock_timestamp() + make_interval(secs => $2), ended_at = CASE
        WHEN created_at <= clock_timestamp() - make_interval(secs => $3) THEN clock_timestamp() END
    WHERE id = $1
"""
ORDER = Order((("alerts.id", "uuid"),), descending=True)
LIST = """
    SELECT alerts.id::text, kind, subject, facts, opened_at, resolved_at,
        coalesce((SELECT bool_or(delivered) FROM alert_notices WHERE alert_id = alerts.id), false) AS told,
        {key} AS key
    FROM alerts {where} ORDER BY {order} LIMIT {limit}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredAlert:
    """One alert, over or not."""

    id: str
    kind: str
    subject: str
    facts: dict[str, Any]
    opened_at: datetime
    resolved_at: datetime | None
    told: bool  # a notice of it has reached every destination


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """What people are to be told, claimed by this process."""

    id: str
    kind: str
    subject: str
    facts: dict[str, Any]
    stage: str
    tries: int
    reached: list[str]  # destinations that need not be told again
    created_at: datetime
    lasted_s: float


async def raise_alert(
    source: "Pool | Connection", kind: str, subject: str = "", facts: Facts | None = None
) -> bool:
    """Says that something is wrong now; True when nobody has said so before.

    For a kind that `domain.alerts` has no words for, the facts have a `title` and a `body`. While it lasts,
    saying it again only brings the facts up to date: people are told once, and reminded after a while.
    """
    is_new: bool = await source.fetchval(RAISE, kind, subject, dict(facts or {}))
    return is_new


async def resolve(source: "Pool | Connection", kind: str, subject: str = "", *, settle_s: float = 0.0) -> bool:
    """Says that it is over, unless it was seen within the last `settle_s`; True when an alert ends by it."""
    was_open: bool = await source.fetchval(RESOLVE, kind, subject, settle_s)
    return was_open


async def take_look(pool: Pool, every_s: float) -> bool:
    """Whether it is for the caller to look now: one process does so, once in `every_s`."""
    return bool(await pool.fetchval(LOOK, every_s))


async def note_findings(
    pool: Pool, findings: Iterable[Finding], watched: Collection[str], thresholds: Thresholds
) -> None:
    """Raises what was found, resolves what of the watched kinds was not, and reminds of what still lasts."""
    # In one order, so that two processes that note the same at once do not wait for each other.
    found = sorted(findings, key=lambda finding: (finding.kind, finding.subject))
    async with pool.acquire() as connection, connection.transaction():
        for finding in found:
            await raise_alert(connection, finding.kind, finding.subject, finding.facts)
        present = {(finding.kind, finding.subject) for finding in found}
        for row in await connection.fetch(OPEN, list(watched)):
            if (row["kind"], row["subject"]) not in present:
                settle_s = thresholds.settle_s if row["kind"] in HOVERING else 0.0
                await resolve(connection, row["kind"], row["subject"], settle_s=settle_s)
        await connection.execute(REMIND, thresholds.reminder_s)
        await connection.execute(FORGET, KEPT_DAYS)


async def claim_notice(pool: Pool) -> Notice | None:
    """The next notice that is due, for this process alone until `CLAIM_S` have passed."""
    row = await pool.fetchrow(CLAIM, CLAIM_S)
    return Notice(**row) if row else None


async def note_reached(pool: Pool, notice_id: str, destination: str) -> None:
    """That destination need not be told again."""
    await pool.execute(REACHED, notice_id, destination)


async def finish_notice(pool: Pool, notice_id: str) -> None:
    """Every destination was reached."""
    await pool.execute(DELIVERED, notice_id)


async def postpone_notice(pool: Pool, notice: Notice) -> None:
    """Tries again later, each time after twice as long; a notice that is a day old is given up."""
    delay_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(notice.tries - 1, 10))
    await pool.execute(LATER, notice.id, delay_s, GIVE_UP_AFTER_S)


async def list_alerts(
    pool: Pool, limit: int, *, after: Sequence[str] | None = None, only_open: bool = False
) -> Slice[StoredAlert]:
    """Alerts, the newest first."""
    where = Where()
    if only_open:
        where.always("alerts.resolved_at IS NULL")
    where.after(ORDER, after)
    statement = LIST.format(key=ORDER.key, where=where, order=ORDER.clause, limit=where.parameter(limit + 1))
    return await fetch_slice(pool, statement, where.values, StoredAlert, limit)


def destination_key(url: str) -> str:
    """By what a destination is remembered: its address holds secrets."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]

"""The inbox: every webhook is stored before it is answered, and worked off afterwards."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from storage import contacts
from storage.database import Pool


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookEvent:
    """One stored event that waits for processing."""

    id: str
    event: str
    payload: dict[str, Any]
    received_at: datetime
    tries: int
    trace: dict[str, str] | None = None  # the request that brought it, as W3C trace context


@dataclass(frozen=True, kw_only=True, slots=True)
class OptOut:
    """Somebody who wants to hear nothing more."""

    phone: str
    at: datetime


# A repetition of a known event is counted, and hands out the id only while there is still work to do.
STORE = """
    INSERT INTO webhook_events (key, event, payload, next_try_at)
    VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
    ON CONFLICT (key) DO UPDATE SET copies = webhook_events.copies + 1
    RETURNING id::text, event, payload, received_at, tries, copies = 1 AS is_new
"""
KNOWN = "SELECT key FROM webhook_events WHERE key = ANY ($1::text[])"
STORE_REJECTED = """
    INSERT INTO webhook_events (key, event, raw, status, outcome, processed_at)
    VALUES ('rejected:' || encode(sha256($1), 'hex'), 'unreadable', $1, 'rejected', $2, clock_timestamp())
    ON CONFLICT (key) DO UPDATE SET copies = webhook_events.copies + 1
"""
CLAIM = """
    UPDATE webhook_events SET
        tries = tries + 1, next_try_at = clock_timestamp() + make_interval(secs => least(60, 2 ^ (tries + 1)))
    WHERE id IN (
        SELECT id FROM webhook_events
        WHERE status IN ('received', 'parked') AND next_try_at <= clock_timestamp()
        ORDER BY next_try_at LIMIT $1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id::text, event, payload, received_at, tries
"""
FINISH = """
    UPDATE webhook_events SET status = 'processed', outcome = $2, processed_at = clock_timestamp()
    WHERE id = $1
"""
PARK = "UPDATE webhook_events SET status = 'parked', outcome = $2 WHERE id = $1"

# The receiver works an event off at once; the relay leaves it alone for that long.
RELAY_DELAY_S = 5.0
# Beside the event itself, so that the trace goes wherever the event goes; the provider has no such field.
TRACE = "relance:trace"
LONGEST_KEY = 300  # an index entry has its limits; a stranger's event name has none


async def store_event(
    pool: Pool,
    *,
    key: str,
    event: str,
    payload: dict[str, Any],
    opt_out: OptOut | None = None,
    trace: dict[str, str] | None = None,
) -> WebhookEvent | None:
    """Stores an event; None if it is already known (then whoever stored it first works it off).

    An opt-out is in force as soon as it is stored: nothing is sent to this number from then on. Whoever works
    the event off goes on in `trace`.
    """
    envelope = {name: value for name, value in payload.items() if name != TRACE}
    if trace:
        envelope[TRACE] = trace
    values = (_stored_key(key), event, envelope, RELAY_DELAY_S)
    if opt_out is None:
        row = await pool.fetchrow(STORE, *values)
    else:
        async with pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(STORE, *values)
            if row is not None and row["is_new"]:
                await contacts.opt_out(connection, opt_out.phone, opt_out.at)
    if row is None or not row["is_new"]:
        return None
    return _event({key: value for key, value in row.items() if key != "is_new"})


def _event(columns: dict[str, Any]) -> WebhookEvent:
    trace = columns["payload"].pop(TRACE, None)
    return WebhookEvent(**columns, trace=trace)


def _stored_key(key: str) -> str:
    return key if len(key) <= LONGEST_KEY else f"sha256:{sha256(key.encode()).hexdigest()}"


async def unknown_keys(pool: Pool, keys: list[str]) -> set[str]:
    """Those of these keys of which no event is stored."""
    stored = {_stored_key(key): key for key in keys}
    known = {row["key"] for row in await pool.fetch(KNOWN, list(stored))}
    return {key for shown, key in stored.items() if shown not in known}


async def store_rejected(pool: Pool, raw: bytes, reason: str) -> None:
    """Keeps a body that makes no sense, so that nothing which was answered 200 is ever lost."""
    await pool.execute(STORE_REJECTED, raw, reason)


async def claim_events(pool: Pool, limit: int) -> list[WebhookEvent]:
    """Takes events that are due, each with a pause before anybody may take it again."""
    return [_event(dict(row)) for row in await pool.fetch(CLAIM, limit)]


async def finish_event(pool: Pool, event_id: str, outcome: str) -> None:
    """The event is worked off; `outcome` says in a few words what it did."""
    await pool.execute(FINISH, event_id, outcome)


async def park_event(pool: Pool, event_id: str, reason: str) -> None:
    """The event makes no sense yet: the relay tries it again later."""
    await pool.execute(PARK, event_id, reason)

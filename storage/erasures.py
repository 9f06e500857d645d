"""Erasing people everywhere: what is asked for, and what is done about it in the background.

A request says nothing of whom it is about, and stays. Whom it is about stands in rows of their own, until
nothing else about them is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.phone import digits_of
from storage import audit
from storage.database import Connection, Pool
from storage.suppression_key import hash_suppressions

_TIMEOUT_S = 300
EVENTS_AT_ONCE = 5000  # a look at so many raw webhooks takes a moment, and holds nothing up


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    """A request to erase people, and how far it is."""

    id: str
    actor: str
    people: int
    left: int  # of those, how many still have traces somewhere
    requested_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Traces:
    """People whose traces are to go now, in rows of `erasure_numbers`."""

    ids: list[str]  # of all
    uncleared: list[str]  # of those who may still have some in the database, as the following
    contact_ids: list[str]
    digits: list[str]  # every way in which their numbers are written, without anything but digits


REQUEST = "INSERT INTO erasures (actor, people) VALUES ($1, $2) RETURNING id::text"
ADD_NUMBERS = """
    INSERT INTO erasure_numbers (erasure_id, contact_id, phone)
    SELECT $1, id, phone FROM contacts WHERE id = ANY($2::uuid[]) AND phone IS NOT NULL
    RETURNING phone
"""
_READ = """
    SELECT e.id::text, e.actor, e.people, e.requested_at, e.finished_at,
        (SELECT count(*) FROM erasure_numbers n WHERE n.erasure_id = e.id) AS left
    FROM erasures e
"""
GET = f"{_READ} WHERE e.id = $1"
LIST = f"""
    {_READ} WHERE e.id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') ORDER BY e.id DESC LIMIT $1
"""
# A round that dies leaves its people for the next one.
CLAIM = """
    UPDATE erasure_numbers SET tries = tries + 1,
        next_try_at = clock_timestamp() + make_interval(secs => least(600, 5 * 1.3 ^ least(tries, 20)))
    WHERE id IN (
        SELECT id FROM erasure_numbers WHERE next_try_at <= clock_timestamp()
        ORDER BY next_try_at LIMIT $1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id::text, contact_id::text, phone, cleared
"""
# One look for all numbers: the digits in a text, joined with those that are wanted.
ERASE_EVENTS = """
    WITH chunk AS MATERIALIZED (
        SELECT id, status, payload, concat_ws(' ', key, payload::text, encode(raw, 'escape')) AS told
        FROM webhook_events WHERE id > $1::uuid ORDER BY id LIMIT $2
    ), hit AS (
        SELECT DISTINCT chunk.id, chunk.status
        FROM chunk, LATERAL regexp_matches(chunk.told, '[0-9]{7,}', 'g') AS found(token)
        JOIN unnest($3::text[]) AS wanted(digits) ON wanted.digits = found.token[1]
        UNION
        SELECT chunk.id, chunk.status FROM chunk
        WHERE chunk.payload #>> '{data,reference}' IN (
            SELECT id::text FROM messages WHERE contact_id = ANY($4::uuid[]))
        UNION
        SELECT chunk.id, chunk.status FROM chunk
        JOIN interactions i ON i.webhook_event_id = chunk.id AND i.contact_id = ANY($4::uuid[])
    ), erased AS (
        UPDATE webhook_events w SET payload = '{}', raw = NULL, key = CASE WHEN EXISTS (
                SELECT FROM regexp_matches(w.key, '[0-9]{7,}', 'g') AS found(token)
                WHERE found.token[1] = ANY($3::text[])
            ) THEN 'erased:' || w.id ELSE w.key END  -- by it, a repetition is known
        FROM hit WHERE hit.id = w.id AND w.status IN ('processed', 'rejected')
    )
    SELECT (SELECT id::text FROM chunk ORDER BY id DESC LIMIT 1) AS last,
        EXISTS (SELECT FROM hit WHERE status IN ('received', 'parked')) AS waiting
"""
# Of closed campaigns; what is under way still counts for its quota by its row in `sends`.
ERASE_TEST_SENDS = """
    DELETE FROM test_sends WHERE ltrim(phone, '+') = ANY($1::text[]) AND status <> 'pending'
"""
ERASE_REJECTIONS = """
    DELETE FROM import_rejections WHERE regexp_replace(value, '[^0-9]', '', 'g') = ANY($1::text[])
        OR EXISTS (
            SELECT FROM regexp_matches(value, '[0-9]{7,}', 'g') AS found(token)
            WHERE found.token[1] = ANY($1::text[]))
"""
# The keys stay used, so that no repetition of a request brings the person back.
ERASE_ANSWERS = """
    UPDATE idempotent_requests SET status = 410, headers = '{"content-type": "application/problem+json"}',
        body = convert_to('{"title": "Erased", "status": 410, "detail": "somebody was erased since"}', 'UTF8')
    WHERE status IS NOT NULL AND EXISTS (
        SELECT FROM regexp_matches(encode(body, 'escape'), '[0-9]{7,}', 'g') AS found(token)
        WHERE found.token[1] = ANY($1::text[]))
"""
_MASKED = "regexp_replace({column}, '[+]?[0-9]{{7,15}}', '…', 'g')"
ERASE_REASONS = tuple(
    f"UPDATE {table} SET {column} = {_MASKED.format(column=column)} "
    f"WHERE contact_id = ANY($1::uuid[]) AND {column} ~ '[0-9]{{7}}'"
    for table, column in (("sends", "detail"), ("messages", "failure_reason"), ("campaign_contacts", "reason"))
)
CLEAR = "UPDATE erasure_numbers SET cleared = true WHERE id = ANY($1::uuid[])"
CAMPAIGNS_OF = """
    SELECT n.id::text, cc.campaign_id::text, n.contact_id::text
    FROM erasure_numbers n JOIN campaign_contacts cc ON cc.contact_id = n.contact_id
    WHERE n.id = ANY($1::uuid[])
"""
FORGET = "DELETE FROM erasure_numbers WHERE id = ANY($1::uuid[])"
FINISH = """
    UPDATE erasures e SET finished_at = clock_timestamp()
    WHERE finished_at IS NULL AND NOT EXISTS (SELECT FROM erasure_numbers n WHERE n.erasure_id = e.id)
    RETURNING id::text, people
"""
FIRST = "00000000-0000-0000-0000-000000000000"


async def request(connection: Connection, contact_ids: Sequence[Any], *, actor: str) -> str:
    """Notes that these contacts are erased, before they are; gives the id of the request.

    In the transaction that erases them, so that both happen or neither. Raises SuppressionKeyError.
    """
    erasure_id: str = await connection.fetchval(REQUEST, actor, len(contact_ids))
    rows = await connection.fetch(ADD_NUMBERS, erasure_id, list(contact_ids), timeout=_TIMEOUT_S)
    await hash_suppressions(connection, [row["phone"] for row in rows])
    await audit.record(
        connection,
        actor=actor,
        action="erasure.requested",
        subject_type="erasure",
        subject_id=erasure_id,
        after={"people": len(contact_ids)},
    )
    return erasure_id


async def get_erasure(pool: Pool, erasure_id: str) -> Erasure | None:
    """How far a request is, or None."""
    row = await pool.fetchrow(GET, erasure_id)
    return Erasure(**row) if row else None


async def list_erasures(pool: Pool, *, limit: int, after_id: str | None = None) -> list[Erasure]:
    """A page of requests, the latest first."""
    return [Erasure(**row) for row in await pool.fetch(LIST, limit, after_id)]


async def claim(pool: Pool, limit: int) -> Traces:
    """People whose turn it is; whoever is not forgotten in time has another turn, later each time."""
    rows = await pool.fetch(CLAIM, limit)
    uncleared = [row for row in rows if not row["cleared"]]
    return Traces(
        ids=[row["id"] for row in rows],
        uncleared=[row["id"] for row in uncleared],
        contact_ids=[row["contact_id"] for row in uncleared],
        digits=sorted({digits for row in uncleared for digits in digits_of(row["phone"])}),
    )


async def erase_in_database(pool: Pool, traces: Traces) -> bool:
    """Erases what webhooks, imports, test messages and kept answers tell of them.

    False when a webhook that is not worked off yet tells of one of them: it has to be looked at again.
    """
    for statement in (ERASE_TEST_SENDS, ERASE_REJECTIONS, ERASE_ANSWERS):
        await pool.execute(statement, traces.digits, timeout=_TIMEOUT_S)
    done = await _erase_events(pool, traces)
    # After the webhooks, which may have brought such a reason until then.
    for statement in ERASE_REASONS:
        await pool.execute(statement, traces.contact_ids, timeout=_TIMEOUT_S)
    if done:
        await pool.execute(CLEAR, traces.uncleared, timeout=_TIMEOUT_S)
    return done


async def _erase_events(pool: Pool, traces: Traces) -> bool:
    last: str | None = FIRST
    done = True
    while last is not None:
        values = (last, EVENTS_AT_ONCE, traces.digits, traces.contact_ids)
        [row] = await pool.fetch(ERASE_EVENTS, *values, timeout=_TIMEOUT_S)
        last, done = row["last"], done and not row["waiting"]
    return done


async def campaigns_of(pool: Pool, traces: Traces) -> list[tuple[str, str, str]]:
    """Which campaigns they were in: row of `erasure_numbers`, campaign, contact."""
    return [tuple(row) for row in await pool.fetch(CAMPAIGNS_OF, traces.ids, timeout=_TIMEOUT_S)]


async def forget(pool: Pool, ids: Sequence[str]) -> list[str]:
    """Nothing is left of these: their numbers go, too. Gives the requests that are finished by that."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(FORGET, list(ids), timeout=_TIMEOUT_S)
        finished = await connection.fetch(FINISH)
        for row in finished:
            await audit.record(
                connection,
                actor=audit.RELANCE,
                action="erasure.finished",
                subject_type="erasure",
                subject_id=row["id"],
                after={"people": row["people"]},
            )
    return [row["id"] for row in finished]

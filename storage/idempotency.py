"""Requests that may be sent again without being done twice: claimed first, then kept with their answer."""

from dataclasses import dataclass
from datetime import timedelta

from storage.database import Pool

KEPT = timedelta(hours=24)
# A process that died in the middle leaves its claim; no request lasts that long.
ABANDONED = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What was answered."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claimed:
    """This request is the first: do it, then `keep` its answer or `release` the key."""


@dataclass(frozen=True, slots=True)
class Running:
    """The first one is not done yet."""


@dataclass(frozen=True, slots=True)
class Other:
    """The key belongs to another request."""


# Without waiting for the disk: whatever the request itself commits later takes the claim along.
CLAIM = """
    INSERT INTO idempotent_requests AS r (caller, key, request_hash)
    SELECT $1, $2, $3 WHERE set_config('synchronous_commit', 'off', true) = 'off'
    ON CONFLICT (caller, key) DO UPDATE SET
        request_hash = excluded.request_hash, claimed_at = now(), status = NULL, headers = NULL, body = NULL
        WHERE r.claimed_at < now() - $4::interval
            OR (r.status IS NULL AND r.claimed_at < now() - $5::interval)
    RETURNING true
"""
FIND = """
    SELECT request_hash, status, headers, body FROM idempotent_requests WHERE caller = $1 AND key = $2
"""
KEEP = "UPDATE idempotent_requests SET status = $3, headers = $4, body = $5 WHERE caller = $1 AND key = $2"
RELEASE = "DELETE FROM idempotent_requests WHERE caller = $1 AND key = $2 AND status IS NULL"
# Each new one takes a few old ones along.
FORGET_OLD = """
    DELETE FROM idempotent_requests WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM idempotent_requests WHERE claimed_at < now() - $1::interval
        ORDER BY claimed_at LIMIT 10 FOR UPDATE SKIP LOCKED
    ))
"""


async def claim(pool: Pool, caller: str, key: str, request_hash: bytes) -> Claimed | Running | Other | Answer:
    """Takes the key for this request, or says what became of the one that has it."""
    if await pool.fetchval(CLAIM, caller, key, request_hash, KEPT, ABANDONED):
        return Claimed()
    row = await pool.fetchrow(FIND, caller, key)
    if row is None:  # released between the two statements: the client tries again
        return Running()
    if row["request_hash"] != request_hash:
        return Other()
    if row["status"] is None:
        return Running()
    return Answer(status=row["status"], headers=row["headers"], body=row["body"])


async def keep(pool: Pool, caller: str, key: str, answer: Answer) -> None:
    """Stores the answer, for whoever asks again."""
    await pool.execute(KEEP, caller, key, answer.status, answer.headers, answer.body)
    await pool.execute(FORGET_OLD, KEPT)


async def release(pool: Pool, caller: str, key: str) -> None:
    """Nothing was done: the key is free for another try."""
    await pool.execute(RELEASE, caller, key)

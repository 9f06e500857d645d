"""Sessions of people who are signed in, and the lock-out of those who guess passwords.

All of it is in PostgreSQL: it has to hold while Redis is away.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.access import Caller, CallerKind, Role
from storage import audit
from storage.database import Pool

IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=5)

FREE_ATTEMPTS = 5
FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(minutes=30)
FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """One browser in which somebody is signed in."""

    id: str
    created_at: datetime
    last_seen_at: datetime
    user_agent: str

    @property
    def expires_at(self) -> datetime:
        """When it ends if nothing more happens in it."""
        return min(self.created_at + ABSOLUTE, self.last_seen_at + IDLE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """A login that may be tried, counted before it is known to fail, so that many at once are not more."""

    attempts: int
    locked_for_s: float  # for the next one, if this one fails


@dataclass(frozen=True, kw_only=True, slots=True)
class Locked:
    """Too many failed."""

    seconds: float


_ALIVE = "s.last_seen_at > now() - $2::interval AND s.created_at > now() - $3::interval"
FIND = f"""
    SELECT s.id::text AS session_id, u.id::text AS user_id, u.name, u.role, u.must_change_password,
        s.last_seen_at < now() - $4::interval AS is_stale
    FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = $1 AND {_ALIVE}
"""
SEEN = "UPDATE sessions SET last_seen_at = now() WHERE id = $1"
OPEN = "INSERT INTO sessions (token_hash, user_id, user_agent) VALUES ($1, $2, $3)"
CLOSE = "DELETE FROM sessions WHERE id = $1 AND user_id = $2"
REPLACE = "DELETE FROM sessions WHERE token_hash = $1"
CLOSE_EXPIRED = """
    DELETE FROM sessions WHERE last_seen_at <= now() - $1::interval OR created_at <= now() - $2::interval
"""
LIST = f"""
    SELECT s.id::text, s.created_at, s.last_seen_at, s.user_agent FROM sessions s
    WHERE s.user_id = $1 AND {_ALIVE} AND ($5::uuid IS NULL OR s.id < $5) ORDER BY s.id DESC LIMIT $4
"""
# The lock of an attempt counts from its beginning: none for the first ones, then it doubles. No row: locked.
ATTEMPT = """
    INSERT INTO login_attempts AS a (account, attempts, locked_until) VALUES ($1, 1, NULL)
    ON CONFLICT (account) DO UPDATE SET
        attempts = CASE WHEN a.last_attempt_at < now() - $5::interval THEN 1 ELSE a.attempts + 1 END,
        last_attempt_at = now(),
        locked_until = now() + CASE
            WHEN a.last_attempt_at < now() - $5::interval OR a.attempts + 1 < $2 THEN NULL
            ELSE least($4::interval, $3::interval * 2 ^ least(a.attempts + 1 - $2, 20)) END
        WHERE a.locked_until IS NULL OR a.locked_until <= now()
    RETURNING attempts, coalesce(extract(epoch FROM locked_until - now())::float8, 0) AS locked_for_s
"""
LOCKED_FOR = """
    SELECT extract(epoch FROM locked_until - now())::float8 FROM login_attempts WHERE account = $1
"""
FORGET = "DELETE FROM login_attempts WHERE account = $1"
FORGET_OLD = "DELETE FROM login_attempts WHERE last_attempt_at < now() - $1::interval"


async def find_caller(pool: Pool, token: str) -> Caller | None:
    """Who is signed in with this token; None: nobody any more. Notes at times that the session is in use."""
    row = await pool.fetchrow(FIND, _hash(token), IDLE, ABSOLUTE, SEEN_EVERY)
    if row is None:
        return None
    if row["is_stale"]:
        await pool.execute(SEEN, row["session_id"])
    return Caller(
        kind=CallerKind.PERSON,
        id=row["user_id"],
        name=row["name"],
        scopes=Role(row["role"]).scopes,
        user_id=row["user_id"],
        session_id=row["session_id"],
        must_change_password=row["must_change_password"],
    )


async def open_session(pool: Pool, user_id: str, *, user_agent: str, instead_of: str | None = None) -> str:
    """Signs a user in and gives the token; the session of the token that the browser had before ends."""
    token = secrets.token_urlsafe(32)
    async with pool.acquire() as connection, connection.transaction():
        # The new one first: it locks the user, as everybody does before touching that user's sessions.
        await connection.execute(OPEN, _hash(token), user_id, user_agent[:300])
        if instead_of is not None:
            await connection.execute(REPLACE, _hash(instead_of))
    await pool.execute(CLOSE_EXPIRED, IDLE, ABSOLUTE)
    return token


async def list_sessions(pool: Pool, user_id: str, limit: int, *, before: str | None = None) -> list[Session]:
    """The live sessions of a user, the newest first, from one on."""
    rows = await pool.fetch(LIST, user_id, IDLE, ABSOLUTE, limit, before)
    return [Session(**row) for row in rows]


async def close_session(pool: Pool, session_id: str, *, user_id: str) -> bool:
    """Ends a session of that user; False: there is none."""
    return bool(await pool.execute(CLOSE, session_id, user_id) != "DELETE 0")


async def begin_attempt(pool: Pool, name: str) -> Attempt | Locked:
    """Counts one attempt to log in to an account, which need not exist."""
    account = _account(name)
    row = await pool.fetchrow(ATTEMPT, account, FREE_ATTEMPTS, FIRST_LOCK, LONGEST_LOCK, FORGOTTEN_AFTER)
    if row is not None:
        return Attempt(**row)
    seconds: float | None = await pool.fetchval(LOCKED_FOR, account)
    return Locked(seconds=max(seconds or 0, 1))


async def forget_attempts(pool: Pool, name: str) -> None:
    """After a good login, or when the password was reset."""
    await pool.execute(FORGET, _account(name))
    await pool.execute(FORGET_OLD, FORGOTTEN_AFTER)


async def record_failure(pool: Pool, user_id: str, attempt: Attempt) -> None:
    """Tells the audit log of a failed login to an account that exists."""
    locked = attempt.locked_for_s > 0
    async with pool.acquire() as connection:
        await audit.record(
            connection,
            actor="somebody",
            action="login.locked" if locked else "login.failed",
            subject_type="user",
            subject_id=user_id,
            before=None,
            after={"attempts": attempt.attempts, "locked_for_s": round(attempt.locked_for_s)},
        )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _account(name: str) -> bytes:
    return hashlib.sha256(name.strip().lower().encode()).digest()

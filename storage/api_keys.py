"""API keys of programs: `rl_<id>_<secret>`, of which only a hash of the secret is stored."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from domain.access import Caller, CallerKind, Role, Scope
from storage import audit
from storage.database import Pool
from storage.users import NameTakenError

PREFIX = "rl"
USED_EVERY = timedelta(minutes=1)


class DeadKeyError(Exception):
    """The key is unknown, expired or revoked; the message says which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """A key, without its secret."""

    id: str
    name: str
    scopes: list[Scope]
    owner_id: str | None  # None: made on the machine itself
    owner_name: str | None
    created_at: datetime
    expires_at: datetime | None  # None: never
    last_used_at: datetime | None


_COLUMNS = """
    k.id::text, k.name, k.scopes, k.owner_id::text, u.name AS owner_name,
    k.created_at, k.expires_at, k.last_used_at
"""
ADD = f"""
    WITH k AS (
        INSERT INTO api_keys (name, secret_hash, scopes, owner_id, expires_at) VALUES ($1, $2, $3, $4, $5)
        RETURNING *
    )
    SELECT {_COLUMNS} FROM k LEFT JOIN users u ON u.id = k.owner_id
"""
FIND = """
    SELECT k.id::text, k.name, k.scopes, k.secret_hash, k.owner_id::text, u.role, k.expires_at,
        k.expires_at <= now() AS is_expired, k.revoked_at IS NOT NULL AS is_revoked,
        k.last_used_at IS NULL OR k.last_used_at < now() - $2::interval AS is_stale
    FROM api_keys k LEFT JOIN users u ON u.id = k.owner_id WHERE k.id = $1
"""
USED = "UPDATE api_keys SET last_used_at = now() WHERE id = $1"
LIST = f"""
    SELECT {_COLUMNS} FROM api_keys k LEFT JOIN users u ON u.id = k.owner_id
    WHERE k.revoked_at IS NULL AND ($2::uuid IS NULL OR k.owner_id = $2) AND ($3::uuid IS NULL OR k.id < $3)
    ORDER BY k.id DESC LIMIT $1
"""
REVOKE = """
    UPDATE api_keys SET revoked_at = now()
    WHERE id = $1 AND revoked_at IS NULL AND ($2::uuid IS NULL OR owner_id = $2)
    RETURNING name, scopes, owner_id::text
"""


async def add_key(
    pool: Pool,
    *,
    name: str,
    scopes: Collection[Scope],
    owner_id: str | None,
    expires_at: datetime | None,
    actor: str,
) -> tuple[ApiKey, str]:
    """Makes a key; gives it with the only copy of what the program has to send. Raises NameTakenError."""
    secret = secrets.token_urlsafe(32)
    try:
        async with pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(ADD, name, _hash(secret), sorted(scopes), owner_id, expires_at)
            key = _key(row)
            after = {**_audited(key.name, key.scopes, key.owner_id), "expires_at": _text(key.expires_at)}
            await audit.record(
                connection,
                actor=actor,
                action="api_key.added",
                subject_type="api_key",
                subject_id=key.id,
                before=None,
                after=after,
            )
    except asyncpg.UniqueViolationError as error:
        raise NameTakenError("another key has this name: choose another one, or revoke that key") from error
    return key, f"{PREFIX}_{UUID(key.id).hex}_{secret}"


async def find_caller(pool: Pool, token: str) -> Caller:
    """The program that sends this. Raises DeadKeyError. Notes at times that the key is in use.

    A key can do no more than its owner can.
    """
    key_id, secret = _split(token)
    row = await pool.fetchrow(FIND, key_id, USED_EVERY)
    if row is None or not hmac.compare_digest(row["secret_hash"], _hash(secret)):
        raise DeadKeyError("this API key is unknown")
    if row["is_revoked"]:
        raise DeadKeyError(f"the API key {row['name']} was revoked: make a new one")
    if row["is_expired"]:
        raise DeadKeyError(f"the API key {row['name']} expired at {_text(row['expires_at'])}: make a new one")
    if row["is_stale"]:
        await pool.execute(USED, row["id"])
    scopes = frozenset(Scope(scope) for scope in row["scopes"])
    return Caller(
        kind=CallerKind.KEY,
        id=row["id"],
        name=row["name"],
        scopes=scopes if row["owner_id"] is None else scopes & Role(row["role"]).scopes,
        user_id=row["owner_id"],
    )


async def list_keys(
    pool: Pool, limit: int, *, owner_id: str | None = None, before: str | None = None
) -> list[ApiKey]:
    """The keys that are not revoked, of one owner or all, the newest first, from one on."""
    return [_key(row) for row in await pool.fetch(LIST, limit, owner_id, before)]


async def revoke_key(pool: Pool, key_id: str, *, owner_id: str | None, actor: str) -> bool:
    """Revokes a key, which has to belong to that owner unless None; False: there is no such key."""
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(REVOKE, key_id, owner_id)
        if row is None:
            return False
        await audit.record(
            connection,
            actor=actor,
            action="api_key.revoked",
            subject_type="api_key",
            subject_id=key_id,
            before=_audited(row["name"], row["scopes"], row["owner_id"]),
            after=None,
        )
    return True


def _split(token: str) -> tuple[str, str]:
    prefix, _, rest = token.partition("_")
    key_id, _, secret = rest.partition("_")
    try:
        identity = str(UUID(hex=key_id))
    except ValueError:
        identity = ""
    if prefix != PREFIX or not identity or not secret:
        raise DeadKeyError(f"this is no API key: one looks like {PREFIX}_<id>_<secret>")
    return identity, secret


def _hash(secret: str) -> bytes:
    # A fast hash does: nobody guesses 256 random bits.
    return hashlib.sha256(secret.encode()).digest()


def _key(row: Any) -> ApiKey:
    return ApiKey(**{**row, "scopes": [Scope(scope) for scope in row["scopes"]]})


def _audited(name: str, scopes: Collection[str], owner_id: str | None) -> dict[str, Any]:
    return {"name": name, "scopes": list(scopes), "owner_id": owner_id}


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")

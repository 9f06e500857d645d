"""Users: the people who may sign in. Every change enters the audit log in the same transaction."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from domain.access import Role
from storage import audit
from storage.database import Connection, Pool
from storage.passwords import hash_password, one_time_password

FIRST_USER = "admin"


class NameTakenError(Exception):
    """Another user, or another key, has this name."""


class LastSuperAdminError(Exception):
    """Without this super admin, nobody could manage users any more."""

    def __init__(self) -> None:
        super().__init__("this is the last super admin: make somebody else super admin first")


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """Somebody who may sign in."""

    id: str
    name: str
    role: Role
    language: str
    must_change_password: bool
    created_at: datetime


_COLUMNS = "id::text, name, role, language, must_change_password, created_at"
ADD = f"""
    INSERT INTO users (name, role, language, password_hash, must_change_password)
    VALUES ($1, $2, $3, $4, $5) RETURNING {_COLUMNS}
"""
# Two processes that start at the same time make one user: the second finds the name taken.
ADD_FIRST = """
    INSERT INTO users (name, role, password_hash, must_change_password)
    SELECT $1, 'super_admin', $2, true WHERE NOT EXISTS (SELECT FROM users)
    ON CONFLICT DO NOTHING RETURNING id::text
"""
ANY = "SELECT EXISTS (SELECT FROM users)"
GET = f"SELECT {_COLUMNS} FROM users WHERE id = $1"
GET_BY_NAME = f"SELECT {_COLUMNS} FROM users WHERE lower(name) = lower($1)"
GET_LOCKED = f"{GET} FOR UPDATE"
LIST = f"""
    SELECT {_COLUMNS} FROM users
    WHERE lower(name) > $2 AND ($3::text IS NULL OR strpos(lower(name), lower($3)) > 0)
        AND ($4::text IS NULL OR role = $4)
    ORDER BY lower(name) LIMIT $1
"""
UPDATE = f"UPDATE users SET name = $2, role = $3, language = $4 WHERE id = $1 RETURNING {_COLUMNS}"
REMOVE = "DELETE FROM users WHERE id = $1"
FIND_HASH = "SELECT password_hash FROM users WHERE id = $1"
SET_HASH = "UPDATE users SET password_hash = $2, must_change_password = $3 WHERE id = $1"
REHASH = "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2"
END_SESSIONS = "DELETE FROM sessions WHERE user_id = $1"
# Whoever takes a super admin away waits here for others who do, always in the same order.
SUPER_ADMINS = "SELECT id::text FROM users WHERE role = 'super_admin' ORDER BY id FOR UPDATE"


async def add_user(pool: Pool, *, name: str, role: Role, language: str, password_hash: str, actor: str) -> User:
    """Adds somebody whose password is for one login. Raises NameTakenError."""
    async with _changing(pool) as connection:
        row = await connection.fetchrow(ADD, name, role, language, password_hash, True)
        user = _user(row)
        await _record(connection, user, actor=actor, action="user.added", after=_audited(user))
    return user


async def add_first_user(pool: Pool) -> str | None:
    """Without any user, makes the super admin `admin` and gives the password for the first login."""
    if await pool.fetchval(ANY):
        return None
    password = one_time_password()
    user_id = await pool.fetchval(ADD_FIRST, FIRST_USER, await hash_password(password))
    return None if user_id is None else password


async def get_user(pool: Pool, user_id: str) -> User | None:
    """One user."""
    row = await pool.fetchrow(GET, user_id)
    return None if row is None else _user(row)


async def find_user(pool: Pool, name: str) -> User | None:
    """The user of that name, whatever its case."""
    row = await pool.fetchrow(GET_BY_NAME, name)
    return None if row is None else _user(row)


async def list_users(
    pool: Pool, limit: int, *, after: str = "", q: str | None = None, role: Role | None = None
) -> list[User]:
    """By name in lower case, those after a name; `q` is a part of the name."""
    return [_user(row) for row in await pool.fetch(LIST, limit, after, q, role)]


async def change_user(pool: Pool, user_id: str, changes: Mapping[str, Any], *, actor: str) -> User | None:
    """Changes `name`, `role`, `language`; None: there is no such user.

    Another role ends the sessions of that user. Raises NameTakenError and LastSuperAdminError.
    """
    async with _changing(pool) as connection:
        demoted = changes.get("role") is Role.ADMIN
        # Before the row of the user, so that two changes at once take their locks in one order.
        super_admins = await _super_admins(connection) if demoted else []
        row = await connection.fetchrow(GET_LOCKED, user_id)
        if row is None:
            return None
        before = _user(row)
        if demoted and super_admins == [before.id]:
            raise LastSuperAdminError
        wanted = {**_audited(before), **changes}
        if wanted == _audited(before):
            return before
        row = await connection.fetchrow(UPDATE, user_id, wanted["name"], wanted["role"], wanted["language"])
        after = _user(row)
        if after.role is not before.role:
            await connection.execute(END_SESSIONS, user_id)
        await _record(
            connection,
            after,
            actor=actor,
            action="user.changed",
            before=_audited(before),
            after=_audited(after),
        )
    return after


async def remove_user(pool: Pool, user_id: str, *, actor: str) -> bool:
    """Removes a user with all sessions and keys; False: there is none. Raises LastSuperAdminError."""
    async with pool.acquire() as connection, connection.transaction():
        super_admins = await _super_admins(connection)
        row = await connection.fetchrow(GET_LOCKED, user_id)
        if row is None:
            return False
        user = _user(row)
        if super_admins == [user.id]:
            raise LastSuperAdminError
        await connection.execute(REMOVE, user_id)
        await _record(connection, user, actor=actor, action="user.removed", before=_audited(user))
    return True


async def password_hash(pool: Pool, user_id: str) -> str | None:
    """What is stored of the password; None: there is no such user."""
    stored: str | None = await pool.fetchval(FIND_HASH, user_id)
    return stored


async def rehash(pool: Pool, user_id: str, old_hash: str, new_hash: str) -> None:
    """The same password at today's costs, unless it was changed meanwhile."""
    await pool.execute(REHASH, user_id, old_hash, new_hash)


async def set_password(pool: Pool, user_id: str, new_hash: str, *, one_time: bool, actor: str) -> bool:
    """Changes a password and ends all sessions of the user; False: there is no such user."""
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(GET_LOCKED, user_id)
        if row is None:
            return False
        await connection.execute(SET_HASH, user_id, new_hash, one_time)
        await connection.execute(END_SESSIONS, user_id)
        action = "user.password_reset" if one_time else "user.password_changed"
        await _record(connection, _user(row), actor=actor, action=action)
    return True


@asynccontextmanager
async def _changing(pool: Pool) -> AsyncIterator[Connection]:
    try:
        async with pool.acquire() as connection, connection.transaction():
            yield connection
    except asyncpg.UniqueViolationError as error:
        raise NameTakenError("another user has this name: choose another one") from error


async def _super_admins(connection: Connection) -> list[str]:
    return [row["id"] for row in await connection.fetch(SUPER_ADMINS)]


async def _record(
    connection: Connection,
    user: User,
    *,
    actor: str,
    action: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    await audit.record(
        connection,
        actor=actor,
        action=action,
        subject_type="user",
        subject_id=user.id,
        before=before,
        after=after,
    )


def _audited(user: User) -> dict[str, Any]:
    return {"name": user.name, "role": user.role, "language": user.language}


def _user(row: Any) -> User:
    return User(**{**row, "role": Role(row["role"])})

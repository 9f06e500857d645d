"""The way to PostgreSQL: one pool per process, and the migrations."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
from pydantic import SecretStr
from yoyo import get_backend, read_migrations

from storage.suppression_key import connection_settings

MIGRATIONS = Path(__file__).parent / "migrations"

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

REQUEST_WAIT_S = 2.0
_RELEASE_S = 10.0


if TYPE_CHECKING:
    _Pool = asyncpg.Pool[asyncpg.Record]
else:  # it cannot be parametrised
    _Pool = asyncpg.Pool


class _ImpatientPool(_Pool):
    """Waits so long at most for a connection that is free, and raises TimeoutError then."""

    wait_s: float | None = REQUEST_WAIT_S

    def acquire(self, *, timeout: float | None = None) -> "asyncpg.pool.PoolAcquireContext[asyncpg.Record]":
        patience = self.wait_s if timeout is None else timeout
        return super().acquire(timeout=patience)

    async def release(self, connection: Any, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
        # Else it would have no longer than the acquiring: what is committed would be called a failure.
        await super().release(connection, timeout=_RELEASE_S if timeout is None else timeout)


async def connect(
    database_url: str,
    *,
    application: str,
    size: int = 8,
    wait_s: float | None = REQUEST_WAIT_S,
    suppression_key: SecretStr | None = None,
) -> Pool:
    """Opens the pool of this process. While none of its connections is free, it waits for one `wait_s`.

    By default so long as a request may: whoever asked is better told to try again (503) than kept waiting with
    everybody behind. Connections stay open when idle, because the first request after a quiet time would pay
    for a new one. `suppression_key` is what opt-outs of erased people are kept under.
    """
    key = suppression_key.get_secret_value() if suppression_key else None
    pool = _ImpatientPool(
        database_url,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        min_size=2,
        max_size=size,
        max_queries=50_000,
        max_inactive_connection_lifetime=0,
        loop=None,
        timeout=5,
        command_timeout=10,
        server_settings={"application_name": f"relance-{application}", **connection_settings(key)},
        init=_decode_json,
    )
    pool.wait_s = wait_s
    await pool
    return pool


async def close(pool: Pool, *, within_s: float = 5.0) -> None:
    """Closes the pool; a connection that is still in use by then is cut, so that a process can end."""
    try:
        await asyncio.wait_for(pool.close(), within_s)
    except TimeoutError:
        pool.terminate()


async def _decode_json(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    # Binary, because COPY takes nothing else: one byte of version, then the text.
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + json.dumps(value).encode(),
        decoder=lambda value: json.loads(value[1:]),
    )


async def migrate(database_url: str) -> list[str]:
    """Brings the schema up to date, safe to run twice at once; returns the migrations applied now."""
    return await asyncio.to_thread(_migrate, database_url)


def _migrate(database_url: str) -> list[str]:
    with get_backend(_for_psycopg(database_url)) as backend, backend.lock():
        missing = backend.to_apply(read_migrations(str(MIGRATIONS)))
        backend.apply_migrations(missing)
        return [migration.id for migration in missing]


async def missing_migrations(database_url: str) -> list[str]:
    """The ids of the migrations that this database still lacks."""

    def look() -> list[str]:
        with get_backend(_for_psycopg(database_url)) as backend:
            return [migration.id for migration in backend.to_apply(read_migrations(str(MIGRATIONS)))]

    return await asyncio.to_thread(look)


def _for_psycopg(database_url: str) -> str:
    scheme, _, rest = database_url.partition("://")
    if scheme not in {"postgresql", "postgres"}:
        raise ValueError("RELANCE_DATABASE_URL must start with postgresql://")
    return f"postgresql+psycopg://{rest}"

"""The way to PostgreSQL: one pool per process, and the migrations."""

import asyncio
import json
from pathlib import Path
from typing import TypeAlias

import asyncpg
from yoyo import get_backend, read_migrations

MIGRATIONS = Path(__file__).parent / "migrations"

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


async def connect(database_url: str, *, application: str, size: int = 8) -> Pool:
    """Opens the pool of this process.

    Connections stay open when idle, because the first request after a quiet time would pay for a new one.
    """
    return await asyncpg.create_pool(
        database_url,
        min_size=2,
        max_size=size,
        max_inactive_connection_lifetime=0,
        timeout=5,
        command_timeout=10,
        server_settings={"application_name": f"relance-{application}"},
        init=_decode_json,
    )


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

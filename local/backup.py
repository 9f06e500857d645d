"""Backs an installation up while it runs, and restores one that does not.

The database is dumped from one snapshot, in which its rows are counted too; after restoring, they are counted
again. A restored installation is held: nothing leaves it until a person confirms (`relance restore confirm`).
"""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from local.addresses import known_addresses
from local.archive import DATABASE, TEMPORAL, Manifest, open_archive, write_archive
from local.datadir import DataDir, lock_data_dir
from local.errors import StackError
from local.logfile import LogFile
from local.ports import Ports
from local.postgres import DATABASE as OUR_DATABASE
from local.postgres import embedded_postgres, find_program
from local.process import Command, run_to_end
from local.supervisor import Supervisor
from settings import Settings
from storage import database, installation, monitoring

_DEADLINE_S = 6 * 3600.0
_UNKNOWN_BEFORE_BACKUP = timedelta(minutes=10)
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


async def make_backup(settings: Settings, target: Path) -> Manifest:
    """Writes a backup to `target`; a directory gets a file named by the time. Raises StackError."""
    addresses = await asyncio.to_thread(known_addresses, settings)
    if addresses is None:
        raise StackError(f"Nothing runs in {settings.data_dir}: start it, or set RELANCE_DATABASE_URL.")
    temporal = settings.data_dir / TEMPORAL
    with tempfile.TemporaryDirectory(prefix="relance-backup-") as name:
        folder = Path(name)
        if addresses.temporal_ui_url and temporal.exists():
            # Before the database: what it does not know yet is taken up again from the database.
            await asyncio.to_thread(_copy_sqlite, temporal, folder / TEMPORAL)
        rows = await _dump(addresses.database_url, folder / DATABASE)
        for secret in settings.data_dir.glob("*.secret"):
            shutil.copy2(secret, folder / secret.name)
        return await asyncio.to_thread(
            write_archive, _file_of(target), folder, created_at=datetime.now(UTC).isoformat(), rows=rows
        )


def _file_of(target: Path) -> Path:
    if target.is_dir():
        return target / f"relance-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar"
    return target


def _copy_sqlite(source: Path, target: Path) -> None:
    """A consistent copy, also while Temporal writes."""
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as running,
        closing(sqlite3.connect(target)) as copy,
    ):
        running.backup(copy)


async def _dump(url: str, target: Path) -> dict[str, int]:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            rows = await _count(connection)
            await _run(
                "pg_dump",
                url,
                (
                    "--format=custom",
                    "--no-owner",
                    "--no-privileges",
                    f"--snapshot={snapshot}",
                    f"--file={target}",
                ),
            )
    finally:
        await connection.close()
    return rows


async def _count(connection: "asyncpg.Connection[asyncpg.Record]") -> dict[str, int]:
    tables = [row["tablename"] for row in await connection.fetch(_TABLES)]
    # The names are those of our own tables.
    return {table: await connection.fetchval(f'SELECT count(*) FROM "{table}"') for table in tables}  # noqa: S608


async def _run(program: str, url: str, arguments: tuple[str, ...]) -> None:
    """Runs a program of PostgreSQL; the password travels in the environment, not on the command line."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")
    user = place[0].partition(":")[0]
    shown = urlunsplit(parts._replace(netloc=f"{user}@{place[2]}" if user else place[2]))
    with tempfile.TemporaryDirectory(prefix="relance-log-") as folder:
        log = LogFile(Path(folder) / "log")
        status = await run_to_end(
            Command(
                argv=(str(find_program(program)), f"--dbname={shown}", *arguments),
                environment={"PGPASSWORD": unquote(parts.password or ""), "LC_ALL": "C"},
            ),
            log,
            deadline_s=_DEADLINE_S,
        )
        if status != 0:
            raise StackError(f"{program} failed:\n  " + "\n  ".join(log.tail()))


async def restore_backup(
    settings: Settings, source: Path, *, with_database: bool, with_temporal: bool
) -> Manifest:
    """Puts a backup, or one part of it, in the place of what there is, which is kept beside it.

    Raises StackError, for one that runs as well.
    """
    async with AsyncExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="relance-restore-")))
        manifest = await asyncio.to_thread(open_archive, source, folder)
        data_dir = exits.enter_context(lock_data_dir(settings.data_dir))
        await asyncio.to_thread(_restore_secrets, folder, manifest, data_dir)
        url = settings.database_url
        if url is None:
            url = await exits.enter_async_context(_postgres(settings, data_dir))
        await _refuse_while_workers_live(url)
        if with_database:
            await _restore_database(url, folder / DATABASE, manifest)
        else:
            await _hold(url, f"Temporal was restored from the backup of {manifest.created_at}", manifest)
        if with_temporal and TEMPORAL in manifest.files:
            await asyncio.to_thread(_replace_temporal, folder / TEMPORAL, data_dir)
        return manifest


@asynccontextmanager
async def _postgres(settings: Settings, data_dir: DataDir) -> AsyncIterator[str]:
    port = Ports.of(settings).with_free_ports_for({"postgres"}).postgres
    server = await asyncio.to_thread(embedded_postgres, data_dir, port)
    async with Supervisor(data_dir) as supervisor:
        await supervisor.start_all(server.spec())
        yield server.url


def _restore_secrets(folder: Path, manifest: Manifest, data_dir: DataDir) -> None:
    """On a new machine; those that are there stay."""
    for name in manifest.files:
        if name.endswith(".secret") and not (data_dir.path / name).exists():
            shutil.copy2(folder / name, data_dir.path / name)


def _replace_temporal(copy: Path, data_dir: DataDir) -> None:
    for ending in ("", "-wal", "-shm"):
        present = data_dir.path / f"{TEMPORAL}{ending}"
        if present.exists():
            present.replace(data_dir.path / f"{TEMPORAL}.before-restore{ending}")
    shutil.copy2(copy, data_dir.path / TEMPORAL)


async def _refuse_while_workers_live(url: str) -> None:
    pool = await database.connect(url, application="restore", size=2)
    try:
        if not await pool.fetchval("SELECT to_regclass('worker_heartbeats') IS NOT NULL"):
            return
        deadline = (
            asyncio.get_running_loop().time() + 2 * monitoring.ALIVE_S
        )  # one that was killed did not sign off
        while any(worker.alive for worker in await monitoring.list_workers(pool)):
            if asyncio.get_running_loop().time() > deadline:
                raise StackError("A worker uses this database: stop every worker and the API first.")
            await asyncio.sleep(1)
    finally:
        await pool.close()


async def _restore_database(url: str, dump: Path, manifest: Manifest) -> None:
    """Into a new database, which takes the place of the present one when it is whole."""
    name = urlsplit(url).path.lstrip("/") or OUR_DATABASE
    stamp = f"{datetime.now(UTC):%Y%m%d_%H%M%S}"
    unfinished = f"{name}_restoring_{stamp}"
    admin = await asyncpg.connect(_in_database(url, "postgres"))
    try:
        await admin.execute(f'CREATE DATABASE "{unfinished}"')
        try:
            new_url = _in_database(url, unfinished)
            await _run("pg_restore", new_url, ("--exit-on-error", "--no-owner", "--no-privileges", str(dump)))
            await _verify(new_url, manifest)
            await database.migrate(new_url)
            await _hold(
                new_url, f"the database was restored from the backup of {manifest.created_at}", manifest
            )
        except BaseException:
            await admin.execute(f'DROP DATABASE "{unfinished}" WITH (FORCE)')
            raise
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY ($1::text[])",
            [name, unfinished],
        )
        async with admin.transaction():
            await admin.execute(f'ALTER DATABASE "{name}" RENAME TO "{name}_before_{stamp}"')
            await admin.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')
    finally:
        await admin.close()


async def _verify(url: str, manifest: Manifest) -> None:
    connection = await asyncpg.connect(url)
    try:
        rows = await _count(connection)
    finally:
        await connection.close()
    if rows != manifest.rows:
        wrong = [table for table in manifest.rows if rows.get(table) != manifest.rows[table]]
        raise StackError(f"The restored database differs from the backup in {', '.join(wrong)}.")


async def _hold(url: str, reason: str, manifest: Manifest) -> None:
    pool = await database.connect(url, application="restore", size=2)
    try:
        await database.migrate(url)
        known = await installation.get_installation(pool)
        lived = known.beat_at or datetime.fromisoformat(manifest.created_at)
        await installation.hold(pool, reason, unknown_since=lived - _UNKNOWN_BEFORE_BACKUP)
    finally:
        await pool.close()


def _in_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))

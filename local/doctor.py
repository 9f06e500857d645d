"""Looks at each part of a Relance and says what is wrong and how to put it right.

Nothing is printed here: every check returns findings, and none of them raises.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import asyncpg
import httpx

from activities.gateways import open_gateways
from local.addresses import Addresses, known_addresses
from local.findings import TIMEOUT_S, Finding, Verdict, failed, guarded, ok, reason, warning
from local.gateway_doctor import check_gateway, check_meta, check_senders, in_sandbox
from local.temporal_doctor import check_temporal, check_worker
from local.valkey import why_no_pong
from settings import Settings
from storage import database

__all__ = ["Finding", "Verdict", "examine", "examine_installation"]

_SCARCE_BYTES = 1024**3
_TOO_FEW_BYTES = 256 * 1024**2
_LEAST_POSTGRES = 18  # the first with uuidv7(), from which our tables take their ids

# Gets the database's address and returns the names of the migrations that it still lacks.
PendingMigrations = Callable[[str], Awaitable[Sequence[str]]]


async def examine_installation(settings: Settings) -> list[Finding]:
    """Examines the stack that runs from the data directory, else the servers that the settings name."""
    try:
        addresses = await asyncio.to_thread(known_addresses, settings)
    except (OSError, ValueError, TypeError) as error:  # another user's, or half written
        detail = f"The stack in {settings.data_dir} cannot be found: {reason(error)}"
        return [failed("stack", detail, "Ask as the user who started it, or start it again: `make up`.")]
    if addresses is None:
        hint = "Start it with `make up`, or set RELANCE_DATABASE_URL and RELANCE_TEMPORAL_ADDRESS."
        return [failed("stack", f"nothing runs in {settings.data_dir}", hint)]
    if addresses.sandbox_url:
        settings = in_sandbox(settings, addresses.sandbox_url)
    return await examine(
        addresses,
        settings=settings,
        pending_migrations=database.missing_migrations,
    )


async def examine(
    addresses: Addresses,
    *,
    settings: Settings,
    pending_migrations: PendingMigrations | None = None,
) -> list[Finding]:
    """Every check, run at the same time, in the order in which the parts depend on each other."""
    is_sandbox = addresses.sandbox_url is not None
    temporal = settings.model_copy(
        update={
            "temporal_address": addresses.temporal_address,
            "temporal_namespace": addresses.temporal_namespace,
        }
    )
    checks: dict[str, Awaitable[Finding | list[Finding]]] = {
        "disk": check_disk(settings.data_dir),
        "postgres": check_postgres(addresses.database_url, pending_migrations),
        "valkey": check_valkey(addresses.redis_url),
        "temporal": check_temporal(temporal),
        "worker": check_worker(temporal),
    }
    if settings.wassenger_token is not None or not settings.has_meta:
        token = settings.wassenger_token.get_secret_value() if settings.wassenger_token else None
        checks["gateway"] = check_gateway(settings.wassenger_url, token, is_sandbox=is_sandbox)
    if settings.has_meta:
        checks["meta"] = check_meta(settings, is_sandbox=is_sandbox)
    if (gateways := open_gateways(settings)) is not None:
        checks["senders"] = check_senders(addresses.database_url, gateways)
    checks["restore"] = check_restore(addresses.database_url)
    if addresses.api_url:
        checks["api"] = check_api(addresses.api_url)
    found = await asyncio.gather(*(guarded(name, check) for name, check in checks.items()))
    return [finding for findings in found for finding in findings]


async def check_disk(data_dir: Path) -> Finding:
    """Whether the disk that holds the data has room."""
    name = "disk"
    try:
        free = await asyncio.to_thread(_free_bytes, data_dir)
    except OSError as error:
        return failed(name, f"{data_dir}: {error}", "Create the directory or set RELANCE_DATA_DIR.")
    detail = f"{free / 1024**3:.1f} GB free at {data_dir}"
    hint = "Free some space, or move the data with RELANCE_DATA_DIR."
    if free < _TOO_FEW_BYTES:
        return failed(name, detail, hint)
    if free < _SCARCE_BYTES:
        return warning(name, detail, hint)
    return ok(name, detail)


async def check_postgres(url: str, pending_migrations: PendingMigrations | None = None) -> Finding:
    """Whether the database answers and has the tables that this version expects."""
    name = "postgres"
    try:
        connection = await asyncpg.connect(url, timeout=TIMEOUT_S)
        try:
            server = await connection.fetchval("show server_version", timeout=TIMEOUT_S)
            major = connection.get_server_version().major
        finally:
            await connection.close(timeout=TIMEOUT_S)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return failed(name, reason(error), "Start it with `relance up`, or correct RELANCE_DATABASE_URL.")
    if major < _LEAST_POSTGRES:
        hint = f"Use PostgreSQL {_LEAST_POSTGRES} or newer, or unset RELANCE_DATABASE_URL to use our own."
        return failed(name, f"PostgreSQL {server} is too old: it has no uuidv7()", hint)
    pending = await pending_migrations(url) if pending_migrations else ()
    if pending:
        return failed(
            name,
            f"PostgreSQL {server} lacks {len(pending)} migrations: {', '.join(pending)}",
            "`relance up` applies them.",
        )
    return ok(name, f"PostgreSQL {server}")


async def check_restore(url: str) -> Finding:
    """Whether this installation was restored, and waits for a person."""
    name = "restore"
    try:
        connection = await asyncpg.connect(url, timeout=TIMEOUT_S)
        try:
            held = await connection.fetchval("SELECT hold_reason FROM installation", timeout=TIMEOUT_S)
        finally:
            await connection.close(timeout=TIMEOUT_S)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return failed(name, reason(error), "PostgreSQL has to answer first, with its tables.")
    if held:
        hint = "Look at its campaigns, then: `relance restore confirm`."
        return failed(name, f"nothing is sent: {held}", hint)
    return ok(name, "nothing waits for a confirmation")


async def check_valkey(url: str) -> Finding:
    """Whether the cache answers; Relance works without it, more slowly."""
    if not url:
        return warning("valkey", "not set", "Set RELANCE_REDIS_URL for the second guard around Message 2.")
    try:
        async with asyncio.timeout(TIMEOUT_S):
            problem = await why_no_pong(url)
    except (TimeoutError, ValueError) as error:  # its name is not found in time, or it is no address
        problem = reason(error)
    if problem:
        return warning("valkey", problem, "Start it with `relance up`, or correct RELANCE_REDIS_URL.")
    return ok("valkey", "answers")


async def check_api(url: str) -> Finding:
    """Whether our own API answers."""
    hint = "See api.log in the data directory's `logs`, or start it with `relance up`."
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
            response = await client.get(f"{url}/healthz")
    except httpx.HTTPError as error:
        return failed("api", f"{url}: {reason(error)}", hint)
    if response.status_code != 200:
        return failed("api", f"{url}/healthz answers {response.status_code}", hint)
    return ok("api", f"answers at {url}")


def _free_bytes(path: Path) -> int:
    """With all servers elsewhere there may be no data directory: its disk counts all the same."""
    path = path.resolve()
    return shutil.disk_usage(next(folder for folder in (path, *path.parents) if folder.exists())).free

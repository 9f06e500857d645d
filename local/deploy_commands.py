"""`relance migrate` and `relance temporal`: what has to be done once where the servers run elsewhere."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from time import monotonic
from typing import Annotated, TypeVar

import psycopg
import typer
from rich.console import Console
from temporalio.client import Client
from temporalio.service import RPCError

from activities import temporal
from activities.temporal_setup import SetupError, Step, set_up
from local.addresses import known_addresses
from local.errors import StackError
from local.findings import reason
from local.user_commands import first_login
from settings import Settings, load_settings
from storage import database

temporal_app = typer.Typer(help="Prepare a Temporal that runs elsewhere.", no_args_is_help=True)
console = Console()

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
WaitS = Annotated[float, typer.Option("--wait-s", min=0, help="For how long to wait for the server.")]
RETRY_S = 1.0
_T = TypeVar("_T")


def migrate(wait_s: WaitS = 10, as_json: AsJson = False) -> None:
    """Bring the database of RELANCE_DATABASE_URL up to date. Again changes nothing."""
    settings = load_settings()
    if settings.database_url is None:
        raise StackError("RELANCE_DATABASE_URL is not set: `relance up` looks after its own database.")
    url = settings.database_url
    applied, welcomes = asyncio.run(_migrate(url, wait_s))
    if as_json:
        typer.echo(json.dumps({"applied": applied}))
        return
    for migration in applied:
        console.print(f"Migrated the database: {migration}")
    console.print("The database is up to date.")
    for welcome in welcomes:
        console.print(welcome)


@temporal_app.command("setup")
def set_up_temporal(
    *,
    create_namespace: Annotated[
        bool, typer.Option("--create-namespace", help="Make the namespace if there is none.")
    ] = False,
    retention_days: Annotated[
        int, typer.Option(min=1, help="For how long a new namespace keeps what has ended.")
    ] = 7,
    wait_s: WaitS = 10,
    as_json: AsJson = False,
) -> None:
    """Give the namespace the search attributes and the schedule that Relance needs. Again changes nothing."""
    settings = _reached(load_settings())
    steps = asyncio.run(
        prepare_temporal(
            settings,
            create_namespace=create_namespace,
            retention=timedelta(days=retention_days),
            wait_s=wait_s,
        )
    )
    if as_json:
        typer.echo(json.dumps([asdict(step) for step in steps]))
        return
    for step in steps:
        console.print(f"{step.outcome:<8} {step.what}")
    console.print(f"Temporal at {settings.temporal_address} is ready for Relance.", soft_wrap=True)


async def prepare_temporal(
    settings: Settings, *, create_namespace: bool, retention: timedelta, wait_s: float
) -> list[Step]:
    """What was there and what was made. Raises StackError, whose message says what to do."""
    try:
        client = await _patiently(lambda: _connected(settings), wait_s, (RuntimeError, RPCError))
        return await set_up(
            client,
            create_namespace=create_namespace,
            retention=retention,
            upkeep_every_s=settings.upkeep_every_s,
        )
    except SetupError as error:
        raise StackError(f"{settings.temporal_address}: {error}") from error
    except (RuntimeError, RPCError) as error:
        raise StackError(_why_not(settings, error)) from error


def _reached(settings: Settings) -> Settings:
    addresses = known_addresses(settings)
    address = addresses.temporal_address if addresses else settings.temporal_address
    if address is None:
        raise StackError("RELANCE_TEMPORAL_ADDRESS is not set: `relance up` looks after its own Temporal.")
    namespace = addresses.temporal_namespace if addresses else settings.temporal_namespace
    return settings.model_copy(update={"temporal_address": address, "temporal_namespace": namespace})


async def _connected(settings: Settings) -> Client:
    return await temporal.connect(settings, address=settings.temporal_address or "")


async def _migrate(url: str, wait_s: float) -> tuple[list[str], list[str]]:
    try:
        applied = await _patiently(lambda: database.migrate(url), wait_s, (psycopg.OperationalError,))
        return applied, await first_login(url)
    except ValueError as error:
        raise StackError(str(error)) from error
    except psycopg.OperationalError as error:
        raise StackError(f"PostgreSQL cannot be reached: {reason(error)}") from error


async def _patiently(
    attempt: Callable[[], Awaitable[_T]], wait_s: float, not_yet: tuple[type[Exception], ...]
) -> _T:
    give_up_at = monotonic() + wait_s
    while True:
        try:
            return await attempt()
        except not_yet:
            if monotonic() >= give_up_at:
                raise
        await asyncio.sleep(RETRY_S)


def _why_not(settings: Settings, error: Exception) -> str:
    way = "with TLS" if settings.uses_temporal_tls else "without TLS"
    return (
        f"Temporal at {settings.temporal_address} cannot be used ({way}): {reason(error)}. "
        "Look at RELANCE_TEMPORAL_ADDRESS, RELANCE_TEMPORAL_API_KEY and RELANCE_TEMPORAL_TLS_*."
    )

"""The servers that Relance stands on, started together: PostgreSQL, Valkey, Temporal and the sandbox.

The tests use them without the API and the worker, each run on ports and data of its own:

    async with Servers.start() as servers:
        await asyncpg.connect(servers.database_url)
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from local import postgres, temporal, valkey
from local.addresses import Addresses
from local.child import Spec
from local.datadir import DataDir, lock_data_dir, throwaway_directory
from local.ports import Ports
from local.probes import http_answers
from local.process import Command
from local.supervisor import Supervisor
from settings import Settings

IfBusy = Literal["refuse", "replace"]
_SANDBOX = "sandbox"
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True, slots=True)
class External:
    """The servers that run elsewhere and are therefore not started."""

    database_url: str | None = None
    redis_url: str | None = None
    temporal_address: str | None = None
    temporal_namespace: str = "default"
    gateway: bool = False  # a real WhatsApp gateway: no sandbox

    @classmethod
    def of(cls, settings: Settings) -> "External":
        """What the settings name."""
        return cls(
            database_url=settings.database_url,
            redis_url=settings.redis_url,
            temporal_address=settings.temporal_address,
            temporal_namespace=settings.temporal_namespace,
            gateway=settings.wassenger_token is not None or settings.has_meta,
        )

    def embedded_ports(self) -> set[str]:
        """Which of the ports our own servers need."""
        needed = {
            "postgres": self.database_url is None,
            "valkey": self.redis_url is None,
            "temporal": self.temporal_address is None,
            "temporal_ui": self.temporal_address is None,
            "sandbox": not self.gateway,
        }
        return {name for name, is_needed in needed.items() if is_needed}


@dataclass(frozen=True, kw_only=True, slots=True)
class Servers:
    """Servers that are up, under a supervisor that keeps them so."""

    addresses: Addresses
    supervisor: Supervisor
    data_dir: DataDir

    @property
    def database_url(self) -> str:
        """PostgreSQL, for asyncpg and psycopg."""
        return self.addresses.database_url

    @property
    def redis_url(self) -> str:
        """Valkey or Redis."""
        return self.addresses.redis_url

    @property
    def temporal_address(self) -> str:
        """Temporal's front end."""
        return self.addresses.temporal_address

    @property
    def temporal_ui_url(self) -> str | None:
        """Temporal's web interface, when the server is ours."""
        return self.addresses.temporal_ui_url

    @property
    def sandbox_url(self) -> str | None:
        """The simulated gateway, when there is no real one."""
        return self.addresses.sandbox_url

    @staticmethod
    @asynccontextmanager
    async def start(
        *,
        data_dir: Path | None = None,
        ports: Ports | Literal["ephemeral"] = "ephemeral",
        if_busy: IfBusy = "refuse",
        external: External | None = None,
    ) -> AsyncIterator["Servers"]:
        """Starts what is not external and ends it with the block.

        Parameters
        ----------
        data_dir
            Kept between runs; None means a new one that is removed at the end.
        if_busy
            What to do about a wanted port that is taken: "refuse" raises `PortBusyError`, "replace"
            silently takes a free one.
        """
        external = external or External()
        wanted = Ports.ephemeral() if ports == "ephemeral" else ports
        async with AsyncExitStack() as exits:
            path = data_dir or exits.enter_context(throwaway_directory())
            locked = exits.enter_context(lock_data_dir(path))
            settled = await settle_ports(wanted, external.embedded_ports(), if_busy)
            supervisor = await exits.enter_async_context(Supervisor(locked))
            database = await _to_its_end(lambda: _database(external, locked, settled))
            specs = [] if isinstance(database, str) else [database.spec()]
            specs += _other_specs(external, locked, settled)
            await supervisor.start_all(*specs)
            yield Servers(
                addresses=Addresses(
                    database_url=database if isinstance(database, str) else database.url,
                    redis_url=external.redis_url or valkey.valkey_url(settled.valkey),
                    temporal_address=external.temporal_address or f"127.0.0.1:{settled.temporal}",
                    temporal_namespace=external.temporal_namespace,
                    temporal_ui_url=None if external.temporal_address else _http(settled.temporal_ui),
                    sandbox_url=None if external.gateway else _http(settled.sandbox),
                ),
                supervisor=supervisor,
                data_dir=locked,
            )


async def settle_ports(ports: Ports, names: set[str], if_busy: IfBusy) -> Ports:
    """Makes sure that the named ports can be listened on."""
    if if_busy == "replace":
        return ports.with_free_ports_for(names)
    await asyncio.to_thread(ports.require_free, names)
    return ports


def _database(external: External, data_dir: DataDir, ports: Ports) -> postgres.Postgres | str:
    return external.database_url or postgres.embedded_postgres(data_dir, ports.postgres)


async def _to_its_end(make: Callable[[], _T]) -> _T:
    """Runs a blocking function; a cancellation waits for it, or it would write into a removed directory."""
    running = asyncio.ensure_future(asyncio.to_thread(make))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.gather(running, return_exceptions=True)
        raise


def _other_specs(external: External, data_dir: DataDir, ports: Ports) -> list[Spec]:
    specs = []
    if external.redis_url is None:
        specs.append(valkey.valkey_spec(ports.valkey, data_dir.path))
    if external.temporal_address is None:
        specs.append(
            temporal.temporal_spec(
                port=ports.temporal,
                ui_port=ports.temporal_ui,
                namespace=external.temporal_namespace,
                directory=data_dir.path,
            )
        )
    if not external.gateway:
        specs.append(_sandbox_spec(ports.sandbox, data_dir.path / _SANDBOX))
    return specs


def _sandbox_spec(port: int, directory: Path) -> Spec:
    arguments = ("--host", "127.0.0.1", "--port", str(port), "--data-dir", str(directory))
    return Spec(
        name=_SANDBOX,
        command=Command(argv=(sys.executable, "-m", "sandbox", *arguments)),
        ready=http_answers(f"{_http(port)}/healthz"),
        address=_http(port),
    )


def _http(port: int) -> str:
    return f"http://127.0.0.1:{port}"

"""All of Relance on one machine: the servers, then the migrations, then the API and the worker."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from local.addresses import Addresses, published
from local.child import Component, Spec
from local.ports import Ports, free_port
from local.probes import http_answers, log_contains
from local.process import Command
from local.servers import External, IfBusy, Servers, settle_ports
from local.supervisor import Supervisor
from settings import Settings

Migrate = Callable[[str], Awaitable[None]]  # gets the database's address

_STARTUP_S = 60.0  # Python on a busy small machine
_WORKER_READY = "worker ready"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """A whole Relance that is up."""

    addresses: Addresses
    servers: Servers
    api_key: str = field(repr=False)  # lets programs on this machine do everything

    @property
    def supervisor(self) -> Supervisor:
        """Control over single components: kill, pause, restart."""
        return self.servers.supervisor

    def components(self) -> list[Component]:
        """Every process with its present state, in start order."""
        return self.supervisor.components()

    async def wait(self) -> None:
        """Stays until cancelled; processes that die meanwhile come back by themselves."""
        await self.supervisor.wait()

    @staticmethod
    @asynccontextmanager
    async def start(
        settings: Settings,
        *,
        migrate: Migrate,
        data_dir: Path | None = None,
        ports: Ports | None = None,
        if_busy: IfBusy = "refuse",
        workers: int = 1,
    ) -> AsyncIterator["Stack"]:
        """Starts everything and ends it with the block.

        Parameters
        ----------
        migrate
            Brings the database up to date, once the servers are ready and before anything uses them.
        data_dir, ports
            Instead of those of the settings.
        if_busy
            What to do about a wanted port that is taken: refuse to start, or take a free one.
        workers
            How many worker processes share the work.
        """
        # A taken port for metrics stops nobody: the worker says so in its log, and works.
        needed = {"api", "metrics"} if if_busy == "replace" else {"api"}
        ports = await settle_ports(ports or Ports.of(settings), needed, if_busy)
        async with Servers.start(
            data_dir=data_dir or settings.data_dir,
            ports=ports,
            if_busy=if_busy,
            external=External.of(settings),
        ) as servers:
            await migrate(servers.database_url)
            api_url = f"http://{_reachable(settings.api_host)}:{ports.api}"
            environment = _environment(settings, servers, api_url, ports.api)
            api_key = _local_api_key(settings, servers)
            metrics_ports = _metrics_ports(ports.metrics, workers)
            await servers.supervisor.start_all(*_own_processes(environment, api_url, api_key, metrics_ports))
            addresses = replace(servers.addresses, api_url=api_url)
            with published(addresses, servers.data_dir):
                yield Stack(addresses=addresses, servers=servers, api_key=api_key)


def _environment(settings: Settings, servers: Servers, api_url: str, api_port: int) -> dict[str, str]:
    environment = {
        **servers.addresses.environment(),
        "RELANCE_DATA_DIR": str(servers.data_dir.path),
        "RELANCE_API_HOST": settings.api_host,
        "RELANCE_API_PORT": str(api_port),
    }
    if settings.webhook_secret is None:
        environment["RELANCE_WEBHOOK_SECRET"] = servers.data_dir.secret("webhook")
    if settings.suppression_key is None:
        environment["RELANCE_SUPPRESSION_KEY"] = servers.data_dir.secret("suppression")
    if settings.public_url is None and servers.sandbox_url is not None:
        environment["RELANCE_PUBLIC_URL"] = api_url  # the sandbox is on this machine and reaches it
    return environment


def _local_api_key(settings: Settings, servers: Servers) -> str:
    if settings.local_api_key is not None:
        return settings.local_api_key.get_secret_value()
    return servers.data_dir.secret("api-key")


def _metrics_ports(first: int, workers: int) -> list[int]:
    """One for each worker; nobody knows those after the first before they say so in their logs."""
    return [first if number == 0 or first == 0 else free_port() for number in range(workers)]


def _own_processes(
    environment: dict[str, str], api_url: str, api_key: str, metrics_ports: list[int]
) -> list[Spec]:
    """The API comes first, and so ends last: webhooks are stored for as long as possible."""
    api = Spec(
        name="api",
        command=Command(
            argv=(sys.executable, "-m", "api"),
            environment={**environment, "RELANCE_LOCAL_API_KEY": api_key},
        ),
        ready=http_answers(f"{api_url}/healthz"),
        address=api_url,
        ready_within_s=_STARTUP_S,
    )
    processes = [api]
    for number, port in enumerate(metrics_ports, start=1):
        own = {**environment, "RELANCE_METRICS_PORT": str(port)}
        worker = Spec(
            name="worker" if number == 1 else f"worker-{number}",
            command=Command(argv=(sys.executable, "-m", "worker"), environment=own, stop_grace_s=30),
            ready=log_contains(_WORKER_READY),
            ready_within_s=_STARTUP_S,
        )
        processes.append(worker)
    return processes


def _reachable(host: str) -> str:
    """Where a server that listens on every address is found on this machine."""
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound

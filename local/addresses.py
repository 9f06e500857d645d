"""Where the parts of a running stack are, for child processes and for commands in another terminal."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from local.datadir import DataDir, is_in_use
from settings import Settings

SANDBOX_TOKEN = "sandbox-token"  # noqa: S105 - the sandbox's fixed token; it opens nothing else
SANDBOX_APP_SECRET = "sandbox-app-secret"  # noqa: S105 - signs its webhooks in Meta's way
SANDBOX_VERIFY_TOKEN = "sandbox-verify-token"  # noqa: S105 - of the handshake
_FILE_NAME = "stack.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """How to reach every server of a stack, embedded or not."""

    database_url: str
    redis_url: str
    temporal_address: str
    temporal_namespace: str
    temporal_ui_url: str | None = None  # None: the Temporal in use is not ours
    sandbox_url: str | None = None  # None: messages go to the real gateway
    api_url: str | None = None  # None: servers alone

    def environment(self) -> dict[str, str]:
        """The settings with which a process of Relance uses these servers."""
        settings = {
            "RELANCE_DATABASE_URL": self.database_url,
            "RELANCE_REDIS_URL": self.redis_url,
            "RELANCE_TEMPORAL_ADDRESS": self.temporal_address,
            "RELANCE_TEMPORAL_NAMESPACE": self.temporal_namespace,
        }
        if self.temporal_ui_url:
            settings["RELANCE_TEMPORAL_UI_URL"] = self.temporal_ui_url
        if self.sandbox_url:
            settings |= {
                "RELANCE_WASSENGER_URL": self.sandbox_url,
                "RELANCE_WASSENGER_TOKEN": SANDBOX_TOKEN,
                "RELANCE_META_URL": self.sandbox_url,
                "RELANCE_META_ACCESS_TOKEN": SANDBOX_TOKEN,
                "RELANCE_META_APP_SECRET": SANDBOX_APP_SECRET,
                "RELANCE_META_VERIFY_TOKEN": SANDBOX_VERIFY_TOKEN,
            }
        return settings


@contextmanager
def published(addresses: Addresses, data_dir: DataDir) -> Iterator[None]:
    """Lets other processes of the same user find the stack while the block runs."""
    file = data_dir.path / _FILE_NAME
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)  # the database's address holds its password
    file.write_text(json.dumps(asdict(addresses), indent=2))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def known_addresses(settings: Settings) -> Addresses | None:
    """The stack that runs from this data directory, else the servers that the settings name; None: neither."""
    if running := running_addresses(settings.data_dir):
        return running
    if settings.database_url is None or settings.temporal_address is None:
        return None
    return Addresses(
        database_url=settings.database_url,
        redis_url=settings.redis_url or "",
        temporal_address=settings.temporal_address,
        temporal_namespace=settings.temporal_namespace,
        api_url=settings.effective_api_url,
    )


def running_addresses(data_dir: Path) -> Addresses | None:
    """Where the stack of this data directory is; None when none is up."""
    file = data_dir / _FILE_NAME
    if not is_in_use(data_dir) or not file.exists():
        return None
    return Addresses(**json.loads(file.read_text()))

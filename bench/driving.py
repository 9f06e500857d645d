"""What benchmarks share: a stack of their own, ways to drive it, and the table at the end."""

import json
import secrets
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from local.api_client import authorization
from local.ports import Ports
from local.stack import Stack
from settings import Settings
from storage import database

Json = dict[str, Any]


@dataclass(slots=True)
class Report:
    """The table for people, the last line for programs."""

    name: str
    title: str
    targets: dict[str, float]
    figures: dict[str, float] = field(default_factory=dict)
    rows: list[tuple[str, str]] = field(default_factory=list)

    def row(self, what: str, measured: str) -> None:
        """One line of the table."""
        self.rows.append((what, measured))

    def worst(self, name: str, value: float) -> None:
        """Keeps the largest value of a figure that is measured several times."""
        self.figures[name] = max(value, self.figures.get(name, value))

    @property
    def met(self) -> bool:
        """Whether every figure is at most its target."""
        return all(self.figures[name] <= target for name, target in self.targets.items())

    def print(self) -> None:
        """At the end of a benchmark."""
        console = Console()
        table = Table(title=self.title, show_header=False)
        for what, measured in self.rows:
            table.add_row(what, measured)
        for name, target in self.targets.items():
            verdict = "met" if self.figures[name] <= target else "MISSED"
            table.add_row(name, f"{self.figures[name]:g} (target: at most {target:g}, {verdict})")
        console.print(table)
        line = {"bench": self.name, "figures": self.figures, "targets": self.targets, "met": self.met}
        print(json.dumps(line))


@asynccontextmanager
async def run_stack(
    name: str, *, workers: int = 1
) -> AsyncIterator[tuple[Stack, httpx.AsyncClient, httpx.AsyncClient]]:
    """A whole Relance on free ports, with clients of its API and its sandbox; leaves nothing behind."""
    settings = Settings(database_url=None, redis_url=None, temporal_address=None, wassenger_token=None)

    async def migrate(database_url: str) -> None:
        await database.migrate(database_url)

    data_dir = settings.data_dir / f"bench-{name}" / secrets.token_hex(4)
    ports = Ports.ephemeral()
    try:
        async with (
            Stack.start(settings, migrate=migrate, ports=ports, data_dir=data_dir, workers=workers) as stack,
            httpx.AsyncClient(
                base_url=str(stack.addresses.api_url), timeout=30, headers=authorization(stack.api_key)
            ) as api,
            httpx.AsyncClient(base_url=str(stack.addresses.sandbox_url), timeout=30) as sandbox,
        ):
            yield stack, api, sandbox
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


async def post(client: httpx.AsyncClient, path: str, body: Json) -> Json:
    """The answer's document; whatever goes wrong ends the benchmark with what the server said."""
    answer = await client.post(path, json=body)
    if not answer.is_success:
        sys.exit(f"{path}: {answer.status_code} {answer.text}")
    document: Json = answer.json()
    return document


async def add_contacts(api: httpx.AsyncClient, category: str, first: int, count: int) -> str:
    """Imports so many numbers of the range that is reserved for fiction; gives their category's id."""
    rows = ["phone", *(f"+3363998{number:04d}" for number in range(first, first + count))]
    answer = await api.post(
        "/api/contacts/import",
        params={"category": category},
        content="\n".join(rows),
        headers={"Content-Type": "text/csv"},
    )
    return str(answer.json()["category_id"])


def inbound(phone: str, *, device: str, account: str) -> Json:
    """The webhook of a person who writes "Yes" now."""
    identity = secrets.token_hex(10).upper()
    chat = f"{phone.lstrip('+')}@c.us"
    now = datetime.now(UTC)
    return {
        "id": identity,
        "object": "message",
        "event": "message:in:new",
        "created": int(now.timestamp()),
        "device": {"id": device, "phone": account},
        "data": {
            "id": identity,
            "type": "text",
            "flow": "inbound",
            "from": chat,
            "fromNumber": phone,
            "date": now.isoformat(),
            "timestamp": int(now.timestamp()),
            "body": "Yes",
            "chat": {"id": chat, "type": "chat"},
            "meta": {"isGroup": False, "isNotification": False},
        },
    }

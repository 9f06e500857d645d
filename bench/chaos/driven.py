"""What every system under fire has: processes of one supervisor, an API and a database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx

from bench.chaos.history import RefusedError, UnknownOutcomeError
from local.supervisor import Supervisor


@dataclass(slots=True, kw_only=True)
class Driven:
    """Its processes can be hit by role; its API is asked in the way that a history needs."""

    supervisor: Supervisor
    database_url: str
    api: httpx.AsyncClient
    sandbox: httpx.AsyncClient
    components: Mapping[str, tuple[str, ...]]  # the supervisor's names by the schedule's role
    campaigns: dict[str, str] = field(default_factory=dict)  # its own ids by name

    @property
    def roles(self) -> list[str]:
        running = {component.name for component in self.supervisor.components()}
        return [role for role, names in self.components.items() if names[0] in running]

    async def kill(self, role: str) -> None:
        for name in self.components[role]:
            await self.supervisor.kill(name)

    def freeze(self, role: str) -> None:
        for name in self.components[role]:
            self.supervisor.pause(name)

    def thaw(self, role: str) -> None:
        for name in self.components[role]:
            self.supervisor.resume(name)

    async def restart(self, role: str) -> None:
        for name in self.components[role]:
            await self.supervisor.restart(name)

    async def ready(self, role: str, *, within_s: float) -> None:
        for name in self.components[role]:
            await self.supervisor.wait_ready(name, within_s=within_s)

    async def post(self, path: str, body: Any = None) -> Any:
        """Raises `RefusedError` when it had no effect, `UnknownOutcomeError` when nobody knows."""
        return await self.request("POST", path, json=body)

    async def request(self, method: str, path: str, **more: Any) -> Any:
        """Raises as `post` does."""
        try:
            answer = await self.api.request(method, path, timeout=8, **more)
        except httpx.TransportError as error:
            raise UnknownOutcomeError(f"{type(error).__name__}: {error}") from error
        if answer.status_code >= 500 or answer.status_code in {408, 429}:
            raise UnknownOutcomeError(f"{answer.status_code} {answer.text[:200]}")
        if not answer.is_success:
            raise RefusedError(f"{answer.status_code} {answer.text[:300]}")
        return answer.json()

    async def rows(self, query: str) -> list[dict[str, Any]]:
        """Read past the API: the database's own word."""
        connection = await asyncpg.connect(self.database_url, timeout=20)
        try:
            return [dict(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

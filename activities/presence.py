"""Says every few seconds that this process is up, and which servers it reaches: uptime is counted from that."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta

import structlog
from temporalio.client import Client

from activities.deployments import Versions
from activities.loops import goes_on
from storage import monitoring, uptime
from storage.database import Pool

log = structlog.get_logger(__name__)

EVERY_S = 5.0
PROBE_S = 2.0
GOODBYE_S = 2.0

Probe = Callable[[], Awaitable[object]]


class Presence:
    """One stretch per component for as long as nothing interrupts it.

    A component is up when its probe gives something true in time.
    """

    def __init__(self, pool: Pool, probes: Mapping[str, Probe]) -> None:
        self._pool = pool
        self._probes = probes
        self._spans: dict[str, str] = {}

    async def run(self) -> None:
        """Until cancelled; then it says that this was an orderly end."""
        try:
            while goes_on():
                await asyncio.gather(*(self._look(name, probe) for name, probe in self._probes.items()))
                await asyncio.sleep(EVERY_S)
        finally:
            await self._say_goodbye()

    async def _look(self, component: str, probe: Probe) -> None:
        with suppress(Exception):  # it is down, and whoever needs it says why
            if await asyncio.wait_for(probe(), PROBE_S):
                self._spans[component] = await uptime.seen(self._pool, self._spans.get(component), component)

    async def _say_goodbye(self) -> None:
        try:
            async with asyncio.timeout(GOODBYE_S):
                for span_id in self._spans.values():
                    await uptime.stopped(self._pool, span_id)
        except Exception as error:
            log.warning("this end will look like a crash", error=repr(error))


async def here() -> bool:
    """The probe of the process itself."""
    return True


def temporal_probe(client: Client) -> Probe:
    """Whether Temporal serves."""

    async def answers() -> bool:
        return await client.service_client.check_health(timeout=timedelta(seconds=PROBE_S))

    return answers


def workers_probe(pool: Pool, client: Client) -> Probe:
    """Whether those who live do together all that there is to do, of the versions that workflows go to."""
    versions = Versions(client)

    async def complete() -> bool:
        return await monitoring.all_roles_taken(pool, await versions.needed())

    return complete

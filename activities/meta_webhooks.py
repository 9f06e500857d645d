"""Tells Meta where the webhooks of our numbers go: each number has a callback of its own."""

import asyncio

import structlog

from activities.loops import goes_on
from domain.providers import Provider
from providers.base import GatewayError
from providers.gateways import Gateways
from storage import senders
from storage.database import Pool

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 2.0


class MetaWebhooks:
    """Sees to the callbacks of the numbers that we send from. `callback`: address, token of the handshake."""

    def __init__(self, pool: Pool, gateways: Gateways, callback: tuple[str, str] | None) -> None:
        self._pool = pool
        self._gateways = gateways
        self._callback = callback
        self._directed: set[str] = set()

    async def check(self) -> list[str]:
        """Looks at every number; returns what was wrong and is repaired.

        Raises GatewayError, or ValueError for an address that is too long.
        """
        wrong: list[str] = []
        for number in await self._numbers():
            wrong += await self._direct(number)
        return wrong

    async def run(self) -> None:
        """Directs those that are new, until cancelled."""
        while goes_on():
            try:
                for number in await self._numbers():
                    if number not in self._directed:
                        await self._direct(number)
                        log.info("webhooks of a Meta number directed here", number=number)
            except (GatewayError, ValueError) as error:
                log.warning("webhooks of a Meta number not directed here, trying again", error=str(error))
            except Exception:
                log.exception("cannot look for numbers of Meta, trying again")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _numbers(self) -> list[str]:
        known = await senders.list_senders(self._pool) if self._callback else []
        return [sender.device_id for sender in known if sender.provider == Provider.META]

    async def _direct(self, number: str) -> list[str]:
        if self._callback is None:
            return []
        url, verify_token = self._callback
        wrong = await self._gateways.direct_webhook(number, url=url, verify_token=verify_token)
        self._directed.add(number)
        return wrong

"""Tells Meta where the webhooks of our numbers go: each number has a callback of its own."""

import asyncio
from time import monotonic

import structlog

from activities.loops import goes_on
from domain.providers import Provider
from providers.base import GatewayError
from providers.gateways import Gateways
from storage import senders
from storage.database import Pool

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 2.0
# After a failure, twice as long each time: a business account has 200 calls an hour for all its numbers, and a
# number that fails for good must leave them to the others.
LONGEST_BREAK_S = 600.0


class MetaWebhooks:
    """Sees to the callbacks of the numbers that we send from. `callback`: address, token of the handshake."""

    def __init__(self, pool: Pool, gateways: Gateways, callback: tuple[str, str]) -> None:
        self._pool = pool
        self._gateways = gateways
        self._callback = callback
        self._directed: set[str] = set()
        self._breaks: dict[str, tuple[float, float]] = {}  # how long, and until when

    async def numbers(self) -> list[str]:
        """All that we send from."""
        known = await senders.list_senders(self._pool)
        return [sender.device_id for sender in known if sender.provider == Provider.META]

    async def direct(self, number: str) -> list[str]:
        """Looks at one number; returns what was wrong and is repaired.

        Raises GatewayError, or ValueError for an address that is too long.
        """
        url, verify_token = self._callback
        return await self._gateways.direct_webhook(number, url=url, verify_token=verify_token)

    async def run(self) -> None:
        """Directs those that are new, until cancelled."""
        while goes_on():
            try:
                for number in await self.numbers():
                    await self._direct_new(number)
            except Exception:
                log.exception("cannot look for numbers of Meta, trying again")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _direct_new(self, number: str) -> None:
        break_s, ends_at = self._breaks.get(number, (LOOK_EVERY_S, 0.0))
        if number in self._directed or monotonic() < ends_at:
            return
        try:
            await self.direct(number)
        except (GatewayError, ValueError) as error:
            self._breaks[number] = min(LONGEST_BREAK_S, 2 * break_s), monotonic() + break_s
            log.warning(
                "webhooks of a Meta number not directed here, trying again",
                number=number,
                error=str(error),
                again_in_s=break_s,
            )
        else:
            self._directed.add(number)
            log.info("webhooks of a Meta number directed here", number=number)

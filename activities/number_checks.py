"""Asks the gateway which numbers are on WhatsApp, one after the other and gently.

Only a clear answer is stored. An error never becomes a "no": that would keep a person out of every campaign.
"""

import asyncio
from time import monotonic

import structlog
from temporalio import activity

from providers.base import Gateway, GatewayBusyError, GatewayError, MessageRejectedError, OutcomeUnknownError
from storage import number_checks
from storage.database import Pool
from storage.number_checks import NextNumber

log = structlog.get_logger(__name__)

TURN_S = 600.0  # an activity that ends now and then lets a worker be replaced
BREAK_S = 60.0  # when the gateway asks for a break and does not say for how long
TRIES = 3  # of one number, when the gateway breaks over it
POLL_S = 5.0


class NumberCheckActivities:
    """Everything a check of numbers does."""

    def __init__(self, pool: Pool, gateway: Gateway, per_minute: float) -> None:
        self._pool = pool
        self._gateway = gateway
        self._gap_s = 60 / per_minute

    @activity.defn
    async def check_numbers(self, check_id: str) -> bool:
        """Asks for a while; False when the check has ended."""
        if not await number_checks.start_check(self._pool, check_id):
            return False
        ends_at = monotonic() + TURN_S
        while monotonic() < ends_at:
            number = await number_checks.next_number(self._pool, check_id)
            if number is None:
                await number_checks.finish_check(self._pool, check_id, "completed")
                return False
            try:
                is_on_whatsapp = await self._ask(number)
            except GatewayError as error:
                log.warning("number check failed", check_id=check_id, error=str(error))
                await number_checks.finish_check(self._pool, check_id, "failed", str(error))
                return False
            await number_checks.store_answer(self._pool, check_id, number, is_on_whatsapp)
        return True

    async def _ask(self, number: NextNumber) -> bool | None:
        """Raises SenderStoppedError, after which no question makes sense."""
        tries = 0
        while tries < TRIES:
            await self._wait(await number_checks.reserve_question(self._pool, self._gap_s))
            try:
                return await self._gateway.number_exists(number.phone)
            except MessageRejectedError as error:
                log.info("the gateway refuses a number", contact_id=number.contact_id, error=str(error))
                return None
            except GatewayBusyError as error:
                await number_checks.take_break(self._pool, error.retry_after_s or BREAK_S)
                # A break that was asked for, or a gateway that is away, says nothing about the number.
                tries += error.code.isdecimal() and error.code != "429"
            except OutcomeUnknownError:
                tries += 1
        return None

    async def _wait(self, wait_s: float) -> None:
        """Waits for the slot, and lets Temporal know that the worker lives."""
        ends_at = monotonic() + wait_s
        while True:
            activity.heartbeat()
            left_s = ends_at - monotonic()
            if left_s <= 0:
                return
            await asyncio.sleep(min(left_s, POLL_S))

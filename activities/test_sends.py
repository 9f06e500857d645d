"""Sends one test message, on the same careful road as every other message.

Intent before POST, our id as `reference`, a look-up after an unknown outcome, and its sender's reservation: a
test keeps to pause, stop, night and quota, and takes a place in the rhythm. What cannot leave within minutes is
refused with its reason, because the person who tests is waiting for it.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.bell import SenderBell
from activities.sending import BUSY_S, STALE_POST_S, SendingRules
from providers.base import (
    CannotLookUpError,
    DeliveryStatus,
    Gateway,
    GatewayBusyError,
    GatewayError,
    MessageRejectedError,
    MessageTemplate,
    OutcomeUnknownError,
    OutgoingMessage,
    SenderStoppedError,
)
from storage import test_sends
from storage.database import Pool
from storage.reservations import Held
from storage.senders import stop_sender
from storage.test_sends import Step
from storage.unconfirmed import UNCONFIRMED, WHY

log = structlog.get_logger(__name__)

LONGEST_WAIT_S = 180.0
STATUS_LOOK_S = 1.0


@dataclass(frozen=True, kw_only=True)
class GiveUpInput:
    """Which test message nobody can send, and why."""

    test_send_id: str
    reason: str


class SendTestActivities:
    """Test messages."""

    def __init__(self, pool: Pool, gateway: Gateway, rules: SendingRules, bell: SenderBell) -> None:
        self._pool = pool
        self._gateway = gateway
        self._rules = rules
        self._bell = bell

    @activity.defn
    async def send_test_message(self, test_send_id: str) -> None:
        """Sends it unless it was sent, failed or refused already.

        Raises a retryable ApplicationError with `next_retry_delay` while its turn has not come, or when what
        became of an attempt has to be looked up once more.
        """
        began = monotonic()
        step = await test_sends.begin(self._pool, test_send_id)
        if step is None:
            return
        if isinstance(step, Held):
            await self._wait(test_send_id, step)
        elif step.unresolved:
            await self._resolve(step)
        else:
            await self._post(step, began)

    @activity.defn
    async def give_up_test_message(self, give_up: GiveUpInput) -> None:
        """Records that a test message was not sent; one that was keeps what is known of it."""
        await test_sends.end(self._pool, give_up.test_send_id, "failed", give_up.reason)

    async def _wait(self, test_send_id: str, held: Held) -> None:
        if held.retry_after_s > LONGEST_WAIT_S:
            await test_sends.end(self._pool, test_send_id, "refused", held.detail)
            return
        raise _later(held.detail, max(0.1, held.retry_after_s))

    async def _post(self, step: Step, began: float) -> None:
        if monotonic() - began > STALE_POST_S:
            await self._not_sent(step, "stale", "this worker was frozen before the POST")
            return
        message = OutgoingMessage(
            device=step.device_id,
            phone=step.phone,
            body=step.body,
            reference=step.id,
            attempt=step.attempt,
            template=MessageTemplate(name=step.template[0], language=step.template[1])
            if step.template
            else None,
        )
        try:
            accepted = await self._gateway.send(message)
        except OutcomeUnknownError as error:
            await test_sends.record_outcome(self._pool, step, "unknown", code=error.code, detail=str(error))
            await self._resolve(step)
        except MessageRejectedError as error:
            await test_sends.record_outcome(self._pool, step, "rejected", code=error.code, detail=str(error))
        except SenderStoppedError as error:
            if await stop_sender(self._pool, step.sender_id, str(error)):
                await self._bell.ring(step.sender_id)
            await test_sends.record_outcome(self._pool, step, "not_sent", code=error.code, detail=str(error))
            await test_sends.end(self._pool, step.id, "refused", str(error))
        except GatewayBusyError as error:
            await self._busy(step, error)
        else:
            await test_sends.record_accepted(
                self._pool, step, provider_id=accepted.provider_id, wa_id=accepted.wa_id
            )

    async def _busy(self, step: Step, error: GatewayBusyError) -> None:
        pause_s = error.retry_after_s or BUSY_S
        await test_sends.record_outcome(
            self._pool,
            step,
            "not_sent",
            code=error.code,
            detail=str(error),
            hold_until=datetime.now(UTC) + timedelta(seconds=pause_s) if error.sender_wide else None,
        )
        if pause_s > LONGEST_WAIT_S:
            await test_sends.end(self._pool, step.id, "refused", str(error))
            return
        raise _later(str(error), pause_s)

    async def _resolve(self, step: Step) -> None:
        """Looks twice before anything may be sent again."""
        if step.in_flight_since is not None:
            ends_at = step.in_flight_since + timedelta(seconds=self._rules.post_limit_s)
            await asyncio.sleep(max(0.0, (ends_at - datetime.now(UTC)).total_seconds()))
        for is_second in (False, True):
            if is_second:
                await asyncio.sleep(self._rules.lookup_wait_s)
            try:
                found = await self._gateway.find_by_reference(device=step.device_id, reference=step.id)
            except CannotLookUpError:
                await self._await_status(step)
                return
            except GatewayError as error:
                raise _later(f"cannot look the message up: {error}", BUSY_S) from error
            if found is None:
                continue
            if found.status is DeliveryStatus.FAILED:
                detail = found.failure_reason or "the provider could not deliver the message"
                await test_sends.record_outcome(self._pool, step, "rejected", code="failed", detail=detail)
            else:
                await test_sends.record_accepted(
                    self._pool, step, provider_id=found.provider_id, wa_id=found.wa_id
                )
            return
        await self._not_sent(step, "not_found", "the provider does not know the message")

    async def _await_status(self, step: Step) -> None:
        """Its webhook tells, and moves it out of "pending"; if none comes in time, nobody knows."""
        began_at = step.started_at or datetime.now(UTC)
        if (datetime.now(UTC) - began_at).total_seconds() < LONGEST_WAIT_S:
            raise _later("waits for the status webhook of an attempt", STATUS_LOOK_S)
        await test_sends.record_outcome(self._pool, step, "unknown", code=UNCONFIRMED, detail=WHY)
        await test_sends.end(self._pool, step.id, "failed", WHY)

    async def _not_sent(self, step: Step, code: str, detail: str) -> None:
        await test_sends.record_outcome(self._pool, step, "not_sent", code=code, detail=detail)
        if step.attempt >= self._rules.attempts:
            await test_sends.end(self._pool, step.id, "failed", detail)
            return
        raise _later(detail, self._rules.retry_base_s)


def _later(reason: str, delay_s: float) -> ApplicationError:
    return ApplicationError(reason, type="Held", next_retry_delay=timedelta(seconds=delay_s))

"""Sends one message, at most once, whatever breaks in between.

The intent is stored before the POST and carries our id as `reference`. Whenever the outcome of an attempt is
unknown (timeout, reset, 5xx, a crash, a frozen worker), the message is looked up by that reference, twice,
before it may be sent again. What is counted as an attempt, and what is a refusal, is decided in `storage`.
"""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, TypeVar

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.beating import heartbeats
from activities.bell import SenderBell
from domain.messages import MessageType
from metrics import MESSAGE_2_DELAY_S, SEND_ATTEMPTS
from providers.base import (
    CannotLookUpError,
    DeliveryStatus,
    Gateway,
    GatewayBusyError,
    GatewayError,
    GatewayMessage,
    MessageRejectedError,
    MessageTemplate,
    OutcomeUnknownError,
    OutgoingMessage,
    SenderStoppedError,
)
from storage import outcomes, sending, unconfirmed
from storage.database import Pool
from storage.locks import Message2Lock
from storage.reservations import HELD_BY_A_PERSON_S, Held, Reason
from storage.senders import stop_sender

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

BUSY_S = 10.0  # the break for a sender whose provider is busy and does not say for how long
# An attempt older than this before its POST was frozen: somebody else may have taken over, or paused.
STALE_POST_S = 1.5
# How long a message waits here for its turn; if it takes longer, it gives its place to others.
LONGEST_WAIT_S = {Reason.PACE: 120.0, Reason.BREAK: 10.0}
# Not until the quota has room again, which may be tomorrow: a person may raise it before. Its queue is closed
# meanwhile, so it waits there for the rest, and leaves when that opens.
LONGEST_DELAY_S = {Reason.QUOTA: 5.0}
NOT_SENT = "NotSent"
# A status webhook mostly comes within seconds: so long its message keeps its place, one of few of its sender.
STATUS_WAIT_S = 45.0
STATUS_POLL_S = 0.5
STATUS_LOOK_S = 60.0  # afterwards: each look takes a turn of the sender's queue
NOTICE_S = 1.0  # how soon a waiting message notices a pause, a new pace, or that its worker stops


@dataclass(frozen=True, kw_only=True)
class SendInput:
    """Which message to send: ids alone, no personal data."""

    campaign_id: str
    contact_id: str
    message_type: MessageType
    earned_at: datetime | None = None  # Message 2: when we received the reaction that earned it


@dataclass(frozen=True, kw_only=True)
class SendOutcome:
    """What came of it."""

    state: str  # the contact's ContactState now
    sent_at: datetime | None  # set when this message went out


@dataclass(frozen=True, kw_only=True, slots=True)
class SendingRules:
    """How hard to try. Durations in seconds."""

    attempts: int
    retry_base_s: float
    lookup_wait_s: float
    status_patience_s: float  # how long an outcome may stay unknown that only a webhook can tell
    post_limit_s: float  # by then a POST has ended: connect and read timeouts together


Step = sending.Ready | sending.Unresolved | outcomes.Settled


class SendingActivities:
    """Message 1 and Message 2."""

    def __init__(
        self,
        pool: Pool,
        gateway: Gateway,
        lock: Message2Lock | None,
        rules: SendingRules,
        bell: SenderBell,
    ) -> None:
        self._pool = pool
        self._gateway = gateway
        self._lock = lock
        self._rules = rules
        self._bell = bell
        # Those who wait for the next slot of a queue do so one after the other, in the order of the queue.
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @activity.defn
    async def send_message(self, send: SendInput) -> SendOutcome:
        """Sends the message unless it went out, failed or became pointless already.

        Raises a retryable ApplicationError with `next_retry_delay` when the sender may not send now, or when
        another attempt is due after exponential backoff (E4).
        """
        async with heartbeats():
            step = await self._turn(send)
            settled = await _undisturbed(self._go_on(send, step))
        if (
            send.earned_at is not None
            and settled.sent_at is not None
            and not isinstance(step, outcomes.Settled)
        ):
            MESSAGE_2_DELAY_S.observe((datetime.now(UTC) - send.earned_at).total_seconds())
        return SendOutcome(state=settled.state, sent_at=settled.sent_at)

    async def resolve(self, message_id: str) -> bool:
        """Finds out what became of a message whose latest attempt has no known outcome, and sends nothing.

        False: it was found out meanwhile. Raises an ApplicationError while the gateway cannot tell.
        """
        unresolved = await sending.find_unresolved(self._pool, message_id)
        if unresolved is None:
            return False
        try:
            await self._resolve(replace(unresolved, is_awaited=False))
        except ApplicationError as error:
            if error.type != NOT_SENT:
                raise  # it is still unknown; that it was not sent is an answer
        return True

    async def _turn(self, send: SendInput) -> Step:
        """Waits until the message may leave, and returns with its attempt stored; or with nothing to send."""
        turn = self._turns[activity.info().task_queue]
        if not turn.locked() and not isinstance(step := await self._begin(send), Held):
            return step
        async with turn:
            while isinstance(step := await self._begin(send), Held):
                await self._wait(step)
        return step

    async def _begin(self, send: SendInput) -> Step | Held:
        return await _undisturbed(
            sending.begin_attempt(self._pool, send.campaign_id, send.contact_id, send.message_type)
        )

    async def _wait(self, held: Held) -> None:
        """Waits a little here, or comes back later when it would take long."""
        is_short = held.retry_after_s <= LONGEST_WAIT_S.get(held.reason, 0.0)
        if not is_short and held.reason not in {Reason.PAUSED, Reason.STOPPED}:
            await self._bell.ring(held.sender_id)  # a rest or the quota: the queue is to be closed
        if not is_short:
            longest_s = LONGEST_DELAY_S.get(held.reason, held.retry_after_s)
            raise _later(held.detail, "Held", min(held.retry_after_s, longest_s))
        if activity.is_worker_shutdown():
            raise _later("this worker stops", "Held", NOTICE_S)
        if activity.is_cancelled():
            raise asyncio.CancelledError
        await asyncio.sleep(min(held.retry_after_s, NOTICE_S))

    async def _go_on(self, send: SendInput, step: Step) -> outcomes.Settled:
        match step:
            case outcomes.Settled():
                return step
            case sending.Unresolved():
                return await self._resolve(step)
            case sending.Ready():
                return await self._attempt(send, step)

    async def _attempt(self, send: SendInput, ready: sending.Ready) -> outcomes.Settled:
        await self._take_lock(send, ready)
        if monotonic() - ready.began_at > STALE_POST_S:
            return await self._not_sent(ready, code="stale", detail="this worker was frozen before the POST")
        try:
            accepted = await self._gateway.send(
                OutgoingMessage(
                    device=ready.device_id,
                    phone=ready.phone,
                    body=ready.body,
                    reference=ready.message_id,
                    attempt=ready.attempt,
                    template=_template(ready),
                )
            )
        except OutcomeUnknownError as error:
            SEND_ATTEMPTS.labels(send.message_type, "unknown").inc()
            await outcomes.record_unknown(
                self._pool,
                ready.message_id,
                ready.attempt,
                sender_id=ready.sender_id,
                code=error.code,
                detail=str(error),
            )
            return await self._resolve(_unresolved(ready))
        except MessageRejectedError as error:
            SEND_ATTEMPTS.labels(send.message_type, "rejected").inc()
            return await self._rejected(ready, code=error.code, detail=str(error))
        except (GatewayBusyError, SenderStoppedError) as error:
            SEND_ATTEMPTS.labels(send.message_type, "held").inc()
            sender_wide = not isinstance(error, GatewayBusyError) or error.sender_wide
            raise await self._hold(ready, error, sender_wide=sender_wide) from error
        SEND_ATTEMPTS.labels(send.message_type, "accepted").inc()
        return await self._accepted(ready, accepted)

    async def _take_lock(self, send: SendInput, ready: sending.Ready) -> None:
        """Makes sure that no other message row is Message 2 of this contact, as after a restored backup."""
        if self._lock is None or send.message_type is not MessageType.MESSAGE_2:
            return
        holder = await self._lock.acquire(send.campaign_id, send.contact_id, ready.message_id)
        if holder != ready.message_id:
            log.warning("message 2 is locked by another message", message_id=ready.message_id, holder=holder)
            busy = GatewayBusyError("another Message 2 holds the lock", code="locked", retry_after_s=None)
            raise await self._hold(ready, busy, sender_wide=False)

    async def _resolve(self, unresolved: sending.Unresolved) -> outcomes.Settled:
        """Finds out what became of an attempt before anything may be sent again."""
        if unresolved.in_flight_since is not None:
            # Whoever made that attempt may still be at it: by then it has ended, or will never POST.
            await _sleep_until(unresolved.in_flight_since + timedelta(seconds=self._rules.post_limit_s))
        try:
            found = await self._look_up(unresolved)
        except CannotLookUpError:
            return await self._await_status(unresolved)
        if found is None:
            await asyncio.sleep(self._rules.lookup_wait_s)
            found = await self._look_up(unresolved)
        if found is None:
            return await self._not_sent(
                unresolved, code="not_found", detail="the provider does not know the message"
            )
        log.info("unknown outcome resolved", message_id=unresolved.message_id, status=found.status)
        if found.status is DeliveryStatus.FAILED:
            return await self._rejected(
                unresolved,
                code="failed",
                detail=found.failure_reason or "the provider could not deliver the message",
            )
        return await self._accepted(unresolved, found)

    async def _await_status(self, unresolved: sending.Unresolved) -> outcomes.Settled:
        """Waits for the webhook that tells what became of an attempt. Nothing is ever sent a second time here.

        Mostly it comes within seconds: for those the wait is here, and comes to an end when the worker stops or
        nothing more is wanted. After them the message gives its place to others and comes back.
        """
        ends_at = monotonic() + (STATUS_WAIT_S if unresolved.is_awaited else 0)
        while True:
            told = await unconfirmed.settle_by_status(
                self._pool,
                unresolved.message_id,
                unresolved.attempt,
                patience_s=max(self._rules.status_patience_s, self._rules.post_limit_s),
            )
            if isinstance(told, outcomes.Settled):
                await self._bell.ring(unresolved.sender_id)
                return told
            is_leaving = activity.is_worker_shutdown() or activity.is_cancelled()
            if is_leaving or monotonic() >= ends_at:
                reason = "waits for the status webhook of an attempt whose outcome is unknown"
                raise _later(reason, "Unconfirmed", min(told.for_s, STATUS_LOOK_S))
            await asyncio.sleep(min(told.for_s, STATUS_POLL_S))

    async def _look_up(self, unresolved: sending.Unresolved) -> GatewayMessage | None:
        try:
            return await self._gateway.find_by_reference(
                device=unresolved.device_id, reference=unresolved.message_id
            )
        except CannotLookUpError:
            raise
        except GatewayError as error:
            delay_s = BUSY_S
            if isinstance(error, SenderStoppedError):
                await self._stop_sender(unresolved.sender_id, error)
            elif isinstance(error, GatewayBusyError):
                delay_s = error.retry_after_s or BUSY_S
            raise _later(f"cannot look the message up: {error}", "LookupFailed", delay_s) from error

    async def _stop_sender(self, sender_id: str, error: SenderStoppedError) -> None:
        if await stop_sender(self._pool, sender_id, str(error)):
            log.error("sender stopped", sender_id=sender_id, code=error.code, reason=str(error))
            await self._bell.ring(sender_id)

    async def _rejected(
        self, attempt: sending.Ready | sending.Unresolved, *, code: str, detail: str
    ) -> outcomes.Settled:
        settled = await outcomes.record_rejected(
            self._pool, attempt.message_id, attempt.attempt, code=code, detail=detail
        )
        await self._bell.ring(attempt.sender_id)  # several in a row may be an emergency
        return settled

    async def _accepted(
        self, attempt: sending.Ready | sending.Unresolved, message: GatewayMessage
    ) -> outcomes.Settled:
        log.info("message sent", message_id=attempt.message_id, sender_id=attempt.sender_id)
        now = datetime.now(UTC)
        return await outcomes.record_accepted(
            self._pool,
            attempt.message_id,
            attempt.attempt,
            provider_id=message.provider_id,
            wa_id=message.wa_id,
            accepted_at=min(now, message.accepted_at or now),
            sent_at=min(now, message.sent_at) if message.sent_at else None,
        )

    async def _not_sent(
        self, attempt: sending.Ready | sending.Unresolved, *, code: str, detail: str
    ) -> outcomes.Settled:
        settled = await outcomes.record_not_sent(
            self._pool,
            attempt.message_id,
            attempt.attempt,
            code=code,
            detail=detail,
            max_attempts=self._rules.attempts,
        )
        if isinstance(settled, outcomes.Again):
            raise _later(detail, NOT_SENT, self._rules.retry_base_s * 2 ** (settled.attempts - 1))
        return settled

    async def _hold(
        self,
        ready: sending.Ready,
        error: GatewayBusyError | SenderStoppedError,
        *,
        sender_wide: bool = True,
    ) -> ApplicationError:
        """Undoes the attempt: the account could not send, which is not the contact's fault."""
        retry_after_s = HELD_BY_A_PERSON_S
        hold_until = None
        if isinstance(error, GatewayBusyError):
            retry_after_s = error.retry_after_s or BUSY_S
            hold_until = datetime.now(UTC) + timedelta(seconds=retry_after_s)
        else:
            await self._stop_sender(ready.sender_id, error)
        await outcomes.record_held(
            self._pool,
            ready.message_id,
            ready.attempt,
            sender_id=ready.sender_id,
            code=error.code,
            detail=str(error),
            hold_until=hold_until if sender_wide else None,
            until_resumed=isinstance(error, SenderStoppedError),
        )
        return _later(str(error), type(error).__name__, retry_after_s)


def _template(ready: sending.Ready) -> MessageTemplate | None:
    return MessageTemplate(name=ready.template[0], language=ready.template[1]) if ready.template else None


def _unresolved(ready: sending.Ready) -> sending.Unresolved:
    return sending.Unresolved(
        message_id=ready.message_id,
        attempt=ready.attempt,
        sender_id=ready.sender_id,
        device_id=ready.device_id,
        in_flight_since=None,
    )


def _later(reason: str, kind: str, delay_s: float) -> ApplicationError:
    # Benign: waiting is nothing that an operator has to hear of.
    return ApplicationError(
        reason,
        type=kind,
        next_retry_delay=timedelta(seconds=delay_s),
        category=ApplicationErrorCategory.BENIGN,
    )


async def _sleep_until(moment: datetime) -> None:
    await asyncio.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))


async def _undisturbed(work: Coroutine[Any, Any, Result]) -> Result:
    """Lets a stretch between stored intent and stored outcome finish, even when the activity is cancelled."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        try:
            return await task
        except ApplicationError:
            raise asyncio.CancelledError from None  # no further attempt is wanted

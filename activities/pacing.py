"""Keeps the pace of a sender: what its workflow does to the database, to its queues and to the gateway."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from temporalio import activity
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetActivityRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.queues import limit_queue
from domain.contact_signals import Stop
from domain.contact_states import ContactState
from domain.identifiers import contact_workflow_id, reply_queue, send_queue
from domain.messages import MessageStatus
from domain.pacing.assessment import Assessment, PaceState, assess
from domain.run_settings import RunSettings
from providers.base import Gateway
from storage import interactions, paces, run_settings
from storage.database import Pool
from storage.paces import HeldMessage
from storage.senders import stop_sender

log = structlog.get_logger(__name__)

WAKE_TIMEOUT = timedelta(seconds=5)
# By then Temporal knows of the last refusals. It forgets the reset of an activity that is still running.
REFUSED_S = 1.0


@dataclass(frozen=True, kw_only=True)
class PaceRequest:
    """Whose pace to set, and what came of it the last time."""

    sender_id: str
    state: str | None
    message_1_queue_per_s: float | None  # None: not known to this run of the workflow
    message_2_queue_per_s: float | None


@dataclass(frozen=True, kw_only=True)
class SetPace:
    """What a sender does now, and why. Rates in messages per second, 0 while a queue is closed."""

    state: str
    reason: str
    profile: str
    maturity: str
    delay_s: float
    error_factor: float
    quota: int
    expected_replies: float
    message_1_queue_per_s: float
    message_2_queue_per_s: float
    look_again_s: float
    changed: bool
    stopped: str | None  # set when it has been stopped since the last look: why


class PacingActivities:
    """The activities of a sender's workflow."""

    def __init__(self, pool: Pool, temporal: Client, gateway: Gateway, defaults: RunSettings) -> None:
        self._pool = pool
        self._temporal = temporal
        self._gateway = gateway
        self._defaults = defaults

    @activity.defn
    async def set_pace(self, request: PaceRequest) -> SetPace | None:
        """Decides what the sender may do, stores it, and tells its queues; None if there is no such sender.

        The error rate over its threshold gives a warning (P12), every change an entry with its reason (P6).
        """
        sender_id = request.sender_id
        settings = await run_settings.load(self._pool, self._defaults, sender_id=sender_id)
        async with self._pool.acquire() as connection, connection.transaction():
            gathered = await paces.gather_facts(connection, sender_id, settings)
            if gathered is None:
                return None
            facts, before = gathered
            decided = assess(facts)
            changed = await paces.save_assessment(connection, sender_id, facts, before, decided)
            if decided.stop:
                await stop_sender(connection, sender_id, decided.stop)
        if decided.error_rate is not None and decided.error_rate > settings.error_threshold:
            log.warning("error rate over its threshold", sender_id=sender_id, error_rate=decided.error_rate)
        if changed:
            log.info("pace changed", sender_id=sender_id, state=decided.state, reason=decided.reason)
        await self._tell_queues(request, decided)
        # Compared with what the workflow knows: what is stored may be from an attempt that failed after that.
        is_news = decided.state is PaceState.STOPPED and (request.state or before.state) != PaceState.STOPPED
        return _shown(decided, changed=changed, stopped=decided.reason if is_news else None)

    async def _tell_queues(self, request: PaceRequest, decided: Assessment) -> None:
        limits = (
            (send_queue, request.message_1_queue_per_s, decided.message_1_queue_per_s),
            (reply_queue, request.message_2_queue_per_s, decided.message_2_queue_per_s),
        )
        await asyncio.gather(
            *(
                limit_queue(self._temporal, queue(request.sender_id), rate_per_s, decided.reason)
                for queue, known, rate_per_s in limits
                if known != rate_per_s
            )
        )

    @activity.defn
    async def wake_messages(self, sender_id: str) -> int:
        """Lets every message go on that was refused while a person held it; returns how many.

        One that may still not leave is refused once more, and woken the next time.
        """
        await asyncio.sleep(REFUSED_S)
        held = await paces.list_held(self._pool, sender_id)
        for message in held:
            await self._wake(message)
            activity.heartbeat()
        await paces.release_held(self._pool, held)
        return len(held)

    async def _wake(self, message: HeldMessage) -> None:
        """Its activity waits for its next attempt: that attempt is due now."""
        try:
            await self._temporal.workflow_service.reset_activity(
                ResetActivityRequest(
                    namespace=self._temporal.namespace,
                    identity=self._temporal.identity,
                    execution=WorkflowExecution(
                        workflow_id=contact_workflow_id(message.campaign_id, message.contact_id)
                    ),
                    type="send_message",
                ),
                timeout=WAKE_TIMEOUT,
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # it has ended, or is not waiting any more
                raise

    @activity.defn
    async def withdraw_messages(self, sender_id: str) -> int:
        """Deletes what the gateway still holds of a stopped sender; returns how many messages.

        What is deleted will certainly not be sent, so its contact is recorded as failed, with the reason.
        """
        withdrawn = 0
        for message_id, provider_id in await paces.list_withdrawable(self._pool, sender_id):
            activity.heartbeat()
            if not await self._gateway.withdraw(provider_id):
                continue
            withdrawn += 1
            now = datetime.now(UTC)
            applied = await interactions.apply_status(
                self._pool,
                reference=message_id,
                provider_id=provider_id,
                wa_id=None,
                status=MessageStatus.FAILED,
                occurred_at=now,
                failure_reason="taken back from the gateway when the sender was stopped",
            )
            if applied and applied.failed_contact:
                stop = Stop(id=message_id, at=now, state=ContactState.FAILED)
                await self._end(contact_workflow_id(applied.campaign_id, applied.contact_id), stop)
        if withdrawn:
            log.warning("messages withdrawn from the gateway", sender_id=sender_id, messages=withdrawn)
        return withdrawn

    async def _end(self, workflow_id: str, stop: Stop) -> None:
        """A contact that has failed need not wait for the end of its window."""
        try:
            handle = self._temporal.get_workflow_handle(workflow_id)
            await handle.signal("stop", stop, rpc_timeout=WAKE_TIMEOUT)
        except RPCError as error:  # then the end of the window settles it, by what is stored
            log.warning("a failed contact was not told", workflow_id=workflow_id, error=str(error))


def _shown(decided: Assessment, *, changed: bool, stopped: str | None) -> SetPace:
    return SetPace(
        state=decided.state,
        reason=decided.reason,
        profile=decided.pace.profile,
        maturity=decided.maturity,
        delay_s=decided.pace.delay_s,
        error_factor=decided.error_factor,
        quota=decided.quota,
        expected_replies=decided.expected_replies,
        message_1_queue_per_s=decided.message_1_queue_per_s,
        message_2_queue_per_s=decided.message_2_queue_per_s,
        look_again_s=decided.look_again_s,
        changed=changed,
        stopped=stopped,
    )

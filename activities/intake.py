"""Works off stored webhooks: who reacted, to which campaign, and who has to know.

Storing comes first and effects are repeatable, so an event may be worked off twice or late, never lost. The
receiver works each event off at once; the relay in the worker picks up what a crash or an outage left behind.
"""

import asyncio
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import structlog
from opentelemetry.trace import SpanKind
from structlog.contextvars import bind_contextvars
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.bell import SenderBell
from activities.loops import goes_on
from domain.contact_signals import Interaction, Stop
from domain.contact_states import OPEN_STATES, ContactState
from domain.identifiers import contact_workflow_id
from domain.messages import MessageStatus
from domain.opt_out import is_opt_out
from domain.phone import mask_phone
from logs import log_scope
from metrics import WEBHOOK_DELAY_S
from providers.base import DeliveryStatus, DeliveryUpdate, Ignored, InboundMessage, SessionUpdate, WebhookNews
from providers.webhook_news import interpret
from storage import contacts, interactions, senders, test_sends, webhook_events
from storage.contacts import StoppedContact
from storage.database import Pool
from storage.webhook_events import OptOut, WebhookEvent
from tracing import context_of, tracer

log = structlog.get_logger(__name__)

SIGNAL_TIMEOUT = timedelta(seconds=5)
RELAY_PAUSE_S = 1.0
RELAY_BATCH = 100
# An acknowledgement may overtake the answer to the POST that it acknowledges. One that matches nothing for ten
# tries, over some minutes, is about a message that is not ours, such as one typed on the phone.
UNMATCHED_AFTER_TRIES = 10
PARKED = "parked"
LONGEST_NAME = 60  # an event's name comes from outside

STATUSES = {
    DeliveryStatus.SENT: MessageStatus.SENT,
    DeliveryStatus.DELIVERED: MessageStatus.DELIVERED,
    DeliveryStatus.READ: MessageStatus.READ,
    DeliveryStatus.FAILED: MessageStatus.FAILED,
}
# The session states in which an account cannot send any more until a person acts.
_BROKEN_SESSIONS = frozenset({"blocked", "conflict", "authorize", "error"})


class Intake:
    """What one stored webhook event means, and what follows from it."""

    def __init__(self, pool: Pool, temporal: Client, bell: SenderBell) -> None:
        self._pool = pool
        self._temporal = temporal
        self._bell = bell

    async def process(self, event: WebhookEvent) -> str:
        """Works one event off and returns what it did. Raises when it must be tried again."""
        outcome = await self._effect(event, interpret(event.payload, event.received_at))
        if outcome is None:
            await webhook_events.park_event(self._pool, event.id, "its message is not known yet")
            return PARKED
        await webhook_events.finish_event(self._pool, event.id, outcome)
        return outcome

    async def _effect(self, event: WebhookEvent, news: WebhookNews) -> str | None:
        match news:
            case InboundMessage():
                return await self._inbound(event, news)
            case DeliveryUpdate():
                return await self._delivery(event, news)
            case SessionUpdate():
                return await self._session(news)
            case Ignored(reason):
                return f"ignored: {reason}"

    async def _inbound(self, event: WebhookEvent, message: InboundMessage) -> str:
        # Before anything else: "STOP" suppresses, it never earns Message 2.
        if _asks_to_stop(message):
            return await self._opt_out(event, message)
        found = await self._find(message)
        if found is None:
            return "no campaign: nobody here sent a message to this number"
        campaign_id, contact_id = found
        bind_contextvars(campaign_id=campaign_id, contact_id=contact_id)
        stored = await interactions.record_interaction(
            self._pool,
            webhook_event_id=event.id,
            campaign_id=campaign_id,
            contact_id=contact_id,
            interaction_type=message.kind,
            text=message.text,
            occurred_at=message.occurred_at,
            received_at=event.received_at,
        )
        if stored.suppressed_duplicate:
            log.info(
                "further interaction suppressed",
                campaign_id=campaign_id,
                contact_id=contact_id,
                interaction_id=stored.id,
            )
        if stored.state not in OPEN_STATES:
            return f"interaction stored, the contact is {stored.state}"
        await self._tell(
            campaign_id,
            contact_id,
            "interact",
            Interaction(
                id=stored.id,
                occurred_at=stored.occurred_at,
                received_at=stored.received_at,
                message_1_sent_at=stored.message_1_sent_at,
            ),
        )
        return "interaction"

    async def _find(self, message: InboundMessage) -> tuple[str, str] | None:
        return await interactions.find_campaign_contact(
            self._pool,
            device_id=message.device,
            phone=message.phone,
            quoted_wa_id=message.quoted_wa_id,
            quoted_reference=message.quoted_reference,
        )

    async def opt_out_in(self, payload: dict[str, Any]) -> OptOut | None:
        """Who asks with this event to hear nothing more, if somebody does."""
        news = interpret(payload, datetime.now(UTC))
        if not isinstance(news, InboundMessage) or not _asks_to_stop(news):
            return None
        phone = await self._phone_of(news)
        return OptOut(phone=phone, at=news.occurred_at) if phone else None

    async def _phone_of(self, message: InboundMessage) -> str | None:
        if message.phone is None and (found := await self._find(message)):  # hidden, but it quotes us
            return await contacts.get_phone(self._pool, found[1])
        return message.phone

    async def _opt_out(self, event: WebhookEvent, message: InboundMessage) -> str:
        phone = await self._phone_of(message)
        if phone is None:
            log.warning("opt-out of a hidden number that is not known here", event_id=event.id)
            return "opt-out of a hidden number that is not known here"
        stopped = await interactions.record_opt_out(self._pool, phone, message.occurred_at)
        log.info("opted out", phone=mask_phone(phone), stopped=len(stopped))
        await self.stop_opted_out(event.id, message.occurred_at, stopped)
        return f"opt-out, {len(stopped)} campaigns stopped for this contact"

    async def stop_opted_out(self, cause: str, at: datetime, stopped: list[StoppedContact]) -> None:
        """Tells the workflows of contacts that an opt-out stopped; `cause` stays the same in a repetition."""
        stop = Stop(id=cause, at=at, state=ContactState.OPTED_OUT)
        for contact in stopped:
            await self._tell(contact.campaign_id, contact.contact_id, "stop", stop)

    async def _delivery(self, event: WebhookEvent, update: DeliveryUpdate) -> str | None:
        status = STATUSES.get(update.status)
        if status is None:
            return f"ignored: status {update.status}"
        applied = await interactions.apply_status(
            self._pool,
            reference=update.reference,
            provider_id=update.provider_id,
            wa_id=update.wa_id,
            status=status,
            occurred_at=update.occurred_at,
            failure_reason=update.failure_reason,
            attempt=update.attempt,
            is_held=update.is_held,
        )
        if applied is None:
            if test := await self._of_test_message(update, status):
                await self._heed(event, update, test.sender_id, test.phone)
                return f"{status}, of a test message"
            return None if event.tries < UNMATCHED_AFTER_TRIES else "unmatched: no such message here"
        phone = await contacts.get_phone(self._pool, applied.contact_id) if update.opted_out else None
        await self._heed(event, update, applied.sender_id, phone)
        if applied.changed and status is MessageStatus.FAILED:
            await self._bell.ring(applied.sender_id)  # several in a row may be an emergency
        if applied.failed_contact:
            await self._tell(
                applied.campaign_id,
                applied.contact_id,
                "stop",
                Stop(id=event.id, at=update.occurred_at, state=ContactState.FAILED),
            )
        return f"{status}{'' if applied.changed else ', known already'}"

    async def _heed(
        self, event: WebhookEvent, update: DeliveryUpdate, sender_id: str, phone: str | None
    ) -> None:
        """What a failure says about the account and the person, whichever message it was."""
        if update.stops_sender:
            await self._stop_sender(sender_id, update.failure_reason or "the account failed")
        if update.opted_out and phone is not None:
            stopped = await interactions.record_opt_out(self._pool, phone, update.occurred_at)
            await self.stop_opted_out(event.id, update.occurred_at, stopped)

    async def _of_test_message(
        self, update: DeliveryUpdate, status: MessageStatus
    ) -> test_sends.AppliedStatus | None:
        return await test_sends.apply_status(
            self._pool,
            message_id=interactions.as_uuid(update.reference),
            provider_id=update.provider_id,
            wa_id=update.wa_id,
            status=status,
            failure_reason=update.failure_reason,
            attempt=update.attempt,
        )

    async def _session(self, update: SessionUpdate) -> str:
        if update.session not in _BROKEN_SESSIONS:
            return f"session {update.session}"
        for sender in await senders.list_senders(self._pool):
            if sender.device_id == update.device:
                reason = f"the WhatsApp session is {update.session}"
                await self._stop_sender(sender.id, reason)
                return f"sender stopped: {reason}"
        return "ignored: not one of our senders"

    async def _stop_sender(self, sender_id: str, reason: str) -> None:
        if await senders.stop_sender(self._pool, sender_id, reason):
            log.error("sender stopped", sender_id=sender_id, reason=reason)
            await self._bell.ring(sender_id)

    async def _tell(self, campaign_id: str, contact_id: str, signal: str, argument: Interaction | Stop) -> None:
        handle = self._temporal.get_workflow_handle(contact_workflow_id(campaign_id, contact_id))
        try:
            await handle.signal(signal, argument, rpc_timeout=SIGNAL_TIMEOUT)
        except RPCError as error:
            # Its workflow has ended meanwhile: what is stored already says all.
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise


class Relay:
    """Works off what nobody has worked off: after a crash, an outage, or out of order."""

    def __init__(self, pool: Pool, intake: Intake) -> None:
        self._pool = pool
        self._intake = intake

    async def run(self) -> None:
        """Until cancelled."""
        while goes_on():
            try:
                worked = await self.work_off_due()
            except Exception:
                log.exception("relay cannot reach the database, trying again")
                worked = 0
            if worked < RELAY_BATCH:
                await asyncio.sleep(RELAY_PAUSE_S)

    async def work_off_due(self) -> int:
        """Works off one round of due events; returns how many."""
        events = await webhook_events.claim_events(self._pool, RELAY_BATCH)
        for event in events:
            await process_safely(self._intake, event, by="relay")
        return len(events)


async def process_safely(
    intake: Intake, event: WebhookEvent, *, by: Literal["receiver", "relay", "upkeep"]
) -> None:
    """Works an event off; whatever goes wrong is logged, and the relay tries the event again."""
    result = "failed"
    with log_scope(event_id=event.id), _span(event, by):
        try:
            outcome = await intake.process(event)
            result = "parked" if outcome == PARKED else "processed"
            log.info("webhook processed", webhook_event=event.event, outcome=outcome)
        except Exception:
            log.exception("webhook not processed, the relay will retry")
    WEBHOOK_DELAY_S.labels(by, result).observe((datetime.now(UTC) - event.received_at).total_seconds())


def _asks_to_stop(message: InboundMessage) -> bool:
    return message.asks_to_stop or (message.text is not None and is_opt_out(message.text))


def _span(event: WebhookEvent, by: str) -> AbstractContextManager[object]:
    """Goes on in the trace of the request that brought the event, however much later."""
    if event.trace is None:
        return nullcontext()
    attributes: dict[str, str | int] = {
        "relance.webhook.event": event.event[:LONGEST_NAME],
        "relance.webhook.tries": event.tries,
    }
    return tracer.start_as_current_span(
        f"{by}: work off webhook",
        context=context_of(event.trace),
        kind=SpanKind.CONSUMER,
        attributes=attributes,
    )

"""The way of one contact: Message 1, the window, then Message 2 or none.

It decides by the reaction's own time, never by the order in which events reach it.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.campaigns import CampaignActivities, SettleInput, SettleOutcome
    from activities.sending import SendingActivities, SendInput, SendOutcome
    from activities.tracing import because_of, cause
    from domain.contact_signals import Interaction, Stop
    from domain.contact_states import ContactState, is_final
    from domain.identifiers import CAMPAIGN_QUEUE, CONTACT_STATE_ATTRIBUTE, reply_queue, send_queue
    from domain.messages import MessageType
    from domain.reply_window import ReplyWindow
    from tracing import Carrier

CONTACT_STATE = SearchAttributeKey.for_keyword(CONTACT_STATE_ATTRIBUTE)

# Attempts are counted in the database, where refusals are told from failures; Temporal retries for ever.
UNLIMITED = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(seconds=30)
)


@dataclass(frozen=True, kw_only=True)
class ContactInput:
    """Ids and durations; no personal data ever enters a workflow."""

    campaign_id: str
    contact_id: str
    sender_id: str
    window_s: float
    grace_s: float


@dataclass(frozen=True, kw_only=True)
class ContactProgress:
    """The answer to the query `progress`."""

    state: str
    sent_at: datetime | None  # of Message 1
    window_ends_at: datetime | None
    interactions: int  # those that this workflow was told of


@workflow.defn
class ContactWorkflow:
    """One contact in one campaign."""

    @workflow.init
    def __init__(self, contact: ContactInput) -> None:
        self._contact = contact
        self._state = ContactState.PENDING
        self._sent_at: datetime | None = None
        self._interactions: dict[str, Interaction] = {}
        self._causes: dict[str, Carrier | None] = {}  # the traces that they came from
        self._stopped: Stop | None = None

    @workflow.run
    async def run(self, contact: ContactInput) -> str:
        """Returns the final ContactState."""
        self._show("Message 1 waits for its turn")
        await self._send(MessageType.MESSAGE_1, send_queue(contact.sender_id))
        if not is_final(self._state) and await self._reacts_in_time():
            self._show("Reacted in time: Message 2 is on its way")
            reply = self._reply()
            with because_of(self._causes.get(reply.id) if reply else None):
                await self._send(
                    MessageType.MESSAGE_2,
                    reply_queue(contact.sender_id),
                    earned_at=reply.received_at if reply else None,
                )
        self._show(f"Ended: {self._state}")
        return self._state

    @workflow.signal
    def interact(self, interaction: Interaction) -> None:
        """The contact reacted; the same id counts once."""
        self._interactions.setdefault(interaction.id, interaction)
        self._causes.setdefault(interaction.id, cause())
        if interaction.message_1_sent_at is not None:
            self._sent_at = interaction.message_1_sent_at

    @workflow.signal
    def stop(self, stop: Stop) -> None:
        """The contact's way ends here; the first reason given is the one that counts."""
        self._stopped = self._stopped or stop

    @workflow.query
    def progress(self) -> ContactProgress:
        """Where this contact stands."""
        window = self._window()
        return ContactProgress(
            state=self._state,
            sent_at=self._sent_at,
            window_ends_at=window.ends_at if window else None,
            interactions=len(self._interactions),
        )

    async def _reacts_in_time(self) -> bool:
        """Waits out the window and its grace. False: the state is final, and nothing more is due."""
        while (window := self._window()) is not None:
            self._show(f"Waits for a reaction until {window.ends_at:%Y-%m-%d %H:%M:%S} UTC")
            patience = max(window.settles_at - workflow.now(), timedelta(0))
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(self._is_decided, timeout=patience)
            if self._stopped:
                self._become(ContactState(self._stopped.state))
                return False
            if self._reply() is not None:
                return True
            outcome = await self._settle()
            self._sent_at = outcome.sent_at
            if outcome.reply:
                return True
            if not outcome.wait:
                self._become(ContactState(outcome.state))
                return False
        return False

    def _is_decided(self) -> bool:
        return self._stopped is not None or self._reply() is not None

    def _window(self) -> ReplyWindow | None:
        if self._sent_at is None:
            return None
        return ReplyWindow(
            sent_at=self._sent_at,
            length=timedelta(seconds=self._contact.window_s),
            grace=timedelta(seconds=self._contact.grace_s),
        )

    def _reply(self) -> Interaction | None:
        window = self._window()
        if window is None:
            return None
        return next(
            (
                interaction
                for interaction in self._interactions.values()
                if window.admits(occurred_at=interaction.occurred_at, received_at=interaction.received_at)
            ),
            None,
        )

    async def _settle(self) -> SettleOutcome:
        return await workflow.execute_activity_method(
            CampaignActivities.settle_contact,
            SettleInput(
                campaign_id=self._contact.campaign_id,
                contact_id=self._contact.contact_id,
                now=workflow.now(),
            ),
            task_queue=CAMPAIGN_QUEUE,
            start_to_close_timeout=timedelta(seconds=20),
            retry_policy=UNLIMITED,
            summary="Settle the window",
        )

    async def _send(self, message_type: MessageType, queue: str, *, earned_at: datetime | None = None) -> None:
        sending = self._start_sending(message_type, queue, earned_at)
        await workflow.wait_condition(lambda: sending.done() or self._stopped is not None)
        if not sending.done():
            sending.cancel()
        try:
            outcome = await sending
        except ActivityError:
            if self._stopped is None:
                raise
            # Temporal tries nothing again that was asked to stop, whether it obeyed, broke or died with its
            # worker. An unknown outcome that it left gets looked up, without a turn in the paced queue: nothing
            # new is sent to a stopped contact.
            outcome = await self._start_sending(message_type, CAMPAIGN_QUEUE, earned_at)
        if message_type is MessageType.MESSAGE_1:
            self._sent_at = outcome.sent_at
        self._become(ContactState(outcome.state))

    def _start_sending(
        self, message_type: MessageType, queue: str, earned_at: datetime | None
    ) -> workflow.ActivityHandle[SendOutcome]:
        return workflow.start_activity_method(
            SendingActivities.send_message,
            SendInput(
                campaign_id=self._contact.campaign_id,
                contact_id=self._contact.contact_id,
                message_type=message_type,
                earned_at=earned_at,
            ),
            task_queue=queue,
            # It may wait for its turn; a crash shows in its heartbeats.
            start_to_close_timeout=timedelta(minutes=15),
            heartbeat_timeout=timedelta(seconds=15),
            retry_policy=UNLIMITED,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            priority=Priority(fairness_key=self._contact.campaign_id),
            summary="Message 1" if message_type is MessageType.MESSAGE_1 else "Message 2",
        )

    def _become(self, state: ContactState) -> None:
        if state is not self._state:
            self._state = state
            workflow.upsert_search_attributes([CONTACT_STATE.value_set(state)])

    def _show(self, details: str) -> None:
        workflow.set_current_details(details)

"""What the workflows believe about the world: a model of the database that can hold, lose and repeat sends.

The workflow is the subject here, so these activities keep to the real names, inputs and outcomes. The real
activities are tested against the real database elsewhere.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.alerts import Alert
from activities.campaigns import (
    Batch,
    BatchRef,
    CloseInput,
    CloseOutcome,
    FailInput,
    OpenedCampaign,
    SettleInput,
    SettleOutcome,
    StopInput,
)
from activities.pacing import PaceRequest, SetPace
from activities.sending import SendInput, SendOutcome
from domain.contact_states import ContactState, is_final
from domain.messages import MessageType
from domain.reply_window import ReplyWindow
from storage.campaigns import Lane

BEFORE = {MessageType.MESSAGE_1: ContactState.PENDING, MessageType.MESSAGE_2: ContactState.MESSAGE_1_SENT}
AFTER = {MessageType.MESSAGE_1: ContactState.MESSAGE_1_SENT, MessageType.MESSAGE_2: ContactState.MESSAGE_2_SENT}
POLL_S = 0.02


@dataclass
class Person:
    """One contact as the database would know it."""

    state: ContactState = ContactState.PENDING
    sent_at: datetime | None = None  # of Message 1
    reactions: list[tuple[datetime, datetime]] = field(default_factory=list)  # occurred, received
    received: Counter[MessageType] = field(default_factory=Counter)
    failing: set[MessageType] = field(default_factory=set)  # these fail for good

    def stop(self, state: ContactState) -> None:
        """STOP, or the end of the campaign."""
        self.state = self.state if is_final(self.state) else state


@dataclass
class Hold:
    """A send that is under way until the test lets it end."""

    began: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    asked_to_stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def last(self) -> None:
        """Heartbeats, as a real send does, so that the server can tell it to stop."""
        self.began.set()
        while not self.released.is_set():
            activity.heartbeat()
            await asyncio.sleep(POLL_S)


@dataclass
class Ledger:
    """All contacts, and how the next sends go."""

    clock: Callable[[], Awaitable[datetime]]  # the server's time
    window: timedelta = timedelta(hours=24)
    grace: timedelta = timedelta(seconds=60)
    people: dict[str, Person] = field(default_factory=dict)
    lanes: list[Lane] = field(default_factory=list)
    batches: dict[int, list[str]] = field(default_factory=dict)
    closes_by: datetime = datetime(2100, 1, 1, tzinfo=UTC)
    batch_pause_s: float = 30
    changed_pause_s: float | None = None  # the pause as the settings say when a batch has been sent
    holds: dict[MessageType, Hold] = field(default_factory=dict)
    unanswered: set[MessageType] = field(default_factory=set)  # one of these reaches the phone, unknown to us
    sends: list[tuple[str, MessageType, str]] = field(default_factory=list)  # contact, message, task queue
    batches_loaded: list[tuple[int, datetime]] = field(default_factory=list)
    batches_sent: dict[int, datetime] = field(
        default_factory=dict
    )  # when its last Message 1 was known to be out
    opened: int = 0
    stopped: list[StopInput] = field(default_factory=list)
    failed: list[FailInput] = field(default_factory=list)
    closed: list[CloseInput] = field(default_factory=list)

    def person(self, contact_id: str) -> Person:
        """The contact, known from now on."""
        return self.people.setdefault(contact_id, Person())

    def hold(self, message_type: MessageType) -> Hold:
        """Sends of that message stay under way until released."""
        return self.holds.setdefault(message_type, Hold())

    def react(self, contact_id: str, occurred_at: datetime, received_at: datetime) -> None:
        """Stores a reaction as `record_interaction` does."""
        person = self.person(contact_id)
        person.reactions.append((occurred_at, received_at))
        if person.state is ContactState.NO_INTERACTION:
            person.state = ContactState.LATE_INTERACTION

    @activity.defn(name="send_message")
    async def send_message(self, send: SendInput) -> SendOutcome:
        """Sends unless it went out or became pointless; what is under way ends, even when asked to stop."""
        self.sends.append((send.contact_id, send.message_type, activity.info().task_queue))
        sending = asyncio.ensure_future(self._send(send))
        try:
            return await asyncio.shield(sending)
        except asyncio.CancelledError:
            if hold := self.holds.get(send.message_type):
                hold.asked_to_stop.set()
            return await sending

    async def _send(self, send: SendInput) -> SendOutcome:
        person, message_type = self.person(send.contact_id), send.message_type
        if not person.received[message_type] and person.state is BEFORE[message_type]:
            if hold := self.holds.get(message_type):
                await hold.last()
            await self._deliver(person, message_type)
        if not person.received[message_type]:
            return SendOutcome(state=person.state, sent_at=None)
        if person.state is BEFORE[message_type]:
            person.state = AFTER[message_type]
        return SendOutcome(state=person.state, sent_at=person.sent_at)

    async def _deliver(self, person: Person, message_type: MessageType) -> None:
        if message_type in person.failing:
            person.stop(ContactState.FAILED)
            return
        now = await self.clock()
        person.received[message_type] += 1
        if message_type is MessageType.MESSAGE_1:
            person.sent_at = now
        if message_type in self.unanswered:
            self.unanswered.remove(message_type)
            raise ApplicationError("nobody knows whether it went out", next_retry_delay=timedelta(hours=1))

    @activity.defn(name="settle_contact")
    async def settle_contact(self, settle: SettleInput) -> SettleOutcome:
        """As the database settles: by what is stored."""
        person = self.person(settle.contact_id)
        assert person.sent_at is not None
        window = ReplyWindow(sent_at=person.sent_at, length=self.window, grace=self.grace)
        reply = wait = False
        if not is_final(person.state):
            reply = any(
                window.admits(occurred_at=occurred, received_at=received)
                for occurred, received in person.reactions
            )
            wait = not reply and settle.now < window.settles_at
            if not reply and not wait:
                late = bool(person.reactions)
                person.state = ContactState.LATE_INTERACTION if late else ContactState.NO_INTERACTION
        return SettleOutcome(state=person.state, sent_at=person.sent_at, reply=reply, wait=wait)

    @activity.defn(name="load_batch")
    async def load_batch(self, ref: BatchRef) -> Batch:
        """The contacts of a batch, and a note of when it began."""
        self.batches_loaded.append((ref.batch, await self.clock()))
        return Batch(
            contact_ids=self.batches[ref.batch],
            window_s=self.window.total_seconds(),
            grace_s=self.grace.total_seconds(),
        )

    @activity.defn(name="open_campaign")
    async def open_campaign(self, campaign_id: str) -> OpenedCampaign:
        """The lanes as the test laid them out."""
        self.opened += 1
        return OpenedCampaign(
            name=campaign_id, lanes=self.lanes, closes_by=self.closes_by, batch_pause_s=self.batch_pause_s
        )

    @activity.defn(name="await_messages_sent")
    async def await_messages_sent(self, ref: BatchRef) -> float | None:
        """Until nobody of the batch is pending; None, as before the pause could change, unless a test says."""
        while any(self.person(contact).state is ContactState.PENDING for contact in self.batches[ref.batch]):
            activity.heartbeat()
            await asyncio.sleep(POLL_S)
        self.batches_sent[ref.batch] = await self.clock()
        return self.changed_pause_s

    @activity.defn(name="stop_contacts")
    async def stop_contacts(self, stop: StopInput) -> int:
        """Everybody who is open becomes final."""
        self.stopped.append(stop)
        still_open = [person for person in self.people.values() if not is_final(person.state)]
        for person in still_open:
            person.stop(ContactState(stop.state))
        return len(still_open)

    @activity.defn(name="fail_contact")
    async def fail_contact(self, fail: FailInput) -> None:
        """Notes a contact whose workflow broke."""
        self.failed.append(fail)
        self.person(fail.contact_id).stop(ContactState.FAILED)

    @activity.defn(name="close_campaign")
    async def close_campaign(self, close: CloseInput) -> CloseOutcome:
        """Notes why."""
        self.closed.append(close)
        return CloseOutcome(summary=f"closed: {close.reason}")

    def activities(self) -> list[Callable[..., Any]]:
        """To register with a worker."""
        return [
            self.send_message,
            self.settle_contact,
            self.load_batch,
            self.open_campaign,
            self.await_messages_sent,
            self.stop_contacts,
            self.fail_contact,
            self.close_campaign,
        ]


SENDING = SetPace(
    state="sending",
    reason="standard profile",
    profile="standard",
    maturity="established",
    delay_s=5,
    error_factor=1,
    quota=1000,
    expected_replies=0,
    message_1_queue_per_s=0.4,
    message_2_queue_per_s=20,
    look_again_s=300,
    changed=False,
    stopped=None,
)
STOPPED = replace(SENDING, state="stopped", reason="blocked", message_1_queue_per_s=0, message_2_queue_per_s=0)


@dataclass
class Desk:
    """What the workflow of a sender believes about its account: the facts as the test sets them."""

    clock: Callable[[], Awaitable[datetime]]  # the server's time
    pace: SetPace | None = SENDING  # None: there is no such sender any more
    alert_fails: bool = False
    withdrawal_fails: bool = False
    done: list[str] = field(default_factory=list)  # looked, woke, withdrew, alerted: in this order
    requests: list[PaceRequest] = field(default_factory=list)
    looked_at: list[datetime] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)  # attempts

    @activity.defn(name="set_pace")
    async def set_pace(self, request: PaceRequest) -> SetPace | None:
        """The facts; news of a stop as long as the workflow does not know of it."""
        self.looked_at.append(await self.clock())
        # Nothing is awaited from here on: whoever sees the request may change the facts for the next look.
        self.done.append("looked")
        self.requests.append(request)
        if self.pace is None or self.pace.state != "stopped" or request.state == "stopped":
            return self.pace
        return replace(self.pace, stopped=self.pace.reason)

    @activity.defn(name="wake_messages")
    async def wake_messages(self, _sender_id: str) -> int:
        """Notes it."""
        self.done.append("woke")
        return 0

    @activity.defn(name="withdraw_messages")
    async def withdraw_messages(self, _sender_id: str) -> int:
        """Notes it."""
        self.done.append("withdrew")
        if self.withdrawal_fails:
            raise ApplicationError("the gateway is away")
        return 0

    @activity.defn(name="send_alert")
    async def send_alert(self, alert: Alert) -> None:
        """Notes it."""
        self.done.append("alerted")
        self.alerts.append(alert)
        if self.alert_fails:
            raise ApplicationError("nobody was reached")

    def activities(self) -> list[Callable[..., Any]]:
        """To register with a worker."""
        return [self.set_pace, self.wake_messages, self.withdraw_messages, self.send_alert]

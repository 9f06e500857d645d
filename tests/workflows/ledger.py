"""What the workflows believe about the world: their activities, on a ledger in memory.

The workflow is the subject here, so these activities keep to the real names, inputs and outcomes and hold a
plain model of the database. The real activities are tested against the real database elsewhere.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity

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
from activities.sending import SendInput, SendOutcome
from domain.contact_states import ContactState, is_final
from domain.messages import MessageType
from domain.reply_window import ReplyWindow
from storage.campaigns import Lane

BEFORE = {MessageType.MESSAGE_1: ContactState.PENDING, MessageType.MESSAGE_2: ContactState.MESSAGE_1_SENT}
AFTER = {MessageType.MESSAGE_1: ContactState.MESSAGE_1_SENT, MessageType.MESSAGE_2: ContactState.MESSAGE_2_SENT}


@dataclass
class Person:
    """One contact as the database would know it."""

    state: ContactState = ContactState.PENDING
    sent_at: datetime | None = None
    reactions: list[tuple[datetime, datetime]] = field(default_factory=list)  # occurred, received
    received: Counter[MessageType] = field(default_factory=Counter)


@dataclass
class Ledger:
    """All contacts, and how the next sends go."""

    clock: Callable[[], Any]  # the server's time, awaited
    people: dict[str, Person] = field(default_factory=dict)
    lanes: list[Lane] = field(default_factory=list)
    batches: dict[int, list[str]] = field(default_factory=dict)
    window: timedelta = timedelta(hours=24)
    grace: timedelta = timedelta(seconds=60)
    closes_by: datetime = datetime(2100, 1, 1, tzinfo=UTC)
    batch_pause_s: float = 30
    failing: set[MessageType] = field(default_factory=set)
    breaking: set[MessageType] = field(default_factory=set)  # the next send ends in an error
    gates: dict[MessageType, asyncio.Event] = field(default_factory=dict)  # a send waits for its gate
    started: dict[MessageType, asyncio.Event] = field(default_factory=dict)
    batches_loaded: list[tuple[int, datetime]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    failed: list[FailInput] = field(default_factory=list)

    def person(self, contact_id: str) -> Person:
        """The contact, known from now on."""
        return self.people.setdefault(contact_id, Person())

    def window_of(self, person: Person) -> ReplyWindow:
        """Of somebody who got Message 1."""
        assert person.sent_at is not None
        return ReplyWindow(sent_at=person.sent_at, length=self.window, grace=self.grace)

    @activity.defn(name="send_message")
    async def send_message(self, send: SendInput) -> SendOutcome:
        """Sends at once, or when its gate opens; sends nothing to whoever is final."""
        person = self.person(send.contact_id)
        if person.state is BEFORE[send.message_type]:
            self.started.setdefault(send.message_type, asyncio.Event()).set()
            if gate := self.gates.get(send.message_type):
                await gate.wait()
            if send.message_type in self.breaking:
                self.breaking.remove(send.message_type)
                raise ConnectionError("the database is away")
            await self._deliver(person, send.message_type)
        return SendOutcome(state=person.state, sent_at=person.sent_at)

    async def _deliver(self, person: Person, message_type: MessageType) -> None:
        now = await self.clock()
        if message_type in self.failing:
            person.state = ContactState.FAILED if not is_final(person.state) else person.state
            return
        person.received[message_type] += 1
        if message_type is MessageType.MESSAGE_1:
            person.sent_at = now
        if person.state is BEFORE[message_type]:
            person.state = AFTER[message_type]

    @activity.defn(name="settle_contact")
    async def settle_contact(self, settle: SettleInput) -> SettleOutcome:
        """As the database settles: by what is stored."""
        person = self.person(settle.contact_id)
        window = self.window_of(person)
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
        return SettleOutcome(state=person.state, sent_at=window.sent_at, reply=reply, wait=wait)

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
        return OpenedCampaign(
            name=campaign_id, lanes=self.lanes, closes_by=self.closes_by, batch_pause_s=self.batch_pause_s
        )

    @activity.defn(name="await_messages_sent")
    async def await_messages_sent(self, ref: BatchRef) -> None:
        """Until nobody of the batch is pending."""
        while any(self.person(contact).state is ContactState.PENDING for contact in self.batches[ref.batch]):
            activity.heartbeat()
            await asyncio.sleep(0.01)

    @activity.defn(name="stop_contacts")
    async def stop_contacts(self, stop: StopInput) -> int:
        """Everybody who is open becomes final."""
        still_open = [person for person in self.people.values() if not is_final(person.state)]
        for person in still_open:
            person.state = ContactState(stop.state)
        return len(still_open)

    @activity.defn(name="fail_contact")
    async def fail_contact(self, fail: FailInput) -> None:
        """Notes a contact whose workflow broke."""
        self.failed.append(fail)
        self.person(fail.contact_id).state = ContactState.FAILED

    @activity.defn(name="close_campaign")
    async def close_campaign(self, close: CloseInput) -> CloseOutcome:
        """Notes why."""
        self.closed.append(close.reason)
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

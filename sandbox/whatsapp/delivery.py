"""The way of one message through WhatsApp: attempt, sent, delivered, read; or failed, or expired."""

from sandbox.behaviour import Settings
from sandbox.clock import Agenda
from sandbox.faults import Faults, Occasion
from sandbox.webhooks.notifier import Notifier
from sandbox.webhooks.payloads import gateway_event, message_event
from sandbox.whatsapp.ban_watch import BanWatch
from sandbox.whatsapp.devices import Device, Devices
from sandbox.whatsapp.inbound import new_wa_id
from sandbox.whatsapp.outbound import Message, Messages
from sandbox.whatsapp.people import People
from sandbox.whatsapp.queues import Queues
from sandbox.whatsapp.replies import Replies

NOT_ON_WHATSAPP = "The number is not on WhatsApp"
NUMBER_BANNED = "The number of the device is banned"


class Delivery:
    """Walks messages forward on the agenda; each step finds out for itself whether it still applies."""

    def __init__(
        self,
        *,
        agenda: Agenda,
        settings: Settings,
        devices: Devices,
        messages: Messages,
        people: People,
        faults: Faults,
        notifier: Notifier,
        replies: Replies,
        bans: BanWatch,
    ) -> None:
        self._agenda = agenda
        self._settings = settings
        self._devices = devices
        self._messages = messages
        self._people = people
        self._faults = faults
        self._notifier = notifier
        self._replies = replies
        self._bans = bans
        self._reached: dict[tuple[str, str], int] = {}  # device and chat: messages delivered
        self.queues = Queues(agenda, devices, messages, self._start)

    def take(self, message: Message) -> None:
        """Queues an accepted message, or starts it at once when it asked for no queue."""
        now = self._agenda.clock.now()
        if message.expires_at is not None:
            self._agenda.at(message.expires_at, lambda due: self._expire(message, due))
        skips_queue = message.content.get("live") is True or message.content.get("enqueue") == "never"
        if skips_queue and self._devices.get(message.device).delivers:
            self._start(message, now)
        else:
            self.queues.put(message, now)

    def refuse(self, message: Message, at: float, reason: str) -> None:
        """Fails a message that was accepted and may not leave."""
        self._fail(message, at, reason)

    def remove(self, message: Message) -> None:
        """Takes a message back; one that left already only disappears from the account."""
        self.queues.withdraw(message)
        if message.wa_id is None:
            self._messages.change(message, status="removed", delivery_status="cancelled")
        else:
            self._messages.change(message, status="removed")

    def fail_waiting(self, device: Device, at: float) -> None:
        """Fails everything that a device has not sent: its number is banned."""
        for message in list(self._messages):
            if message.device == device.id and message.status in ("queued", "processing"):
                self.queues.withdraw(message)
                self._fail(message, at, NUMBER_BANNED)

    def resume(self) -> None:
        """Takes every message up where it was when the process died."""
        now = self._agenda.clock.now()
        for message in list(self._messages):
            if message.delivered_at is not None:
                seat = (message.device, message.chat)
                self._reached[seat] = max(self._reached.get(seat, 0), message.nth_for_phone)
            if message.status in ("queued", "processing"):
                if message.status == "processing":
                    self._messages.change(message, status="queued", delivery_status="queued")
                self.take(message)
            elif message.delivery_status == "sent":
                self._plan_delivered(message, now)
            elif message.delivery_status == "delivered":
                self._plan_read(message, now)

    def _start(self, message: Message, at: float) -> None:
        self._messages.change(message, status="processing", delivery_status="processing")
        self._agenda.at(at + self._settings.behaviour.sent_after_s, lambda due: self._attempt(message, due))

    def _attempt(self, message: Message, at: float) -> None:
        if message.status != "processing":
            return  # removed or expired meanwhile
        device = self._devices.get(message.device)
        if not device.delivers:
            self._messages.change(message, status="queued", delivery_status="queued")
            self.queues.put(message, at)
        elif not self._people.find(message.phone).on_whatsapp:
            self._fail(message, at, NOT_ON_WHATSAPP)
            self._bans.left(message, device, at, on_whatsapp=False)
        elif fault := self._faults.draw(
            Occasion(target="delivery", phone=message.phone, reference=message.reference)
        ):
            if fault.kind == "failed":
                self._messages.change(message, failure_code=fault.error_code)
                self._fail(message, at, "The sandbox was asked to fail this")
            else:
                self._attempt_failed(message, at)
        else:
            self._sent(message, at)

    def _attempt_failed(self, message: Message, at: float) -> None:
        attempts = message.attempts + 1
        if attempts > message.max_retries:
            self._messages.change(message, attempts=attempts)
            self._fail(message, at, "The retries are used up")
            return
        self._messages.change(
            message, status="queued", delivery_status="queued", attempts=attempts, last_retry_at=at
        )
        retry_at = at + self._settings.behaviour.retry_delay_s
        self._agenda.at(retry_at, lambda due: self._queue_again(message, due))

    def _queue_again(self, message: Message, at: float) -> None:
        if message.status == "queued":
            self.queues.put(message, at)

    def _fail(self, message: Message, at: float, reason: str) -> None:
        self._messages.change(
            message,
            status="failed",
            delivery_status="failed",
            failed_at=at,
            processed_at=at,
            failure_reason=reason,
        )
        device = self._devices.get(message.device)
        self._notifier.emit(gateway_event("message:out:failed", message, device, at))

    def _expire(self, message: Message, at: float) -> None:
        if message.status not in ("queued", "processing"):
            return
        self.queues.withdraw(message)
        self._messages.change(message, status="expired", delivery_status="cancelled", expired_at=at)
        device = self._devices.get(message.device)
        self._notifier.emit(gateway_event("message:out:expired", message, device, at))

    def _sent(self, message: Message, at: float) -> None:
        self._messages.change(
            message,
            status="processed",
            delivery_status="sent",
            wa_id=message.id if self._devices.get(message.device).is_meta else new_wa_id(),
            processed_at=at,
            sent_at=at,
        )
        device = self._devices.get(message.device)
        self._notifier.emit(message_event("message:out:new", message, device, at))
        self._notifier.emit(gateway_event("message:out:sent", message, device, at))
        self._plan_delivered(message, at)
        self._bans.left(message, device, at, on_whatsapp=True)

    def _plan_delivered(self, message: Message, at: float) -> None:
        behaviour = self._settings.behaviour
        nth = self._reached.get((message.device, message.chat), 0)
        if self._people.draw(message.phone, nth, "delivered") >= behaviour.delivered_probability:
            return
        wait_s = max(0.0, behaviour.delivered_after_s - behaviour.sent_after_s)
        self._agenda.at(at + wait_s, lambda due: self._delivered(message, due))

    def _delivered(self, message: Message, at: float) -> None:
        seat = (message.device, message.chat)
        self._reached[seat] = nth = self._reached.get(seat, 0) + 1
        self._messages.change(message, delivery_status="delivered", delivered_at=at, nth_for_phone=nth)
        self._acknowledge(message, "delivered", at)
        self._plan_read(message, at)
        person = self._people.find(message.phone)
        for step in person.script_for(nth):
            self._replies.plan(message, step, at)
        if person.reports:
            self._bans.reported(self._devices.get(message.device), at)

    def _plan_read(self, message: Message, at: float) -> None:
        behaviour = self._settings.behaviour
        reads = self._people.find(message.phone).reads
        if reads is None:
            draw = self._people.draw(message.phone, message.nth_for_phone, "read")
            reads = draw < behaviour.read_probability
        if reads:
            wait_s = max(0.0, behaviour.read_after_s - behaviour.delivered_after_s)
            self._agenda.at(at + wait_s, lambda due: self._read(message, due))

    def _read(self, message: Message, at: float) -> None:
        self._messages.change(message, delivery_status="read", read_at=at)
        self._acknowledge(message, "read", at)
        if message.content.get("media", {}).get("format") == "ptt":
            self._messages.change(message, delivery_status="played")
            self._acknowledge(message, "played", at)

    def _acknowledge(self, message: Message, ack: str, at: float) -> None:
        device = self._devices.get(message.device)
        self._notifier.emit(message_event("message:out:ack", message, device, at, ack))

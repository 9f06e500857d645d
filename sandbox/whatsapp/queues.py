"""Every device has its own queue: messages wait there for their time, their priority and the device's speed."""

import heapq
from collections.abc import Callable

from sandbox.clock import Agenda
from sandbox.whatsapp.devices import Device, Devices
from sandbox.whatsapp.outbound import Message, Messages

PRIORITY_RANK = {"urgent": 0, "high": 1, "normal": 2, "low": 3}

Place = tuple[int, float, int, int, Message]
"""Rank, when it became ready, order of acceptance, ticket, message."""


class Queue:
    """The waiting messages of one device, and when the next may leave."""

    def __init__(self) -> None:
        self.places: list[Place] = []
        self.scheduled: dict[str, int] = {}  # message id: ticket
        self.next_slot_at = 0.0
        self.wakes_at: float | None = None


class Queues:
    """Hands each message to `deliver` when its turn has come."""

    def __init__(
        self,
        agenda: Agenda,
        devices: Devices,
        messages: Messages,
        deliver: Callable[[Message, float], None],
    ) -> None:
        self._agenda = agenda
        self._devices = devices
        self._messages = messages
        self._deliver = deliver
        self._by_device: dict[str, Queue] = {}

    def put(self, message: Message, at: float) -> None:
        """Gives a message a place, from `at` or its own `deliver_at` on; an older place of it is void."""
        message.ticket += 1
        ticket = message.ticket
        ready_at = max(at, message.deliver_at or at)

        def line_up(now: float) -> None:
            queue = self._queue(message.device)
            queue.scheduled.pop(message.id, None)
            if message.ticket == ticket:
                place = (PRIORITY_RANK[message.priority], ready_at, message.n, ticket, message)
                heapq.heappush(queue.places, place)
                self.pump(message.device, now)

        if ready_at <= self._agenda.clock.now():
            line_up(ready_at)
        else:
            self._queue(message.device).scheduled[message.id] = ticket
            self._agenda.at(ready_at, line_up)

    def withdraw(self, message: Message) -> None:
        message.ticket += 1

    def pump(self, device_id: str, at: float) -> None:
        """Delivers what is due, one slot after the other."""
        device = self._devices.get(device_id)
        queue = self._queue(device_id)
        while device.delivers:
            self._drop_void(queue)
            if not queue.places:
                return
            gap_s = device.gap_s(at)
            slot = max(at, queue.next_slot_at) if gap_s else at
            if slot > at:
                self._wake(device, queue, slot)
                return
            message = heapq.heappop(queue.places)[-1]
            self.withdraw(message)
            queue.next_slot_at = slot + gap_s
            self._deliver(message, slot)

    def counts(self, device_id: str) -> tuple[int, int]:
        """How many messages wait, and how many more are scheduled for later."""
        queue = self._queue(device_id)
        waiting = sum(1 for *_, ticket, message in queue.places if message.ticket == ticket)
        scheduled = sum(
            1 for key, ticket in queue.scheduled.items() if self._messages.get(key).ticket == ticket
        )
        return waiting, scheduled

    def _wake(self, device: Device, queue: Queue, slot: float) -> None:
        if queue.wakes_at is not None and queue.wakes_at <= slot:
            return
        queue.wakes_at = slot

        def wake(due: float) -> None:
            queue.wakes_at = None
            self.pump(device.id, due)

        self._agenda.at(slot, wake)

    def _queue(self, device_id: str) -> Queue:
        return self._by_device.setdefault(device_id, Queue())

    def _drop_void(self, queue: Queue) -> None:
        while queue.places:
            *_, ticket, message = queue.places[0]
            if message.ticket == ticket:
                return
            heapq.heappop(queue.places)

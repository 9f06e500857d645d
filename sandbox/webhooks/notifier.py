"""Tells webhooks what happened, and again until they answer 200 to 209: at least once, in no order."""

import asyncio
import secrets

from sandbox.behaviour import Settings
from sandbox.clock import Agenda
from sandbox.faults import Fault, Faults, Occasion
from sandbox.meta.payloads import update_of
from sandbox.store import Json
from sandbox.webhooks.payloads import Event, envelope
from sandbox.webhooks.poster import Answer, Poster
from sandbox.webhooks.posts import build_post
from sandbox.webhooks.registry import ANSWER_KEPT, META_BATCH, Notification, Webhook, Webhooks
from sandbox.whatsapp.devices import Devices
from sandbox.whatsapp.outbound import Messages

GATEWAY_EVENTS = frozenset({"message:out:sent", "message:out:failed", "message:out:expired", "number:session"})
BUSINESS_EVENTS = frozenset({"message:out:ack", "message:reaction"})
GATEWAY_ONLY_EVENTS = frozenset({"message:out:sent"})
LARGEST_ARRAY = 25
LARGEST_META_BATCH = 1000

CONNECTIONS = 32
REORDER_HOLD_S = 2.0  # a held notification leaves after this, even when no other one overtakes it


class Notifier:
    """Posts notifications over a pool of kept connections."""

    def __init__(
        self,
        *,
        agenda: Agenda,
        settings: Settings,
        devices: Devices,
        messages: Messages,
        webhooks: Webhooks,
        faults: Faults,
    ) -> None:
        self._agenda = agenda
        self._settings = settings
        self._devices = devices
        self._messages = messages
        self._webhooks = webhooks
        self._faults = faults
        self._poster = Poster(CONNECTIONS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: dict[str, list[Notification]] = {}  # by webhook, until another one has overtaken them
        self._arrays: dict[tuple[str, str], Notification] = {}  # by webhook and event, until they leave

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._poster.close()

    def emit(self, event: Event, *, delay_s: float = 0.0, copies: int = 1) -> None:
        """Makes one notification for each webhook that asked for this event and whose plan has it."""
        if not event.device.is_meta and not self._plan_has(event.name):
            return
        for webhook in self._webhooks:
            if not webhook.wants(event.name, event.device):
                continue
            body = self._told(event)
            # Faults strike single updates; so while some are planned, nothing of Meta's shares a POST.
            is_shared = not self._faults.planned if webhook.is_meta else event.is_gateway
            if body is None or (is_shared and self._joins_array(event, webhook, body)):
                continue
            notification = self._open(event, webhook, body)
            if is_shared and (notification.is_array or notification.is_meta):
                self._arrays[webhook.id, notification.batch] = notification
            self._dispatch(notification, delay_s, copies)

    def resume(self) -> None:
        """Takes up what was pending when the process died; a copy may arrive twice, as from the real one."""
        for notification in self._webhooks.pending():
            self._at(notification, notification.next_at or self._agenda.clock.now())

    def _told(self, event: Event) -> Json | None:
        """The words of the provider for an event; None where it says nothing."""
        behaviour = self._settings.behaviour
        if not event.device.is_meta:
            return envelope(event, behaviour)
        message = self._messages.find(event.message) if event.message else None
        return update_of(event, message, behaviour)

    def _plan_has(self, event: str) -> bool:
        plan = self._settings.behaviour.plan
        if plan == "gateway":
            return event in GATEWAY_EVENTS
        if event in GATEWAY_ONLY_EVENTS:
            return False
        return plan == "business" or event not in BUSINESS_EVENTS

    def _open(self, event: Event, webhook: Webhook, body: Json) -> Notification:
        behaviour = self._settings.behaviour
        notification = Notification(
            id=secrets.token_hex(12),
            webhook=webhook.id,
            event=event.name,
            object_id=event.object_id,
            device=event.device.id,
            phone=event.phone,
            reference=event.reference,
            ack=event.ack,
            messages=[event.message] if event.message else [],
            bodies=[body],
            is_array=not webhook.is_meta and event.is_gateway and behaviour.failed_envelope == "array",
            is_meta=webhook.is_meta,
            created_at=self._agenda.clock.now(),
            happened_at=event.at,
            said=event.data.get("body"),
        )
        self._webhooks.open(notification)
        return notification

    def _joins_array(self, event: Event, webhook: Webhook, body: Json) -> bool:
        """Adds an event to the array that is about to leave for this webhook, if there is one."""
        waiting = self._arrays.get((webhook.id, META_BATCH if webhook.is_meta else event.name))
        largest = LARGEST_META_BATCH if webhook.is_meta else LARGEST_ARRAY
        if waiting is None or len(waiting.bodies) >= largest:
            return False
        is_newest_first = webhook.is_meta and self._settings.behaviour.meta_unordered
        bodies = [body, *waiting.bodies] if is_newest_first else [*waiting.bodies, body]
        messages = [*waiting.messages, *([event.message] if event.message else [])]
        self._webhooks.update(waiting, bodies=bodies, messages=messages)
        return True

    def _dispatch(self, notification: Notification, delay_s: float, copies: int) -> None:
        """Sends a new notification on its way, or astray when a fault strikes."""
        fault = self._faults.draw(
            Occasion(
                target="webhook",
                phone=notification.phone,
                reference=notification.reference,
                event=notification.event,
                ack=notification.ack,
            )
        )
        if fault is not None:
            self._webhooks.update(notification, fault=fault.kind)
        due = self._agenda.clock.now() + delay_s
        if notification.is_array:
            due += self._settings.behaviour.gateway_batch_s
        elif notification.is_meta:
            due += self._settings.behaviour.meta_batch_s
        if fault is not None and fault.kind == "drop":
            self._webhooks.close(notification, "dropped")
        elif fault is not None and fault.kind == "delay":
            self._at(notification, due + (fault.delay_s or 0.0))
        elif fault is not None and fault.kind == "reorder":
            self._hold(notification, due + (fault.delay_s or REORDER_HOLD_S))
        else:
            self._at(notification, due, fault, copies)

    def _hold(self, notification: Notification, at_the_latest: float) -> None:
        self._held.setdefault(notification.webhook, []).append(notification)

        def let_go(_due: float) -> None:
            held = self._held.get(notification.webhook, [])
            if notification in held:
                held.remove(notification)
                self._start(notification)

        self._webhooks.update(notification, next_at=at_the_latest)
        self._agenda.at(at_the_latest, let_go)

    def _at(self, notification: Notification, due: float, fault: Fault | None = None, copies: int = 1) -> None:
        if due <= self._agenda.clock.now():
            self._start(notification, fault, copies)
        else:
            self._webhooks.update(notification, next_at=due)
            self._agenda.at(due, lambda _due: self._start(notification, fault, copies))

    def _start(self, notification: Notification, fault: Fault | None = None, copies: int = 1) -> None:
        place = (notification.webhook, notification.batch)
        if self._arrays.get(place) is notification:
            del self._arrays[place]
        task = asyncio.create_task(self._attempt(notification, fault, copies))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attempt(self, notification: Notification, fault: Fault | None, copies: int) -> None:
        webhook = self._webhooks.find(notification.webhook)
        if webhook is None or webhook.status != "active":
            self._webhooks.close(notification, "cancelled")
            return
        kind = fault.kind if fault else None
        if fault is not None and kind == "burst":
            copies = fault.copies
        answers = await asyncio.gather(*[self._post(notification, webhook, kind) for _ in range(copies)])
        if kind == "duplicate":
            answers.append(await self._post(notification, webhook, None))
        self._settle(notification, webhook, max(answers, key=is_success))

    async def _post(self, notification: Notification, webhook: Webhook, kind: str | None) -> Answer | None:
        behaviour = self._settings.behaviour
        wrong_device = self._devices.other_than(self._devices.get(notification.device))
        post = build_post(notification.payload, webhook, behaviour, kind, wrong_device)
        notification.attempts += 1
        return await self._poster.post(post.url, post.content, post.headers, behaviour.webhook_timeout_s)

    def _settle(self, notification: Notification, webhook: Webhook, answer: Answer | None) -> None:
        now = self._agenda.clock.now()
        notification.answer_status = answer.status if answer is not None else None
        notification.answer = answer.content.decode(errors="replace")[:ANSWER_KEPT] if answer else None
        webhook.last_run_at = now
        if is_success(answer):
            webhook.retries = 0
            self._end(notification, "notified")
        else:
            self._retry(notification, webhook, now)
        for held in self._held.pop(webhook.id, []):
            self._start(held)

    def _retry(self, notification: Notification, webhook: Webhook, now: float) -> None:
        behaviour = self._settings.behaviour
        webhook.retries += 1
        webhook.last_failure_at = webhook.last_retry_at = now
        if behaviour.webhook_disable_after is not None and webhook.retries >= behaviour.webhook_disable_after:
            self._webhooks.change(webhook, status="failed")
        try:
            growth = behaviour.webhook_retry_factor ** (notification.attempts - 1)
        except OverflowError:
            growth = float("inf")
        wait_s = min(behaviour.webhook_retry_first_s * growth, behaviour.webhook_retry_longest_s)
        if now + wait_s > notification.created_at + behaviour.webhook_retry_for_s:
            self._end(notification, "failed")
            return
        self._webhooks.update(notification, attempts=notification.attempts, next_at=now + wait_s)
        self._agenda.at(now + wait_s, lambda _due: self._start(notification))

    def _end(self, notification: Notification, status: str) -> None:
        self._webhooks.close(notification, status)
        for message_id in notification.messages:
            message = self._messages.get(message_id)
            if message.webhook_status not in ("notified", status):
                self._messages.change(message, webhook_status=status)


def is_success(answer: Answer | None) -> bool:
    return answer is not None and 200 <= answer.status <= 209

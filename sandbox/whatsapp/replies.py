"""What people will do after a message reached them, remembered over a restart until they have done it."""

import secrets
from dataclasses import asdict, dataclass

from sandbox.clock import Agenda
from sandbox.store import Json, Store
from sandbox.webhooks.notifier import Notifier
from sandbox.whatsapp.devices import Devices
from sandbox.whatsapp.inbound import Doing, Inbox
from sandbox.whatsapp.outbound import Message, Messages
from sandbox.whatsapp.people import InboundKind, Step


@dataclass(frozen=True, slots=True)
class Reply:
    """One thing that somebody is going to do."""

    id: str
    due: float
    message: str  # the one that it follows
    kind: InboundKind
    body: str | None
    quote: bool


class Replies:
    """Runs the scripts of people."""

    def __init__(
        self,
        *,
        store: Store,
        agenda: Agenda,
        devices: Devices,
        messages: Messages,
        inbox: Inbox,
        notifier: Notifier,
    ) -> None:
        self._store = store
        self._agenda = agenda
        self._devices = devices
        self._messages = messages
        self._inbox = inbox
        self._notifier = notifier

    def plan(self, message: Message, step: Step, delivered_at: float) -> None:
        reply = Reply(
            id=secrets.token_hex(12),
            due=delivered_at + step.after_s,
            message=message.id,
            kind=step.kind,
            body=step.body,
            quote=step.quote,
        )
        self._store.save("reply", reply.id, asdict(reply))
        self._schedule(reply)

    def restore(self, documents: dict[str, Json]) -> None:
        for fields in documents.values():
            self._schedule(Reply(**fields))

    def _schedule(self, reply: Reply) -> None:
        self._agenda.at(reply.due, lambda due: self._happen(reply, due))

    def _happen(self, reply: Reply, at: float) -> None:
        message = self._messages.get(reply.message)
        concerns_message = reply.quote or reply.kind in ("reaction", "reaction_removed", "poll_vote")
        doing = Doing(
            device=self._devices.get(message.device),
            phone=message.phone or "+33639980000",  # somebody in the group or channel
            kind=reply.kind,
            body=reply.body,
            at=at,
            quotes=message if concerns_message else None,
        )
        self._notifier.emit(self._inbox.event_for(doing))
        self._store.forget("reply", reply.id)

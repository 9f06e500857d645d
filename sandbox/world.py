"""One simulated Wassenger, with numbers of Meta beside it: its parts, brought back from what was stored."""

import asyncio
from pathlib import Path

from sandbox.behaviour import Settings
from sandbox.clock import Agenda, Clock
from sandbox.faults import Faults
from sandbox.journal import Requests
from sandbox.meta.account import MetaAccount
from sandbox.store import Documents, Store
from sandbox.webhooks.notifier import Notifier
from sandbox.webhooks.payloads import session_event
from sandbox.webhooks.registry import Webhooks
from sandbox.whatsapp.ban_watch import BanWatch
from sandbox.whatsapp.delivery import Delivery
from sandbox.whatsapp.devices import Device, Devices
from sandbox.whatsapp.inbound import Inbox
from sandbox.whatsapp.outbound import Messages
from sandbox.whatsapp.people import People
from sandbox.whatsapp.replies import Replies


class World:
    """All parts of the sandbox."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.clock = Clock()
        self.agenda = Agenda(self.clock)
        self.settings = Settings(store)
        self.devices = Devices(store, self.clock)
        self.messages = Messages(store)
        self.people = People(store, seed)
        self.faults = Faults(seed)
        self.requests = Requests()
        self.webhooks = Webhooks(store, self.clock)
        self.inbox = Inbox(store, self.settings, self.messages)
        self.meta = MetaAccount(store, self.settings, self.inbox)
        self.notifier = Notifier(
            agenda=self.agenda,
            settings=self.settings,
            devices=self.devices,
            messages=self.messages,
            webhooks=self.webhooks,
            faults=self.faults,
        )
        self.replies = Replies(
            store=store,
            agenda=self.agenda,
            devices=self.devices,
            messages=self.messages,
            inbox=self.inbox,
            notifier=self.notifier,
        )
        self.bans = BanWatch(self.settings, self.inbox, self.devices, self.ban)
        self.delivery = Delivery(
            agenda=self.agenda,
            settings=self.settings,
            devices=self.devices,
            messages=self.messages,
            people=self.people,
            faults=self.faults,
            notifier=self.notifier,
            replies=self.replies,
            bans=self.bans,
        )

    def restore(self, documents: Documents) -> None:
        """Brings stored state back and takes up what was under way. Needs a running event loop."""
        settings = documents.get("settings", {})
        if "behaviour" in settings:
            self.settings.restore(settings["behaviour"])
        self.clock.offset_s = settings.get("clock", {}).get("offset_s", 0.0)
        self.devices.restore(documents.get("device", {}))
        self.devices.add_default()
        self.messages.restore(documents.get("message", {}))
        self.people.restore(documents.get("person", {}), settings.get("person"))
        self.webhooks.restore(documents.get("webhook", {}), documents.get("notification", {}))
        self.inbox.restore(documents.get("inbound", {}), documents.get("heard", {}))
        self.replies.restore(documents.get("reply", {}))
        self.meta.restore(documents.get("meta_template", {}))
        self.delivery.resume()
        for device in self.devices:
            if device.banned_at is not None:
                self.ban(device)  # the process may have died half-way through
        self.notifier.resume()

    def advance(self, seconds: float) -> None:
        """Moves the clock forward; what becomes due happens at once."""
        self.agenda.advance(seconds)
        self.store.save("settings", "clock", {"offset_s": self.clock.offset_s})

    def set_session(self, device: Device, session: str) -> None:
        """Changes a device's session, tells webhooks, and lets a device that is back deliver what waited."""
        now = self.clock.now()
        changed = session != device.session
        self.devices.change(device, session=session)
        if changed:
            self.notifier.emit(session_event(device, now))
        self.delivery.queues.pump(device.id, now)

    def ban(self, device: Device) -> None:
        """Carries out the verdict on a number: its session is blocked, and what waits in its queue fails."""
        self.set_session(device, "blocked")
        self.devices.change(device, status="banned")
        self.delivery.fail_waiting(device, self.clock.now())

    async def close(self) -> None:
        self.agenda.cancel_all()
        await self.notifier.close()


class Universe:
    """Holds the world of the moment, so that a reset can put a new one in its place."""

    def __init__(self, folder: Path | None, seed: int) -> None:
        self._store = Store(folder)
        self._seed = seed
        self._reset = asyncio.Lock()
        self.world: World

    def open(self) -> None:
        documents = self._store.open()
        self.world = World(self._store, self._seed)
        self.world.restore(documents)

    async def reset(self) -> None:
        """Forgets everything but the default device."""
        async with self._reset:
            await self.world.close()
            self._store.clear()
            self.world = World(self._store, self._seed)
            self.world.restore({})

    async def close(self) -> None:
        await self.world.close()
        self._store.close()

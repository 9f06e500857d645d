"""One run: the schedule carried out against a system, with everything written down."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

import httpx

from bench.chaos import provider
from bench.chaos.history import Recorder, RefusedError, UnknownOutcomeError
from bench.chaos.schedule import EVERYTHING, GRACE_S, ROLES, WINDOW_S, Blow, Deed, Fault, Schedule
from bench.chaos.system import System

JITTER = 0.4  # the product's default: no gap is shorter than the delay without it
READY_WITHIN_S = 180.0
ASKING_S = 180.0  # for one thing that a person asks for: several servers may be down one after the other
PATIENCE_S = 60.0
CLOSING_S = 240.0  # after everything was healed
AGAIN_S = 0.5


@dataclass(slots=True)
class Run:
    """A schedule meets a system."""

    plan: Schedule
    system: System
    recorder: Recorder
    began_at: float = 0.0
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def to_its_end(self) -> None:
        """Prepares, starts, hurts, heals, and waits until nothing is left to do."""
        await self._prepare()
        await self._begin()
        self.began_at = time.time()
        async with asyncio.TaskGroup() as group:
            for blow in self.plan.blows:
                if blow.role in self.system.roles:
                    group.create_task(self._strike(blow))
                elif blow.role == EVERYTHING:
                    group.create_task(self._cut_power(blow))
            for fault in self.plan.faults:
                group.create_task(self._spoil(fault))
            for at_s, step_s in self.plan.clock_steps:
                group.create_task(self._step_clock(at_s, step_s))
            for deeds in self._by_subject():
                group.create_task(self._do_all(deeds))
            group.create_task(self._until(self.plan.lasts_s))
        await self._heal()
        await self._wait("closed", self._all_closed, CLOSING_S)
        await self._wait("told", self._all_told, PATIENCE_S)
        await self._wait("worked off", self._nothing_unfinished, 2 * PATIENCE_S)
        await provider.read(self.system.sandbox, self.plan, self.recorder)
        for entry in await self.system.finals():
            self.recorder.note(**entry)

    async def _prepare(self) -> None:
        plan, recorder = self.plan, self.recorder
        recorder.note("run", seed=plan.seed, schedule=plan.digest(), lasts_s=plan.lasts_s)
        await provider.prepare(self.system.sandbox, plan)
        for device in plan.devices:
            recorder.note(
                "device",
                device=device.id,
                min_gap_s=(1 - JITTER) / device.rate_per_s,
                quota=device.quota,
            )
            await self.system.add_device(device)
        for mailing in plan.mailings:
            recorder.note(
                "campaign",
                campaign=mailing.name,
                window_s=WINDOW_S,
                grace_s=GRACE_S,
                devices=mailing.devices,
                phones=mailing.phones,
                unreachable=mailing.unreachable,
            )
            await self.system.add_mailing(mailing, window_s=WINDOW_S, grace_s=GRACE_S)

    async def _begin(self) -> None:
        """The first campaign, and the one that has not quota enough: nothing is hurt yet."""
        tight = self.plan.mailings[-1]
        for mailing in (self.plan.mailings[0], tight):
            await self._do(Deed(at_s=0, what="start", subject=mailing.name))
        for device in self.plan.devices:
            if device.id in tight.devices:
                await self.system.limit(device.id, device.quota)

    async def _strike(self, blow: Blow) -> None:
        """One process at a time takes one blow at a time; it is up again before the next one."""
        await self._until(blow.at_s)
        system, role = self.system, blow.role
        async with self._locks.setdefault(role, asyncio.Lock()):
            await system.ready(role, within_s=READY_WITHIN_S)
            if role == "provider":
                await self._count_faults()  # it forgets them
            self.recorder.note("down", role=role, how=blow.how, for_s=blow.for_s)
            if blow.how == "kill":
                await system.kill(role)
            elif blow.how == "restart":
                await system.restart(role)
            else:
                try:
                    system.freeze(role)
                    await asyncio.sleep(blow.for_s)
                finally:
                    system.thaw(role)
            thawed_at = time.time()
            await system.ready(role, within_s=READY_WITHIN_S)
            self.recorder.note("up", role=role, how=blow.how, thawed_at=thawed_at)

    async def _cut_power(self, blow: Blow) -> None:
        """Everything dies at once, but for the provider, and comes back by itself."""
        await self._until(blow.at_s)
        roles = [role for role in self.system.roles if role != "provider"]
        async with AsyncExitStack() as locked:
            for role in roles:
                await locked.enter_async_context(self._locks.setdefault(role, asyncio.Lock()))
                await self.system.ready(role, within_s=READY_WITHIN_S)
            self.recorder.note("down", role=EVERYTHING, how=blow.how, for_s=0)
            await asyncio.gather(*(self.system.kill(role) for role in roles))
            for role in roles:
                await self.system.ready(role, within_s=READY_WITHIN_S)
            self.recorder.note("up", role=EVERYTHING, how=blow.how, thawed_at=time.time())

    async def _spoil(self, fault: Fault) -> None:
        """A fault is forgotten when the sandbox dies, as a fault of the network would end some time."""
        await self._until(fault.at_s)
        with suppress(httpx.HTTPError):
            await self.system.sandbox.post("/control/faults", json=fault.order, timeout=10)

    async def _count_faults(self) -> None:
        with suppress(httpx.HTTPError):
            for fault in await provider.fired(self.system.sandbox):
                self.recorder.note("fault", target=fault["target"], fault=fault["kind"], fired=fault["fired"])

    async def _step_clock(self, at_s: float, step_s: float) -> None:
        """The provider's clock runs ahead from now on; ours stays."""
        await self._until(at_s)
        while True:
            try:
                offset_s = await provider.step_clock(self.system.sandbox, step_s)
            except httpx.HTTPError:
                await asyncio.sleep(AGAIN_S)
            else:
                self.recorder.note("clock", offset_s=offset_s)
                return

    def _by_subject(self) -> list[list[Deed]]:
        """What concerns the same campaign happens in its order, however long the first one takes."""
        subjects: dict[str, list[Deed]] = {}
        for deed in self.plan.deeds:
            subjects.setdefault(deed.subject, []).append(deed)
        return list(subjects.values())

    async def _do_all(self, deeds: list[Deed]) -> None:
        for deed in deeds:
            await self._until(deed.at_s)
            await self._do(deed)

    async def _do(self, deed: Deed) -> None:
        """Asks until somebody answers, as a person would."""
        give_up_at = time.time() + ASKING_S
        while True:
            try:
                with self.recorder.call(deed.what, subject=deed.subject, scope=deed.scope):
                    await self._ask(deed)
            except UnknownOutcomeError:
                if time.time() > give_up_at:
                    raise
                await asyncio.sleep(AGAIN_S)
            except RefusedError:
                # While an account is stopped no start fits; the rest, such as a pause after the end, stays so.
                if deed.what != "start" or time.time() > self.began_at + self.plan.lasts_s:
                    return
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def _ask(self, deed: Deed) -> None:
        if deed.what in {"pause", "pause_sender"}:
            await getattr(self.system, deed.what)(deed.subject, deed.scope)
        else:
            await getattr(self.system, deed.what)(deed.subject)

    async def _heal(self) -> None:
        """From here on nothing is hurt any more, and nobody pauses."""
        for role in ROLES:
            if role in self.system.roles:
                await self.system.ready(role, within_s=READY_WITHIN_S)
        await self._count_faults()
        (await self.system.sandbox.delete("/control/faults")).raise_for_status()
        for device in self.plan.devices:
            await self._do(Deed(at_s=0, what="resume_sender", subject=device.id))
        for mailing in self.plan.mailings:
            await self._do(Deed(at_s=0, what="start", subject=mailing.name))
            await self._do(Deed(at_s=0, what="resume", subject=mailing.name))
        self.recorder.note("healed")

    async def _all_closed(self) -> bool:
        for mailing in self.plan.mailings:
            if not await self.system.closed(mailing.name):
                return False
        return True

    async def _all_told(self) -> bool:
        return await provider.pending(self.system.sandbox) == 0

    async def _nothing_unfinished(self) -> bool:
        return await self.system.unfinished() == 0

    async def _wait(self, what: str, condition: Callable[[], Awaitable[bool]], patience_s: float) -> None:
        """Patience has an end, and that is no error here: the checker says what is missing."""
        began = time.time()
        while time.time() < began + patience_s:
            with suppress(UnknownOutcomeError):
                if await condition():
                    self.recorder.note("waited", what=what, for_s=time.time() - began)
                    return
            await asyncio.sleep(AGAIN_S)
        self.recorder.note("waited", what=what, for_s=time.time() - began, in_vain=True)

    async def _until(self, at_s: float) -> None:
        await asyncio.sleep(max(0.0, self.began_at + at_s - time.time()))

"""Keeps one process alive: waits until it is ready, and starts it again whenever it dies."""

import asyncio
import os
import signal
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import structlog

from local.errors import ProcessStartError, StackError
from local.logfile import LogFile
from local.probes import PROBE_TIMEOUT_S, Probe
from local.process import Command, kill_tree, signal_tree, spawn

_log = structlog.get_logger(__name__)

_START_ATTEMPTS = 3  # a server that picks a port of its own can lose it to another program in between
_PROBE_EVERY_S = 0.03


class State(StrEnum):
    """Where a component stands."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    PAUSED = "paused"
    RESTARTING = "restarting"  # it died; the next attempt is under way or waits for its turn
    STOPPING = "stopping"


@dataclass(frozen=True, kw_only=True, slots=True)
class RestartPolicy:
    """How fast a dead process comes back."""

    first_delay_s: float = 0.2
    longest_delay_s: float = 10.0
    healthy_after_s: float = 60.0  # having lived that long, it starts over with the first delay


@dataclass(frozen=True, kw_only=True, slots=True)
class Spec:
    """One component: what to run, and how to tell that it works."""

    name: str
    command: Command
    ready: Probe
    address: str = ""  # where users of the stack find it
    ready_within_s: float = 30.0
    prepare: Callable[[], Awaitable[None]] | None = None  # runs before every start
    restart: RestartPolicy = RestartPolicy()


@dataclass(frozen=True, kw_only=True, slots=True)
class Component:
    """What can be told about one component at this moment."""

    name: str
    pid: int | None
    state: State
    restarts: int
    address: str
    problem: str | None  # why it died last, with the end of its log; None when it never did
    log: Path


class Child:
    """One supervised process over all its lives."""

    def __init__(self, spec: Spec, log: LogFile) -> None:
        self.spec = spec
        self._log_file = log
        self._state = State.STOPPED
        self._process: Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._restarts = 0
        self._problem: str | None = None
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def component(self) -> Component:
        """The present state."""
        process = self._process
        return Component(
            name=self.spec.name,
            pid=process.pid if process and process.returncode is None else None,
            state=self._state,
            restarts=self._restarts,
            address=self.spec.address,
            problem=self._problem,
            log=self._log_file.path,
        )

    async def start(self) -> None:
        """Starts it and returns when it is ready.

        Raises
        ------
        ProcessStartError
            When it does not get ready within its deadline, or dies several times on the way.
        """
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self.spec.ready_within_s
        for attempt in range(1, _START_ATTEMPTS + 1):
            self._state = State.STARTING
            problem = await self._launch()
            if problem is None:
                self._watch = asyncio.create_task(self._restart_when_dead(), name=f"watch {self.spec.name}")
                self._watch.add_done_callback(self._note_end_of_watch)
                return
            if attempt == _START_ATTEMPTS or loop.time() >= give_up_at:
                break
            await asyncio.sleep(self.spec.restart.first_delay_s)
        self._state = State.STOPPED
        raise ProcessStartError(problem)

    async def stop(self) -> None:
        """Ends it, politely first, and returns when nothing of it is left."""
        self._ready.clear()
        self._state = State.STOPPING
        if self._watch:
            self._watch.cancel()
            await asyncio.wait([self._watch])  # unlike `await`, it lets only our own cancellation through
            self._watch = None
        await self._end_process()
        self._state = State.STOPPED

    async def wait_ready(self) -> None:
        """Returns as soon as it serves, at once if it does."""
        await self._ready.wait()

    async def watch(self) -> None:
        """Ends only if the supervision itself breaks, with the reason."""
        await asyncio.shield(self._broken)

    async def kill(self, number: signal.Signals) -> None:
        """Sends a signal to the process itself; after SIGKILL it is dead when this returns."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):  # it died this moment, and asyncio is about to hear of it
            os.kill(process.pid, number)
        if number == signal.SIGKILL:
            self._ready.clear()
            await process.wait()

    async def kill_now(self) -> None:
        """Ends it without asking; for when somebody is in a hurry."""
        if self._watch:
            self._watch.cancel()
        await self._bury()

    def pause(self) -> None:
        """Freezes it with all its children: connections stay open and nothing answers."""
        if self._process:
            self._ready.clear()
            self._state = State.PAUSED
            signal_tree(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it run again after `pause`."""
        if self._process and self._state is State.PAUSED:
            signal_tree(self._process.pid, signal.SIGCONT)
            self._state = State.READY
            self._ready.set()

    async def _restart_when_dead(self) -> None:
        loop = asyncio.get_running_loop()
        policy = self.spec.restart
        delay_s = policy.first_delay_s
        while process := self._process:
            ready_at = loop.time()
            await process.wait()
            if loop.time() - ready_at >= policy.healthy_after_s:
                delay_s = policy.first_delay_s
            problem: str | None = self._death_notice(process)
            while problem is not None:
                self._note_death(problem, delay_s)
                await self._end_process()
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, policy.longest_delay_s)
                self._restarts += 1
                problem = await self._launch()
            _log.info("component_restarted", component=self.spec.name, restarts=self._restarts)

    def _note_end_of_watch(self, watch: asyncio.Task[None]) -> None:
        error = None if watch.cancelled() else watch.exception()
        if error and not self._broken.done():
            self._broken.set_exception(error)

    async def _launch(self) -> str | None:
        """Starts the process and waits until it serves. Returns what went wrong, after cleaning it up."""
        try:
            if self.spec.prepare:
                await self.spec.prepare()
            self._process = await spawn(self.spec.command, self._log_file)
        except StackError as error:
            return str(error)
        problem = await self._wait_until_serving(self._process)
        if problem is None:
            self._state = State.READY
            self._ready.set()
        else:
            await self._bury()
        return problem

    async def _wait_until_serving(self, process: Process) -> str | None:
        reason: str | None = "no answer yet"
        try:
            async with asyncio.timeout(self.spec.ready_within_s):
                while reason is not None:
                    if process.returncode is not None:
                        return self._death_notice(process)
                    reason = await self._ask_whether_ready()
                    if reason is not None:
                        await asyncio.sleep(_PROBE_EVERY_S)
        except TimeoutError:
            return self._with_log(
                f"{self.spec.name} is not ready after {self.spec.ready_within_s:g} s: {reason}."
            )
        return None

    async def _ask_whether_ready(self) -> str | None:
        try:
            async with asyncio.timeout(2 * PROBE_TIMEOUT_S):
                return await self.spec.ready(self._log_file)
        except TimeoutError:
            return "no answer"

    async def _end_process(self) -> None:
        process = self._process
        if process is None:
            return
        try:
            if process.returncode is None:
                with suppress(ProcessLookupError):  # it died this moment, and asyncio is about to hear of it
                    os.kill(process.pid, self.spec.command.stop_signal)
                signal_tree(process.pid, signal.SIGCONT)  # one that is paused could not obey
                async with asyncio.timeout(self.spec.command.stop_grace_s):
                    await process.wait()
        except TimeoutError:
            _log.warning("component_killed", component=self.spec.name, after_s=self.spec.command.stop_grace_s)
        await self._bury()

    async def _bury(self) -> None:
        """Ends what is left and forgets the process: its id may soon be somebody else's."""
        process, self._process = self._process, None
        if process:
            kill_tree(process.pid)
            await process.wait()

    def _note_death(self, problem: str, delay_s: float) -> None:
        self._state = State.RESTARTING
        self._ready.clear()
        self._problem = problem
        _log.warning(
            "component_died",
            component=self.spec.name,
            problem=problem.partition("\n")[0],  # the log that it names tells the rest
            restart_in_s=delay_s,
        )

    def _death_notice(self, process: Process) -> str:
        status = process.returncode or 0
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"exited with status {status}"
        return self._with_log(f"{self.spec.name} {how}.")

    def _with_log(self, message: str) -> str:
        lines = "".join(f"\n  {line}" for line in self._log_file.tail())
        return f"{message} The end of {self._log_file.path}:{lines or ' (nothing)'}"

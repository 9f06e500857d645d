"""Runs several components as one: up together, down in reverse order, and nothing is left behind."""

import asyncio
import signal
from types import TracebackType
from typing import Self

from local.child import Child, Component, Spec
from local.datadir import DataDir
from local.errors import StackError, UnknownComponentError


class Supervisor:
    """The processes of one stack, in the order in which they depend on each other."""

    def __init__(self, data_dir: DataDir) -> None:
        self._data_dir = data_dir
        self._children: list[Child] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop_all()

    async def start_all(self, *specs: Spec) -> None:
        """Starts components at the same time and returns when all are ready.

        Raises the first failure; whatever did start keeps running until `stop_all`.
        """
        children = [Child(spec, self._data_dir.log(spec.name)) for spec in specs]
        self._children += children
        try:
            async with asyncio.TaskGroup() as group:
                for child in children:
                    group.create_task(child.start())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def stop_all(self) -> None:
        """Ends everything, last started first. Being cancelled on the way ends the rest at once."""
        try:
            for child in reversed(self._children):
                await child.stop()
        except BaseException:
            await asyncio.gather(*(child.kill_now() for child in self._children))
            raise

    async def wait(self) -> None:
        """Never returns while the supervision works; raises what broke it."""
        await asyncio.gather(*(child.watch() for child in self._children))

    def components(self) -> list[Component]:
        """Every component with its present state, in start order."""
        return [child.component for child in self._children]

    def component(self, name: str) -> Component:
        """One component with its present state."""
        return self._child(name).component

    async def wait_ready(self, name: str, *, within_s: float) -> None:
        """Waits until a component serves (again)."""
        child = self._child(name)
        try:
            async with asyncio.timeout(within_s):
                await child.wait_ready()
        except TimeoutError:
            raise StackError(
                f"{name} is not ready after {within_s:g} s. {child.component.problem or ''}"
            ) from None

    async def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Sends a signal to a component, which supervision then brings back if it dies."""
        await self._child(name).kill(number)

    async def stop(self, name: str) -> None:
        """Ends one component and leaves it down until `start`."""
        await self._child(name).stop()

    async def start(self, name: str) -> None:
        """Starts a component that `stop` ended."""
        await self._child(name).start()

    async def restart(self, name: str) -> None:
        """Ends one component politely and starts it again."""
        await self.stop(name)
        await self.start(name)

    def pause(self, name: str) -> None:
        """Freezes a component: its connections stay open and nothing answers."""
        self._child(name).pause()

    def resume(self, name: str) -> None:
        """Lets a paused component go on."""
        self._child(name).resume()

    def _child(self, name: str) -> Child:
        for child in self._children:
            if child.spec.name == name:
                return child
        known = ", ".join(child.spec.name for child in self._children)
        raise UnknownComponentError(f"This stack runs no {name!r}; it runs {known or 'nothing'}.")

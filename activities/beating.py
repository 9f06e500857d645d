"""Heartbeats of activities: without them a dead worker is noticed only when its activity's time is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from temporalio import activity

HEARTBEAT_S = 3.0


@asynccontextmanager
async def heartbeats() -> AsyncIterator[None]:
    """Tells the server that this worker lives, so that a crash is noticed long before the timeout."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(HEARTBEAT_S)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

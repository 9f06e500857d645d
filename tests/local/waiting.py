"""Waiting for something to become true, with a deadline instead of a guess."""

import asyncio
from collections.abc import Callable
from pathlib import Path


async def eventually(condition: Callable[[], bool], *, within_s: float = 15) -> None:
    """Returns once the condition holds; fails the test when the deadline passes first."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether a process still runs; one that merely waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"

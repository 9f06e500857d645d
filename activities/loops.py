"""Loops that run until they are cancelled."""

import asyncio


def goes_on() -> bool:
    """False once the running task was told to end.

    A library below may swallow the cancellation itself, when it comes at the very moment at which something
    completes; a loop that trusts the exception alone would then never end.
    """
    task = asyncio.current_task()
    return task is None or not task.cancelling()

"""Ctrl-C and SIGTERM end the stack in good order; a second one ends it at once."""

import asyncio
import signal
from collections.abc import Coroutine

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_until_signalled(main: Coroutine[None, None, None]) -> signal.Signals | None:
    """Runs a coroutine to its end, or until a signal cancels it.

    Every `async with` inside is left in order on the first signal; a second one cancels that as well, which
    the supervisor takes as: kill everything now.

    Returns
    -------
    The signal that ended it; None when it ended by itself.
    """

    async def guarded() -> signal.Signals | None:
        received: list[signal.Signals] = []
        task = asyncio.create_task(main)

        def end(number: signal.Signals) -> None:
            received.append(number)
            task.cancel()

        loop = asyncio.get_running_loop()
        for number in _ENDING:
            loop.add_signal_handler(number, end, number)
        try:
            await task
        except asyncio.CancelledError:
            if not received:
                raise
        return received[0] if received else None

    return asyncio.run(guarded())

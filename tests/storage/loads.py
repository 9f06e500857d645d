"""A load for tests of the cache: it counts how often it is asked, and waits when told to."""

import asyncio


class Loads:
    """Gives a value, as a query would."""

    def __init__(self, value: bytes | None = b"{}", *, gated: bool = False) -> None:
        self.count = 0
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()
        self._value = value
        if not gated:
            self.go_on.set()

    async def __call__(self) -> bytes | None:
        """One load."""
        self.count += 1
        self.began.set()
        await self.go_on.wait()
        return self._value

"""A listener for tests: reads server-sent events as a browser does."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it came; without a name when the stream has ended."""

    name: str
    data: Any
    id: str


class Listener:
    """An open stream."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self) -> Event:
        """The next event."""
        fields: dict[str, str] = {}
        async for line in self._lines:
            if line.startswith(":"):
                continue
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                return Event(fields["event"], json.loads(fields["data"]), fields.get("id", ""))
        return Event("", None, "")

    async def end(self) -> None:
        """Reads until the stream has ended."""
        while (await self.next()).name:
            pass

    async def until(self, wanted: Callable[[Event], bool], within_s: float = WITHIN_S) -> Event:
        """The first event that is wanted."""
        async with asyncio.timeout(within_s):
            while True:
                event = await self.next()
                assert event.name, "the stream has ended"
                if wanted(event):
                    return event


@asynccontextmanager
async def listening(client: httpx.AsyncClient, last_event_id: str | None = None) -> AsyncIterator[Listener]:
    """A stream from there on, accepting compression as browsers do."""
    headers = {"Accept-Encoding": "gzip"} | ({"Last-Event-ID": last_event_id} if last_event_id else {})
    async with client.stream("GET", "/api/events", headers=headers) as answer:
        answer.raise_for_status()
        yield Listener(answer)

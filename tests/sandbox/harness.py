"""Starts a sandbox, talks to it, and listens for its webhooks."""

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

ROOT = Path(__file__).parents[2]
TOKEN = "sandbox-token"
DEVICE = "5a0db0c5e1a2b3c4d5e6f701"
PHONE = "+33639980001"
OTHER_PHONE = "+33639980002"
DEADLINE_S = 15.0

ALL_EVENTS = [
    "message:in:new",
    "message:out:new",
    "message:out:ack",
    "message:out:sent",
    "message:out:failed",
    "message:out:expired",
    "message:update",
    "message:reaction",
    "number:session",
]

Json = dict[str, Any]


class Process:
    """`python -m sandbox` on a port that it finds itself."""

    def __init__(self, *options: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "sandbox", "--port", "0", *options],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout
        ready = self._output.readline()
        assert ready.startswith("sandbox ready on http://"), ready
        self.url = ready.split()[-1]

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def terminate(self) -> float:
        """Asks it to go, and gives the seconds it took."""
        begun = time.monotonic()
        self._end(signal.SIGTERM)
        return time.monotonic() - begun

    def _end(self, how: signal.Signals) -> None:
        if self._process.poll() is None:
            self._process.send_signal(how)
        self._process.wait(timeout=DEADLINE_S)
        self._output.close()


class Sandbox:
    """What tests say to a running sandbox."""

    def __init__(self, url: str, token: str = TOKEN) -> None:
        self.http = httpx.AsyncClient(base_url=url, headers={"Token": token}, timeout=DEADLINE_S)

    async def get(self, path: str, **parameters: Any) -> Any:
        return expect(await self.http.get(path, params=parameters))

    async def post(self, path: str, **body: Any) -> Any:
        return expect(await self.http.post(path, json=body))

    async def patch(self, path: str, **body: Any) -> Any:
        return expect(await self.http.patch(path, json=body))

    async def send(self, phone: str = PHONE, **more: Any) -> Json:
        """Sends a message; the device is the default one."""
        body = {"phone": phone, "device": DEVICE, "message": "Hello", **more}
        message: Json = await self.post("/v1/messages", **body)
        return message

    async def sent(self, phone: str = PHONE, **more: Any) -> Json:
        """Sends a message and waits until it left."""
        return await self.until(await self.send(phone, **more), "status", "processed")

    async def until(self, message: Json, name: str, *values: str) -> Json:
        """Waits until a field of a message has one of these values."""
        seen: Json = message

        async def has_value() -> bool:
            nonlocal seen
            seen = await self.get(f"/v1/messages/{message['id']}")
            return seen[name] in values

        await eventually(has_value, lambda: f"{name} is {seen[name]}, not {values}")
        return seen

    async def people(self, *people: Json, default: Json | None = None) -> None:
        body: Json = {"people": list(people)} | ({"default": default} if default else {})
        expect(await self.http.put("/control/people", json=body))

    async def subscribe(self, url: str, **more: Any) -> Json:
        webhook: Json = await self.post(
            "/v1/webhooks", **{"name": "test", "url": url, "events": ALL_EVENTS, **more}
        )
        return webhook

    async def inbound(self, kind: str = "text", **more: Any) -> Json:
        answer: Json = await self.post(
            "/control/inbound", **{"device": DEVICE, "phone": PHONE, "kind": kind, **more}
        )
        return answer

    async def fault(self, target: str, kind: str, **more: Any) -> Json:
        fault: Json = await self.post("/control/faults", target=target, kind=kind, **more)
        return fault

    async def journal(self, **filters: Any) -> list[Json]:
        entries: list[Json] = (await self.get("/control/journal", **filters))["messages"]
        return entries

    async def notifications(self) -> list[Json]:
        entries: list[Json] = (await self.get("/control/webhooks"))["webhooks"]
        return entries

    async def all_notified(self) -> None:
        async def none_pending() -> bool:
            entries = await self.notifications()
            return bool(entries) and all(entry["status"] != "pending" for entry in entries)

        await eventually(none_pending)


@dataclass
class Received:
    """One POST that arrived."""

    path: str
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass
class Receiver:
    """A real, tiny HTTP server that keeps what it gets and answers as it is told."""

    statuses: list[int] = field(default_factory=list)  # for the next requests; then 200
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    async def start(self) -> None:
        self._writers: set[asyncio.StreamWriter] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}/webhooks/wassenger"

    async def stop(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.close()

        async def all_gone() -> bool:
            return not self._writers

        await eventually(all_gone)

    def events(self, name: str | None = None) -> list[Json]:
        """Everything received in an object envelope, or the part with one event name."""
        bodies = [post.body for post in self.received]
        return [body for body in bodies if isinstance(body, dict) and name in (None, body["event"])]

    async def until_received(self, count: int) -> list[Received]:
        async def enough() -> bool:
            return len(self.received) >= count

        await eventually(enough, lambda: f"received {len(self.received)} of {count}")
        return self.received

    async def until_event(self, name: str, **fields: Any) -> Json:
        """The first event of this name with these top-level fields."""
        found: list[Json] = []

        async def arrived() -> bool:
            found[:] = [
                event
                for event in self.events(name)
                if all(event.get(key) == value for key, value in fields.items())
            ]
            return bool(found)

        await eventually(arrived, lambda: f"no {name} with {fields} among {self.received}")
        return found[0]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await self._answer_one(reader, writer)
        self._writers.discard(writer)
        writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
        }
        content = await reader.readexactly(int(headers.get("content-length", 0)))
        if head[0].startswith("GET "):  # the handshake of Meta
            challenge = parse_qs(urlsplit(head[0].split()[1]).query)["hub.challenge"][0]
            length = f"Content-Length: {len(challenge)}"
            writer.write(f"HTTP/1.1 200 OK\r\n{length}\r\n\r\n{challenge}".encode())
            await writer.drain()
            return
        self.received.append(Received(head[0].split()[1], headers, content))
        status = self.statuses.pop(0) if self.statuses else 200
        writer.write(f"HTTP/1.1 {status} Status\r\nContent-Length: 2\r\n\r\nok".encode())
        await writer.drain()


async def eventually(condition: Callable[[], Any], complaint: Callable[[], str] | None = None) -> None:
    """Waits for a condition, with a deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not await condition():
        if time.monotonic() > deadline:
            raise AssertionError(complaint() if complaint else "It did not happen in time")
        await asyncio.sleep(0.01)


def expect(response: httpx.Response) -> Any:
    assert response.is_success, response.text
    return response.json()

"""An HTTP server on a real socket that does what a test tells it, breakages included."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came over the wire."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


Step = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answer(status: int, body: Any = None, *, raw: bytes | None = None, **headers: str) -> Step:
    """Answers with JSON, or with these bytes."""

    async def step(writer: asyncio.StreamWriter) -> None:
        content = json.dumps(body).encode() if raw is None else raw
        lines = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {len(content)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content)
        await writer.drain()

    return step


def html(status: int) -> Step:
    """The page of a proxy."""
    page = b"<html><head><title>Bad Gateway</title></head><body>nginx</body></html>"
    return answer(status, raw=page, Content_Type="text/html")


async def reset(writer: asyncio.StreamWriter) -> None:
    """A TCP reset instead of an answer."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """An orderly end instead of an answer."""
    writer.close()


async def cut_off(writer: asyncio.StreamWriter) -> None:
    """Half of an answer."""
    writer.write(b'HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{"id": "5bf612')
    await writer.drain()
    writer.close()


async def gibberish(writer: asyncio.StreamWriter) -> None:
    """Something that is no HTTP."""
    writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
    await writer.drain()
    writer.close()


async def silence(_writer: asyncio.StreamWriter) -> None:
    """No answer at all, until the client gives up."""


@dataclass(slots=True)
class ScriptedServer:
    """What it will do, and what it was asked."""

    steps: list[Step] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    def will(self, *steps: Step) -> None:
        """One step for each request to come."""
        self.steps += steps

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while (request := await _read(reader)) is not None:
                self.requests.append(request)
                await self.steps.pop(0)(writer)
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.strip().split("\r\n")
    method, target, _version = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    content = await reader.readexactly(int(headers.get("content-length", 0)))
    parts = urlsplit(target)
    return Request(method, parts.path, dict(parse_qsl(parts.query)), headers, content)


@asynccontextmanager
async def scripted_server() -> AsyncIterator[ScriptedServer]:
    """A server on a free port."""
    scripted = ScriptedServer()
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    scripted.url = f"http://{host}:{port}"
    async with server:
        yield scripted
        server.close()


def refused_url() -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"

"""Posts over kept connections, at a fifth of what httpx costs: a benchmark must not measure the sandbox."""

import asyncio
import ssl
from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import urlsplit

Origin = tuple[str, str, int]
"""Scheme, host, port."""

DEFAULT_PORTS = {"http": 80, "https": 443}
BODILESS = (204, 304)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a webhook said."""

    status: int
    content: bytes


class Connection:
    """One connection, used for one request after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.is_reusable = True

    @property
    def is_open(self) -> bool:
        return self.is_reusable and not self._reader.at_eof() and not self._writer.is_closing()

    async def exchange(self, request: bytes) -> Answer:
        self._writer.write(request)
        status, headers = await self._read_head()
        while status < 200:  # an interim answer
            status, headers = await self._read_head()
        if headers.get("connection", "").lower() == "close":
            self.is_reusable = False
        return Answer(status, b"" if status in BODILESS else await self._read_content(headers))

    def close(self) -> None:
        self._writer.close()

    async def _read_head(self) -> tuple[int, dict[str, str]]:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status_line, *lines = head.rstrip().split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return int(status_line.split()[1]), {name.lower(): value.strip() for name, _, value in pairs}

    async def _read_content(self, headers: dict[str, str]) -> bytes:
        if "content-length" in headers:
            return await self._reader.readexactly(int(headers["content-length"]))
        if "chunked" in headers.get("transfer-encoding", ""):
            return await self._read_chunks()
        self.is_reusable = False
        return await self._reader.read()

    async def _read_chunks(self) -> bytes:
        parts: list[bytes] = []
        while True:
            size = int((await self._reader.readline()).partition(b";")[0], 16)
            chunk = await self._reader.readexactly(size + 2)
            if size == 0:
                return b"".join(parts)
            parts.append(chunk[:-2])


class Poster:
    """A bounded number of connections to any number of places."""

    def __init__(self, connections: int) -> None:
        self._slots = asyncio.Semaphore(connections)
        self._idle: defaultdict[Origin, list[Connection]] = defaultdict(list)

    async def post(self, url: str, content: bytes, headers: dict[str, str], timeout_s: float) -> Answer | None:
        """Sends one POST; None when no well-formed answer came in time."""
        parts = urlsplit(url)
        origin = (parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme])
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        fields = {"Host": parts.netloc.rpartition("@")[2], "Content-Length": str(len(content)), **headers}
        lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        request = "\r\n".join([*lines, "", ""]).encode() + content
        async with self._slots:
            try:
                async with asyncio.timeout(timeout_s):
                    return await self._exchange(origin, request)
            except (OSError, TimeoutError, EOFError, ValueError, IndexError, asyncio.LimitOverrunError):
                return None

    def close(self) -> None:
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._idle.clear()

    async def _exchange(self, origin: Origin, request: bytes) -> Answer:
        connection = self._take_idle(origin) or await connect(origin)
        try:
            answer = await connection.exchange(request)
        except BaseException:
            connection.close()
            raise
        if connection.is_open:
            self._idle[origin].append(connection)
        else:
            connection.close()
        return answer

    def _take_idle(self, origin: Origin) -> Connection | None:
        idle = self._idle[origin]
        while idle:
            connection = idle.pop()
            if connection.is_open:
                return connection
            connection.close()
        return None


async def connect(origin: Origin) -> Connection:
    scheme, host, port = origin
    context = ssl.create_default_context() if scheme == "https" else None
    return Connection(*await asyncio.open_connection(host, port, ssl=context))

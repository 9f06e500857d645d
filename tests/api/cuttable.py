"""A way to PostgreSQL that a test can cut, while everybody else keeps theirs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class CuttableWay:
    """Passes bytes on; once cut, connections break and new ones are refused."""

    def __init__(self, target_url: str) -> None:
        self._target = urlsplit(target_url)
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The same database, by this way."""
        way = self._target.netloc.replace(f":{self._target.port}", f":{self._port}")
        return self._target._replace(netloc=way).geturl()

    async def open(self) -> None:
        """Lets connections pass (again), on the same port."""
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """From now on the database is away."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        if self._pumps:
            await asyncio.wait(self._pumps)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._writers |= {writer, there_writer}
        for source, sink in ((reader, there_writer), (there_reader, writer)):
            pump = asyncio.create_task(_pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()


@asynccontextmanager
async def cuttable_way(target_url: str) -> AsyncIterator[CuttableWay]:
    """Open at first."""
    way = CuttableWay(target_url)
    await way.open()
    try:
        yield way
    finally:
        await way.cut()

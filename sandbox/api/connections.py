"""Cuts connections for real: the client sees its peer vanish, not a polite error page."""

import asyncio
import socket
import struct

from uvicorn.protocols.http.h11_impl import H11Protocol

Address = tuple[str, int]

_open: dict[Address, asyncio.Transport] = {}

LINGER_NOT = struct.pack("ii", 1, 0)  # close() then sends RST in place of FIN


class CuttableProtocol(H11Protocol):
    """uvicorn's HTTP protocol, with its connections to be found by the client's address."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client is not None:
            _open[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client is not None:
            _open.pop(self.client, None)
        super().connection_lost(exc)


def cut(client: Address, *, reset: bool = False) -> None:
    """Closes the connection of a client, in good order (FIN) or not (RST)."""
    transport = _open.get(client)
    if transport is None:
        return  # the client went first
    if reset:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        transport.abort()
    else:
        transport.close()

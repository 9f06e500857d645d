"""A gateway that means harm, or is somebody else (API10): no answer takes memory, time or the token."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable

import pytest

from providers import bounded_http
from providers.base import GatewayBusyError, GatewayError, OutcomeUnknownError, OutgoingMessage
from providers.wassenger import WassengerGateway
from tests.providers.scripted import ScriptedServer, Step, answer, scripted_server

TOKEN = "a-token-that-nobody-else-may-see"
MESSAGE = OutgoingMessage(
    device="5a0db0c5e1a2b3c4d5e6f7aa", phone="+33639980001", body="Hello", reference="our-reference"
)


def endless(head: bytes, part: bytes, pause_s: float = 0.0) -> Step:
    """An answer that never ends, until the client leaves."""

    async def step(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return step


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
ZIPPED_HEAD = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
HOSTILE: dict[str, Callable[[], Step]] = {
    "without end": lambda: endless(HEAD, CHUNK),
    "one byte a moment": lambda: endless(HEAD, b"1\r\n \r\n", 0.05),
    "headers without end": lambda: endless(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 1000 + b"\r\n"),
    "headers, one a moment": lambda: endless(b"HTTP/1.1 200 OK\r\n", b"X: x\r\n", 0.05),
    "a bomb of zeros": lambda: endless(ZIPPED_HEAD, gzip.compress(b" " * (64 << 20)), 0.01),
    "a deep nesting": lambda: answer(200, raw=b"[" * 100_000),
    "a huge number": lambda: answer(200, raw=b'{"id": ' + b"9" * 10_000 + b"}"),
    "no text": lambda: answer(200, raw=bytes(range(128, 256))),
    "null": lambda: answer(200, raw=b"null"),
}


async def gateway_of(server: ScriptedServer) -> WassengerGateway:
    return WassengerGateway(base_url=server.url, token=TOKEN, timeout_s=0.5)


@pytest.mark.parametrize("kind", HOSTILE)
async def test_no_answer_holds_the_sender_up_or_loses_the_message(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """API10: the outcome is unknown, so it is looked up; a question is asked again later."""
    monkeypatch.setattr(bounded_http, "LARGEST_ANSWER", 1 << 20)
    monkeypatch.setattr("providers.wassenger.CONNECT_TIMEOUT_S", 0.5)
    async with scripted_server() as server:
        gateway = await gateway_of(server)
        server.will(HOSTILE[kind](), HOSTILE[kind]())
        async with asyncio.timeout(30):
            with pytest.raises(OutcomeUnknownError) as unknown:
                await gateway.send(MESSAGE)
            with pytest.raises(GatewayBusyError) as busy:
                await gateway.find_by_reference(device=MESSAGE.device, reference=MESSAGE.reference)
        await gateway.close()
    for raised in (unknown, busy):
        assert TOKEN not in repr(raised.value)
        assert len(str(raised.value)) < 300


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_leads_the_token_nowhere(status: int) -> None:
    """API7, API10: whoever answers in the place of the gateway learns no more by it."""
    async with scripted_server() as elsewhere, scripted_server() as server:
        gateway = await gateway_of(server)
        asked: list[Callable[[], Awaitable[object]]] = [
            lambda: gateway.send(MESSAGE),
            lambda: gateway.find_by_reference(device=MESSAGE.device, reference=MESSAGE.reference),
            lambda: gateway.register_webhook(url="https://relance.example/hook", name="relance"),
        ]
        for ask in asked:
            server.will(answer(status, raw=b"", Location=f"{elsewhere.url}/v1/messages"))
            with pytest.raises(GatewayError):
                await ask()
        await gateway.close()
    assert elsewhere.requests == []
    assert len(server.requests) == 3

"""A door with TLS in front of the embedded Temporal, as clusters and Temporal Cloud have one.

It asks for a certificate of the client, notes what headers come through it, and can hide a part of the API: the
server then answers as one that does not have it.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hpack import Decoder, Encoder

SERVER_NAME = "temporal.test"
NOTHING = "/nothing"

Headers: TypeAlias = Iterable[tuple[str, str]]
_PREFACE = 24  # bytes with which every HTTP/2 client begins
_HEADERS, _CONTINUATION = 1, 9
_END_HEADERS, _PADDED, _PRIORITY = 0x4, 0x8, 0x20


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, as PEM and on disk."""

    name: str
    key: ec.EllipticCurvePrivateKey
    signed: x509.Certificate
    folder: Path

    @property
    def cert_file(self) -> Path:
        """Where it is."""
        return self.folder / f"{self.name}.crt"

    @property
    def key_file(self) -> Path:
        """Where its key is."""
        return self.folder / f"{self.name}.key"


def certify(name: str, folder: Path, by: Certificate | None = None) -> Certificate:
    """A new certificate, signed by another one or, for an authority, by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.signed.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(by.key if by else key, algorithm=hashes.SHA256())
    )
    made = Certificate(name, key, signed, folder)
    made.cert_file.write_bytes(signed.public_bytes(Encoding.PEM))
    made.key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made


@dataclass
class Door:
    """Where it is, and what came through it."""

    address: str
    headers: list[dict[str, str]] = field(default_factory=list)
    clients: set[str] = field(default_factory=set)  # by the names in their certificates
    hidden: str = NOTHING  # the beginning of paths that the server shall not know


@asynccontextmanager
async def open_door(target: str, server: Certificate, client_ca: Certificate) -> AsyncIterator[Door]:
    """Lets in whoever has a certificate signed by `client_ca`, for as long as the block lasts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.cert_file, server.key_file)
    context.load_verify_locations(client_ca.cert_file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    passing: set[asyncio.Task[None]] = set()

    async def let_through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        passing.add(task)
        subject = dict(pair[0] for pair in writer.get_extra_info("peercert")["subject"])
        door.clients.add(subject["commonName"])
        host, _, port = target.rpartition(":")
        inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                await asyncio.gather(_read_on(reader, inner_writer, door), _copy(inner_reader, writer))
        finally:
            inner_writer.close()
            writer.close()
            passing.discard(task)

    listening = await asyncio.start_server(let_through, "127.0.0.1", 0, ssl=context)
    door = Door(f"127.0.0.1:{listening.sockets[0].getsockname()[1]}")
    yield door
    listening.close()
    for task in list(passing):
        task.cancel()
    await asyncio.gather(*passing, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def _read_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, door: Door) -> None:
    """Frame by frame; headers are written anew, so that the server's view of them stays whole."""
    decoder, encoder, block = Decoder(), Encoder(), b""
    writer.write(await reader.readexactly(_PREFACE))
    try:
        while True:
            head = await reader.readexactly(9)
            payload = await reader.readexactly(int.from_bytes(head[:3]))
            kind, flags, stream = head[3], head[4], head[5:]
            if kind in {_HEADERS, _CONTINUATION}:
                block += _fragment(payload, flags) if kind == _HEADERS else payload
                if not flags & _END_HEADERS:
                    ends = flags
                    continue
                payload, block = (
                    encoder.encode(_noted(cast("Headers", decoder.decode(block)), door)),
                    b"",
                )
                ends = flags & ~(_PADDED | _PRIORITY) if kind == _HEADERS else ends | _END_HEADERS
                head = len(payload).to_bytes(3) + bytes([_HEADERS, ends]) + stream
            writer.write(head + payload)
            await writer.drain()
    finally:
        writer.close()


def _fragment(payload: bytes, flags: int) -> bytes:
    if flags & _PADDED:
        payload = payload[1 : len(payload) - payload[0]]
    return payload[5:] if flags & _PRIORITY else payload


def _noted(headers: Headers, door: Door) -> list[tuple[str, str]]:
    given = list(headers)
    door.headers.append(dict(given))
    return [
        (name, "/hidden/Method" if name == ":path" and value.startswith(door.hidden) else value)
        for name, value in given
    ]

"""Asks another program over HTTP, and lets it take neither memory nor time without end."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpx
from opentelemetry.trace import SpanKind, get_current_span

from metrics import GATEWAY_REQUEST_S
from tracing import is_traced, tracer

LARGEST_ANSWER = 8 * 1024 * 1024  # a page of devices or messages has some hundred kB
_ID = re.compile("[^/]*[0-9][^/]*")  # a part of a path that makes no operation of its own
_DECODED = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class AnswerTooLargeError(httpx.ReadError):
    """The answer has more bytes than any answer that makes sense; the rest was not read."""


async def ask(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    within_s: float,
    json: Any = None,
    params: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """The whole answer. Redirects are answers like others: credentials go nowhere else.

    Raises httpx.HTTPError: also when it is not complete after `within_s` seconds, however often a byte came,
    and when it is larger than LARGEST_ANSWER.
    """
    with _watched(client, method, path) as watched:
        try:
            async with (
                asyncio.timeout(within_s),
                client.stream(
                    method, path, json=json, params=params, headers=headers, follow_redirects=False
                ) as response,
            ):
                watched.status = response.status_code
                content = bytearray()
                async for part in response.aiter_bytes():
                    content += part
                    if len(content) > LARGEST_ANSWER:
                        raise AnswerTooLargeError(f"the answer has more than {LARGEST_ANSWER} bytes")
        except TimeoutError as error:
            raise httpx.ReadTimeout(f"the answer was not complete after {within_s} s") from error
    kept = [(name, value) for name, value in response.headers.multi_items() if name not in _DECODED]
    return httpx.Response(response.status_code, headers=kept, content=bytes(content), request=response.request)


@dataclass(slots=True)
class _Watched:
    status: int = 0


@contextmanager
def _watched(client: httpx.AsyncClient, method: str, path: str) -> Iterator[_Watched]:
    """Measures a request, and traces it within a trace: what is polled has none of its own."""
    operation = f"{method} {_ID.sub('{id}', path)}"
    url = client.base_url
    span = tracer.start_as_current_span(
        operation,
        kind=SpanKind.CLIENT,
        attributes={"http.request.method": method, "server.address": url.host, "server.port": url.port or 443},
    )
    watched, outcome, began = _Watched(), "failed", monotonic()
    with span if is_traced() else nullcontext():
        try:
            yield watched
            outcome = _outcome(watched.status)
        except httpx.TimeoutException:
            outcome = "timeout"
            raise
        except httpx.NetworkError:
            outcome = "unreachable"
            raise
        finally:
            GATEWAY_REQUEST_S.labels(operation, outcome).observe(monotonic() - began)
            get_current_span().set_attributes(
                {"http.response.status_code": watched.status, "relance.outcome": outcome}
            )


def _outcome(status: int) -> str:
    if status < 400:
        return "ok"
    return "refused" if status < 500 else "failed"

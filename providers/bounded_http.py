"""Asks another program over HTTP, and lets it take neither memory nor time without end."""

import asyncio
from typing import Any

import httpx

LARGEST_ANSWER = 8 * 1024 * 1024  # a page of devices or messages has some hundred kB
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
    try:
        async with (
            asyncio.timeout(within_s),
            client.stream(
                method, path, json=json, params=params, headers=headers, follow_redirects=False
            ) as response,
        ):
            content = bytearray()
            async for part in response.aiter_bytes():
                content += part
                if len(content) > LARGEST_ANSWER:
                    raise AnswerTooLargeError(f"the answer has more than {LARGEST_ANSWER} bytes")
    except TimeoutError as error:
        raise httpx.ReadTimeout(f"the answer was not complete after {within_s} s") from error
    kept = [(name, value) for name, value in response.headers.multi_items() if name not in _DECODED]
    return httpx.Response(response.status_code, headers=kept, content=bytes(content), request=response.request)

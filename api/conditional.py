"""Reads that cost nothing when nothing has changed: `ETag` and `If-None-Match` (RFC 9110, section 13)."""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ConditionalMiddleware:
    """Names the state of each whole JSON answer, and leaves the body out for a client that has it.

    The tag is weak: the same state may travel compressed or not. Streams and files have none. It serves
    programs that poll; browsers are told to keep nothing of what is personal, so they have no tag to send.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("If-None-Match", "")
        start: list[Message] = []

        async def send_if_new(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_document(message):
                start.append(message)
                return
            if start:
                head = start.pop()
                if not message.get("more_body", False):
                    message = _answer(head, message, known)
                await send(head)
            await send(message)

        await self._app(scope, receive, send_if_new)


def _is_document(head: Message) -> bool:
    return head["status"] == 200 and Headers(scope=head).get("Content-Type", "").startswith("application/json")


def _answer(head: Message, body: Message, known: str) -> Message:
    tag = f'W/"{hashlib.blake2b(body.get("body", b""), digest_size=12).hexdigest()}"'
    headers = MutableHeaders(scope=head)
    headers["ETag"] = tag
    if known.strip() != "*" and tag.removeprefix("W/") not in (
        each.strip().removeprefix("W/") for each in known.split(",")
    ):
        return body
    head["status"] = 304
    for name in ("Content-Length", "Content-Type"):
        del headers[name]
    return {"type": "http.response.body", "body": b""}

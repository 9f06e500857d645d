"""How large the body of a request may be: little, but where files are sent.

It stands behind the guard, so that nobody uploads before they are known, and before whatever reads a body.
Unlike the limit that comes with Starlette it knows the path from the start, and what it refuses goes through
every layer that makes an answer one of ours.
"""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.imports import LARGEST_FILE
from api.problems import TooLargeError, answer_of

MIB = 1024 * 1024
LARGEST_BODY = MIB
LARGER = {
    "/api/imports": LARGEST_FILE,
    "/api/imports/preview": LARGEST_FILE,
    "/webhooks/meta": 4 * MIB,  # a thousand updates of about a kilobyte, with room
}


class BodyLimitMiddleware:
    """Answers 413 to a body that says it is too large, and ends the reading of one that turns out to be."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = LARGER.get(scope["path"], LARGEST_BODY)
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            await answer_of(TooLargeError(limit))(scope, receive, send)
            return
        read = 0

        async def receive_within_limit() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > limit:
                    raise TooLargeError(limit)
            return message

        await self._app(scope, receive_within_limit, send)
